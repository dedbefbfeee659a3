/* node/api/site.h: the page's files, and nothing else. The files are those that were
 * built into this program, or the one that says that none were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "node/api/site.h"
#include "node/web/assets.h"
#include "sync/base.h"

static struct site_answer
ask(const char *target, const char *encodings, const char *have)
{
	const struct site_request q = { .method = "GET",
		.target = target,
		.encodings = encodings,
		.have = have };
	struct site_answer a;

	site_answer(&a, &q);
	return a;
}

static void
each_address_of_the_page_gives_its_index(void **state)
{
	static const char *const good[] = { "/", "/people", "/people/3f2a",
		"/people/3f2a/timeline", "/people/3f2a/write/note?x=1",
		"/decisions", "/sync" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		struct site_answer a = ask(good[i], NULL, NULL);

		assert_int_equal(a.status, 200);
		assert_string_equal(a.type, "text/html; charset=utf-8");
		assert_false(a.is_lasting);
		assert_true(a.n > 0);
	}
}

static void
what_is_not_the_page_s_is_not_there(void **state)
{
	static const char *const bad[] = { "", "people", "/nope", "/people/",
		"/people//timeline", "/people/a/b/c", "/people/a/write/note/b",
		"/..", "/people/..", "/assets", "/assets/", "/assets/nope.js",
		"/assets/../index.html", "/assets/%2e%2e/routes", "/routes",
		"/routes.gz", "/index.html.gz", "/people/%00", "/people/%zz",
		"/people#x", "/1/2/3/4/5/6/7/8/9" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct site_answer a = ask(bad[i], "gzip", NULL);

		assert_int_equal(a.status, 404);
		assert_string_equal(a.type, "text/plain; charset=utf-8");
	}
}

static void
the_api_s_addresses_are_not_the_page_s(void **state)
{
	(void)state;
	assert_false(site_is("/api"));
	assert_false(site_is("/api/hello"));
	assert_false(site_is("/api?x=1"));
	assert_false(site_is(NULL));
	assert_true(site_is("/apiary"));
	assert_true(site_is("/"));
}

static void
only_get_and_head_are_taken(void **state)
{
	static const char *const methods[] = { "POST", "PUT", "DELETE",
		"OPTIONS", "get" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		const struct site_request q = { .method = methods[i],
			.target = "/" };
		struct site_answer a;

		site_answer(&a, &q);
		assert_int_equal(a.status, 405);
	}
}

static void
who_has_it_already_gets_nothing_again(void **state)
{
	struct site_answer first, again;

	(void)state;
	first = ask("/", NULL, NULL);
	again = ask("/", NULL, first.tag);
	assert_int_equal(again.status, 304);
	assert_int_equal(again.n, 0);
	assert_string_equal(again.tag, first.tag);
	assert_int_equal(ask("/", NULL, "\"another\"").status, 200);
}

static void
who_takes_gzip_gets_it_and_nobody_else(void **state)
{
	const struct asset *script = NULL;
	struct site_answer plain, gzip;
	char target[200] = "/";

	(void)state;
	for (size_t i = 0; i < web_asset_count; i++) {
		size_t n = strlen(web_assets[i].name);

		if (n > 3 && strcmp(web_assets[i].name + n - 3, ".js") == 0)
			script = &web_assets[i];
	}
	/* built without the page: nothing is compressed */
	if (script == NULL)
		skip();
	strncat(target, script->name, sizeof(target) - 2);
	plain = ask(target, NULL, NULL);
	gzip = ask(target, "deflate, gzip;q=1.0, *;q=0.5", NULL);
	assert_int_equal(plain.n, script->n);
	assert_false(plain.is_gzip);
	assert_true(gzip.is_gzip && gzip.n < plain.n);
	assert_memory_equal(gzip.body, "\x1f\x8b", 2);
	assert_true(plain.is_lasting && gzip.is_lasting);
	assert_false(ask(target, "gzip;q=0", NULL).is_gzip);
	assert_false(ask(target, "gzip;q=0.0", NULL).is_gzip);
	assert_false(ask(target, "br", NULL).is_gzip);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_address_of_the_page_gives_its_index),
		cmocka_unit_test(what_is_not_the_page_s_is_not_there),
		cmocka_unit_test(the_api_s_addresses_are_not_the_page_s),
		cmocka_unit_test(only_get_and_head_are_taken),
		cmocka_unit_test(who_has_it_already_gets_nothing_again),
		cmocka_unit_test(who_takes_gzip_gets_it_and_nobody_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
