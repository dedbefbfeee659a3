/* One person: read what is on record and who holds what, ask, act. */
#include "node/policy/drive_i.h"

#include <string.h>

#include "node/policy/withheld.h"
#include "sync/grant.h"
#include "sync/holder.h"
#include "sync/remove.h"

static struct {
	drive_told_fn fn;
	void *context;
} told;

void
drive_tell(drive_told_fn fn, void *context)
{
	told.fn = fn;
	told.context = context;
}

struct looking {
	struct drive *d;
	struct arena arena;
	const char **category;
	size_t category_count;
	struct entitle_holding *holding;
	size_t holding_count;
	struct policy_party *agency;
	size_t agency_count;
	enum err e;
};

static bool
on_holder(void *context, const struct holder *h)
{
	struct looking *x = context;
	struct entitle_holding *to;
	const char **category = x->category;

	if (x->category_count == 0 ||
	    strcmp(x->category[x->category_count - 1], h->category) != 0) {
		category = arena_more(&x->arena, &x->category,
		    &x->category_count, sizeof(*category));
		if (category != NULL)
			*category = arena_copy(&x->arena, h->category);
		if (category == NULL || *category == NULL) {
			x->e = ERR_NOMEM;
			return false;
		}
	}
	if (h->recipient == NULL)
		return true;
	to = arena_more(&x->arena, &x->holding, &x->holding_count, sizeof(*to));
	if (to == NULL ||
	    (to->basis = arena_copy(&x->arena, h->basis)) == NULL) {
		x->e = ERR_NOMEM;
		return false;
	}
	to->category = x->category[x->category_count - 1];
	to->agency = *h->recipient;
	to->lacks = h->lacks;
	return true;
}

/* An agency comes into question; once. Who is unknown does not. */
static enum err
consider(struct looking *x, const struct agency_id *agency)
{
	const struct policy_party *known;
	struct policy_party *to;

	if (id_equal(agency, &x->d->own.agency))
		return OK;
	for (size_t k = 0; k < x->agency_count; k++)
		if (id_equal(&x->agency[k].agency, agency))
			return OK;
	known = drive_party(x->d, agency);
	if (known == NULL)
		return OK;
	to = arena_more(&x->arena, &x->agency, &x->agency_count, sizeof(*to));
	if (to == NULL)
		return ERR_NOMEM;
	*to = *known;
	return OK;
}

static enum err
consider_all(struct looking *x, const struct policy_case *c)
{
	enum err e = OK;

	for (size_t k = 0; e == OK && k < x->holding_count; k++)
		e = consider(x, &x->holding[k].agency);
	for (size_t k = 0; e == OK && k < c->tie_count; k++)
		e = consider(x, &c->tie[k].agency);
	for (size_t k = 0; e == OK && k < c->naming_count; k++)
		e = consider(x, &c->naming[k].agency);
	for (size_t k = 0; e == OK && k < c->facts.authority_count; k++)
		if (c->facts.authority[k].recipient != NULL)
			e = consider(x, c->facts.authority[k].recipient);
	return e;
}

/* Categories of rows about persons that may leave the agency. */
static bool
is_shared(const struct drive *d, const char *category)
{
	const struct registry *g = replica_registry(d->r);

	for (size_t k = 0; k < g->table_count; k++) {
		const struct table *t = &g->tables[k];
		const char *c = table_category(t, replica_kind(d->r));

		if (c != NULL && strcmp(c, category) == 0)
			return t->scope == SCOPE_SHARED &&
			    t->subject == SUBJECT_PERSON;
	}
	return false;
}

static void
keep_shared(struct looking *x)
{
	size_t n = 0;

	for (size_t k = 0; k < x->category_count; k++)
		if (is_shared(x->d, x->category[k]))
			x->category[n++] = x->category[k];
	x->category_count = n;
}

static void
note_line(void *context, const struct grant_line *line)
{
	*(int64_t *)context += line->is_new ? 1 : 0;
}

static void
note_removed(void *context, const struct remove_line *line)
{
	*(int64_t *)context += line->removed ? 1 : 0;
}

/* Why it ended, for the record of the removal. */
static void
remove_words(char out[static LIMIT_BASIS_BYTES + 1],
    const struct entitle_act *act, const struct drive *d)
{
	char day[POLICY_DAY_CHARS];
	struct buf b = { .limit = LIMIT_BASIS_BYTES };

	policy_day_text(day, d->today);
	buf_printf(&b, WITHHELD_POLICY "%s on %s, pack %.40s",
	    policy_reason_word(act->why), day, d->pack->version);
	out[0] = '\0';
	if (b.err == OK) {
		memcpy(out, b.p, b.n);
		out[b.n] = '\0';
	}
	buf_release(&b);
}

static enum err
act_remove(struct drive *d, const struct row_id *person,
    const struct entitle_act *act, const char *why, struct fail *f)
{
	const char *category = act->category;
	struct remove_request q = { .subject = *person,
		.categories = &category,
		.category_count = 1,
		.kind = GRANT_AGENCY,
		.reason = REMOVE_ENDED,
		.words = why };

	memcpy(q.recipient, act->agency.b, ID_BYTES);
	return remove_from(d->r, &q, note_removed, &d->result->removed, f);
}

