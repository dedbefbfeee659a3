/* Writing, giving and taking away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sync/compact.h"
#include "sync/remove.h"
#include "sync/revoke.h"
#include "sync/shred.h"
#include "sync/write.h"
#include "tests/faults/acts.h"
#include "tests/support/sweeping.h"

#define MUST(call) \
	do { \
		struct fail fail_ = { .code = OK }; \
		struct fail *f = &fail_; \
		if ((call) != OK) \
			fail_msg("%s: %s", #call, fail_.text); \
	} while (0)

/* ---- writing -----------------------------------------------------------------*/

static enum err
write_text(struct scene *s, const char *table, const struct row_id *row,
    struct row_id *made, const struct row_id *subject, const char *field,
    const char *text, struct fail *f)
{
	const struct table *t = registry_table(replica_registry(s->r), table);
	struct write_field w = { .field = table_field(t, field),
		.value = { .type = VALUE_TEXT,
		    .p = (const uint8_t *)text,
		    .n = strlen(text) } };
	struct write_request q = { .table = t,
		.row = row,
		.subject = subject,
		.fields = &w,
		.field_count = 1 };
	struct row_id id;
	int64_t draft;

	return write_row(s->r, made != NULL ? made : &id, &draft, &q, f);
}

enum err
act_put_person(struct scene *s, struct fail *f)
{
	return write_text(s, "person", NULL, NULL, NULL, "hearing",
	    "Sample Four", f);
}

enum err
act_put_field(struct scene *s, struct fail *f)
{
	return write_text(s, "person", &s->person[0], NULL, NULL, "hearing",
	    "Sample One, renamed", f);
}

enum err
act_put_row(struct scene *s, struct fail *f)
{
	return write_text(s, "attendance", NULL, NULL, &s->person[1],
	    "appointment", "Tuesday", f);
}

enum err
act_put_together(struct scene *s, struct fail *f)
{
	enum err e = replica_begin(s->r, f);

	if (e != OK)
		return e;
	for (int i = 0; e == OK && i < 3; i++)
		e = write_text(s, "duty", NULL, NULL, &s->person[i], "role",
		    "officer", f);
	if (e == OK)
		return replica_commit(s->r, f);
	replica_rollback(s->r);
	return e;
}

enum err
act_seal(struct scene *s, struct fail *f)
{
	int64_t sealed, kept;
	enum err e = log_seal(s->r, &sealed, &kept, f);

	/* what is sealed may leave from now on */
	if (e == OK)
		scene_leaves(s);
	return e;
}

enum err
act_shut(struct scene *s, struct fail *f)
{
	(void)f;
	scene_close(s);
	return OK;
}

/* ---- giving and taking away ------------------------------------------------------*/

static const char *const both[] = { "SUP.case" };

enum err
act_share(struct scene *s, struct fail *f)
{
	struct grant_request q = { .subject = s->person[1],
		.categories = both,
		.category_count = 1,
		.kind = GRANT_AGENCY,
		.right = GRANT_WRITE,
		.basis = "agreement:2" };

	memcpy(q.recipient, replica_identity(s->p.r[PAIR_CLINIC])->agency.b,
	    ID_BYTES);
	return grant_share(s->r, &q, NULL, NULL, f);
}

enum err
act_carry(struct scene *s, struct fail *f)
{
	const struct member_node *laptop = members_node(replica_members(s->r),
	    &replica_identity(s->p.r[PAIR_LAPTOP])->node);
	int64_t granted;

	return grant_carry(s->r, &s->person[2], laptop, &granted, f);
}

enum err
act_unshare(struct scene *s, struct fail *f)
{
	struct remove_request q = { .subject = s->person[0],
		.kind = GRANT_AGENCY,
		.reason = REMOVE_ENDED,
		.words = "consent withdrawn" };

	memcpy(q.recipient, replica_identity(s->p.r[PAIR_CLINIC])->agency.b,
	    ID_BYTES);
	return remove_from(s->r, &q, NULL, NULL, f);
}

enum err
act_revoke(struct scene *s, struct fail *f)
{
	struct revoke_report report;

	return revoke_node(s->r, &report, NULL,
	    &replica_identity(s->p.r[PAIR_LAPTOP])->node, REVOKED_LOST, f);
}

enum err
act_revoke_south(struct scene *s, struct fail *f)
{
	struct revoke_report report;
	struct buf code = { 0 };
	enum err e = revoke_node(s->r, &report, &code,
	    &replica_identity(s->p.r[PAIR_SOUTH])->node, REVOKED_COMPROMISED,
	    f);

	buf_release(&code);
	return e;
}

enum err
act_maintain(struct scene *s, struct fail *f)
{
	int64_t rekeyed;

	return remove_maintain(s->r, &rekeyed, f);
}

/* The laptop is shown that it is out. */
void
prepare_proof(struct scene *s)
{
	struct revoke_report report;

	pair_insert(&s->p, PAIR_LAPTOP, "tag", &s->row, &s->person[0], "word",
	    "never sent");
	MUST(revoke_node(s->p.r[PAIR_NORTH], &report, NULL,
	    &replica_identity(s->p.r[PAIR_LAPTOP])->node, REVOKED_LOST, f));
	MUST(revoke_proof(s->p.r[PAIR_NORTH], scene_input(s),
	    &replica_identity(s->p.r[PAIR_LAPTOP])->node, f));
}

enum err
act_obey(struct scene *s, struct fail *f)
{
	bool self = false;
	enum err e = revoke_shown(s->r, &self,
	    &replica_identity(s->p.r[PAIR_NORTH])->node, s->in[0].p, s->in[0].n,
	    f);

	return e == ERR_REVOKED && self ? OK : e == OK ? ERR_AUTH : e;
}

enum err
act_shred(struct scene *s, struct fail *f)
{
	struct shred_request q = { .subject = s->person[1],
		.reference = "order 12" };
	int64_t count;

	return shred_order(s->r, &q, &count, f);
}

enum err
act_shred_key(struct scene *s, struct fail *f)
{
	bool done;

	return shred_rekey(s->r, &done, f);
}

enum err
act_new_key(struct scene *s, struct fail *f)
{
	return replica_rekey(s->r, f);
}

/* ---- a relay -------------------------------------------------------------------*/

/* All have signed for what the hub holds, and North compared it with the hub. */
void
prepare_signed(struct scene *s)
{
	static const enum pair_who who[] = { PAIR_NORTH, PAIR_SOUTH,
		PAIR_CLINIC, PAIR_LAPTOP };
	struct pair *p = &s->p;

	for (int round = 0; round < 6; round++) {
		for (size_t i = 0; i < COUNT_OF(who); i++)
			(void)sweeping_meet(p, who[i], PAIR_HUB, 65536);
		if (round == 2)
			(void)sweeping_sweep(p, PAIR_NORTH, PAIR_HUB);
	}
	pair_insert(p, PAIR_CLINIC, "duty", &s->row, &s->person[0], "role",
	    "counsellor");
	prepare_call(s);
}

enum err
act_compact(struct scene *s, struct fail *f)
{
	struct compacting c = { 0 };
	bool done = false;
	enum err e = OK;

	while (e == OK && !done)
		e = compact_step(s->r, &c, &done, f);
	return e;
}

enum err
act_trim(struct scene *s, struct fail *f)
{
	int64_t left = 1;
	enum err e = OK;

	while (e == OK && left > 0)
		e = db_trim_step(replica_db(s->r), &left, f);
	return e;
}
