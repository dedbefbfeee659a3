/* Joining: the whole way between real replicas, and every way to cheat. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "sync/registry.h"
#include "tests/support/bureau.h"

static const struct invite_options clinic = {
	.agency = "Riverside Clinic",
	.kind = KIND_TREATMENT,
	.name = "clinic-1",
	.address = "hub.example:8443",
	.days = 7,
};

/* An invite and the request made from it at a fresh replica. */
struct asked {
	struct bureau hub, node;
	struct invite invite;
	struct buf text, request, code;
};

static void
ask(struct asked *a, const struct invite_options *o)
{
	struct join_names names = { 0 };
	struct fail f = { 0 };

	memset(a, 0, sizeof(*a));
	bureau_found(&a->hub, 1, "Hub", KIND_HUB);
	bureau_new(&a->node, 2);
	assert_int_equal(invite_make(a->hub.r, &a->text, o, &f), OK);
	assert_int_equal(invite_parse(&a->invite, buf_cstr(&a->text), &f), OK);
	assert_int_equal(join_request_make(a->node.r, &a->request, &a->code,
			     &a->invite, &names, &f),
	    OK);
}

static void
done(struct asked *a)
{
	bureau_close(&a->hub);
	bureau_close(&a->node);
	buf_release(&a->text);
	buf_release(&a->request);
	buf_release(&a->code);
}

static enum err
answer(struct asked *a, struct buf *out, struct fail *f)
{
	struct node_id joined;

	buf_reset(out);
	return join_answer_make(a->hub.r, out, &joined, a->request.p,
	    a->request.n, f);
}

/* ---- the line --------------------------------------------------------------- */

static void
an_invite_survives_how_people_copy(void **state)
{
	struct invite back;
	struct asked a;
	char text[2 * LIMIT_INVITE_BYTES + 1];
	size_t n = 0;

	(void)state;
	ask(&a, &clinic);
	assert_true(a.text.n <= LIMIT_INVITE_BYTES);
	assert_null(strchr(buf_cstr(&a.text), '\n'));
	for (size_t k = 0; k < a.text.n; k++) {
		char c = (char)a.text.p[k];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		text[n++] = k > 12 && c == '0' ? 'o' : c;
		if (k > 12 && k % 40 == 0)
			text[n++] = '\n';
	}
	text[n] = '\0';
	assert_int_equal(invite_parse(&back, text, NULL), OK);
	assert_memory_equal(back.secret, a.invite.secret, sizeof(back.secret));
	assert_string_equal(back.agency_name, "Riverside Clinic");
	assert_string_equal(back.address, "hub.example:8443");
	assert_string_equal(back.name, "clinic-1");
	assert_true(back.new_agency);
	done(&a);
}

static void
a_damaged_invite_is_never_read(void **state)
{
	struct invite back;
	struct asked a;
	char text[LIMIT_INVITE_BYTES + 2];
	struct fail f;

	(void)state;
	ask(&a, &clinic);
	memset(text, 0, sizeof(text));
	memcpy(text, a.text.p, a.text.n);
	for (size_t k = 0; k < a.text.n; k++) {
		char was = text[k];

		text[k] = '\0';
		f.text[0] = '\0';
		assert_int_equal(invite_parse(&back, text, &f), ERR_INPUT);
		assert_true(f.text[0] != '\0');
		text[k] = was == '7' ? '8' : '7';
		assert_int_equal(invite_parse(&back, text, &f), ERR_INPUT);
		text[k] = '*';
		assert_int_equal(invite_parse(&back, text, &f), ERR_INPUT);
		text[k] = was;
	}
	text[a.text.n] = '7';
	assert_int_equal(invite_parse(&back, text, &f), ERR_INPUT);
	done(&a);
}

static void
hostile_invite_fields_are_refused(void **state)
{
	struct invite back;
	struct asked a;
	struct buf b = { 0 };

	(void)state;
	ask(&a, &clinic);
	invite_encode(&b, &a.invite);
	for (size_t n = 0; n < b.n; n++)
		assert_int_equal(invite_decode(&back, b.p, n), ERR_FORMAT);
	for (size_t bit = 0; bit < b.n * 8; bit++) {
		b.p[bit / 8] = (uint8_t)(b.p[bit / 8] ^ (1u << bit % 8));
		(void)invite_decode(&back, b.p, b.n); /* must not crash */
		b.p[bit / 8] = (uint8_t)(b.p[bit / 8] ^ (1u << bit % 8));
	}
	strcpy(a.invite.address, "a b:1");
	buf_reset(&b);
	invite_encode(&b, &a.invite);
	assert_int_equal(invite_decode(&back, b.p, b.n), ERR_FORMAT);
	buf_release(&b);
	done(&a);
}