static enum err
act_grant(struct drive *d, const struct row_id *person,
    const struct entitle_act *act, struct fail *f)
{
	const char *category = act->category;
	char basis[LIMIT_BASIS_BYTES + 1];
	struct grant_request q = { .subject = *person,
		.categories = &category,
		.category_count = 1,
		.kind = GRANT_AGENCY,
		/* who holds it keeps the right it has: a person may have given it
		 * beyond the rules, or taken it; only a new grant says one */
		.right = act->write && act->kind == ENTITLE_GRANT ? GRANT_WRITE
								  : GRANT_READ,
		.lower = false,
		.basis = basis,
		.from_now = act->from_now,
		.renew = act->kind == ENTITLE_RENEW };

	policy_basis_text(basis, &act->basis);
	memcpy(q.recipient, act->agency.b, ID_BYTES);
	return grant_share(d->r, &q, note_line, &d->result->granted, f);
}

static enum err
act_on(struct drive *d, const struct row_id *person,
    const struct entitle_act *act, struct fail *f)
{
	char why[LIMIT_BASIS_BYTES + 1] = "";
	struct drive_act tell = { .granted = act->kind != ENTITLE_REMOVE,
		.person = *person,
		.category = act->category,
		.agency = act->agency,
		.basis = act->kind != ENTITLE_REMOVE ? &act->basis : NULL,
		.why = why,
		.at_ms = env_wall_ms(replica_env(d->r)) };
	enum err e;

	if (act->kind == ENTITLE_REMOVE) {
		remove_words(why, act, d);
		e = act_remove(d, person, act, why, f);
	} else {
		e = act_grant(d, person, act, f);
	}
	if (e == OK && told.fn != NULL && act->kind != ENTITLE_RENEW &&
	    act->kind != ENTITLE_COMPLETE)
		e = told.fn(told.context, d->r, &tell, f);
	return e;
}

/* What somebody took away by hand is not given again. */
static enum err
leave_withheld(struct looking *x, struct entitle_act *act, size_t *count,
    const struct row_id *person, struct fail *f)
{
	struct withheld *list = NULL;
	size_t listed = 0, kept = 0, grants = 0;
	enum err e = OK;

	for (size_t k = 0; k < *count; k++)
		grants += act[k].kind == ENTITLE_GRANT;
	if (grants > 0)
		e = withheld_load(&list, &listed, x->d->r, person, &x->arena,
		    f);
	if (e != OK)
		return e;
	for (size_t k = 0; k < *count; k++)
		if (act[k].kind != ENTITLE_GRANT ||
		    withheld_find(list, listed, act[k].category,
			&act[k].agency) == NULL)
			act[kept++] = act[k];
	*count = kept;
	return OK;
}

/* All of these or none. */
static enum err
act_together(struct drive *d, const struct row_id *person,
    const struct entitle_act *act, size_t count, struct fail *f)
{
	enum err e;

	if (count == 0)
		return OK;
	e = replica_begin(d->r, f);
	if (e != OK)
		return e;
	for (size_t k = 0; e == OK && k < count; k++)
		e = act_on(d, person, &act[k], f);
	if (e == OK)
		return replica_commit(d->r, f);
	replica_rollback(d->r);
	return e;
}

static enum err
act_all(struct looking *x, const struct policy_case *c,
    const struct row_id *person, struct fail *f)
{
	struct entitle_question q = { .pack = x->d->pack,
		.c = c,
		.own = x->d->own,
		.agency = x->agency,
		.agency_count = x->agency_count,
		.category = x->category,
		.category_count = x->category_count,
		.holding = x->holding,
		.holding_count = x->holding_count,
		.today = x->d->today };
	struct entitle_act *act = NULL;
	size_t count = 0, removals = 0;
	enum err e = entitle_acts(&act, &count, &q, &x->arena);

	if (e != OK)
		return fail_code(f, e);
	e = leave_withheld(x, act, &count, person, f);
	while (removals < count && act[removals].kind == ENTITLE_REMOVE)
		removals++;
	/* what cannot be granted leaves nobody a key that they lost */
	if (e == OK)
		e = act_together(x->d, person, act, removals, f);
	if (e == OK)
		e = act_together(x->d, person, act + removals, count - removals,
		    f);
	return e;
}

enum err
drive_look_at(struct drive *d, const struct row_id *person, struct fail *f)
{
	struct looking x = { .d = d };
	struct policy_case c;
	enum err e;

	e = holder_list(d->r, person, on_holder, &x, f);
	if (e == OK && x.e != OK)
		e = fail_code(f, x.e);
	keep_shared(&x);
	if (e != OK || x.category_count == 0) {
		arena_release(&x.arena);
		return e;
	}
	e = policy_case_load_person(&c, d->r, person, d->agreement,
	    d->agreement_count, d->today, f);
	if (e == OK) {
		e = consider_all(&x, &c);
		e = e == OK ? act_all(&x, &c, person, f) : fail_code(f, e);
		policy_case_release(&c);
	}
	arena_release(&x.arena);
	return e;
}
