/*
 * What control segments say together, compared with the reference of
 * said_refer.c: every history of two of the acts below after a founding grant,
 * in every causal shape and order of arrival, and many of up to seven, with
 * events missing, in other orders. TEST_ITERS scales the second, TEST_SEED
 * replays it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/said.h"

/* ---- comparing ------------------------------------------------------------------------ */

static void
print_history(const struct history *h, unsigned revoked)
{
	static const char *const who[] = { "N1", "N2", "N3", "NL", "C1", "CL",
		"HUB" };

	print_message("held %x revoked %x\n", h->held, revoked);
	for (size_t k = 0; k < h->n; k++) {
		const struct said *e = &h->e[k];

		print_message("%zu: %s %s knows %x prev %d rank %u", k,
		    who[e->by], segment_kind_name(e->kind), e->knows,
		    history_prev(h, k), h->rank[k]);
		for (size_t i = 0; i < e->entry_count; i++)
			print_message(" key %d to %d/%d right %d",
			    e->entry[i].key, (int)e->entry[i].to.kind,
			    e->entry[i].to.id, (int)e->entry[i].right);
		for (size_t i = 0; i < e->leaver_count; i++)
			print_message(" reason %d leaver %d/%d", (int)e->reason,
			    (int)e->leaver[i].kind, e->leaver[i].id);
		for (size_t i = 0; i < e->point_count; i++)
			print_message(" point %d of %s%s", e->point[i].at,
			    who[e->point[i].of],
			    e->point[i].standing ? " stands" : "");
		print_message(" to %d accept %d offer %d\n", (int)e->to,
		    e->accept, e->offer);
	}
}

static const struct history *shown;
static unsigned shown_revoked;

#define SAME(is, must) \
	do { \
		if ((long long)(is) != (long long)(must)) { \
			print_history(shown, shown_revoked); \
			fail_msg("%s is %lld, must be %lld", #is, \
			    (long long)(is), (long long)(must)); \
		} \
	} while (0)

static bool
leaves(const struct control *c, size_t at, const struct said_who *who)
{
	const uint8_t *id = who->kind == GRANT_NODE
	    ? said_node((enum who)who->id)->b
	    : said_agency((enum which)who->id)->b;

	for (size_t k = 0; k < c->leaver_count; k++)
		if (c->leavers[k].segment == (int64_t)at + 1 &&
		    c->leavers[k].kind == who->kind &&
		    memcmp(c->leavers[k].recipient, id, ID_BYTES) == 0)
			return true;
	return false;
}

static void
compare_events(const struct control *c, const struct said_answer *a,
    const struct history *h)
{
	size_t entries = 0, leavers = 0, ended = 0;

	for (size_t k = 0; k < h->n; k++) {
		const struct said *e = &h->e[k];

		if ((h->held >> k & 1) == 0)
			continue;
		for (size_t i = 0; i < e->entry_count; i++, entries++) {
			const struct control_claim *is =
			    said_claim(c, k, e->entry[i].key, &e->entry[i].to);

			SAME(is->ever, a->entry[k][i][0]);
			SAME(is->counts, a->entry[k][i][1]);
			SAME(is->ended, a->entry[k][i][2]);
		}
		for (size_t i = 0; i < e->leaver_count; i++) {
			SAME(leaves(c, k, &e->leaver[i]), a->leaver[k][i]);
			leavers += a->leaver[k][i] ? 1 : 0;
		}
		for (int key = 1; key < 8; key++) {
			SAME(said_ended(c, key, k), a->ended[k] >> key & 1);
			ended += a->ended[k] >> key & 1;
		}
	}
	SAME(c->claim_count, entries);
	SAME(c->leaver_count, leavers);
	/* one for each grant that is why, side by side */
	for (size_t k = 0; k < c->ended_count; k++)
		ended -= k == 0 ||
		    c->ended[k].segment != c->ended[k - 1].segment ||
		    !id_equal(&c->ended[k].key_id, &c->ended[k - 1].key_id);
	SAME(ended, 0);
}

