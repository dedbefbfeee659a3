/* Taken out: nobody answers, it obeys when it hears of it, others learn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "sync/db.h"
#include "sync/lane.h"
#include "sync/registry.h"
#include "sync/revoke.h"
#include "tests/support/office.h"

/* A hub; a clinic whose server relays nothing; what they have. */
struct world {
	struct office *hub, *clinic, *other;
	struct row_id person;
};

static void
world_open(struct world *w)
{
	w->hub = office_found("Hub", KIND_PROBATION, 1);
	w->clinic = office_join(w->hub, "clinic", "Clinic", KIND_TREATMENT, 2);
	w->other = office_join(w->hub, "other", "Other", KIND_SOCIAL, 3);
	w->person = office_person(w->hub, "Ana Ruiz");
	office_share(w->hub, &w->person, "Clinic");
	office_settle(w->clinic, w->hub);
	office_settle(w->other, w->hub);
	assert_string_equal(office_get(w->clinic, &w->person, "legal_name"),
	    "Ana Ruiz");
}

static void
world_close(struct world *w)
{
	office_free(w->hub);
	office_free(w->clinic);
	office_free(w->other);
}

static void
take_out(struct world *w, struct office *o, enum revocation_reason reason)
{
	struct revoke_report report;
	struct fail f = { 0 };

	if (revoke_node(w->hub->r, &report, NULL, office_node(o), reason, &f) !=
	    OK)
		fail_msg("%s", f.text);
}

/* One call, as the transport would carry it; what the other side shows. */
static enum err
call(struct office *from, struct office *to, struct buf *shown)
{
	struct buf request = { .limit = LIMIT_MESSAGE_BYTES };
	struct exchange_stats stats = { 0 };
	struct exchange *x = NULL;
	bool done;
	enum err e;

	e = exchange_new(&x, from->r, office_node(to), 65536, NULL);
	if (e == OK)
		e = exchange_ask(x, &request, &done, NULL);
	if (e == OK)
		e = exchange_answer(to->r, shown, office_node(from), request.p,
		    request.n, &stats, NULL);
	exchange_free(x);
	buf_release(&request);
	return e;
}

static void
nothing_is_readable(struct office *o, const struct row_id *person)
{
	assert_string_equal(office_get(o, person, "legal_name"), "");
	assert_int_equal(office_number(o, "SELECT count(*) FROM _key"), 0);
	assert_int_equal(office_number(o, "SELECT count(*) FROM person"), 0);
	assert_int_equal(office_number(o,
			     "SELECT count(*) FROM _compartment"
			     " WHERE subject IS NOT NULL"),
	    0);
	assert_false(replica_identity(o->r)->has_agency_secret);
	assert_int_equal(replica_identity(o->r)->box_secret[0] |
		replica_identity(o->r)->box_secret[31],
	    0);
}

static void
who_is_out_is_shown_it_and_obeys(void **state)
{
	struct buf shown = { 0 }, words = { 0 };
	struct fail f = { 0 };
	struct world w;
	bool self = false;

	(void)state;
	world_open(&w);
	take_out(&w, w.clinic, REVOKED_LOST);
	assert_int_equal(call(w.clinic, w.hub, &shown), ERR_REVOKED);
	assert_true(shown.n > 0 && shown.n < 8192);
	assert_int_equal(revoke_shown(w.clinic->r, &self, office_node(w.hub),
			     shown.p, shown.n, &f),
	    ERR_REVOKED);
	assert_true(self);
	assert_non_null(strstr(f.text, "lost"));
	nothing_is_readable(w.clinic, &w.person);
	office_restart(w.clinic);
	nothing_is_readable(w.clinic, &w.person);
	assert_int_equal(revoke_words(w.clinic->r, &words, &f), OK);
	assert_non_null(strstr(buf_cstr(&words), "taken out"));
	/* making the tables again makes none of it again */
	assert_int_equal(replica_rebuild(w.clinic->r, &f), OK);
	nothing_is_readable(w.clinic, &w.person);
	buf_release(&shown);
	buf_release(&words);
	world_close(&w);
}

static void
what_shows_nothing_changes_nothing(void **state)
{
	struct buf shown = { 0 };
	struct fail f = { 0 };
	struct world w;
	bool self;

	(void)state;
	world_open(&w);
	take_out(&w, w.other, REVOKED_LOST);
	/* that another one is out is nobody's order to this one */
	assert_int_equal(call(w.other, w.hub, &shown), ERR_REVOKED);
	assert_int_equal(revoke_shown(w.clinic->r, &self, office_node(w.hub),
			     shown.p, shown.n, &f),
	    ERR_AUTH);
	assert_false(self);
	for (size_t n = 0; n < shown.n; n += 7)
		assert_int_not_equal(revoke_shown(w.other->r, &self,
					 office_node(w.hub), shown.p, n, &f),
		    OK);
	shown.p[shown.n - 1] ^= 1;
	assert_int_equal(revoke_shown(w.other->r, &self, office_node(w.hub),
			     shown.p, shown.n, &f),
	    ERR_AUTH);
	assert_false(self);
	assert_string_equal(office_get(w.clinic, &w.person, "legal_name"),
	    "Ana Ruiz");
	buf_release(&shown);
	world_close(&w);
}

