/* What is written record by record on the page: every table by every role, against
 * a list that says who; and that it leads around no command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "node/account/rights.h"
#include "tests/support/caller.h"

#define OFFICE_ROLES "supervisor privacy_officer administrator "
#define CASE_ROLES \
	"officer counselor clinician social_worker supervisor medical " \
	"records_officer privacy_officer "
#define DESK_ROLES CASE_ROLES "clerk "

/* Who writes which table; all others are casework and the desk's. */
static const struct {
	const char *table, *roles;
} expected[] = {
	{ "agency", "administrator " },
	{ "office", "administrator " },
	{ "staff", "administrator " },
	{ "program", OFFICE_ROLES },
	{ "mou", OFFICE_ROLES },
	{ "mou_party", OFFICE_ROLES },
	{ "mou_rule", OFFICE_ROLES },
	{ "sharing_word", OFFICE_ROLES },
	{ "policy_pack", OFFICE_ROLES },
	{ "policy_form", OFFICE_ROLES },
	{ "training_course", OFFICE_ROLES },
	{ "training_record", OFFICE_ROLES },
	{ "access_restriction", OFFICE_ROLES },
	{ "assignment", CASE_ROLES },
	{ "program_capacity", CASE_ROLES },
	{ "team", CASE_ROLES },
	{ "team_member", CASE_ROLES },
	{ "tx_episode", CASE_ROLES },
	{ "consent_scope", CASE_ROLES },
	{ "consent_recipient", CASE_ROLES },
	{ "legal_authority", CASE_ROLES },
	{ "legal_authority_scope", CASE_ROLES },
	{ "staff_role", "" },
	{ "break_glass", "" },
	{ "break_glass_review", "" },
	{ "seal_order", "" },
	{ "seal_scope", "" },
	{ "seal_ack", "" },
	{ "seal_answer", "" },
	{ "mou_signature", "" },
	{ "policy_signature", "" },
	{ "disclosure", "" },
	{ "disclosure_item", "" },
	{ "person_notice", "" },
	{ "barrier_log", "" },
	{ "journal_head", "" },
};

static bool
is_expected(const char *table, const char *role)
{
	const char *roles = DESK_ROLES;
	char word[32];

	(void)snprintf(word, sizeof(word), "%s ", role);
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		if (strcmp(expected[i].table, table) == 0)
			roles = expected[i].roles;
	}
	for (const char *p = strstr(roles, word); p != NULL;
	     p = strstr(p + 1, word)) {
		if (p == roles || p[-1] == ' ')
			return true;
	}
	return false;
}

static void
seal_row(const char *table, const struct row_id *row)
{
	const struct table *t =
	    registry_table(replica_registry(caller_office->r), table);
	struct write_field field = { t->by_number[REGISTRY_ROW_STATE],
		caller_text("sealed") };
	struct write_request q = { .table = t,
		.row = row,
		.fields = &field,
		.field_count = 1 };
	struct row_id made;

	assert_int_equal(write_row(caller_office->r, &made, NULL, &q, NULL),
	    OK);
}

/* Said before what was sent is looked at: a field that there is not is enough to ask. */
static void
walk_tables(struct browser *b, const char *role)
{
	static const char *const methods[] = { "POST", "PATCH" };
	static const char *const bodies[] = { "{\"fields\": {\"none\": 1}}",
		"{\"fields\": {\"none\": 1}, \"seen\": \"x\"}" };
	const struct registry *g = replica_registry(caller_office->r);

	for (size_t i = 0; i < g->table_count; i++) {
		for (size_t k = 0; k < COUNT_OF(methods); k++) {
			char path[96];
			bool want = is_expected(g->tables[i].name, role);
			unsigned have;

			(void)snprintf(path, sizeof(path), "/api/records/%s%s",
			    g->tables[i].name,
			    k == 0 ? "" : "/00000000000000000000000000000000");
			have = caller_ask(b, methods[k], path, bodies[k]);
			if (want != (have != 403))
				print_error("%s %s as %s: %u\n", methods[k],
				    path, role, have);
			assert_int_equal(have != 403, want);
		}
	}
}

