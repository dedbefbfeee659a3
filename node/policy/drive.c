/* Which persons are due, and for each: read, ask, act. */
#include "node/policy/drive.h"

#include <stdlib.h>
#include <string.h>

#include "node/policy/active.h"
#include "node/policy/drive_i.h"
#include "node/party.h"
#include "sync/grant.h"
#include "sync/holder.h"
#include "sync/rd.h"
#include "sync/remove.h"

#define META_DRIVE "policy drive"
#define TOUCHED_MAX 256
#define AGENCIES_MAX 512

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

/* ---- what was seen last -------------------------------------------------------- */

/* Kept between passes: of which day and network the walk over all persons is, and
 * how far it came. */
struct mark {
	int64_t day;
	uint64_t members; /* records there are */
	bool walking;
	struct row_id after;
};

static enum err
load_mark(struct mark *m, struct replica *r, struct fail *f)
{
	struct buf b = { .limit = 64 };
	enum err e = replica_meta_get(r, &b, META_DRIVE, f);
	struct rd rd = rd_of(b.p, b.n);

	*m = (struct mark){ .day = POLICY_NO_DAY };
	if (e == OK) {
		m->day = (int64_t)rd_u64(&rd);
		m->members = rd_u64(&rd);
		m->walking = rd_u8(&rd) != 0;
		rd_copy(&rd, m->after.b, ID_BYTES);
		if (rd_done(&rd) != OK)
			*m = (struct mark){ .day = POLICY_NO_DAY };
	}
	buf_release(&b);
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err
save_mark(struct replica *r, const struct mark *m, struct fail *f)
{
	struct buf b = { .limit = 64 };
	enum err e;

	buf_u64(&b, (uint64_t)m->day);
	buf_u64(&b, m->members);
	buf_u8(&b, m->walking ? 1 : 0);
	buf_put(&b, m->after.b, ID_BYTES);
	e = b.err == OK ? replica_meta_set(r, META_DRIVE, b.p, b.n, f)
			: fail_code(f, b.err);
	buf_release(&b);
	return e;
}

/* ---- one person ------------------------------------------------------------------- */

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
	buf_printf(&b, "policy: %s on %s, pack %.40s",
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
		.right = act->write ? GRANT_WRITE : GRANT_READ,
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
	if (e == OK && told.fn != NULL && act->kind != ENTITLE_RENEW)
		e = told.fn(told.context, d->r, &tell, f);
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
	size_t count = 0;
	enum err e = entitle_acts(&act, &count, &q, &x->arena);

	if (e != OK)
		return fail_code(f, e);
	if (count == 0)
		return OK;
	e = replica_begin(x->d->r, f);
	if (e != OK)
		return e;
	for (size_t k = 0; e == OK && k < count; k++)
		e = act_on(x->d, person, &act[k], f);
	if (e == OK)
		return replica_commit(x->d->r, f);
	replica_rollback(x->d->r);
	return e;
}

static enum err
look_at(struct drive *d, const struct row_id *person, struct fail *f)
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

/* ---- who is due ------------------------------------------------------------------------ */

/* What changes who is entitled to the records of everybody. */
static bool
concerns_all(const char *category)
{
	return strcmp(category, "ADM.agreement") == 0 ||
	    strcmp(category, "ADM.policy") == 0 ||
	    strncmp(category, "DIR", 3) == 0;
}

static enum err
look_at_touched(struct drive *d, struct mark *m, size_t persons, size_t *done,
    struct fail *f)
{
	size_t most = persons < TOUCHED_MAX ? persons : TOUCHED_MAX, count = 0;
	struct holder_touched *list = calloc(most, sizeof(*list));
	enum err e;

	if (list == NULL)
		return fail_code(f, ERR_NOMEM);
	/* what is taken off the list and then not done is done by the walk */
	e = holder_touched(d->r, list, most, &count, &d->result->more, f);
	for (size_t k = 0; e == OK && k < count; k++) {
		bool again = false;

		if (concerns_all(list[k].category)) {
			m->walking = true;
			m->after = (struct row_id){ 0 };
			continue;
		}
		for (size_t i = 0; i < k && !again; i++)
			again = id_equal(&list[i].subject, &list[k].subject);
		if (again)
			continue;
		(*done)++;
		e = look_at(d, &list[k].subject, f);
	}
	if (e != OK) {
		m->walking = true;
		m->after = (struct row_id){ 0 };
	}
	free(list);
	return e;
}

static enum err
walk(struct drive *d, struct mark *m, size_t persons, struct fail *f)
{
	size_t count = 0;
	struct row_id *list;
	enum err e;

	if (!m->walking || persons == 0) {
		d->result->more |= m->walking;
		return OK;
	}
	list = calloc(persons, sizeof(*list));
	if (list == NULL)
		return fail_code(f, ERR_NOMEM);
	e = holder_subjects(d->r, list, persons, &m->after, &count, f);
	for (size_t k = 0; e == OK && k < count; k++) {
		e = look_at(d, &list[k], f);
		if (e == OK)
			m->after = list[k];
	}
	if (e == OK && count < persons)
		m->walking = false;
	d->result->more |= m->walking;
	free(list);
	return e;
}

static enum err
pass(struct drive *d, size_t persons, struct fail *f)
{
	uint64_t members = (uint64_t)members_node_count(replica_members(d->r)) +
	    members_agency_count(replica_members(d->r));
	struct mark m, was;
	size_t done = 0;
	enum err e = load_mark(&m, d->r, f), kept;

	if (e != OK)
		return e;
	was = m;
	if (m.day != d->today || m.members != members) {
		m = (struct mark){ .day = d->today,
			.members = members,
			.walking = true };
	}
	e = look_at_touched(d, &m, persons, &done, f);
	if (e == OK)
		e = walk(d, &m, persons - done, f);
	if (e == OK && !d->result->more)
		e = drive_say_words(d, f);
	kept = memcmp(&m.after, &was.after, sizeof(m.after)) != 0 ||
		m.day != was.day || m.walking != was.walking ||
		m.members != was.members
	    ? save_mark(d->r, &m, f)
	    : OK;
	return e != OK ? e : kept;
}

/* ---- begin and end ------------------------------------------------------------------------ */

const struct policy_party *
drive_party(struct drive *d, const struct agency_id *agency)
{
	struct policy_party *to;

	for (size_t k = 0; k < d->party_count; k++)
		if (id_equal(&d->party[k].agency, agency))
			return &d->party[k];
	if (d->party_count == AGENCIES_MAX)
		return NULL;
	to = arena_more(&d->arena, &d->party, &d->party_count, sizeof(*to));
	if (to == NULL)
		return NULL;
	if (party_find(to, d->r, agency, NULL) == OK)
		return to;
	d->party_count--;
	return NULL;
}

static bool
is_registrar(struct replica *r)
{
	const struct member_node *own =
	    members_node(replica_members(r), &replica_identity(r)->node);

	return own != NULL && (own->roles & MEMBER_REGISTRAR) != 0 &&
	    replica_identity(r)->has_agency_secret &&
	    members_revocation(replica_members(r), &own->id) == NULL &&
	    replica_use(r, NULL) == OK;
}

static enum err
begin(struct drive *d, bool *approved, struct fail *f)
{
	enum err e;

	d->today = policy_today(d->r);
	e = policy_active(&d->pack, approved, d->r, d->today, f);
	if (e != OK || !*approved)
		return e;
	e = party_find(&d->own, d->r, &replica_identity(d->r)->agency,
	    f);
	if (e == OK)
		e = policy_agreements_load(&d->agreement, &d->agreement_count,
		    d->r, &d->arena, f);
	return e;
}

static void
end(struct drive *d)
{
	pack_free(d->pack);
	arena_release(&d->arena);
}

enum err
drive_pass(struct replica *r, struct drive_result *out, size_t persons,
    struct fail *f)
{
	struct drive d = { .r = r, .result = out };
	bool approved = false;
	enum err e = OK;

	*out = (struct drive_result){ 0 };
	if (!is_registrar(r))
		return OK;
	e = begin(&d, &approved, f);
	if (e == OK && approved)
		e = pass(&d, persons, f);
	end(&d);
	return e;
}

enum err
drive_all(struct replica *r, struct drive_result *out, struct fail *f)
{
	struct drive_result one = { .more = true };
	enum err e = OK;

	*out = (struct drive_result){ 0 };
	while (e == OK && one.more) {
		e = drive_pass(r, &one, 64, f);
		out->granted += one.granted;
		out->removed += one.removed;
	}
	return e;
}

/* ---- for whoever shares by hand ------------------------------------------------------------ */

static enum err
ask(struct drive *d, struct drive_word *out, const struct row_id *person,
    const char *category, const struct policy_party *to, struct fail *f)
{
	struct entitle_question q = { .pack = d->pack,
		.own = d->own,
		.category = &category,
		.category_count = 1,
		.today = d->today };
	struct policy_question words = { .channel = CHANNEL_SYNC_ };
	struct policy_case c;
	bool from_now;
	enum err e = policy_case_load_person(&c, d->r, person, d->agreement,
	    d->agreement_count, d->today, f);

	if (e != OK)
		return e;
	q.c = &c;
	entitle_ask(&out->answer, &out->basis, &from_now, &q, category, to);
	policy_say(&out->why, &out->next, &out->answer, &words);
	e = out->why.err != OK ? out->why.err : out->next.err;
	/* they go with the case */
	out->answer.consent = NULL;
	out->answer.authority = NULL;
	out->answer.agreement = NULL;
	out->answer.category = category;
	policy_case_release(&c);
	return e == OK ? OK : fail_code(f, e);
}

enum err
drive_ask(struct drive_word *out, struct replica *r,
    const struct row_id *person, const char *category,
    const struct agency_id *to, struct fail *f)
{
	struct drive_result none;
	struct drive d = { .r = r, .result = &none };
	struct policy_party party;
	enum err e;

	memset(out, 0, sizeof(*out));
	buf_init(&out->why, 4096);
	buf_init(&out->next, 4096);
	e = begin(&d, &out->approved, f);
	if (e == OK && out->approved)
		e = party_find(&party, r, to, f);
	if (e == OK && out->approved)
		e = ask(&d, out, person, category, &party, f);
	/* of the pack */
	out->answer.cite = NULL;
	out->answer.notice = NULL;
	end(&d);
	return e;
}
