/* Private to refuse*.c: one write that the rules look at. */
#ifndef FOOTBRIDGE_NODE_POLICY_REFUSE_I_H
#define FOOTBRIDGE_NODE_POLICY_REFUSE_I_H

#include "node/policy/policy.h"
#include "sync/read.h"

struct refusing {
	struct replica *r;
	struct write_question *q;
	struct read_row now, will; /* the row as it stands, as it will be */
	policy_day today;
	struct fail *f; /* never NULL */
};

/* Always ERR_DENIED. code: of barrier_log; static. */
enum err refuse(struct refusing *x, const char *code, const char *text);
/* The same, naming elements of a form. The code is set by the caller. */
enum err refuse_lacks(struct refusing *x, const char *what, uint32_t elements);
/* Does the write change this column? */
bool refuse_set(const struct refusing *x, const char *column);
/* The column "category" names something that a record is of. */
enum err refuse_category(struct refusing *x);

/* refuse_consent.c */
enum err refuse_consent(struct refusing *x);
enum err refuse_consent_scope(struct refusing *x);
enum err refuse_consent_recipient(struct refusing *x);

#endif