static void
every_table_is_written_by_the_roles_that_the_list_names(void **state)
{
	struct row_id kim, role;
	struct browser b;

	(void)state;
	kim = caller_staff("Kim", "auditor", "all");
	for (int i = 0; i < ACCOUNT_ROLE_COUNT; i++) {
		role = caller_role(&kim, account_role_word(i), "all");
		caller_sign_in(&b, "Kim");
		walk_tables(&b, account_role_word(i));
		seal_row("staff_role", &role);
	}
}

/* ---- around the commands ---- */

static void
refused(struct browser *b, const char *method, const char *target,
    const char *format, const char *first, const char *second)
{
	char body[512];
	unsigned have;

	(void)snprintf(body, sizeof(body), format, first, second);
	have = caller_ask(b, method, target, body);
	if (have != 403)
		print_error("%s %s %s: %u %.*s\n", method, target, body, have,
		    (int)caller_raw()->n, (const char *)caller_raw()->p);
	assert_int_equal(have, 403);
}

/* A row of that person as it stands: its path, its seen token. */
static void
stands(char path[static 128], char seen[static SEEN_TEXT_BYTES],
    struct browser *b, const char *table, const char *id)
{
	(void)snprintf(path, 128, "/api/records/%s/%s", table, id);
	assert_int_equal(caller_ask(b, "GET", path, NULL), 200);
	(void)snprintf(seen, SEEN_TEXT_BYTES, "%s",
	    json_string_value(caller_data("seen")));
}

static const char *
made(struct browser *b, const char *table, const char *format,
    const char *person)
{
	static char id[ID_TEXT_BYTES];
	char path[64], body[512];

	(void)snprintf(path, sizeof(path), "/api/records/%s", table);
	(void)snprintf(body, sizeof(body), format, person);
	assert_int_equal(caller_ask(b, "POST", path, body), 200);
	(void)snprintf(id, sizeof(id), "%s",
	    json_string_value(caller_data("id")));
	return id;
}

static void
nobody_opens_or_reviews_an_emergency_by_writing_its_record(void **state)
{
	struct row_id kim, pat;
	char staff[ID_TEXT_BYTES], person[ID_TEXT_BYTES];
	struct browser b;

	(void)state;
	kim = caller_staff("Kim", "supervisor", "all");
	pat = office_person(caller_office, "Pat Sample");
	hex_encode(staff, kim.b, ID_BYTES);
	hex_encode(person, pat.b, ID_BYTES);
	caller_sign_in(&b, "Kim");
	refused(&b, "POST", "/api/records/break_glass",
	    "{\"fields\": {\"person\": \"%s\", \"staff_id\": \"%s\", "
	    "\"reason\": \"imminent_danger\", \"narrative\": \"x\", "
	    "\"categories\": \"SUP.notes\", \"opened_at\": "
	    "\"2026-01-01T00:00\", \"ends_at\": \"2099-01-01T00:00\"}}",
	    person, staff);
	refused(&b, "POST", "/api/records/break_glass_review",
	    "{\"fields\": {\"person\": \"%s\", \"reviewer_id\": \"%s\"}}",
	    person, staff);
	assert_int_equal(office_number(caller_office,
			     "SELECT count(*) FROM break_glass"),
	    0);
}

