/* Who may read what: decisions of registrars and stewards, wherever they are
 * and whatever the others know of it. */
#include "tests/sim/sim.h"

#include <string.h>

#include "sync/agency_key.h"
#include "sync/fork.h"
#include "sync/grant.h"
#include "sync/remove.h"
#include "sync/revoke.h"
#include "sync/shred.h"
#include "sync/transfer.h"

static const char *const category[] = { "SUP.case" };

/* What may go wrong when somebody decides what is not his, or knows too little
 * of it; everything else is the engine's fault. */
static bool
is_refused(enum err e)
{
	return e == ERR_DENIED || e == ERR_INPUT || e == ERR_NOTFOUND ||
	    e == ERR_EXISTS || e == ERR_WAIT || e == ERR_REVOKED ||
	    e == ERR_LIMIT;
}

static bool
told(struct sim *s, unsigned n, enum sim_class c, enum err e,
    const struct fail *f)
{
	if (e == OK)
		sim_fired(s, c);
	else if (!is_refused(e))
		sim_wrong(s, "%s at machine %u: %s: %s", sim_class_words(c), n,
		    err_name(e), f->text);
	sim_say(s, "machine %u: %s: %s", n, sim_class_words(c),
	    e == OK ? "done" : f->text);
	return e == OK;
}

/* ---- giving -------------------------------------------------------------- */

static void
share(struct sim *s, unsigned n, const struct sim_person *p, bool again)
{
	unsigned to = (unsigned)sim_draw(s, s->agencies);
	struct grant_request q = {
		.subject = p->id,
		.categories = category,
		.category_count = 1,
		.kind = GRANT_AGENCY,
		.right = sim_chance(s, 70) ? GRANT_WRITE : GRANT_READ,
		.basis = "agreement:test",
		.from_now = s->may[SIM_SHARE_FROM_NOW] && sim_chance(s, 25),
	};
	struct fail f = { 0 };

	memcpy(q.recipient, s->agency[to].b, ID_BYTES);
	if (told(s, n, again ? SIM_GRANT_AGAIN : SIM_SHARE,
		grant_share(s->node[n].r, &q, NULL, NULL, &f), &f) &&
	    q.from_now)
		sim_fired(s, SIM_SHARE_FROM_NOW);
}

/* A laptop of the same agency, as it is known there; NULL: none. */
static const struct member_node *
some_laptop(struct sim *s, unsigned n)
{
	for (unsigned i = 0; i < 12; i++) {
		unsigned k = (unsigned)sim_draw(s, SIM_NODES);

		if (s->node[k].used && s->node[k].field &&
		    s->node[k].agency == s->node[n].agency)
			return members_node(replica_members(s->node[n].r),
			    &s->node[k].id);
	}
	return NULL;
}

static void
carry(struct sim *s, unsigned n, const struct sim_person *p)
{
	const struct member_node *node = some_laptop(s, n);
	struct fail f = { 0 };
	int64_t granted = 0;

	if (node != NULL)
		(void)told(s, n, SIM_CARRY,
		    grant_carry(s->node[n].r, &p->id, node, &granted, &f), &f);
}

/* What waits for it somewhere. */
static bool
accept(struct sim *s)
{
	for (unsigned k = 0; k < s->places * SIM_PEOPLE; k++) {
		unsigned n = k % s->places;
		struct fail f = { 0 };
		int64_t count = 0;

		if (s->node[n].field || !sim_ready(s, n) || sim_chance(s, 20))
			continue;
		sim_tell_time(s, n);
		if (transfer_accept(s->node[n].r, &s->person[k / s->places].id,
			&count, &f) == OK)
			return told(s, n, SIM_TRANSFER, OK, &f);
	}
	return false;
}

