/* Our own migrations: SQLite loads them, the registry reads them, and what
 * other parts rely on is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sqlcipher/sqlite3.h>
#include <string.h>

#include "schema/assets.h"
#include "sync/registry.h"

#define SOURCES_MAX 64

static struct registry *
ours(void)
{
	struct registry_source s[SOURCES_MAX];
	struct registry *r = NULL;
	struct fail f = { 0 };

	assert_in_range(schema_asset_count, 1, SOURCES_MAX);
	for (size_t i = 0; i < schema_asset_count; i++)
		s[i] = (struct registry_source){ schema_assets[i].name,
			(const char *)schema_assets[i].p, schema_assets[i].n };
	if (registry_parse(&r, s, schema_asset_count, &f) != OK)
		fail_msg("%s", f.text);
	assert_int_equal(r->version, schema_asset_count);
	return r;
}

static void
the_registry_reads_every_table(void **state)
{
	static const char *const names[] = { "agency", "office", "staff",
		"program", "person", "person_identifier", "contact_point",
		"episode", "assignment", "condition", "condition_event",
		"contact_note", "contact_note_draft", "appointment",
		"attendance", "referral", "referral_answer", "drug_test",
		"violation", "risk_assessment", "employment_status", "hearing",
		"safety_alert", "consent", "consent_scope", "consent_recipient",
		"meeting", "meeting_minutes_draft", "meeting_minutes",
		"chr_event", "outcome_event", "document" };
	struct registry *r = ours();

	(void)state;
	/* numbers are the wire's: this order never changes */
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		assert_non_null(r->by_number[i + 1]);
		assert_string_equal(r->by_number[i + 1]->name, names[i]);
	}
	registry_free(r);
}

static void
sqlite_holds_every_registered_column(void **state)
{
	struct registry *r = ours();
	sqlite3 *db = NULL;

	(void)state;
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	for (size_t i = 0; i < schema_asset_count; i++)
		assert_int_equal(sqlite3_exec(db,
				     (const char *)schema_assets[i].p, NULL,
				     NULL, NULL),
		    SQLITE_OK);
	for (size_t i = 0; i < r->table_count; i++) {
		const struct table *t = &r->tables[i];
		static const char *const engine[] = { "_cpt", "id", "_clock" };

		for (size_t k = 0; k < t->field_count; k++)
			assert_int_equal(sqlite3_table_column_metadata(db, NULL,
					     t->name, t->fields[k].name, NULL,
					     NULL, NULL, NULL, NULL),
			    SQLITE_OK);
		for (size_t k = 0; k < COUNT_OF(engine); k++) {
			int not_null = 0;

			assert_int_equal(sqlite3_table_column_metadata(db, NULL,
					     t->name, engine[k], NULL, NULL,
					     &not_null, NULL, NULL),
			    SQLITE_OK);
			assert_int_equal(not_null, 1);
		}
	}
	sqlite3_close(db);
	registry_free(r);
}

static const char *
category(const struct registry *r, const char *table, int kind)
{
	const struct table *t = registry_table(r, table);

	assert_non_null(t);
	return table_category(t, kind);
}

static void
a_row_is_labelled_by_its_table_and_its_owner(void **state)
{
	struct registry *r = ours();

	(void)state;
	assert_string_equal(category(r, "person", KIND_HUB), "IDX");
	assert_string_equal(category(r, "episode", KIND_PROBATION), "SUP.case");
	assert_null(category(r, "episode", KIND_TREATMENT));
	assert_string_equal(category(r, "attendance", KIND_PROBATION),
	    "SUP.schedule");
	assert_string_equal(category(r, "attendance", KIND_TREATMENT),
	    "TX2.attendance");
	assert_string_equal(category(r, "referral", KIND_PROBATION),
	    "SUP.referral");
	assert_string_equal(category(r, "referral_answer", KIND_TREATMENT),
	    "TX2.referral");
	assert_string_equal(category(r, "drug_test", KIND_PROBATION),
	    "SUP.tests");
	assert_string_equal(category(r, "chr_event", KIND_PROBATION), "CHR");
	assert_string_equal(category(r, "consent", KIND_TREATMENT),
	    "ADM.consent");
	assert_string_equal(category(r, "staff", KIND_SOCIAL), "DIR");
	assert_int_equal(registry_lane(r, "ADM.consent"), LANE_URGENT);
	assert_int_equal(registry_lane(r, "SAF"), LANE_URGENT);
	assert_int_equal(registry_lane(r, "CRT.hearing"), LANE_URGENT);
	assert_int_equal(registry_lane(r, "SUP.schedule"), LANE_NORMAL);
	registry_free(r);
}

static void
evidence_is_append_and_every_rule_is_used(void **state)
{
	static const char *const evidence[] = { "condition_event",
		"contact_note", "attendance", "referral_answer", "drug_test",
		"violation", "employment_status", "meeting_minutes",
		"chr_event", "outcome_event" };
	struct registry *r = ours();
	unsigned rules = 0, owner = 0, one_way = 0, final = 0, group = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(evidence); i++)
		assert_true(registry_table(r, evidence[i])->append);
	for (size_t i = 0; i < r->table_count; i++) {
		const struct table *t = &r->tables[i];

		for (size_t k = 0; k + 2 < t->field_count; k++) {
			rules |= 1u << t->fields[k].rule;
			owner += t->fields[k].owner;
			one_way += t->fields[k].one_way;
			final += t->fields[k].final_count > 0;
			group += t->fields[k].group != NULL;
		}
	}
	assert_int_equal(rules, (1u << (RULE_TEXT + 1)) - 1);
	assert_true(owner && one_way && final && group);
	/* what the benchmark inserts */
	assert_int_equal(registry_table(r, "appointment")->field_count, 14);
	assert_int_equal(registry_table(r, "attendance")->single_field, 1);
	assert_int_equal(registry_table(r, "consent_scope")->set_count, 2);
	registry_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_registry_reads_every_table),
		cmocka_unit_test(sqlite_holds_every_registered_column),
		cmocka_unit_test(a_row_is_labelled_by_its_table_and_its_owner),
		cmocka_unit_test(evidence_is_append_and_every_rule_is_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
