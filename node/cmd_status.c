/* status. */
#include "node/cmd.h"

#include <string.h>

#include "node/informing.h"
#include "node/keep_show.h"
#include "node/out.h"
#include "node/show.h"
#include "node/show_clock.h"
#include "node/show_offer.h"
#include "node/show_office.h"
#include "node/show_taken.h"
#include "node/waiting.h"
#include "sync/db.h"
#include "sync/agency_key.h"
#include "sync/fork.h"
#include "sync/lane.h"
#include "sync/remove.h"
#include "sync/revoke.h"
#include "sync/room.h"
#include "sync/shred.h"
#include "sync/snapshot.h"

/* ---- what is counted ---- */

struct totals {
	int64_t people, unsealed, oldest_ms; /* own work not sent yet */
	int64_t segments, unreadable, waiting, quarantined;
	int64_t rekey; /* own compartments that wait for a new key */
	struct shred_counts shred;
	int64_t kept; /* own work with no key it may be sealed under */
	int64_t decisions, notices;
	int64_t held, held_bytes, held_oldest_ms;
	int64_t drafts;
	struct owed owed;         /* reviews, and people to be told */
	int64_t forked, unjudged; /* computers that wrote two histories */
	struct show_offer offer;
	struct snapshot_left left; /* histories that are still coming */
	int64_t over_room;         /* nodes that used up their day here */
	struct show_clock clock;
	struct show_office office;
};

static enum err
count_sql(int64_t *out, struct run *run, const char *sql, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(run->replica), sql, f);

	if (e != OK)
		return e;
	e = stmt_step(s, &row, f);
	if (e == OK && row)
		*out = stmt_col_int(s, 0);
	stmt_reset(s);
	return e;
}

static bool
count_held(void *context, const struct held_item *h)
{
	struct totals *t = context;

	if (!h->can_retry)
		return true; /* without a key: counted as unreadable */
	t->held++;
	t->held_bytes += (int64_t)h->bytes;
	if (t->held_oldest_ms == 0 || h->at_ms < t->held_oldest_ms)
		t->held_oldest_ms = h->at_ms;
	return true;
}

static enum err
count_people(int64_t *out, struct run *run, struct fail *f)
{
	if (registry_table(replica_registry(run->replica), "person") == NULL)
		return OK;
	return count_sql(out, run, "SELECT count(*) FROM person", f);
}

static enum err
take_totals(struct totals *t, struct run *run, struct fail *f)
{
	const struct {
		int64_t *to;
		const char *sql;
	} counts[] = {
		{ &t->segments, "SELECT count(*) FROM _segment" },
		{ &t->waiting,
		    "SELECT count(*) FROM _segment"
		    " WHERE state > 3 AND state = 4" },
		{ &t->unreadable,
		    "SELECT count(*) FROM _segment"
		    " WHERE state > 3 AND state = 5 AND chain <> 3"
		    " AND cpt NOT IN (SELECT cpt FROM _shred"
		    " WHERE undone_ms = 0)" },
		{ &t->quarantined,
		    "SELECT count(*) FROM _segment"
		    " WHERE state > 3 AND state = 6" },
	};
	struct waiting own;
	enum err e = count_people(&t->people, run, f);

	if (e == OK)
		e = waiting_count(&own, run->replica, f);
	if (e == OK) {
		t->unsealed = own.unsealed;
		t->oldest_ms = own.oldest_ms;
		t->drafts = own.drafts;
	}
	for (size_t i = 0; e == OK && i < COUNT_OF(counts); i++)
		e = count_sql(counts[i].to, run, counts[i].sql, f);
	if (e == OK)
		e = remove_open_count(run->replica, &t->rekey, f);
	if (e == OK)
		e = shred_count(run->replica, &t->shred, f);
	if (e == OK)
		e = remove_kept_count(run->replica, &t->kept, f);
	if (e == OK)
		e = show_offer_count(&t->offer, run, f);
	if (e == OK)
		e = conflict_count(run->replica, &t->decisions, &t->notices, f);
	if (e == OK)
		e = held_list(run->replica, count_held, t, f);
	if (e == OK)
		e = fork_nodes(run->replica, &t->forked, &t->unjudged, f);
	if (e == OK)
		e = snapshot_left(run->replica, &t->left, 0, f);
	if (e == OK)
		e = room_full_count(run->replica, &t->over_room, f);
	if (e == OK)
		e = show_clock_take(&t->clock, run, f);
	if (e == OK)
		e = show_office_take(&t->office, run, f);
	/* a restored replica shows no record, so none that waits */
	if (e == OK && replica_restored(run->replica, NULL) == LIFE_NONE)
		e = owed_count(&t->owed, run->replica, f);
	return e;
}

