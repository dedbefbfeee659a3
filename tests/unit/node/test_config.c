/* DIR/footbridge.conf. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "node/config.h"

static struct fail why;

static enum err
parse(struct config *c, const char *text)
{
	why = (struct fail){ 0 };
	return config_parse(c, "footbridge.conf", text, strlen(text), &why);
}

static void
no_settings_are_the_defaults(void **state)
{
	struct config c, d;

	(void)state;
	config_defaults(&d);
	assert_int_equal(parse(&c, ""), OK);
	assert_int_equal(c.every_s, d.every_s);
	assert_string_equal(c.listen, "");
}

static void
who_holds_requests_is_one_of_three(void **state)
{
	struct config c;

	(void)state;
	assert_int_equal(parse(&c, ""), OK);
	assert_int_equal(c.hold, SCHEDULE_HOLD_NEAR);
	assert_int_equal(parse(&c, "[sync]\nhold = all\n"), OK);
	assert_int_equal(c.hold, SCHEDULE_HOLD_ALL);
	assert_int_equal(parse(&c, "[sync]\nhold = none\n"), OK);
	assert_int_equal(c.hold, SCHEDULE_HOLD_NONE);
	assert_int_equal(parse(&c, "[sync]\nhold = yes\n"), ERR_INPUT);
	assert_non_null(strstr(why.text, "near, all or none"));
}

static void
settings_are_read(void **state)
{
	struct config c;

	(void)state;
	assert_int_equal(parse(&c,
			     "; a comment\n[serve]\nlisten = 0.0.0.0:7443\n"
			     "[sync]\nevery = 5m\n[replica]\ncache = 8MB\n"
			     "[staff]\nas = Officer Diaz\n"),
	    OK);
	assert_string_equal(c.listen, "0.0.0.0:7443");
	assert_int_equal(c.every_s, 300);
	assert_int_equal(c.cache_kib, 8000000 / 1024);
	assert_string_equal(c.as, "Officer Diaz");
}

static void
accounts_are_as_the_rules_want_unless_made_stricter(void **state)
{
	struct config c;

	(void)state;
	assert_int_equal(parse(&c, ""), OK);
	assert_int_equal(c.accounts.lock_ms, 30 * 60000);
	assert_int_equal(c.accounts.again_ms, 12 * 3600000);
	assert_int_equal(c.accounts.failures, 5);
	assert_int_equal(c.accounts.grace_days, 30);
	assert_int_equal(c.accounts.unused_days, 90);
	assert_int_equal(c.accounts.journal_days, 2192);
	assert_int_equal(parse(&c,
			     "[accounts]\nlock = 10m\nend = 30m\nagain = 8h\n"
			     "failures = 3\ngrace = 0d\nunused = 45d\n"
			     "password_age = 90d\npassword_past = 10\n"
			     "journal = 365d\n"),
	    OK);
	assert_int_equal(c.accounts.lock_ms, 10 * 60000);
	assert_int_equal(c.accounts.end_ms, 30 * 60000);
	assert_int_equal(c.accounts.again_ms, 8 * 3600000);
	assert_int_equal(c.accounts.failures, 3);
	assert_int_equal(c.accounts.grace_days, 0);
	assert_int_equal(c.accounts.unused_days, 45);
	assert_int_equal(c.accounts.password_days, 90);
	assert_int_equal(c.accounts.password_past, 10);
	assert_int_equal(c.accounts.journal_days, 365);
	assert_int_equal(parse(&c, "[accounts]\njournal = off\n"), OK);
	assert_int_equal(c.accounts.journal_days, 0);
}

static void
accounts_weaker_than_the_rules_are_refused_by_name(void **state)
{
	static const char *const weaker[][2] = {
		{ "lock = 31m", "AC-11" },
		{ "lock = 0s", "AC-11" },
		{ "end = 2h", "SC-10" },
		{ "again = 13h", "IA-5" },
		{ "failures = 6", "AC-7" },
		{ "failures = 1", "3 to 5" },
		{ "grace = 31d", "AT-2" },
		{ "unused = 91d", "AC-2" },
		{ "unused = off", "a time such as" },
		{ "unused = 12h", "AC-2" },
		{ "journal = 364d", "AU-11" },
		{ "password_past = 25", "0 to 24" },
		{ "second_factor = no", "no setting is called" },
	};
	char text[80];
	struct config c;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(weaker); i++) {
		(void)snprintf(text, sizeof(text), "[accounts]\n%s\n",
		    weaker[i][0]);
		assert_int_equal(parse(&c, text), ERR_INPUT);
		if (strstr(why.text, weaker[i][1]) == NULL ||
		    strstr(why.text, "footbridge.conf:2") == NULL)
			fail_msg("%s: %s", weaker[i][0], why.text);
	}
}

static void
backups_are_daily_unless_said_otherwise(void **state)
{
	struct config c;

	(void)state;
	assert_int_equal(parse(&c, ""), OK);
	assert_int_equal(c.backup_every_s, 86400);
	assert_int_equal(c.backup_keep, 7);
	assert_string_equal(c.backup_folder, "");
	assert_int_equal(parse(&c,
			     "[backup]\nevery = off\nkeep = 3\nfolder = "
			     "/mnt/nas\n"),
	    OK);
	assert_int_equal(c.backup_every_s, 0);
	assert_int_equal(c.backup_keep, 3);
	assert_string_equal(c.backup_folder, "/mnt/nas");
	assert_int_equal(parse(&c, "[backup]\nevery = 12h\n"), OK);
	assert_int_equal(c.backup_every_s, 43200);
	assert_int_equal(parse(&c, "[backup]\nkeep = 0\n"), ERR_INPUT);
	assert_int_equal(parse(&c, "[backup]\nevery = 1s\n"), ERR_INPUT);
	assert_int_equal(parse(&c, "[backup]\nfolder = nas\n"), ERR_INPUT);
	assert_int_equal(parse(&c, "[backup]\nfoldr = /nas\n"), ERR_INPUT);
}

static void
a_relay_says_what_it_stores_of_a_node_in_a_day(void **state)
{
	struct config c;

	(void)state;
	assert_int_equal(parse(&c, ""), OK);
	assert_int_equal(c.relay_bytes, 0);
	assert_int_equal(parse(&c, "[relay]\nday = 1GB\nentries = 5000\n"), OK);
	assert_int_equal(c.relay_bytes, 1000000000);
	assert_int_equal(c.relay_entries, 5000);
	assert_int_equal(parse(&c, "[relay]\nday = off\nentries = off\n"), OK);
	assert_true(c.relay_bytes == UINT64_MAX);
	assert_true(c.relay_entries == UINT64_MAX);
	assert_int_equal(parse(&c, "[relay]\nday = 1kB\n"), ERR_INPUT);
	assert_int_equal(parse(&c, "[relay]\nentries = 0\n"), ERR_INPUT);
	assert_int_equal(parse(&c, "[relay]\nnight = off\n"), ERR_INPUT);
}

static void
an_unknown_setting_is_refused_with_its_line(void **state)
{
	struct config c = { .every_s = 77 };

	(void)state;
	assert_int_equal(parse(&c, "[serve]\n\nlisen = x\n"), ERR_INPUT);
	assert_non_null(strstr(why.text, "footbridge.conf:3"));
	assert_non_null(strstr(why.text, "lisen"));
	assert_int_equal(c.every_s, 77); /* untouched */
	assert_int_equal(parse(&c, "[srve]\nlisten = x\n"), ERR_INPUT);
	assert_int_equal(parse(&c, "listen = x\n"), ERR_INPUT);
}

