/* Forms: the shipped ones hold what the sample pack requires, in both languages;
 * printing marks samples, fills blanks and escapes; what is no form is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "node/policy/form.h"
#include "node/policy/shipped.h"

static struct policy_pack *pack;

static struct form *
parse(const char *text, size_t n)
{
	struct form *form = NULL;
	struct fail f = { 0 };

	if (form_parse(&form, text, n, &f) != OK)
		fail_msg("%s", f.text);
	return form;
}

/* The shipped form of this file name, such as "part2_general.en"; NULL. */
static struct form *
shipped(const char *want)
{
	struct shipped s;
	const char *name;
	size_t n;

	for (size_t k = 0; shipped_at(&s, &name, &n, ".form", k); k++)
		if (strlen(want) == n && memcmp(want, name, n) == 0)
			return parse(s.text, s.n);
	return NULL;
}

static void
every_shipped_form_is_one_and_called_as_its_file(void **state)
{
	struct shipped s;
	const char *name;
	size_t n, count = 0;

	(void)state;
	for (; shipped_at(&s, &name, &n, ".form", count); count++) {
		struct form *form = parse(s.text, s.n);
		size_t dot = strlen(form->name);

		assert_memory_equal(name, form->name, dot);
		assert_int_equal(name[dot], '.');
		assert_memory_equal(name + dot + 1, form->language,
		    n - dot - 1);
		assert_true(form->item_count > 2);
		form_free(form);
	}
	assert_true(count >= 22);
}

static void
every_consent_form_holds_what_the_pack_requires_in_both_languages(void **state)
{
	static const char *const languages[] = { "en", "es" };
	static const enum policy_consent_kind kinds[] = { CONSENT_PART2_GENERAL,
		CONSENT_PART2_TPO, CONSENT_PART2_JUSTICE, CONSENT_HIPAA,
		CONSENT_SOCIAL };

	(void)state;
	for (size_t k = 0; k < COUNT_OF(kinds) * 2; k++) {
		const char *kind = policy_word(LIST_CONSENT, (int)kinds[k / 2]);
		char name[64] = "";
		struct form *form;
		uint32_t must = 0;

		strcat(strcat(strcat(name, kind), "."), languages[k % 2]);
		form = shipped(name);
		assert_non_null(form);
		assert_int_equal(form->consent, kinds[k / 2]);
		for (size_t i = 0; i < pack->require_count; i++)
			if (pack->require[i].kind == kinds[k / 2])
				must |= pack->require[i].elements;
		assert_true(must != 0);
		if ((must & ~form->elements) != 0)
			fail_msg("%s lacks elements %x", name,
			    (unsigned)(must & ~form->elements));
		form_free(form);
	}
}

static void
every_notice_of_the_pack_has_its_form(void **state)
{
	static const char *const names[] = { "notice_p2_1", "notice_p2_2",
		"notice_p2_35", "notice_mh_state" };

	(void)state;
	assert_int_equal(pack->notice_count, COUNT_OF(names));
	for (size_t k = 0; k < COUNT_OF(names) * 2; k++) {
		char name[64] = "";
		struct form *form;
		bool found = false;

		strcat(strcat(name, names[k / 2]), k % 2 == 0 ? ".en" : ".es");
		form = shipped(name);
		assert_non_null(form);
		for (size_t i = 0; i < form->item_count; i++)
			found = found ||
			    (form->item[i].kind == FORM_NOTICE &&
				strcmp(form->item[i].text,
				    pack->notice[k / 2].code) == 0);
		assert_true(found);
		form_free(form);
	}
}

static void
both_languages_name_the_same_words(void **state)
{
	struct form *en = shipped("words.en"), *es = shipped("words.es");

	(void)state;
	assert_non_null(en);
	assert_non_null(es);
	assert_int_equal(en->item_count, es->item_count);
	for (size_t k = 0; k < en->item_count; k++)
		assert_non_null(form_word(es, en->item[k].text));
	form_free(en);
	form_free(es);
}

/* ---- printing ------------------------------------------------------------------- */

static const char *
hostile(void *context, const char *name)
{
	(void)context;
	return strcmp(name, "person") == 0
	    ? "<script>alert(1)</script>\x1b[2J & \"Pat\"\n"
	    : NULL;
}