/* ---- peers ---- */

struct peers {
	struct run *run;
	json_t *array; /* NULL: text */
	size_t count, overdue, behind, stalled;
};

/* A peer that should have been reached three times over by now. */
static bool
is_overdue(const struct lane_peer_info *p, int64_t now)
{
	return p->every_s > 0 && p->address[0] != '\0' &&
	    now - p->last_ok_ms > 3 * p->every_s * 1000;
}

static int64_t
pending(const struct lane_peer_info *p)
{
	uint64_t n = 0;

	for (size_t i = 0; i < LANE_COUNT; i++)
		n += p->pending[i];
	return (int64_t)n;
}

static void
say_peer(struct peers *k, const struct lane_peer_info *p, int64_t now)
{
	struct run *run = k->run;
	char text[ID_TEXT_BYTES];
	const char *name = name_of_node(run, &p->node, text);
	struct buf line = { 0 };

	show_peer(&line, p, now);
	if (k->array != NULL)
		(void)json_array_append_new(k->array,
		    json_pack("{s:s, s:I, s:I, s:b, s:b, s:s, s:I, s:I, s:I}",
			"name", name, "last_ok_ms", (json_int_t)p->last_ok_ms,
			"pending", (json_int_t)pending(p), "receipt",
			p->receipt, "overdue", is_overdue(p, now), "last_error",
			p->last_error, "no_room", (json_int_t)p->aside,
			"sweep_equal_ms", (json_int_t)p->sweep_equal_ms,
			"stalled_ms", (json_int_t)p->stalled_ms));
	else
		run_say(run, "  %-20s %s\n", name, buf_cstr(&line));
	buf_release(&line);
}

static enum err
each_peer(struct peers *k, struct fail *f)
{
	int64_t now = env_wall_ms(replica_env(k->run->replica));
	struct lane_peer_info p;
	enum err e;

	while ((e = lane_peer_at(k->run->replica, &p, k->count, f)) == OK) {
		if (k->count == 0 && k->array == NULL)
			run_say(k->run, "peers\n");
		say_peer(k, &p, now);
		k->count++;
		k->overdue += is_overdue(&p, now);
		k->behind += pending(&p) > 0;
		k->stalled += p.stalled_ms != 0;
	}
	return e == ERR_NOTFOUND ? OK : e;
}

/* ---- status ---- */

static void
say_identity(struct run *run)
{
	struct members *m = replica_members(run->replica);
	const struct identity *me = replica_identity(run->replica);
	const char *network = members_network_name(m);
	char node[ID_TEXT_BYTES], agency[ID_TEXT_BYTES];

	if (members_node(m, &me->node) == NULL) {
		run_say(run,
		    "this replica belongs to no network yet: run its join "
		    "again, or import the answer to its request\n");
		return;
	}
	run_say(run, "%s of %s, network %s\n",
	    name_of_node(run, &me->node, node),
	    name_of_agency(run, &me->agency, agency), network);
}

/* What is still to be done after somebody was taken out. */
static void
say_keys(struct run *run)
{
	const struct identity *me = replica_identity(run->replica);

	if (members_key_due(replica_members(run->replica), &me->agency))
		run_say(run,
		    "  the key of this agency is known to a computer that is "
		    "out: a registrar replaces it at its next contact\n");
	if (agency_key_unseen(run->replica))
		run_say(run,
		    "  the key of this agency was replaced; its old recovery "
		    "code opens nothing any more: write down the new one "
		    "(footbridge keyslot agency)\n");
}

/* Taken out: nothing else is said. */
static enum err
say_out(struct run *run, struct fail *f)
{
	struct buf words = { 0 };
	enum err e = out_obey(run->replica, f);

	if (e == OK)
		e = revoke_words(run->replica, &words, f);
	if (e == OK && run->cli->json)
		e = run_json(run,
		    json_pack("{s:b, s:s}", "revoked", true, "words",
			buf_cstr(&words)),
		    f);
	else if (e == OK)
		run_say(run, "%s. Join anew in another directory.\n",
		    buf_cstr(&words));
	buf_release(&words);
	return e;
}

