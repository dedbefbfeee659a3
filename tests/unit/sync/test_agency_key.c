/* An agency's key is replaced: who gets the new one, what the codes give. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "sync/agency_key.h"
#include "sync/registry.h"
#include "sync/revoke.h"
#include "tests/support/bureau.h"

static const struct invite_options clinic = { .agency = "Riverside Clinic",
	.kind = KIND_TREATMENT,
	.name = "clinic-1",
	.days = 1 };
static const struct invite_options further = { .agency = "Riverside Clinic",
	.kind = -1,
	.name = "clinic-2",
	.days = 1,
	.steward = true };

static const struct member_agency *
agency_of(struct bureau *o)
{
	return members_agency(replica_members(o->r), bureau_agency(o));
}

static const struct identity *
identity_of(struct bureau *o)
{
	return replica_identity(o->r);
}

static void
code_of(struct bureau *o, struct buf *code)
{
	buf_reset(code);
	assert_int_equal(identity_agency_code(code, identity_of(o)), OK);
}

struct offices {
	struct bureau hub, server, second;
	struct buf first_code, code;
};

static void
offices_open(struct offices *o)
{
	memset(o, 0, sizeof(*o));
	bureau_found(&o->hub, 1, "Hub", KIND_HUB);
	bureau_join(&o->server, &o->hub, 2, &clinic, NULL);
	code_of(&o->server, &o->first_code);
	bureau_join(&o->second, &o->hub, 3, &further, buf_cstr(&o->first_code));
	bureau_send(&o->second, &o->server);
	bureau_send(&o->hub, &o->server);
}

static void
offices_close(struct offices *o)
{
	bureau_close(&o->hub);
	bureau_close(&o->server);
	bureau_close(&o->second);
	buf_release(&o->first_code);
	buf_release(&o->code);
}

static void
every_registrar_that_stays_has_the_new_key(void **state)
{
	struct offices o;
	struct fail f = { 0 };

	(void)state;
	offices_open(&o);
	assert_int_equal(agency_key_replace(o.server.r, &o.code, &f), OK);
	assert_int_equal(agency_of(&o.server)->key_no, 1);
	assert_memory_equal(agency_of(&o.server)->box_key,
	    identity_of(&o.server)->agency_box_key, 32);
	bureau_send(&o.server, &o.second);
	bureau_send(&o.server, &o.hub);
	assert_memory_equal(identity_of(&o.second)->agency_master,
	    identity_of(&o.server)->agency_master, 32);
	assert_non_null(identity_key_at(identity_of(&o.second), 0, 0));
	assert_non_null(identity_key_at(identity_of(&o.second), 1, 0));
	assert_null(identity_key_at(identity_of(&o.second), 1, 1));
	assert_memory_equal(identity_of(&o.second)->agency_name_key,
	    identity_of(&o.server)->agency_name_key, 32);
	/* the hub knows which key to seal to and has none of them */
	assert_memory_equal(members_agency(replica_members(o.hub.r),
				bureau_agency(&o.server))
				->box_key,
	    identity_of(&o.server)->agency_box_key, 32);
	assert_int_equal(identity_of(&o.hub)->agency_key_count, 1);
	offices_close(&o);
}

static void
the_newest_code_gives_every_key_back_and_an_older_one_none(void **state)
{
	struct invite_options third = further;
	struct join_names names = { 0 };
	struct join_result result;
	struct node_id joined;
	struct invite invite;
	struct bureau a, b;
	struct buf text = { 0 }, request = { 0 }, answer = { 0 };
	struct fail f = { 0 };
	struct offices o;

	(void)state;
	offices_open(&o);
	for (int k = 0; k < 3; k++) {
		buf_reset(&o.code);
		assert_int_equal(agency_key_replace(o.server.r, &o.code, &f),
		    OK);
	}
	bureau_send(&o.server, &o.hub);
	third.name = "clinic-3";
	bureau_join(&a, &o.hub, 5, &third, buf_cstr(&o.code));
	for (uint64_t no = 0; no <= 3; no++)
		assert_memory_equal(identity_key_at(identity_of(&a), no, 0)
					->master,
		    identity_key_at(identity_of(&o.server), no, 0)->master, 32);
	assert_memory_equal(identity_of(&a)->agency_name_key,
	    identity_of(&o.server)->agency_name_key, 32);

	bureau_new(&b, 6);
	third.name = "clinic-4";
	assert_int_equal(invite_make(o.hub.r, &text, &third, &f), OK);
	assert_int_equal(invite_parse(&invite, buf_cstr(&text), &f), OK);
	names.agency_code = buf_cstr(&o.first_code);
	assert_int_equal(join_request_make(b.r, &request, &text, &invite,
			     &names, &f),
	    OK);
	assert_int_equal(join_answer_make(o.hub.r, &answer, &joined, request.p,
			     request.n, &f),
	    OK);
	assert_int_equal(join_finish(b.r, &result, answer.p, answer.n, &f),
	    ERR_AUTH);
	assert_non_null(strstr(f.text, "newest"));
	bureau_close(&a);
	bureau_close(&b);
	buf_release(&text);
	buf_release(&request);
	buf_release(&answer);
	offices_close(&o);
}