static void
records_that_stay_are_not_called_nothing(void **state)
{
	struct buf shown = { 0 };
	struct fail f = { 0 };
	struct world w;
	bool self;

	(void)state;
	world_open(&w);
	take_out(&w, w.other, REVOKED_LOST);
	assert_int_equal(call(w.other, w.hub, &shown), ERR_REVOKED);
	assert_int_equal(revoke_shown(w.clinic->r, &self, office_node(w.hub),
			     shown.p, shown.n, &f),
	    ERR_AUTH);
	assert_non_null(members_revocation(replica_members(w.clinic->r),
	    office_node(w.other)));
	assert_null(strstr(f.text, "nothing was changed"));
	assert_non_null(strstr(f.text, "was taken in"));
	/* the second time it is no news */
	assert_int_equal(revoke_shown(w.clinic->r, &self, office_node(w.hub),
			     shown.p, shown.n, &f),
	    ERR_AUTH);
	assert_non_null(strstr(f.text, "nothing was changed"));
	buf_release(&shown);
	world_close(&w);
}

static void
a_table_that_is_damaged_is_not_the_peers_lie(void **state)
{
	struct buf shown = { 0 };
	struct fail f = { 0 };
	struct world w;
	bool self;

	(void)state;
	world_open(&w);
	take_out(&w, w.clinic, REVOKED_LOST);
	assert_int_equal(call(w.clinic, w.hub, &shown), ERR_REVOKED);
	assert_int_equal(db_exec(replica_db(w.clinic->r),
			     "ALTER TABLE _member RENAME TO _gone", &f),
	    OK);
	assert_int_equal(revoke_shown(w.clinic->r, &self, office_node(w.hub),
			     shown.p, shown.n, &f),
	    ERR_CORRUPT);
	assert_non_null(strstr(f.text, "the database refused"));
	buf_release(&shown);
	world_close(&w);
}

static void
a_disk_that_fails_is_not_the_peers_lie(void **state)
{
	struct buf shown = { 0 };
	struct fail f = { 0 };
	struct world w;
	bool self;

	(void)state;
	world_open(&w);
	take_out(&w, w.clinic, REVOKED_LOST);
	assert_int_equal(call(w.clinic, w.hub, &shown), ERR_REVOKED);
	/* from the first write on, as of a disk that went read-only */
	assert_int_equal(replica_begin(w.clinic->r, &f), OK);
	assert_int_equal(db_exec(replica_db(w.clinic->r),
			     "PRAGMA query_only = 1", &f),
	    OK);
	assert_int_equal(revoke_shown(w.clinic->r, &self, office_node(w.hub),
			     shown.p, shown.n, &f),
	    ERR_DENIED);
	assert_non_null(strstr(f.text, "can only be read"));
	assert_int_equal(db_exec(replica_db(w.clinic->r),
			     "PRAGMA query_only = 0", &f),
	    OK);
	replica_rollback(w.clinic->r);
	assert_string_equal(office_get(w.clinic, &w.person, "legal_name"),
	    "Ana Ruiz");
	assert_int_equal(revoke_shown(w.clinic->r, &self, office_node(w.hub),
			     shown.p, shown.n, &f),
	    ERR_REVOKED);
	assert_true(self);
	buf_release(&shown);
	world_close(&w);
}

static void
nothing_is_queued_for_who_is_out(void **state)
{
	struct fail f = { 0 };
	struct world w;
	int64_t peer;

	(void)state;
	world_open(&w);
	take_out(&w, w.clinic, REVOKED_LEFT);
	assert_int_equal(lane_peer_find(w.hub->r, &peer, office_node(w.clinic),
			     &f),
	    ERR_NOTFOUND);
	office_set(w.hub, &w.person, "legal_name", "Ana Ruiz Mora");
	assert_int_equal(office_number(w.hub,
			     "SELECT count(*) FROM _queue WHERE peer NOT IN"
			     " (SELECT no FROM _peer)"),
	    0);
	assert_int_equal(replica_begin(w.hub->r, &f), OK);
	assert_int_equal(lane_peer(w.hub->r, &peer, office_node(w.clinic), &f),
	    ERR_REVOKED);
	replica_rollback(w.hub->r);
	world_close(&w);
}

