/* Who may read what: decisions of registrars and stewards, wherever they are
 * and whatever the others know of it. */
#include "tests/sim/sim.h"

#include <string.h>

#include "sync/agency_key.h"
#include "sync/grant.h"
#include "sync/remove.h"
#include "sync/revoke.h"
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
share(struct sim *s, unsigned n, bool again)
{
	const struct sim_person *p = &s->person[sim_draw(s, SIM_PEOPLE)];
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
carry(struct sim *s, unsigned n)
{
	const struct sim_person *p = &s->person[sim_draw(s, SIM_PEOPLE)];
	const struct member_node *node = some_laptop(s, n);
	struct fail f = { 0 };
	int64_t granted = 0;

	if (node != NULL)
		(void)told(s, n, SIM_CARRY,
		    grant_carry(s->node[n].r, &p->id, node, &granted, &f), &f);
}

static void
transfer(struct sim *s, unsigned n)
{
	const struct sim_person *p = &s->person[sim_draw(s, SIM_PEOPLE)];
	struct transfer_request q = { .subject = p->id,
		.categories = category,
		.category_count = 1,
		.to = s->agency[sim_draw(s, s->agencies)],
		.basis = "agreement:test" };
	struct fail f = { 0 };
	int64_t count = 0;

	if (transfer_accept(s->node[n].r, &p->id, &count, &f) == OK) {
		(void)told(s, n, SIM_TRANSFER, OK, &f);
		return;
	}
	f = (struct fail){ 0 };
	(void)transfer_offer(s->node[n].r, &q, &count, &f);
	sim_say(s, "machine %u offers %lld records of a person: %.60s", n,
	    (long long)count, f.text);
}

/* ---- taking away --------------------------------------------------------- */

static void
take_away(struct sim *s, unsigned n)
{
	const struct sim_person *p = &s->person[sim_draw(s, SIM_PEOPLE)];
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
revoke(struct sim *s)
{
	unsigned victim = 1 + (unsigned)sim_draw(s, SIM_PLACES + SIM_SPARE - 1);
	struct revoke_report report;
	struct fail f = { 0 };

	if (!s->node[victim].used || s->node[victim].hub ||
	    !s->node[victim].joined || s->node[victim].out || !sim_ready(s, 0))
		return;
	if (!told(s, 0, SIM_REVOKE,
		revoke_node(s->node[0].r, &report, NULL, &s->node[victim].id,
		    (enum revocation_reason)(1 + sim_draw(s, 4)), &f),
		&f))
		return;
	sim_say(s, "node %u is revoked", victim);
	for (unsigned n = 0; n < SIM_NODES; n++)
		if (s->node[n].used &&
		    id_equal(&s->node[n].id, &s->node[victim].id))
			s->node[n].out = true;
}

static void
adopt(struct sim *s, unsigned n)
{
	const struct member_node *node =
	    members_node(replica_members(s->node[n].r),
		&s->node[sim_draw(s, SIM_PLACES)].id);
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

static void
rotate(struct sim *s, unsigned n)
{
	struct fail f = { 0 };

	(void)told(s, n, SIM_ROTATE, agency_key_replace(s->node[n].r, NULL, &f),
	    &f);
}

/* ---- one of them --------------------------------------------------------- */

static unsigned
some_registrar(struct sim *s)
{
	for (unsigned i = 0; i < 20; i++) {
		unsigned n = (unsigned)sim_draw(s, SIM_NODES);

		if (s->node[n].used && !s->node[n].field && sim_ready(s, n))
			return n;
	}
	return UINT32_MAX;
}

void
sim_power(struct sim *s)
{
	static const enum sim_class all[] = { SIM_SHARE, SIM_SHARE, SIM_SHARE,
		SIM_CARRY, SIM_CARRY, SIM_REMOVE, SIM_GRANT_AGAIN, SIM_REVOKE,
		SIM_ROTATE, SIM_JOIN, SIM_TRANSFER, SIM_ADOPT };
	enum sim_class c = all[sim_draw(s, COUNT_OF(all))];
	unsigned n = some_registrar(s);

	if (n == UINT32_MAX || (c != SIM_SHARE && !s->may[c]))
		return;
	sim_tell_time(s, n);
	if (c == SIM_SHARE || c == SIM_GRANT_AGAIN) {
		share(s, n, c == SIM_GRANT_AGAIN);
	} else if (c == SIM_CARRY) {
		carry(s, n);
	} else if (c == SIM_REMOVE) {
		take_away(s, n);
	} else if (c == SIM_REVOKE) {
		sim_tell_time(s, 0);
		revoke(s);
	} else if (c == SIM_ROTATE) {
		rotate(s, n);
	} else if (c == SIM_TRANSFER) {
		transfer(s, n);
	} else if (c == SIM_ADOPT) {
		adopt(s, n);
	} else if (c == SIM_JOIN && sim_join_new(s, n) != UINT32_MAX) {
		sim_fired(s, SIM_JOIN);
	}
	sim_check(s, n);
}