static void
say_work(struct run *run, const struct totals *t)
{
	struct buf ago = { 0 };

	run_say(run, "  %lld %s, %lld entr%s in the log\n",
	    (long long)t->people, t->people == 1 ? "person" : "people",
	    (long long)t->segments, t->segments == 1 ? "y" : "ies");
	if (t->left.compartments > 0)
		run_say(run,
		    "  history still coming for %lld record%s: %lld of %lld "
		    "parts are here; they can be read, and new entries added\n",
		    (long long)t->left.compartments,
		    run_s(t->left.compartments), (long long)t->left.held,
		    (long long)t->left.expected);
	if (t->unsealed > 0) {
		name_ago(&ago, env_wall_ms(replica_env(run->replica)),
		    t->oldest_ms);
		run_say(run,
		    "  saved here only: %lld entr%s, the oldest %s; %s with "
		    "the next sync or bundle\n",
		    (long long)t->unsealed, t->unsealed == 1 ? "y" : "ies",
		    buf_cstr(&ago), t->unsealed == 1 ? "it goes" : "they go");
	}
	if (t->kept > 0)
		run_say(run,
		    "  of it %lld entr%s cannot go: what %s about was taken "
		    "away from this office, or waits for a new key; kept "
		    "here\n",
		    (long long)t->kept, t->kept == 1 ? "y" : "ies",
		    t->kept == 1 ? "it is" : "they are");
	if (t->rekey > 0)
		run_say(run,
		    "  %lld categor%s wait%s for a new key after somebody "
		    "left; "
		    "the agency's first registrar makes it with its next "
		    "sync, any other an hour after it first saw that\n",
		    (long long)t->rekey, t->rekey == 1 ? "y" : "ies",
		    t->rekey == 1 ? "s" : "");
	if (t->quarantined > 0)
		run_say(run,
		    "  %lld entr%s kept and %s not count, on no computer "
		    "(footbridge held says why)\n",
		    (long long)t->quarantined,
		    t->quarantined == 1 ? "y is" : "ies are",
		    t->quarantined == 1 ? "does" : "do");
	if (t->unreadable > 0)
		run_say(run,
		    "  %lld entr%s kept for others, as it should be: this node "
		    "was not given the key\n",
		    (long long)t->unreadable,
		    t->unreadable == 1 ? "y is" : "ies are");
	if (t->over_room > 0)
		run_say(run,
		    "  %lld computer%s filled the room that this relay gives "
		    "each in a day; what is over waits there until tomorrow "
		    "([relay] in footbridge.conf)\n",
		    (long long)t->over_room, run_s(t->over_room));
	if (t->drafts > 0)
		run_say(run,
		    "  %lld draft%s: typed, but the record had changed "
		    "(footbridge drafts)\n",
		    (long long)t->drafts, run_s(t->drafts));
	buf_release(&ago);
}

/* Two computers that are one node: nothing is lost, but people lose their way. */
static void
say_copies(struct run *run)
{
	size_t n = replica_copies(run->replica);

	if (n == 0)
		return;
	run_say(run,
	    "another copy of this computer writes too, or did: it was restored "
	    "or copied, and has a newer name than this one. What it writes "
	    "comes here as from anybody. Use one of them only; which one, your "
	    "steward decides\n");
}

static void
say_alone(struct run *run)
{
	int64_t at_ms = replica_alone(run->replica);
	struct buf ago = { 0 };

	if (at_ms == 0)
		return;
	name_ago(&ago, env_wall_ms(replica_env(run->replica)), at_ms);
	run_say(run,
	    "records were opened without a contact, %s (footbridge reopen): "
	    "what was taken back or destroyed since this copy was made can be "
	    "read here until the first contact\n",
	    buf_cstr(&ago));
	buf_release(&ago);
}

static void
say_restored(struct run *run)
{
	int64_t at_ms;
	enum life_reason reason = replica_restored(run->replica, &at_ms);
	struct buf ago = { 0 };

	if (reason == LIFE_NONE) {
		say_alone(run);
		return;
	}
	name_ago(&ago, env_wall_ms(replica_env(run->replica)), at_ms);
	run_say(run,
	    "records are closed, %s: %s. %s; footbridge sync opens them "
	    "again\n",
	    buf_cstr(&ago), life_words(reason),
	    reason == LIFE_DAMAGED ? "What others have of it comes back"
				   : "What had been sent comes back; what was "
				     "typed after this copy was made and had "
				     "reached nobody is not in it");
	buf_release(&ago);
}

