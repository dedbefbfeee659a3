/*
 * One write: locate, check, append to the log, apply, audit; or, when it was
 * changed meanwhile, keep what was typed as a draft.
 */
#include "sync/apply.h"
#include "sync/clock.h"
#include "sync/hash.h"
#include "sync/snapshot.h"
#include "sync/write_i.h"

static void
fill_op(const struct writing *w, struct op *op)
{
	const struct env *env = w->r->env;

	op->kind = w->exists || w->answers ? OP_SET : OP_INSERT;
	op->table = w->t->number;
	op->row = w->row;
	op->staff = w->q->staff != NULL ? *w->q->staff : (struct row_id){ 0 };
	op->at_ms = env_wall_ms(env);
	if (op->at_ms < LIMIT_TIME_MIN_MS)
		op->at_ms = LIMIT_TIME_MIN_MS;
	if (op->at_ms > LIMIT_TIME_MAX_MS)
		op->at_ms = LIMIT_TIME_MAX_MS;
	op->offset_min = env->offset_min(env->self);
	op->reason = (struct value){ .type = VALUE_NULL };
	if (w->q->reason != NULL)
		op->reason = (struct value){ .type = VALUE_TEXT,
			.p = (const uint8_t *)w->q->reason,
			.n = strlen(w->q->reason) };
	op->field_count = 0;
	for (unsigned number = 1; number <= REGISTRY_FIELD_MAX; number++) {
		if ((w->set & CLOCK_BIT(number)) == 0)
			continue;
		op->fields[op->field_count].number = number;
		op->fields[op->field_count++].value = w->next[number];
	}
}

static enum err
put_op(struct writing *w, struct fail *f)
{
	int64_t segment;
	struct op op;
	enum err e;

	fill_op(w, &op);
	e = log_append(w->r, w->c, &segment, &op, f);
	/* the right is of all that is held, and this knows nothing of what waits */
	if (e == OK && w->c->waiting > 0 &&
	    (w->c->flags & (COMPARTMENT_RIGHTS | COMPARTMENT_TRANSFERRED)) != 0)
		w->c->rederive = true;
	if (e == OK)
		e = compartment_touch(w->r, w->c->no, f);
	if (e == OK)
		e = apply_op(w->r, w->c, segment, &w->author,
		    w->r->registry->version, &op, f);
	return e;
}

static enum err
keep_draft(const struct writing *w, int64_t *draft, struct fail *f)
{
	struct row_id nobody = { 0 };
	const struct row_id *staff =
	    w->q->staff != NULL ? w->q->staff : &nobody;
	struct buf b = { .limit = LIMIT_PAYLOAD_BYTES };
	struct stmt *s;
	enum err e;

	for (size_t i = 0; i < w->q->field_count; i++) {
		buf_uint(&b, w->q->fields[i].field->number);
		value_encode(&b, &w->q->fields[i].value);
	}
	e = b.err != OK ? fail_code(f, b.err)
			: db_stmt(&s, w->r->db,
			      "INSERT INTO _draft (tbl, row, staff, at_ms,"
			      " fields, cpt) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
			      f);
	if (e == OK) {
		stmt_int(s, 1, w->t->number);
		stmt_blob(s, 2, w->row.b, sizeof(w->row.b));
		stmt_blob(s, 3, staff->b, sizeof(staff->b));
		stmt_int(s, 4, env_wall_ms(w->r->env));
		stmt_blob(s, 5, b.p, b.n);
		stmt_int(s, 6, w->c != NULL ? w->c->no : 0);
		e = stmt_run(s, f);
	}
	if (e == OK && draft != NULL)
		*draft = db_last_rowid(w->r->db);
	buf_release(&b);
	return e;
}

/* In a compartment still to be made this node is of the owner. */
static enum err
judge_self(struct writing *w, struct fail *f)
{
	const struct member_node *self =
	    members_node(w->r->members, &w->r->identity.node);

	if (self == NULL)
		return fail_set(f, ERR_DENIED,
		    "this computer is no member of its network yet");
	if (w->c != NULL)
		return judge_author(&w->author, w->r, w->c, self, f);
	w->author = (struct judge_author){
		.node = self,
		.kind = replica_kind(w->r),
		.of_owner = true,
		.may_write = true,
	};
	return OK;
}

