/* Which persons are due. */
#include "node/policy/drive.h"

#include <stdlib.h>
#include <string.h>

#include "node/party.h"
#include "node/policy/active.h"
#include "node/policy/drive_i.h"
#include "sync/holder.h"
#include "sync/rd.h"

#define META_DRIVE "policy drive"
#define TOUCHED_MAX 256
#define AGENCIES_MAX 512

/* ---- what was seen last -------------------------------------------------------- */

/* Kept between passes: of which day and network the walk over all persons is, and
 * how far it came. */
struct mark {
	int64_t day;
	uint64_t members; /* nodes and agencies there are */
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

/* ---- who is due ------------------------------------------------------------------------ */

/* What changes who is entitled to the records of everybody. */
static bool
concerns_all(const char *category)
{
	return strcmp(category, "ADM.agreement") == 0 ||
	    strcmp(category, "ADM.policy") == 0 ||
	    strncmp(category, "DIR", 3) == 0;
}

/* One person of whom something cannot be granted holds up nobody else: it is tried
 * again the next day, or when something of theirs changes. */
static enum err
look_or_skip(struct drive *d, const struct row_id *person, struct fail *f)
{
	struct fail one = { 0 };
	enum err e = drive_look_at(d, person, &one);

	if (e == OK)
		return OK;
	if (d->result->failed++ == 0)
		d->result->first = one;
	if (replica_must_reopen(d->r) || e == ERR_NOMEM || e == ERR_IO ||
	    e == ERR_BUSY) {
		if (f != NULL)
			*f = one;
		return e;
	}
	return OK;
}

static enum err
look_at_list(struct drive *d, struct mark *m, size_t *done,
    const struct holder_touched *list, size_t count, struct fail *f)
{
	enum err e = OK;

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
		e = look_or_skip(d, &list[k].subject, f);
	}
	return e;
}

static enum err
look_at_touched(struct drive *d, struct mark *m, size_t persons, size_t *done,
    struct fail *f)
{
	size_t most = persons < TOUCHED_MAX ? persons : TOUCHED_MAX, count = 0;
	struct holder_touched *list = calloc(most, sizeof(*list));
	int64_t last = 0;
	enum err e;

	if (list == NULL)
		return fail_code(f, ERR_NOMEM);
	e = holder_touched(d->r, list, most, &count, &last, &d->result->more,
	    f);
	if (e == OK)
		e = look_at_list(d, m, done, list, count, f);
	/* a walk that was called for is kept before its reason is forgotten */
	if (e == OK && m->walking)
		e = save_mark(d->r, m, f);
	if (e == OK && last > 0)
		e = holder_untouch(d->r, last, f);
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
		e = look_or_skip(d, &list[k], f);
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
	e = party_find(&d->own, d->r, &replica_identity(d->r)->agency, f);
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
		if (out->failed == 0)
			out->first = one.first;
		out->failed += one.failed;
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
	out->answer.emergency = NULL;
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