/* Is this list of points that of these events? */
static void
compare_points(const struct control_point *p, size_t n, unsigned events,
    const struct history *h)
{
	size_t all = 0;

	for (size_t k = 0; k < h->n; k++) {
		struct segment_id id;
		size_t found = 0;

		history_id(&id, h, k);
		for (size_t i = 0; i < n; i++)
			found += id_equal(&p[i].id, &id) ? 1 : 0;
		SAME(found, events >> k & 1);
		all += found;
	}
	SAME(all, n);
}

static void
compare_cuts(const struct control *c, const struct said_answer *a,
    const struct history *h)
{
	size_t cuts = 0, lost = 0;

	for (int w = 0; w < WHO_COUNT; w++) {
		struct segment_id id = { { 0 } };
		bool found = false;

		lost += a->lost >> w & 1;
		for (size_t k = 0; k < c->cut_node_count; k++)
			found |=
			    id_equal(&c->cut_nodes[k], said_node((enum who)w));
		SAME(found, a->lost >> w & 1);
		if (a->cut[w] == NOT_CUT)
			continue;
		cuts++;
		if (a->cut[w] != NONE)
			history_id(&id, h, (size_t)a->cut[w]);
		found = false;
		for (size_t k = 0; k < c->cut_count; k++)
			found |= id_equal(&c->cuts[k].id, &id) &&
			    id_equal(&c->cuts[k].author,
				said_author((enum who)w));
		SAME(found, true);
	}
	SAME(c->cut_count, cuts);
	SAME(c->cut_node_count, lost);
}

/* ---- rights: what is shown now, and what each had at each event ---- */

struct asked {
	const struct control *c;
	const struct said_answer *a;
	unsigned known;
};

static bool
is_before(const void *context, size_t x, size_t y)
{
	const struct asked *of = context;
	const struct right_said *said = of->c->rights->said;
	unsigned events =
	    y == RIGHT_NONE ? of->known : of->a->past[said[y].segment - 1];

	return (events >> (said[x].segment - 1) & 1) != 0;
}

static unsigned
right_of(const struct asked *of, enum which owner, const struct said_who *who)
{
	bool agency = who->kind == GRANT_AGENCY;
	enum which whose =
	    agency ? (enum which)who->id : said_works_for((enum who)who->id);
	const struct right_past past = { .before = is_before,
		.context = of,
		.owns = whose == owner };
	const struct right_group *g =
	    rights_find(of->c->rights, said_agency(whose));

	if (g != NULL)
		rights_weigh(of->c->rights, g, &past);
	return rights_value(of->c->rights, g, who->kind,
	    agency ? said_agency(whose)->b : said_node((enum who)who->id)->b);
}

static void
compare_at(const struct control *c, const struct said_answer *a,
    const struct history *h, size_t k)
{
	const struct asked of = { c, a, a->past[k] };

	for (int id = 0; id < WHO_COUNT; id++) {
		const struct said_who node = { GRANT_NODE, id };
		const struct said_who agency = { GRANT_AGENCY, id };

		SAME(right_of(&of, a->owner_at[k], &node),
		    said_right(a, h, a->past[k], a->owner_at[k], &node));
		if (id < WHICH_COUNT)
			SAME(right_of(&of, a->owner_at[k], &agency),
			    said_right(a, h, a->past[k], a->owner_at[k],
				&agency));
	}
}