static void
two_new_keys_at_once_both_open_and_a_third_is_made_over_them(void **state)
{
	bool replaced = false;
	struct fail f = { 0 };
	struct offices o;
	struct bureau third;

	(void)state;
	offices_open(&o);
	assert_int_equal(agency_key_replace(o.server.r, NULL, &f), OK);
	assert_int_equal(agency_key_replace(o.second.r, NULL, &f), OK);
	bureau_send(&o.server, &o.second);
	bureau_send(&o.second, &o.server);
	assert_true(agency_of(&o.server)->key_forked);
	assert_non_null(identity_key_at(identity_of(&o.server), 1, 1));
	assert_non_null(identity_key_at(identity_of(&o.second), 1, 1));
	assert_memory_equal(agency_of(&o.server)->box_key,
	    agency_of(&o.second)->box_key, 32);
	/* one of the two acts */
	assert_int_equal(agency_key_maintain(o.server.r, true, &replaced, &f),
	    OK);
	if (!replaced)
		assert_int_equal(agency_key_maintain(o.second.r, true,
				     &replaced, &f),
		    OK);
	assert_true(replaced);
	bureau_send(&o.server, &o.second);
	bureau_send(&o.second, &o.server);
	bureau_send(&o.server, &o.hub);
	assert_int_equal(agency_of(&o.server)->key_no, 2);
	assert_false(agency_of(&o.server)->key_forked);
	assert_int_equal(agency_key_maintain(o.server.r, false, &replaced, &f),
	    OK);
	assert_false(replaced);
	/* its code gives back both */
	code_of(&o.second, &o.code);
	bureau_join(&third, &o.hub, 7, &further, buf_cstr(&o.code));
	assert_int_equal(identity_of(&third)->agency_key_count, 4);
	bureau_close(&third);
	offices_close(&o);
}

static void
a_registrar_that_came_meanwhile_is_handed_the_key(void **state)
{
	bool replaced = false;
	struct fail f = { 0 };
	struct offices o;
	struct bureau third;
	int64_t records;

	(void)state;
	offices_open(&o);
	bureau_join(&third, &o.hub, 5, &further, buf_cstr(&o.first_code));
	assert_int_equal(agency_key_replace(o.server.r, NULL, &f), OK);
	assert_true(agency_key_unseen(o.server.r));
	bureau_send(&o.hub, &o.server);
	bureau_send(&o.server, &third);
	assert_null(identity_key_at(identity_of(&third), 1, 0));
	assert_int_equal(agency_key_maintain(o.server.r, false, &replaced, &f),
	    OK);
	assert_false(replaced);
	bureau_send(&o.server, &third);
	assert_non_null(identity_key_at(identity_of(&third), 1, 0));
	/* once is enough */
	records = bureau_number(&o.server, "SELECT count(*) FROM _member");
	assert_int_equal(agency_key_maintain(o.server.r, false, &replaced, &f),
	    OK);
	assert_int_equal(bureau_number(&o.server,
			     "SELECT count(*) FROM _member"),
	    records);
	bureau_close(&third);
	offices_close(&o);
}

static void
a_registrar_that_is_out_has_its_key_replaced_by_who_is_left(void **state)
{
	struct revoke_report report;
	struct fail f = { 0 };
	struct offices o;

	(void)state;
	offices_open(&o);
	/* by the hub, which has no key of the clinic */
	assert_int_equal(revoke_node(o.hub.r, &report, NULL,
			     bureau_node(&o.second), REVOKED_LEFT, &f),
	    OK);
	assert_false(report.key_replaced);
	assert_int_equal(agency_key_tick(o.server.r, &f), OK);
	assert_int_equal(agency_of(&o.server)->key_no, 0);
	bureau_send(&o.hub, &o.server);
	assert_true(members_key_due(replica_members(o.server.r),
	    bureau_agency(&o.server)));
	assert_int_equal(agency_key_tick(o.server.r, &f), OK);
	assert_int_equal(agency_of(&o.server)->key_no, 1);
	assert_true(agency_key_unseen(o.server.r));
	assert_int_equal(agency_key_seen(o.server.r, &f), OK);
	assert_false(agency_key_unseen(o.server.r));
	/* nothing is left to do, and it got nothing of it */
	assert_int_equal(agency_key_tick(o.server.r, &f), OK);
	assert_int_equal(agency_of(&o.server)->key_no, 1);
	bureau_send(&o.server, &o.second);
	assert_int_equal(agency_of(&o.second)->key_no, 1);
	assert_null(identity_key_at(identity_of(&o.second), 1, 0));
	offices_close(&o);
}

static void
a_laptop_replaces_nothing(void **state)
{
	struct invite_options field = further;
	struct fail f = { 0 };
	struct offices o;
	struct bureau laptop;

	(void)state;
	offices_open(&o);
	field.steward = false;
	field.field = true;
	bureau_join(&laptop, &o.server, 5, &field, NULL);
	assert_int_equal(agency_key_replace(laptop.r, NULL, &f), ERR_DENIED);
	bureau_close(&laptop);
	offices_close(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_registrar_that_stays_has_the_new_key),
		cmocka_unit_test(
		    the_newest_code_gives_every_key_back_and_an_older_one_none),
		cmocka_unit_test(
		    two_new_keys_at_once_both_open_and_a_third_is_made_over_them),
		cmocka_unit_test(
		    a_registrar_that_came_meanwhile_is_handed_the_key),
		cmocka_unit_test(
		    a_registrar_that_is_out_has_its_key_replaced_by_who_is_left),
		cmocka_unit_test(a_laptop_replaces_nothing),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
