/* Inside rights.h: what rights.c and view.c share. */
#ifndef FOOTBRIDGE_NODE_ACCOUNT_RIGHTS_I_H
#define FOOTBRIDGE_NODE_ACCOUNT_RIGHTS_I_H

#include "sync/read.h"

/* The later of the wall clock and the highest signed time, and what the wall in
 * this office shows then; days from 1970. */
int64_t account_now_ms(struct replica *r);
int64_t account_civil_ms(struct replica *r);
int64_t account_today(struct replica *r);

/* Is this the id in that column? */
bool account_names(const struct read_row *row, const char *column,
    const struct row_id *id);

#endif