static void
compare_rights(const struct control *c, const struct said_answer *a,
    const struct history *h)
{
	const enum which owner = a->owner[a->owners - 1];

	SAME(c->mixed, a->mixed);
	SAME(c->rights != NULL, a->mixed || a->owners > 1);
	for (size_t k = 0; k < h->n; k++) {
		const struct said *e = &h->e[k];

		for (size_t i = 0;
		     (h->held >> k & 1) != 0 && i < e->entry_count; i++) {
			unsigned now = e->entry[i].right;
			unsigned has = c->rights == NULL || !a->entry[k][i][0]
			    ? now
			    : said_right(a, h, h->held, owner, &e->entry[i].to);

			if (has < now)
				now = has > GRANT_READ ? has : GRANT_READ;
			SAME(said_claim(c, k, e->entry[i].key, &e->entry[i].to)
				 ->now,
			    now);
		}
		if (c->rights != NULL && (h->held >> k & 1) != 0)
			compare_at(c, a, h, k);
	}
}

static void
compare(const struct history *h, unsigned revoked, const size_t *order)
{
	struct control *c = history_settle(h, said_members(revoked), order);
	struct said_answer a;
	int last;

	shown = h;
	shown_revoked = revoked;
	said_refer(&a, h, revoked);
	last = a.owners - 1;
	compare_events(c, &a, h);
	if (c->known)
		compare_rights(c, &a, h);
	compare_cuts(c, &a, h);
	compare_points(c->voided, c->voided_count, a.voided, h);
	compare_points(c->adopted, c->adopted_count, a.adopted, h);
	SAME(c->shred, a.shred + 1);
	if (c->known) {
		SAME(c->owner_count, a.owners);
		SAME(id_equal(&c->owner, said_agency(a.owner[last])), true);
		SAME(c->accepted, a.accepted[last] + 1);
	}
	control_free(c);
}

/* ---- acts ------------------------------------------------------------------------------ */

static uint64_t
dice(uint64_t n)
{
	return network_dice() % n;
}

/* Of the events before the last of h, one by who (or anybody: HUB), or NONE. */
static int
some_event(const struct history *h, enum who who, bool first)
{
	int found = NONE;

	for (int k = 0; k + 1 < (int)h->n; k++) {
		if (who != HUB && h->e[k].by != who)
			continue;
		if (found == NONE || (!first && dice(2) == 0))
			found = k;
	}
	return found;
}

static void
add_entry(struct said *e, int key, enum grant_recipient kind, int id,
    enum grant_right right)
{
	size_t n = e->entry_count++;

	e->entry[n].key = key;
	e->entry[n].to = (struct said_who){ kind, id };
	e->entry[n].right = right;
}

static void
add_leaver(struct said *e, enum grant_recipient kind, int id)
{
	e->leaver[e->leaver_count++] = (struct said_who){ kind, id };
}

static void
add_cut(const struct history *h, struct said *e, enum who of, bool first)
{
	int at = some_event(h, of, first);

	e->point[e->point_count++] = (struct said_point){ .at = at, .of = of };
}

/* Fixed acts: who does what to whom. */
struct act {
	enum who by;
	enum segment_kind kind;
	int a, b; /* key and node or ~agency; reason and leaver; and so on */
};
static const struct act acts[] = {
	{ C1, SEGMENT_GRANT, 1, CL },
	{ N2, SEGMENT_GRANT, 1, ~CLINIC },
	{ N3, SEGMENT_GRANT, 2, NL },
	{ NL, SEGMENT_GRANT, 3, NL },
	{ N1, SEGMENT_REMOVE, REMOVE_ENDED, ~CLINIC },
	{ N2, SEGMENT_REMOVE, REMOVE_LOST, NL },
	{ N1, SEGMENT_REMOVE, REMOVE_COMPROMISED, N2 },
	{ N2, SEGMENT_REMOVE, REMOVE_LOST, N1 },
	{ C1, SEGMENT_REMOVE, REMOVE_LOST, CL },
	{ C1, SEGMENT_REMOVE, REMOVE_ENDED, ~NORTH },
	{ NL, SEGMENT_REMOVE, REMOVE_LEFT, NL },
	{ N1, SEGMENT_TRANSFER, CLINIC, false },
	{ N2, SEGMENT_TRANSFER, HUBS, false },
	{ C1, SEGMENT_TRANSFER, CLINIC, true },
	{ HUB, SEGMENT_TRANSFER, HUBS, true },
	{ N3, SEGMENT_JUDGEMENT, false, 0 },
	{ HUB, SEGMENT_JUDGEMENT, true, 0 },
	{ N3, SEGMENT_ADOPT, 0, 0 },
	{ C1, SEGMENT_SHRED, 0, 0 },
};

