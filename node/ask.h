/*
 * Asking the rules for a command that discloses: who gets it, for what, how; then
 * one category after the other. A refusal goes into the barrier log.
 *
 * Options it reads: --to AGENCY or --to-person NAME [--kind KIND], --purpose,
 * --role, --relation.
 */
#ifndef FOOTBRIDGE_NODE_ASK_H
#define FOOTBRIDGE_NODE_ASK_H

#include "node/disclosed.h"
#include "node/policy/case.h"
#include "node/policy/pack.h"
#include "node/run.h"
#include "sync/read.h"

struct ask {
	struct run *run;
	struct policy_pack *pack;
	bool approved;
	struct policy_case c;
	struct policy_question q;
	struct policy_answer a;
	const char *category;
	struct row_id person, staff;
	bool have_staff;
	bool outside; /* to somebody who is in no agency of the network */
	uint8_t hash[DISCLOSED_HASH_BYTES]; /* of the consent, when it is the
					     * basis */
};

/* Word 0 of the command is the person. Released with ask_end() when OK. */
enum err ask_begin(struct ask *x, struct run *run, enum policy_channel channel,
    struct fail *f);
void ask_end(struct ask *x);
/* The rules' answer about a category, in x->a. */
void ask_about(struct ask *x, const char *category);
/* Does that answer, when it permits, hold for this record too? What it rests on may
 * name a window, in which the record's own days must lie (rows.h); one that names
 * none is in no window. */
bool ask_covers(const struct ask *x, const struct read_row *row);
/* It was no: written down, and told. Returns ERR_DENIED. done: "recorded" */
enum err ask_refuse(struct ask *x, const char *done, struct fail *f);
/* Basis, notice, receiver and day of the answer, for the account. d borrows
 * from x. */
enum err ask_fill(struct disclosed *d, struct ask *x, struct fail *f);

#endif