static enum err
ask_rules(struct writing *w, struct fail *f)
{
	if (w->r->rules == NULL || w->answers || (w->set == 0 && w->exists))
		return OK;
	for (unsigned k = 0; k <= REGISTRY_FIELD_MAX; k++)
		w->will[k] = k > 0 && (w->set & CLOCK_BIT(k)) != 0 ? w->next[k]
								   : w->now[k];
	w->question = (struct write_question){
		.table = w->t,
		.row = &w->row,
		.subject = w->c != NULL ? &w->c->subject : &w->subject,
		.owner = w->c != NULL ? &w->c->owner : &w->r->identity.agency,
		.staff = w->q->staff,
		.exists = w->exists,
		.now = w->now,
		.will = w->will,
		.set = w->set,
	};
	return w->r->rules->may(w->r, &w->question, f);
}

/* What was not permitted is on record, though nothing of it was done. */
static void
note_refusal(struct writing *w)
{
	const struct audit_entry entry = { .act = "write",
		.staff = w->q->staff,
		.table = w->t,
		.row = w->exists ? &w->row : NULL,
		.result = ERR_DENIED };

	(void)audit_write(w->r, &entry, NULL);
	if (w->question.code != NULL)
		w->r->rules->refused(w->r, &w->question);
}

static enum err
run_write(struct writing *w, struct fail *f)
{
	struct audit_entry entry = { .act = "write",
		.staff = w->q->staff,
		.table = w->t,
		.row = &w->row };
	enum err e;

	if (w->r->own_author == 0)
		return fail_set(f, ERR_DENIED,
		    "this replica has not joined a network yet: use footbridge"
		    " init or footbridge join");
	e = write_locate(w, f);
	if (e == OK && w->c != NULL && (w->exists || w->answers) &&
	    (w->c->flags & COMPARTMENT_SNAPSHOT) != 0)
		return snapshot_refuse_write(w->r, w->c, f);
	if (e == OK)
		e = judge_self(w, f);
	if (e == OK)
		e = write_check(w, f);
	if (e == OK)
		e = ask_rules(w, f);
	if (e != OK || (w->set == 0 && w->exists))
		return e;
	w->wrote = true;
	e = write_make_place(w, f);
	if (e == OK)
		e = put_op(w, f);
	if (e != OK)
		return e;
	if (w->c != NULL && w->c->has_subject)
		entry.subject = &w->c->subject;
	return replica_audit(w->r, &entry, f);
}

static void
fill_told(const struct writing *w)
{
	*w->q->told = (struct write_told){ .proposed = w->proposed };
	if (w->c == NULL || !w->wrote)
		return;
	w->q->told->owner = w->c->owner;
	w->q->told->proposed_row = !w->exists && !w->author.may_write;
}

enum err
write_row(struct replica *r, struct row_id *row, int64_t *draft,
    const struct write_request *q, struct fail *f)
{
	struct writing w = {
		.r = r,
		.q = q,
		.t = q->table,
		.clock = { .limit = 65536 },
		.keep = { .limit = (size_t)LIMIT_FIELDS * LIMIT_VALUE_BYTES },
	};
	bool own;
	enum err e, kept;

	e = replica_use(r, f);
	if (e == OK)
		e = replica_enter(r, &own, f);
	if (e != OK)
		return e;
	e = run_write(&w, f);
	if (e == ERR_STALE) {
		/* nothing of the row was touched: only the draft is new */
		kept = keep_draft(&w, draft, NULL);
		kept = replica_leave(r, own, kept, NULL);
		if (kept != OK)
			e = fail_in(f, e, "what you typed could not be kept");
	} else {
		e = replica_leave(r, own, e, f);
	}
	if (e == ERR_DENIED && r->own_author != 0)
		note_refusal(&w);
	if (e == OK && row != NULL)
		*row = w.row;
	if (e == OK && q->told != NULL)
		fill_told(&w);
	buf_release(&w.clock);
	buf_release(&w.keep);
	return e;
}