/* The offer that was made last before the last event, or the founding grant. */
static int
last_offer(const struct history *h, enum which to)
{
	for (int k = (int)h->n - 2; k > 0; k--)
		if (h->e[k].kind == SEGMENT_TRANSFER && !h->e[k].accept &&
		    h->e[k].to == to)
			return k;
	return 0;
}

static void
add_target(struct said *e, bool leaves_now, int key, int who)
{
	enum grant_recipient kind = who < 0 ? GRANT_AGENCY : GRANT_NODE;

	if (leaves_now)
		add_leaver(e, kind, who < 0 ? ~who : who);
	else
		add_entry(e, key, kind, who < 0 ? ~who : who, GRANT_READ);
}

/* first: of what may be pointed at the first, else any of it */
static struct said *
do_act(struct history *h, const struct act *act, bool first)
{
	struct said *e = history_say(h, act->by, act->kind);

	switch (act->kind) {
	case SEGMENT_GRANT:
		add_target(e, false, act->a, act->b);
		break;
	case SEGMENT_REMOVE:
		e->reason = (enum remove_reason)act->a;
		add_target(e, true, 0, act->b);
		add_entry(e, 2, GRANT_AGENCY, NORTH, GRANT_WRITE);
		if (remove_reason_cuts(e->reason) && act->b >= 0)
			add_cut(h, e, (enum who)act->b, first);
		break;
	case SEGMENT_TRANSFER:
		e->to = (enum which)act->a;
		e->accept = act->b != 0;
		e->offer = last_offer(h, e->to);
		break;
	case SEGMENT_JUDGEMENT:
	case SEGMENT_ADOPT:
		e->point_count = 1;
		e->point[0].at = some_event(h, first ? NL : HUB, false);
		if (e->point[0].at == NONE)
			e->point[0].at = 0;
		e->point[0].standing =
		    act->a != 0 && act->kind == SEGMENT_JUDGEMENT;
		break;
	default:
		break;
	}
	return e;
}

/* ---- all of two ---------------------------------------------------------------------- */

