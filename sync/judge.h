/*
 * Does an operation count? The same answer on every node, from the schema
 * version its segment names, the author's agency and the compartment.
 */
#ifndef FOOTBRIDGE_SYNC_JUDGE_H
#define FOOTBRIDGE_SYNC_JUDGE_H

#include "sync/compartment.h"
#include "sync/op.h"

enum verdict {
	VERDICT_COUNTS,
	VERDICT_VOID,     /* invalid by its own schema version, or a kind of
	                   * agency that does not write this table */
	VERDICT_UNKNOWN,  /* a table this program does not know yet */
	VERDICT_PROPOSAL, /* by somebody who may only read: never stands */
	VERDICT_ANSWER,   /* the owner turns down a proposed row */
};

struct judge_author {
	const struct member_node *node;
	int kind;       /* of its agency, -1 unknown */
	bool of_owner;  /* node of the compartment's owner agency */
	bool may_write; /* of the owner, or with a right to write */
};

/* What it may do now; of what is written already derive_judge_right says what it
 * could do then (derive_i.h). Look the author up once per segment. ERR_NOTFOUND: no such member. */
enum err judge_author(struct judge_author *a, struct replica *r,
    const struct compartment *c, const struct member_node *node,
    struct fail *f);
/*
 * *mask: bit per field of the operation that counts here: known to this
 * program and the author's to write. *proposed: bit per known field that it
 * only proposes: the owner's, by somebody else; all of a reader's.
 */
enum verdict judge_op(uint64_t *mask, uint64_t *proposed, struct replica *r,
    const struct compartment *c, const struct judge_author *a, unsigned schema,
    const struct op *op);

/* Could a row of the compartment look like this insert, whoever wrote it? All of
 * it is known to this program. */
bool judge_row(struct replica *r, const struct compartment *c,
    const struct op *op);

#endif