static void
a_peer_that_did_not_know_learns_and_stops_calling(void **state)
{
	struct office_sync s = { 0 };
	struct buf shown = { 0 };
	struct fail f = { 0 };
	struct world w;
	bool self;

	(void)state;
	world_open(&w);
	office_settle(w.other, w.clinic);
	take_out(&w, w.clinic, REVOKED_LOST);
	/* the thief's copy calls one that does not know yet: it is answered */
	office_sync(w.clinic, w.other, &s);
	assert_int_equal(s.err, OK);
	/* which then hears of it */
	office_settle(w.other, w.hub);
	assert_non_null(members_revocation(replica_members(w.other->r),
	    office_node(w.clinic)));
	assert_int_equal(call(w.clinic, w.other, &shown), ERR_REVOKED);
	assert_int_equal(call(w.other, w.clinic, &shown), ERR_REVOKED);
	/* one that obeyed shows others that it is out */
	buf_reset(&shown);
	assert_int_equal(call(w.clinic, w.hub, &shown), ERR_REVOKED);
	assert_int_equal(revoke_shown(w.clinic->r, &self, office_node(w.hub),
			     shown.p, shown.n, &f),
	    ERR_REVOKED);
	buf_release(&shown);
	world_close(&w);
}

static void
one_that_obeyed_tells_who_calls_it(void **state)
{
	struct buf shown = { 0 };
	struct fail f = { 0 };
	struct world w;
	bool self = true;

	(void)state;
	world_open(&w);
	take_out(&w, w.clinic, REVOKED_COMPROMISED);
	assert_int_equal(call(w.clinic, w.hub, &shown), ERR_REVOKED);
	assert_int_equal(revoke_shown(w.clinic->r, &self, office_node(w.hub),
			     shown.p, shown.n, &f),
	    ERR_REVOKED);
	buf_reset(&shown);
	assert_int_equal(call(w.other, w.clinic, &shown), ERR_REVOKED);
	assert_int_equal(revoke_shown(w.other->r, &self, office_node(w.clinic),
			     shown.p, shown.n, &f),
	    ERR_REVOKED);
	assert_false(self);
	assert_non_null(strstr(f.text, "clinic"));
	assert_non_null(members_revocation(replica_members(w.other->r),
	    office_node(w.clinic)));
	buf_release(&shown);
	world_close(&w);
}

static void
only_who_may_revokes_and_nobody_itself(void **state)
{
	struct revoke_report report;
	struct fail f = { 0 };
	struct world w;

	(void)state;
	world_open(&w);
	assert_int_equal(revoke_node(w.clinic->r, &report, NULL,
			     office_node(w.other), REVOKED_LOST, &f),
	    ERR_DENIED);
	assert_null(members_revocation(replica_members(w.clinic->r),
	    office_node(w.other)));
	assert_int_equal(revoke_node(w.hub->r, &report, NULL,
			     office_node(w.hub), REVOKED_LOST, &f),
	    ERR_INPUT);
	take_out(&w, w.other, REVOKED_LEFT);
	assert_int_equal(revoke_node(w.hub->r, &report, NULL,
			     office_node(w.other), REVOKED_LEFT, &f),
	    ERR_EXISTS);
	take_out(&w, w.other, REVOKED_LOST); /* a worse reason is more */
	world_close(&w);
}

static void
count_lost(void *context, const struct revoke_lost *l)
{
	int *n = context;

	if (l->has_subject && strcmp(l->category, "IDX") == 0)
		(*n)++;
}

static void
lost_names_what_was_given_and_nothing_else(void **state)
{
	struct fail f = { 0 };
	struct world w;
	int clinic = 0, other = 0;

	(void)state;
	world_open(&w);
	assert_int_equal(revoke_lost_each(w.hub->r, office_node(w.clinic),
			     count_lost, &clinic, &f),
	    OK);
	assert_int_equal(revoke_lost_each(w.hub->r, office_node(w.other),
			     count_lost, &other, &f),
	    OK);
	assert_int_equal(clinic, 1);
	assert_int_equal(other, 0);
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_out_is_shown_it_and_obeys),
		cmocka_unit_test(what_shows_nothing_changes_nothing),
		cmocka_unit_test(records_that_stay_are_not_called_nothing),
		cmocka_unit_test(a_table_that_is_damaged_is_not_the_peers_lie),
		cmocka_unit_test(a_disk_that_fails_is_not_the_peers_lie),
		cmocka_unit_test(nothing_is_queued_for_who_is_out),
		cmocka_unit_test(
		    a_peer_that_did_not_know_learns_and_stops_calling),
		cmocka_unit_test(one_that_obeyed_tells_who_calls_it),
		cmocka_unit_test(only_who_may_revokes_and_nobody_itself),
		cmocka_unit_test(lost_names_what_was_given_and_nothing_else),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