static const size_t orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
	{ 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

static void
compare_shapes(const struct history *h)
{
	struct history x = *h;

	/* who knows of whom: 1 of 0; 2 of 0, of 1 */
	for (unsigned shape = 0; shape < 8; shape++) {
		x.e[1].knows = shape & 1;
		x.e[2].knows = shape >> 1;
		for (size_t k = 0; k < COUNT_OF(orders); k++)
			compare(&x, 0, orders[k]);
		/* the other one has the smaller id */
		x.rank[1] = 2;
		x.rank[2] = 1;
		compare(&x, 1u << CL, NULL);
		x.rank[1] = 1;
		x.rank[2] = 2;
	}
}

static void
every_two_acts_settle_as_the_reference_says(void **state)
{
	struct history h;

	(void)state;
	for (size_t a = 0; a < COUNT_OF(acts); a++)
		for (size_t b = 0; b < COUNT_OF(acts); b++) {
			history_begin(&h);
			(void)do_act(&h, &acts[a], true);
			(void)do_act(&h, &acts[b], true);
			compare_shapes(&h);
		}
}

static void
every_three_acts_settle_as_the_reference_says(void **state)
{
	static const size_t back[] = { 3, 2, 1, 0 };
	const size_t n = COUNT_OF(acts);
	struct history h;

	(void)state;
	for (size_t at = 0; at < n * n * n; at++) {
		history_begin(&h);
		(void)do_act(&h, &acts[at / n / n], true);
		(void)do_act(&h, &acts[at / n % n], true);
		(void)do_act(&h, &acts[at % n], true);
		/* all know the founding grant; three ways to know each other
		 * for each of two, and the diamond */
		for (unsigned shape = 0; shape < 8; shape++) {
			h.e[1].knows = 1;
			h.e[2].knows = 1 | (shape & 1) << 1;
			h.e[3].knows = 1 | shape >> 1 << 1;
			compare(&h, 0, at % 2 == 0 ? NULL : back);
		}
	}
}

/* ---- many of more ---------------------------------------------------------------------- */

/* Any act by anybody. */
static struct said *
do_any(struct history *h)
{
	struct act act = acts[dice(COUNT_OF(acts))];
	int n = (int)h->n;
	struct said *e;

	if (dice(2) == 0)
		act.by = (enum who)dice(WHO_COUNT);
	if (act.kind == SEGMENT_GRANT && dice(2) == 0)
		act.by = N1;
	if (act.kind == SEGMENT_GRANT && dice(2) == 0)
		act.b = dice(2) == 0 ? (int)dice(WHO_COUNT) : ~(int)dice(2);
	if (act.kind == SEGMENT_REMOVE && dice(2) == 0)
		act.b = dice(3) == 0 ? ~(int)dice(2) : (int)dice(WHO_COUNT);
	e = do_act(h, &act, false);
	if (act.kind == SEGMENT_GRANT && dice(2) == 0)
		e->entry[0].right = GRANT_WRITE;
	e->knows = (unsigned)dice(1u << n) | (dice(4) == 0 ? 0 : 1u);
	if (act.kind == SEGMENT_TRANSFER && e->accept)
		e->knows |= 1u << e->offer;
	/* now and then a second history of one author */
	if (dice(6) == 0 && history_prev(h, (size_t)n) != NONE)
		e->prev = history_prev(h, (size_t)history_prev(h, (size_t)n));
	return e;
}

/* Leave out some, and what builds on them in their chains. */
static void
lose_some(struct history *h)
{
	for (size_t k = 0; k < h->n; k++)
		if (dice(8) == 0)
			h->held &= ~(1u << k);
	for (size_t k = 0; k < h->n; k++) {
		int prev = history_prev(h, k);

		if (prev != NONE && (h->held >> prev & 1) == 0)
			h->held &= ~(1u << k);
	}
}

static void
any_history_settles_as_the_reference_says(void **state)
{
	/* N1 lost would take the laptop along, which it enrolled */
	static const unsigned gone[] = { 0, 0, 1u << CL, 1u << C1, 1u << N2,
		LOST(N2), LOST(N2) | LOST(C1), LOST(N3) | LOST(NL) };
	const char *seed = getenv("TEST_SEED"), *iters = getenv("TEST_ITERS");
	long rounds = iters != NULL ? strtol(iters, NULL, 10) : 30000;
	size_t order[SAID_MAX];
	struct history h;

	(void)state;
	network_seed(seed != NULL ? strtoull(seed, NULL, 10) : 20261122);
	for (long round = 0; round < rounds; round++) {
		size_t more = 2 + dice(5);

		history_begin(&h);
		while (h.n <= more)
			(void)do_any(&h);
		for (size_t k = 0; k < h.n; k++)
			order[k] = k;
		network_shuffle(order, h.n);
		for (size_t k = 0; k < h.n; k++)
			h.rank[k] = (uint8_t)order[k];
		network_shuffle(order, h.n);
		compare(&h, gone[dice(COUNT_OF(gone))], order);
		lose_some(&h);
		compare(&h, 0, order);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_two_acts_settle_as_the_reference_says),
		cmocka_unit_test(every_three_acts_settle_as_the_reference_says),
		cmocka_unit_test(any_history_settles_as_the_reference_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
