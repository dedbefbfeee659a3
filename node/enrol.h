/*
 * The end of joining, the same over HTTPS and by file: take the answer, write
 * the first directory rows, and call the steward from now on.
 */
#ifndef FOOTBRIDGE_NODE_ENROL_H
#define FOOTBRIDGE_NODE_ENROL_H

#include "node/run.h"
#include "sync/join.h"

/* Keep what is needed when the answer comes, maybe days later: the staff
 * member's name (or NULL) and whether the agency is new. */
enum err enrol_remember(struct replica *r, const struct invite *invite,
    const char *staff, struct fail *f);
/* Take the answer p[n]; says in run what happened. */
enum err enrol_finish(struct run *run, struct replica *r, const uint8_t *p,
    size_t n, struct fail *f);

/*
 * The recovery code of a known agency, for a further registrar of it: the file
 * that FOOTBRIDGE_AGENCY_CODE_FILE names, else asked for at the terminal.
 */
enum err enrol_agency_code(struct buf *out, struct fail *f);

#endif