static void
a_clerk_neither_seals_nor_unseals_nor_widens_a_case_load(void **state)
{
	static const char *const tables[] = { "seal_order", "seal_scope",
		"assignment", "team_member", "mou_signature", "disclosure" };
	struct browser b;
	char person[ID_TEXT_BYTES], path[128], seen[SEEN_TEXT_BYTES];
	struct row_id pat;

	(void)state;
	(void)caller_staff("Kim", "clerk", "all");
	pat = office_person(caller_office, "Pat Sample");
	hex_encode(person, pat.b, ID_BYTES);
	caller_sign_in(&b, "Kim");
	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		(void)snprintf(path, sizeof(path), "/api/records/%s",
		    tables[i]);
		refused(&b, "POST", path,
		    "{\"fields\": {\"person\": \"%s\", \"state\": \"%s\"}}",
		    person, "vacated");
	}
	stands(path, seen, &b, "person", person);
	refused(&b, "PATCH", path,
	    "{\"fields\": {\"row_state\": \"%s\"}, \"seen\": \"%s\"}",
	    "expunged", seen);
	refused(&b, "PATCH", path,
	    "{\"fields\": {\"row_state\": \"%s\"}, \"seen\": \"%s\"}", "sealed",
	    seen);
	assert_int_equal(caller_ask(&b, "GET", path, NULL), 200);
	assert_int_equal(office_number(caller_office,
			     "SELECT count(*) FROM person WHERE row_state IS "
			     "NULL OR row_state = 'live'"),
	    1);
}

static void
a_consent_is_put_in_force_by_signing_it_alone(void **state)
{
	struct browser b;
	char person[ID_TEXT_BYTES], consent[ID_TEXT_BYTES];
	char path[128], seen[SEEN_TEXT_BYTES];
	struct row_id pat;

	(void)state;
	pat = office_person(caller_office, "Pat Sample");
	hex_encode(person, pat.b, ID_BYTES);
	caller_sign_in(&b, "Ana");
	refused(&b, "POST", "/api/records/consent",
	    "{\"fields\": {\"person\": \"%s\", \"kind\": \"social\", "
	    "\"status\": \"%s\"}}",
	    person, "active");
	(void)snprintf(consent, sizeof(consent), "%s",
	    made(&b, "consent",
		"{\"fields\": {\"person\": \"%s\", \"kind\": \"social\", "
		"\"status\": \"draft\"}}",
		person));
	stands(path, seen, &b, "consent", consent);
	refused(&b, "PATCH", path,
	    "{\"fields\": {\"status\": \"%s\"}, \"seen\": \"%s\"}", "active",
	    seen);
	assert_int_equal(office_number(caller_office,
			     "SELECT count(*) FROM consent WHERE status = "
			     "'draft'"),
	    1);
}

static void
who_sees_nobody_writes_about_nobody(void **state)
{
	struct browser b;
	char person[ID_TEXT_BYTES], note[ID_TEXT_BYTES], path[128], body[256];
	struct row_id pat;

	(void)state;
	pat = office_person(caller_office, "Pat Sample");
	hex_encode(person, pat.b, ID_BYTES);
	caller_sign_in(&b, "Ana");
	(void)snprintf(note, sizeof(note), "%s",
	    made(&b, "contact_point",
		"{\"fields\": {\"person\": \"%s\", \"kind\": \"phone\", "
		"\"value\": \"555 0100\"}}",
		person));
	caller_sign_in(&b, "Ben");
	(void)snprintf(body, sizeof(body),
	    "{\"fields\": {\"person\": \"%s\", \"role\": \"lead\"}}", person);
	assert_int_equal(caller_ask(&b, "POST", "/api/records/assignment",
			     body),
	    404);
	(void)snprintf(path, sizeof(path), "/api/records/contact_point/%s",
	    note);
	assert_int_equal(caller_ask(&b, "PATCH", path,
			     "{\"fields\": {\"value\": \"555 0199\"}, "
			     "\"seen\": \"x\"}"),
	    404);
	assert_int_equal(office_number(caller_office,
			     "SELECT count(*) FROM assignment"),
	    0);
}

int
main(void)
{
#define PUT(test) \
	cmocka_unit_test_setup_teardown(test, caller_begin, caller_end)
	const struct CMUnitTest tests[] = {
		PUT(every_table_is_written_by_the_roles_that_the_list_names),
		PUT(nobody_opens_or_reviews_an_emergency_by_writing_its_record),
		PUT(a_clerk_neither_seals_nor_unseals_nor_widens_a_case_load),
		PUT(a_consent_is_put_in_force_by_signing_it_alone),
		PUT(who_sees_nobody_writes_about_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