static void
an_invite_with_very_long_names_says_so(void **state)
{
	static char name[LIMIT_NAME_BYTES + 1];
	struct invite_options o = clinic;
	struct bureau hub;
	struct buf text = { 0 };
	char address[INVITE_ADDRESS_BYTES + 1];
	struct fail f = { 0 };

	(void)state;
	memset(name, 'n', LIMIT_NAME_BYTES);
	memset(address, 'a', INVITE_ADDRESS_BYTES);
	address[INVITE_ADDRESS_BYTES] = '\0';
	o.agency = name;
	o.name = name;
	o.address = address;
	bureau_found(&hub, 1, "Hub", KIND_HUB);
	assert_int_equal(invite_make(hub.r, &text, &o, &f), ERR_LIMIT);
	assert_int_equal(text.n, 0);
	bureau_close(&hub);
}

/* ---- the whole way --------------------------------------------------------------- */

static void
a_clinic_and_then_its_laptop_join(void **state)
{
	struct bureau hub, server, laptop;
	struct invite_options o = { .agency = "Riverside Clinic",
		.kind = -1,
		.name = "laptop",
		.days = 1,
		.field = true };
	const struct member_node *n;
	const struct identity *i;

	(void)state;
	bureau_found(&hub, 1, "Hub", KIND_HUB);
	bureau_join(&server, &hub, 2, &clinic, NULL);
	i = replica_identity(server.r);
	assert_true(i->has_agency_secret);
	n = members_node(replica_members(server.r), &i->node);
	assert_int_equal(n->roles, MEMBER_STEWARD_AGENCY | MEMBER_REGISTRAR);
	assert_int_equal(n->via_count, 1);
	assert_true(id_equal(&n->via[0], bureau_node(&hub)));
	assert_int_equal(replica_kind(server.r), KIND_TREATMENT);

	bureau_join(&laptop, &server, 3, &o, NULL);
	assert_memory_equal(replica_identity(laptop.r)->agency_name_key,
	    i->agency_name_key, 32);
	assert_false(replica_identity(laptop.r)->has_agency_secret);
	n = members_node(replica_members(laptop.r), bureau_node(&laptop));
	assert_int_equal(n->roles, MEMBER_FIELD);
	assert_int_equal(n->via_count, 1); /* the server's relay */
	assert_non_null(members_author(replica_members(laptop.r),
	    &replica_identity(laptop.r)->author));
	bureau_close(&hub);
	bureau_close(&server);
	bureau_close(&laptop);
}

static void
a_further_registrar_joins_with_the_recovery_code(void **state)
{
	struct invite_options o = { .agency = "Riverside Clinic",
		.kind = -1,
		.name = "clinic-2",
		.days = 1,
		.steward = true };
	struct bureau hub, server, second, third;
	struct buf code = { 0 }, request = { 0 }, text = { 0 }, out = { 0 };
	struct join_names names = { 0 };
	struct join_result result;
	struct node_id joined;
	struct invite invite;
	struct fail f = { 0 };

	(void)state;
	bureau_found(&hub, 1, "Hub", KIND_HUB);
	bureau_join(&server, &hub, 2, &clinic, NULL);
	assert_int_equal(identity_agency_code(&code,
			     replica_identity(server.r)),
	    OK);
	/* the server is lost: the hub and the paper are enough */
	bureau_join(&second, &hub, 3, &o, buf_cstr(&code));
	assert_true(replica_identity(second.r)->has_agency_secret);
	assert_memory_equal(replica_identity(second.r)->agency_box_secret,
	    replica_identity(server.r)->agency_box_secret, 32);
	assert_memory_equal(replica_identity(second.r)->agency_name_key,
	    replica_identity(server.r)->agency_name_key, 32);

	/* without the code, or with another agency's, it does not work */
	bureau_new(&third, 4);
	assert_int_equal(invite_make(hub.r, &text, &o, &f), OK);
	assert_int_equal(invite_parse(&invite, buf_cstr(&text), &f), OK);
	assert_int_equal(join_request_make(third.r, &request, &out, &invite,
			     &names, &f),
	    ERR_INPUT);
	buf_reset(&code);
	assert_int_equal(identity_agency_code(&code, replica_identity(hub.r)),
	    OK);
	names.agency_code = buf_cstr(&code);
	assert_int_equal(join_request_make(third.r, &request, &out, &invite,
			     &names, &f),
	    OK);
	assert_int_equal(out.n, 0);
	assert_int_equal(join_answer_make(hub.r, &out, &joined, request.p,
			     request.n, &f),
	    OK);
	assert_int_equal(join_finish(third.r, &result, out.p, out.n, &f),
	    ERR_AUTH);
	assert_null(members_network(replica_members(third.r)));
	buf_release(&code);
	buf_release(&request);
	buf_release(&text);
	buf_release(&out);
	bureau_close(&hub);
	bureau_close(&server);
	bureau_close(&second);
	bureau_close(&third);
}