static void
say_owed(struct run *run, const struct owed *o)
{
	if (o->reviews > 0)
		run_say(run,
		    "emergency access: %lld to review (footbridge emergency "
		    "list)\n",
		    (long long)o->reviews);
	if (o->reviews_late > 0)
		run_say(run,
		    "  %lld of them LATE: now also before the privacy "
		    "officer (footbridge requests)\n",
		    (long long)o->reviews_late);
	if (o->orders > 0)
		run_say(run,
		    "orders of other agencies to destroy records of this one: "
		    "%lld to answer (footbridge seal requests)\n",
		    (long long)o->orders);
	if (o->notices > 0)
		run_say(run, "people to be told: %lld (footbridge notices)\n",
		    (long long)o->notices);
	if (o->notices_late > 0)
		run_say(run, "  %lld of them LATE\n",
		    (long long)o->notices_late);
}

static void
say_open(struct run *run, const struct totals *t)
{
	struct buf ago = { 0 };

	say_restored(run);
	show_clock_say(run, &t->clock);
	show_office_say(run, &t->office);
	if (t->forked > 0)
		run_say(run,
		    "%lld computer%s wrote two histories: copied, or an old "
		    "copy "
		    "put back; %lld of the places %s not judged (footbridge "
		    "judge)\n",
		    (long long)t->forked, run_s(t->forked),
		    (long long)t->unjudged, t->unjudged == 1 ? "is" : "are");
	say_copies(run);
	show_shredded(run, &t->shred);
	if (t->decisions + t->notices > 0)
		run_say(run,
		    "conflicts: %lld to decide, %lld settled by rule and not "
		    "yet looked at (footbridge conflicts --all)\n",
		    (long long)t->decisions, (long long)t->notices);
	if (t->held > 0) {
		name_ago(&ago, env_wall_ms(replica_env(run->replica)),
		    t->held_oldest_ms);
		run_say(run,
		    "held: %lld entr%s arrived and %s not applied yet, the "
		    "oldest %s; nothing is lost (footbridge held)\n",
		    (long long)t->held, t->held == 1 ? "y" : "ies",
		    t->held == 1 ? "is" : "are", buf_cstr(&ago));
	}
	say_owed(run, &t->owed);
	if (t->decisions + t->notices + t->held + t->drafts + t->offer.other +
		    t->owed.reviews + t->owed.notices + t->owed.orders ==
		0 &&
	    t->clock.verdict == CLOCK_PLAUSIBLE && t->office.unused == 0 &&
	    !t->office.journal.review_due && !show_office_is_full(&t->office))
		run_say(run, "nothing waits for a person\n");
	buf_release(&ago);
}