static void
transfer(struct sim *s, unsigned n, const struct sim_person *p)
{
	struct transfer_request q = { .subject = p->id,
		.categories = category,
		.category_count = 1,
		.to = s->agency[sim_draw(s, s->agencies)],
		.basis = "agreement:test" };
	struct fail f = { 0 };
	int64_t count = 0;

	if (accept(s))
		return;
	if (id_equal(&q.to, &s->agency[s->node[n].agency]))
		return;
	(void)transfer_offer(s->node[n].r, &q, &count, &f);
	sim_say(s, "machine %u offers %lld records of a person: %.60s", n,
	    (long long)count, f.text);
}

/* ---- taking away --------------------------------------------------------- */

static void
take_away(struct sim *s, unsigned n, const struct sim_person *p)
{
	const struct member_node *laptop =
	    sim_chance(s, 50) ? some_laptop(s, n) : NULL;
	struct remove_request q = {
		.subject = p->id,
		.categories = category,
		.category_count = 1,
		.kind = laptop != NULL ? GRANT_NODE : GRANT_AGENCY,
		.reason =
		    (enum remove_reason)sim_draw(s, REMOVE_REASON_MAX + 1),
		.words = "test",
	};
	struct fail f = { 0 };

	memcpy(q.recipient,
	    laptop != NULL ? laptop->id.b
			   : s->agency[sim_draw(s, s->agencies)].b,
	    ID_BYTES);
	(void)told(s, n, SIM_REMOVE,
	    remove_from(s->node[n].r, &q, NULL, NULL, &f), &f);
}

static void
revoke(struct sim *s, unsigned by)
{
	unsigned victim = 0;
	struct revoke_report report;
	struct fail f = { 0 };

	/* laptops are lost more often than servers */
	for (unsigned i = 0; i < 300 && victim == 0; i++) {
		const struct sim_node *m;

		victim = (unsigned)sim_draw(s, SIM_PLACES + SIM_SPARE);
		m = &s->node[victim];
		if (!m->used || m->hub || !m->joined || m->out ||
		    (!m->field && sim_chance(s, 60)))
			victim = 0;
	}
	/* its own office, of which the hub has not heard, or the hub */
	if (s->node[by].agency != s->node[victim].agency || by == victim)
		by = 0;
	if (victim == 0 || !sim_ready(s, by))
		return;
	sim_tell_time(s, by);
	if (!told(s, by, SIM_REVOKE,
		revoke_node(s->node[by].r, &report, NULL, &s->node[victim].id,
		    (enum revocation_reason)(1 + sim_draw(s, 4)), &f),
		&f))
		return;
	sim_say(s, "node %u is revoked", victim);
	for (unsigned n = 0; n < SIM_NODES; n++)
		if (s->node[n].used &&
		    id_equal(&s->node[n].id, &s->node[victim].id))
			s->node[n].out = true;
}

void
sim_adopt(struct sim *s, unsigned n, unsigned whose)
{
	const struct member_node *node =
	    members_node(replica_members(s->node[n].r), &s->node[whose].id);
	struct remove_adopted out = { 0 };
	struct fail f = { 0 };
	enum err e;

	if (node == NULL)
		return;
	e = remove_adopt(s->node[n].r, node, &out, &f);
	if (e == OK && out.segments + out.offers.offers == 0)
		return;
	(void)told(s, n, SIM_ADOPT, e, &f);
}

/* Of somebody who is out, or of anybody. */
static void
adopt(struct sim *s, unsigned n)
{
	unsigned k = (unsigned)sim_draw(s, s->places);

	for (unsigned i = 0; i < SIM_NODES && sim_chance(s, 90); i++)
		if (s->node[i].used && s->node[i].out)
			k = i;
	sim_adopt(s, n, k);
}

struct judging {
	struct sim *s;
	int64_t no, segment;
	size_t count;
};

static bool
take_fork(void *context, const struct fork *k)
{
	struct judging *j = context;

	if (!k->place || k->count == 0)
		return true;
	j->no = k->no;
	j->segment = k->branch[sim_draw(j->s, k->count)].segment;
	j->count = sim_chance(j->s, 70);
	return sim_chance(j->s, 50);
}