static const char *
one_entry(void *context, const char *list, size_t k)
{
	(void)context;
	return k == 0 && strcmp(list, "records") == 0 ? "<b>records</b>" : NULL;
}

static void
what_is_filled_in_is_text_and_the_rest_is_a_line_to_write_on(void **state)
{
	struct form_fill fill = { hostile, one_entry, NULL, pack, "SAMPLE." };
	struct form *form = shipped("part2_general.en");
	struct buf text = { 0 }, page = { 0 };
	const char *p;

	(void)state;
	form_text(&text, form, &fill);
	p = buf_cstr(&text);
	assert_non_null(strstr(p, "My name is <script>alert(1)</script> [2J"));
	assert_null(strchr(p, '\x1b'));
	assert_non_null(strstr(p, "____________________."));
	assert_non_null(strstr(p, "  - <b>records</b>"));
	assert_int_equal(strncmp(p, "SAMPLE.\n", 8), 0);
	assert_string_equal(p + text.n - 8, "SAMPLE.\n");
	for (const char *line = p; *line != 0;) {
		size_t n = strcspn(line, "\n");

		assert_true(n <= 76);
		line += n + (line[n] == '\n');
	}
	form_html(&page, form, &fill);
	p = buf_cstr(&page);
	assert_null(strstr(p, "<script"));
	assert_null(strstr(p, "<b>"));
	assert_null(strstr(p, "http"));
	assert_non_null(strstr(p, "&lt;script&gt;alert(1)&lt;/script&gt;"));
	assert_non_null(strstr(p, "<p class=\"mark\">SAMPLE.</p>"));
	buf_release(&text);
	buf_release(&page);
	form_free(form);
}

static void
a_form_that_is_none_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "", "a form begins with" },
		{ "title A\n", "line 1: want \"form NAME" },
		{ "form a en\n", "line 1: want form NAME LANGUAGE VERSION" },
		{ "form a en 1\n", "has a title" },
		{ "form a en 1\nform b en 1\n", "line 2: want one line" },
		{ "form a en 1\nshout A\n", "line 2: want a word that" },
		{ "form a en 1\n\ntext {persn}\n", "line 3: want a blank" },
		{ "form a en 1\ntext {person\n", "line 2: want a blank" },
		{ "form a en 1\nline Name\n", "line 2: want LABEL|" },
		{ "form a en 1\nlist people\n", "line 2: want records" },
		{ "form a en 1\nconsent verbal\n", "line 2: want a kind" },
		{ "form a en 1\ntext A\n b\nelement soul\n", "line 4: want" },
		{ "form a en 1\ntext\n", "line 2: want a text" },
		{ "form a en 1\ntitle \xff\n", "plain text" },
		{ "form a en 1\ntitle \x1b[2J\n", "plain text" },
	};

	(void)state;
	for (size_t k = 0; k < COUNT_OF(bad); k++) {
		struct form *form = NULL;
		struct fail f = { 0 };

		assert_int_not_equal(form_parse(&form, bad[k].text,
					 strlen(bad[k].text), &f),
		    OK);
		assert_null(form);
		if (strstr(f.text, bad[k].says) == NULL)
			fail_msg("want \"%s\", have \"%s\"", bad[k].says,
			    f.text);
	}
}

static int
make_pack(void **state)
{
	struct fail f = { 0 };
	struct shipped s;

	(void)state;
	return shipped_pack(&s, &f) == OK &&
		pack_parse(&pack, s.text, s.n, &f) == OK
	    ? 0
	    : -1;
}

static int
drop_pack(void **state)
{
	(void)state;
	pack_free(pack);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    every_shipped_form_is_one_and_called_as_its_file),
		cmocka_unit_test(
		    every_consent_form_holds_what_the_pack_requires_in_both_languages),
		cmocka_unit_test(every_notice_of_the_pack_has_its_form),
		cmocka_unit_test(both_languages_name_the_same_words),
		cmocka_unit_test(
		    what_is_filled_in_is_text_and_the_rest_is_a_line_to_write_on),
		cmocka_unit_test(a_form_that_is_none_is_refused_with_its_line),
	};

	return cmocka_run_group_tests(tests, make_pack, drop_pack);
}