static void
asking_again_gives_the_same_place(void **state)
{
	struct join_names names = { 0 };
	struct join_result result;
	struct buf first = { 0 }, out = { 0 }, code = { 0 };
	struct fail f = { 0 };
	struct asked a;

	(void)state;
	ask(&a, &clinic);
	assert_int_equal(answer(&a, &first, &f), OK);
	/* the answer was lost: ask again, much later */
	env_test_pass(a.hub.machine, 30LL * 24 * 3600 * 1000);
	buf_reset(&a.request);
	assert_int_equal(join_request_make(a.node.r, &a.request, &code,
			     &a.invite, &names, &f),
	    OK);
	assert_int_equal(code.n, a.code.n);
	assert_memory_equal(code.p, a.code.p, code.n);
	assert_int_equal(answer(&a, &out, &f), OK);
	assert_int_equal(join_finish(a.node.r, &result, first.p, first.n, &f),
	    OK);
	assert_int_equal(join_finish(a.node.r, &result, out.p, out.n, &f),
	    ERR_NOTFOUND);
	assert_int_equal(members_node_count(replica_members(a.hub.r)), 2);
	assert_int_equal(join_request_make(a.node.r, &a.request, &code,
			     &a.invite, &names, &f),
	    ERR_EXISTS);
	buf_release(&first);
	buf_release(&out);
	buf_release(&code);
	done(&a);
}

/* ---- refusals --------------------------------------------------------------------- */

static void
a_used_invite_does_not_work_on_another_computer(void **state)
{
	struct join_names names = { 0 };
	struct buf out = { 0 }, code = { 0 };
	struct bureau thief;
	struct fail f = { 0 };
	struct asked a;

	(void)state;
	ask(&a, &clinic);
	assert_int_equal(answer(&a, &out, &f), OK);
	bureau_new(&thief, 9);
	buf_reset(&a.request);
	assert_int_equal(join_request_make(thief.r, &a.request, &code,
			     &a.invite, &names, &f),
	    OK);
	assert_int_equal(answer(&a, &out, &f), ERR_DENIED);
	assert_int_equal(out.n, 0);
	buf_release(&out);
	buf_release(&code);
	bureau_close(&thief);
	done(&a);
}

static void
an_expired_invite_is_refused(void **state)
{
	struct buf out = { 0 };
	struct fail f = { 0 };
	struct asked a;

	(void)state;
	ask(&a, &clinic);
	env_test_pass(a.hub.machine, 8LL * 24 * 3600 * 1000);
	assert_int_equal(answer(&a, &out, &f), ERR_DENIED);
	assert_non_null(strstr(f.text, "expired"));
	assert_int_equal(members_node_count(replica_members(a.hub.r)), 1);
	buf_release(&out);
	done(&a);
}

static void
a_wrong_secret_is_refused(void **state)
{
	struct join_names names = { 0 };
	struct buf out = { 0 };
	struct fail f = { 0 };
	struct asked a;

	(void)state;
	ask(&a, &clinic);
	a.invite.secret[3] ^= 1;
	buf_reset(&a.request);
	buf_reset(&a.code);
	assert_int_equal(join_request_make(a.node.r, &a.request, &a.code,
			     &a.invite, &names, &f),
	    OK);
	assert_int_equal(answer(&a, &out, &f), ERR_AUTH);
	a.invite.id[0] ^= 1;
	buf_reset(&a.request);
	assert_int_equal(join_request_make(a.node.r, &a.request, &a.code,
			     &a.invite, &names, &f),
	    OK);
	assert_int_equal(answer(&a, &out, &f), ERR_DENIED);
	buf_release(&out);
	done(&a);
}

static void
every_truncated_or_changed_request_is_refused(void **state)
{
	struct buf out = { 0 };
	struct node_id joined;
	struct fail f = { 0 };
	struct asked a;

	(void)state;
	ask(&a, &clinic);
	assert_true(join_is_request(a.request.p, a.request.n));
	for (size_t n = 0; n < a.request.n; n++)
		assert_int_not_equal(join_answer_make(a.hub.r, &out, &joined,
					 a.request.p, n, &f),
		    OK);
	for (size_t k = 0; k < a.request.n; k++) {
		a.request.p[k] ^= 0x10;
		assert_int_not_equal(answer(&a, &out, &f), OK);
		a.request.p[k] ^= 0x10;
	}
	assert_int_equal(members_node_count(replica_members(a.hub.r)), 1);
	assert_int_equal(answer(&a, &out, &f), OK);
	buf_release(&out);
	done(&a);
}