static json_t *
status_json(struct run *run, const struct totals *t, const struct keep_show *b,
    json_t *peers)
{
	struct members *m = replica_members(run->replica);
	const struct identity *me = replica_identity(run->replica);
	const char *network = members_network_name(m);
	char node[ID_TEXT_BYTES], agency[ID_TEXT_BYTES], id[ID_TEXT_BYTES];
	json_t *j;

	hex_encode(id, me->node.b, ID_BYTES);
	j = json_pack("{s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, "
		      "s:I, s:I, s:I, s:b, "
		      "s:I, "
		      "s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:s, "
		      "s:I, s:I, s:I, s:I, s:b, s:b, s:I, s:I, s:I, s:I, s:s, "
		      "s:I, s:I, s:I, s:I, s:I, s:o}",
	    "network", network != NULL ? network : "", "node",
	    name_of_node(run, &me->node, node), "node_id", id, "agency",
	    name_of_agency(run, &me->agency, agency), "root_key_here",
	    me->has_root_secret, "people", (json_int_t)t->people, "segments",
	    (json_int_t)t->segments, "unsealed", (json_int_t)t->unsealed,
	    "kept", (json_int_t)t->kept, "offered", (json_int_t)t->offer.own,
	    "offers", (json_int_t)t->offer.other, "rekey", (json_int_t)t->rekey,
	    "shredded", (json_int_t)t->shred.compartments, "new_key_due",
	    t->shred.rekey, "coming_back", (json_int_t)t->shred.lacking,
	    "quarantined", (json_int_t)t->quarantined, "waiting",
	    (json_int_t)t->waiting, "unreadable", (json_int_t)t->unreadable,
	    "decisions", (json_int_t)t->decisions, "notices",
	    (json_int_t)t->notices, "held", (json_int_t)t->held, "drafts",
	    (json_int_t)t->drafts, "unsealed_since_ms",
	    (json_int_t)t->oldest_ms, "backup", keep_show_json(b), "restored",
	    life_words(replica_restored(run->replica, NULL)), "opened_alone_ms",
	    (json_int_t)replica_alone(run->replica), "forked",
	    (json_int_t)t->forked, "unjudged", (json_int_t)t->unjudged,
	    "copies", (json_int_t)replica_copies(run->replica),
	    "agency_key_due", members_key_due(m, &me->agency),
	    "agency_code_unseen", agency_key_unseen(run->replica),
	    "history_coming", (json_int_t)t->left.compartments, "history_parts",
	    (json_int_t)t->left.held, "history_parts_of",
	    (json_int_t)t->left.expected, "over_room", (json_int_t)t->over_room,
	    "clock", show_clock_word(&t->clock), "reviews",
	    (json_int_t)t->owed.reviews, "reviews_late",
	    (json_int_t)t->owed.reviews_late, "people_to_tell",
	    (json_int_t)t->owed.notices, "people_to_tell_late",
	    (json_int_t)t->owed.notices_late, "orders_to_answer",
	    (json_int_t)t->owed.orders, "peers", peers);
	show_office_json(j, &t->office);
	return j;
}

/* --check: one line and an exit status for a monitor. */
static enum err
check(struct run *run, const struct totals *t, const struct peers *p,
    const struct keep_show *b, struct fail *f)
{
	if (b->late)
		return fail_set(f, ERR_IO,
		    "there is no recent backup of this replica%s%.200s; what "
		    "is saved here is on this disk alone until a peer has it",
		    b->state.failed_ms != 0 ? ": " : "",
		    b->state.failed_ms != 0 ? b->state.why : "");
	if (p->overdue > 0)
		return fail_set(f, ERR_NET,
		    "%zu of %zu peers %s not reached for three of their "
		    "intervals; footbridge peers says why; what is saved here "
		    "is safe",
		    p->overdue, p->count, p->overdue == 1 ? "was" : "were");
	if (p->stalled > 0)
		return fail_set(f, ERR_NET,
		    "%zu of %zu peers answer%s and take%s nothing; footbridge "
		    "peers says since when; what is saved here is safe",
		    p->stalled, p->count, p->stalled == 1 ? "s" : "",
		    p->stalled == 1 ? "s" : "");
	run->decide = t->decisions > 0 || t->held > 0 || t->offer.other > 0 ||
	    t->owed.reviews_late > 0 || t->owed.notices_late > 0 ||
	    replica_restored(run->replica, NULL) != LIFE_NONE ||
	    replica_alone(run->replica) != 0 ||
	    t->clock.verdict != CLOCK_PLAUSIBLE;
	return OK;
}

enum err
cmd_status(struct run *run, struct fail *f)
{
	struct totals t = { 0 };
	struct peers p = { .run = run };
	struct keep_show b = { .every_ms = 0 };
	enum err e;

	if (revoke_is_due(run->replica) ||
	    replica_identity(run->replica)->is_forgotten)
		return say_out(run, f);
	e = take_totals(&t, run, f);
	if (e == OK)
		e = keep_show_take(&b, run, f);
	if (e != OK)
		return e;
	if (run->cli->json)
		p.array = json_array();
	else
		say_identity(run);
	if (!run->cli->json)
		say_work(run, &t);
	if (!run->cli->json)
		say_keys(run);
	e = each_peer(&p, f);
	if (e == OK && !run->cli->json) {
		keep_show_say(run, &b);
		e = show_offer_say(run, f);
		if (e == OK)
			e = show_transfer_say(run, f);
		say_open(run, &t);
	}
	if (e == OK && run->cli->json)
		e = run_json(run, status_json(run, &t, &b, p.array), f);
	run->whole = e == OK;
	if (e == OK && cli_get(run->cli, "check") != NULL)
		e = check(run, &t, &p, &b, f);
	return e;
}