static void
values_out_of_range_are_refused(void **state)
{
	struct config c;

	(void)state;
	assert_int_equal(parse(&c, "[sync]\nevery = never\n"), ERR_INPUT);
	assert_non_null(strstr(why.text, "footbridge.conf:2"));
	assert_int_equal(parse(&c, "[sync]\nevery = 0s\n"), ERR_INPUT);
	assert_int_equal(parse(&c, "[replica]\ncache = 1B\n"), ERR_INPUT);
	assert_int_equal(parse(&c, "[replica]\ncache = 99GB\n"), ERR_INPUT);
}

static void
text_that_is_no_settings_is_refused(void **state)
{
	char line[2000];
	struct config c;

	(void)state;
	assert_int_equal(parse(&c, "[serve\n"), ERR_INPUT);
	assert_int_equal(parse(&c, "[serve]\nlisten\n"), ERR_INPUT);
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	assert_int_equal(parse(&c, line), ERR_INPUT);
	assert_int_equal(config_parse(&c, "f", "[a]\0", 4, NULL), ERR_INPUT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_settings_are_the_defaults),
		cmocka_unit_test(settings_are_read),
		cmocka_unit_test(who_holds_requests_is_one_of_three),
		cmocka_unit_test(
		    accounts_are_as_the_rules_want_unless_made_stricter),
		cmocka_unit_test(
		    accounts_weaker_than_the_rules_are_refused_by_name),
		cmocka_unit_test(backups_are_daily_unless_said_otherwise),
		cmocka_unit_test(
		    a_relay_says_what_it_stores_of_a_node_in_a_day),
		cmocka_unit_test(an_unknown_setting_is_refused_with_its_line),
		cmocka_unit_test(values_out_of_range_are_refused),
		cmocka_unit_test(text_that_is_no_settings_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