static void
every_truncated_or_changed_answer_is_refused(void **state)
{
	struct join_result result;
	struct buf out = { 0 };
	struct fail f = { 0 };
	struct asked a;

	(void)state;
	ask(&a, &clinic);
	assert_int_equal(answer(&a, &out, &f), OK);
	assert_true(join_is_answer(out.p, out.n));
	for (size_t n = 0; n < out.n; n += 3)
		assert_int_not_equal(join_finish(a.node.r, &result, out.p, n,
					 &f),
		    OK);
	for (size_t k = 0; k < out.n; k += 3) {
		out.p[k] ^= 0x10;
		assert_int_not_equal(join_finish(a.node.r, &result, out.p,
					 out.n, &f),
		    OK);
		out.p[k] ^= 0x10;
	}
	assert_null(members_network(replica_members(a.node.r)));
	assert_int_equal(join_finish(a.node.r, &result, out.p, out.n, &f), OK);
	assert_string_equal(result.address, "hub.example:8443");
	buf_release(&out);
	done(&a);
}

static void
another_networks_answer_and_request_are_refused(void **state)
{
	struct join_result result;
	struct buf out = { 0 };
	struct node_id joined;
	struct fail f = { 0 };
	struct asked a;
	struct bureau other, guest;
	struct buf text = { 0 }, request = { 0 }, code = { 0 };
	struct join_names names = { 0 };
	struct invite invite;

	(void)state;
	ask(&a, &clinic);
	bureau_found(&other, 50, "Elsewhere", KIND_HUB);
	bureau_new(&guest, 51);
	assert_int_equal(invite_make(other.r, &text, &clinic, &f), OK);
	assert_int_equal(invite_parse(&invite, buf_cstr(&text), &f), OK);
	assert_int_equal(join_request_make(guest.r, &request, &code, &invite,
			     &names, &f),
	    OK);
	assert_int_equal(join_answer_make(a.hub.r, &out, &joined, request.p,
			     request.n, &f),
	    ERR_INPUT);
	assert_int_equal(join_answer_make(other.r, &out, &joined, request.p,
			     request.n, &f),
	    OK);
	assert_int_equal(join_finish(a.node.r, &result, out.p, out.n, &f),
	    ERR_INPUT);
	buf_release(&out);
	buf_release(&text);
	buf_release(&request);
	buf_release(&code);
	bureau_close(&other);
	bureau_close(&guest);
	done(&a);
}

static void
who_may_invite_whom(void **state)
{
	struct invite_options laptop = { .agency = "Riverside Clinic",
		.kind = -1,
		.name = "lt",
		.days = 1,
		.field = true };
	struct invite_options o = laptop;
	struct bureau hub, server, field;
	struct buf text = { 0 };
	struct fail f = { 0 };

	(void)state;
	bureau_found(&hub, 1, "Hub", KIND_HUB);
	o.agency = "Nobody";
	assert_int_equal(invite_make(hub.r, &text, &o, &f), ERR_INPUT);
	bureau_join(&server, &hub, 2, &clinic, NULL);
	/* the hub has no keys of the clinic to hand over */
	assert_int_equal(invite_make(hub.r, &text, &laptop, &f), ERR_DENIED);
	o = laptop;
	o.kind = KIND_COURT;
	assert_int_equal(invite_make(server.r, &text, &o, &f), ERR_INPUT);
	o = clinic;
	o.agency = "Other";
	assert_int_equal(invite_make(server.r, &text, &o, &f), ERR_DENIED);
	o = laptop;
	o.agency = "Hub";
	assert_int_equal(invite_make(server.r, &text, &o, &f), ERR_DENIED);
	o = laptop;
	o.days = 0;
	assert_int_equal(invite_make(server.r, &text, &o, &f), ERR_INPUT);
	bureau_join(&field, &server, 3, &laptop, NULL);
	assert_int_equal(invite_make(field.r, &text, &laptop, &f), ERR_DENIED);
	assert_int_equal(text.n, 0);
	bureau_close(&hub);
	bureau_close(&server);
	bureau_close(&field);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_invite_survives_how_people_copy),
		cmocka_unit_test(a_damaged_invite_is_never_read),
		cmocka_unit_test(hostile_invite_fields_are_refused),
		cmocka_unit_test(an_invite_with_very_long_names_says_so),
		cmocka_unit_test(a_clinic_and_then_its_laptop_join),
		cmocka_unit_test(
		    a_further_registrar_joins_with_the_recovery_code),
		cmocka_unit_test(asking_again_gives_the_same_place),
		cmocka_unit_test(
		    a_used_invite_does_not_work_on_another_computer),
		cmocka_unit_test(an_expired_invite_is_refused),
		cmocka_unit_test(a_wrong_secret_is_refused),
		cmocka_unit_test(every_truncated_or_changed_request_is_refused),
		cmocka_unit_test(every_truncated_or_changed_answer_is_refused),
		cmocka_unit_test(
		    another_networks_answer_and_request_are_refused),
		cmocka_unit_test(who_may_invite_whom),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
