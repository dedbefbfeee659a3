/* The schema says who decides; a table that a command stands for has its own. */
#include "node/settle.h"

#include <string.h>

#include "node/actor.h"
#include "node/engine.h"
#include "node/may_put.h"
#include "node/name.h"
#include "node/role.h"
#include "node/view.h"

#define REVIEWERS \
	(POLICY_BIT(ROLE_PRIVACY_OFFICER) | POLICY_BIT(ROLE_SUPERVISOR))

/* As the command asks that writes it. */
static const struct {
	const char *table;
	uint32_t roles;
} acts[] = {
	{ "seal_order", ROLE_BITS_RECORDS },
	{ "seal_scope", ROLE_BITS_RECORDS },
	{ "seal_ack", ROLE_BITS_RECORDS },
	{ "seal_answer", ROLE_BITS_RECORDS },
	{ "break_glass", REVIEWERS },
	{ "break_glass_review", REVIEWERS },
	{ "mou_signature", POLICY_BIT(ROLE_PRIVACY_OFFICER) },
	{ "policy_signature", POLICY_BIT(ROLE_PRIVACY_OFFICER) },
	{ "disclosure", ROLE_BITS_RECORDS },
	{ "disclosure_item", ROLE_BITS_RECORDS },
	{ "person_notice", ROLE_BITS_RECORDS },
	{ "barrier_log", POLICY_BIT(ROLE_PRIVACY_OFFICER) },
	{ "journal_head", POLICY_BIT(ROLE_SECURITY_OFFICER) },
};

/* ---- what is open ------------------------------------------------------------- */

struct asked {
	const struct settle_what *what;
	struct view *view;
	const struct table *table;
	const struct field *field; /* NULL: a whole row */
	struct row_id subject;
	const char *who; /* of the schema */
	bool found;
	enum err e;
	struct fail *fail;
};

static bool
is_asked(void *context, const struct conflict *c)
{
	struct asked *a = context;
	const struct settle_what *what = a->what;

	if (what->no != 0 ? c->no != what->no : c->field != what->field)
		return true;
	if (a->view != NULL && !view_reads_said(a->view, c, &a->e, a->fail))
		return a->e == OK;
	a->table = c->table;
	a->field = c->field;
	a->subject = c->subject;
	a->who = c->who_decides;
	a->found = true;
	return false;
}

static enum err
look(struct asked *a, struct replica *r, struct fail *f)
{
	const struct settle_what *what = a->what;
	enum err e;

	a->fail = f;
	e = conflict_list(r, what->table, what->row, true, is_asked, a, f);
	return e == OK ? a->e : e;
}

/* ---- who ------------------------------------------------------------------------ */

static enum err
may_found(struct run *run, const struct asked *a, struct fail *f)
{
	struct row_id staff;
	enum err e = actor_must_see(run, &a->subject, f);

	for (size_t i = 0; e == OK && i < COUNT_OF(acts); i++)
		if (strcmp(acts[i].table, a->table->name) == 0)
			return role_need(&staff, run, acts[i].roles,
			    "deciding about this", f);
	/* what put refuses by hand */
	if (e == OK && a->field != NULL &&
	    a->field->number == REGISTRY_ROW_STATE)
		e = role_need(&staff, run, ROLE_BITS_RECORDS,
		    "deciding about this", f);
	if (e == OK)
		e = may_decide(run, a->who, &a->subject, f);
	return e == OK ? actor_may_write(run, a->table, NULL, f) : e;
}

enum err
settle_may(struct run *run, const struct settle_what *what, struct fail *f)
{
	struct asked a = { .what = what };
	struct view v;
	enum err e = view_begin(&v, run, f);

	if (e != OK)
		return e;
	a.view = &v;
	e = look(&a, run->replica, f);
	view_end(&v);
	if (e != OK)
		return e;
	if (a.found)
		return may_found(run, &a, f);
	if (what->row != NULL)
		return actor_may_write_row(run, what->table, what->row, f);
	return fail_set(f, ERR_NOTFOUND,
	    "there is no open conflict %lld; footbridge conflicts --all lists "
	    "them",
	    (long long)what->no);
}

/* ---- who says again who they are ----------------------------------------------------- */

static bool
gives(const struct table *t)
{
	return may_put_gives(t->name) || account_writers(NULL, t) == 0;
}

bool
settle_gives(struct replica *r, int64_t no)
{
	const struct settle_what what = { .no = no };
	struct asked a = { .what = &what };

	return look(&a, r, NULL) == OK && a.found && gives(a.table);
}

bool
settle_proves(struct run *run)
{
	const struct table *t;
	bool yes = false;
	int64_t no;

	engine_lock(run->engine);
	run->replica = run->engine->replica;
	if (run->replica == NULL || run_word(run, 0) == NULL)
		yes = false;
	else if (run->cli->word_count > 1)
		yes = name_table(&t, run, run_word(run, 0), NULL) == OK &&
		    gives(t);
	else
		yes = cli_number(&no, run_word(run, 0), 1, INT32_MAX, "N",
			  NULL) == OK &&
		    settle_gives(run->replica, no);
	engine_unlock(run->engine);
	return yes;
}