/* One history of a copied node does not count, or all of them do. */
static void
judge(struct sim *s, unsigned n)
{
	struct judging j = { .s = s };
	struct fail f = { 0 };

	sim_must(s, fork_list(s->node[n].r, take_fork, &j, &f), &f, "forks");
	if (j.no != 0)
		(void)told(s, n, SIM_JUDGE,
		    fork_judge(s->node[n].r, j.no, &j.segment, j.count, &f),
		    &f);
}

static void
shred(struct sim *s, unsigned n, struct sim_person *p)
{
	struct shred_request q = { .subject = p->id,
		.categories = category,
		.category_count = 1,
		.reference = "order 7" };
	struct fail f = { 0 };
	int64_t count = 0;
	bool done;
	enum err e;

	/* one person is left to the end */
	if (p == &s->person[0] || sim_chance(s, 50))
		return;
	e = shred_order(s->node[n].r, &q, &count, &f);
	p->shredded |= e == OK && count > 0;
	if (told(s, n, SIM_SHRED, e, &f))
		sim_must(s, shred_rekey(s->node[n].r, &done, &f), &f,
		    "a new key");
}

static void
rotate(struct sim *s, unsigned n)
{
	struct fail f = { 0 };

	(void)told(s, n, SIM_ROTATE, agency_key_replace(s->node[n].r, NULL, &f),
	    &f);
}

/* ---- one of them --------------------------------------------------------- */

/* Mostly one of the agency that founded the record. */
static unsigned
some_registrar(struct sim *s, const struct sim_person *p)
{
	bool any = sim_chance(s, 25);

	for (unsigned i = 0; i < 200; i++) {
		unsigned n = (unsigned)sim_draw(s, SIM_NODES);

		if (s->node[n].used && !s->node[n].field &&
		    (any || s->node[n].agency == p->agency) && sim_ready(s, n))
			return n;
	}
	return UINT32_MAX;
}

static void
decide(struct sim *s, enum sim_class c, unsigned n, struct sim_person *p)
{
	switch (c) {
	case SIM_SHARE:
	case SIM_GRANT_AGAIN:
		share(s, n, p, c == SIM_GRANT_AGAIN);
		break;
	case SIM_CARRY:
		carry(s, n, p);
		break;
	case SIM_REMOVE:
		take_away(s, n, p);
		break;
	case SIM_REVOKE:
		revoke(s, n);
		break;
	case SIM_ROTATE:
		rotate(s, n);
		break;
	case SIM_TRANSFER:
		transfer(s, n, p);
		break;
	case SIM_ADOPT:
		adopt(s, n);
		break;
	case SIM_JUDGE:
		judge(s, n);
		break;
	case SIM_SHRED:
		shred(s, n, p);
		break;
	case SIM_JOIN:
		if (sim_join_new(s, n) != UINT32_MAX)
			sim_fired(s, SIM_JOIN);
		break;
	default:
		break;
	}
}

void
sim_power(struct sim *s)
{
	static const enum sim_class all[] = { SIM_SHARE, SIM_SHARE, SIM_CARRY,
		SIM_CARRY, SIM_REMOVE, SIM_REMOVE, SIM_GRANT_AGAIN, SIM_REVOKE,
		SIM_ROTATE, SIM_JOIN, SIM_TRANSFER, SIM_TRANSFER, SIM_ADOPT,
		SIM_ADOPT, SIM_JUDGE, SIM_JUDGE, SIM_JUDGE, SIM_SHRED };
	struct sim_person *p = &s->person[sim_draw(s, SIM_PEOPLE)];
	enum sim_class c = sim_choose(s, all, COUNT_OF(all), SIM_SHARE);
	unsigned n = some_registrar(s, p);

	if (n == UINT32_MAX)
		return;
	sim_tell_time(s, n);
	decide(s, c, n, p);
	sim_check(s, n);
}
