/*
 * The schema as its SQL says it: migrations come with the program today, and a
 * package of an agency's own tables may tomorrow.
 */
#include <stdlib.h>
#include <string.h>

#include "schema/assets.h"
#include "sync/env.h"
#include "sync/registry.h"
#include "tests/fuzz/fuzz.h"

const size_t fuzz_bytes_max = (size_t)64 << 20;

#define SOURCES 3

/* What the header promises of every registry. */
static void
look(const struct registry *r, size_t versions)
{
	assert(r->version == versions);
	for (size_t i = 0; i < r->table_count; i++) {
		const struct table *t = &r->tables[i];

		assert(t->number >= 1 && t->number <= LIMIT_TABLES);
		assert(i == 0 || r->tables[i - 1].number < t->number);
		assert(registry_table(r, t->name) == t);
		assert(r->by_number[t->number] == t);
		for (size_t k = 0; k < t->field_count; k++) {
			const struct field *f = &t->fields[k];

			assert(
			    f->number >= 1 && f->number <= REGISTRY_FIELD_MAX);
			assert(t->by_number[f->number] == f);
			assert(table_field(t, f->name) == f);
			assert(f->group == NULL || f->group_leader != 0);
		}
	}
	for (size_t i = 1; i < r->category_count; i++)
		assert(strcmp(r->categories[i - 1], r->categories[i]) < 0);
}

/* Sources are parted by a byte that no SQL has. */
void
fuzz_one(const uint8_t *p, size_t n)
{
	struct registry_source source[SOURCES];
	struct registry *r = NULL;
	struct fail f = { 0 };
	size_t count = 0, from = 0;
	char *text = malloc(n + 1);

	if (text == NULL)
		abort();
	if (n > 0)
		memcpy(text, p, n);
	text[n] = '\0';
	for (size_t i = 0; i <= n && count < SOURCES; i++) {
		if (i < n && p[i] != 0xff)
			continue;
		text[i] = '\0';
		source[count++] =
		    (struct registry_source){ .name = "0001_a.sql",
			    .text = text + from,
			    .n = i - from };
		from = i + 1;
	}
	if (registry_parse(&r, source, count, &f) == OK)
		look(r, count);
	else
		assert(r == NULL && f.text[0] != '\0');
	registry_free(r);
	free(text);
}

void
fuzz_seeds(void)
{
	static const char *const path[] = { "tests/prop/schema/0001_first.sql",
		"tests/prop/schema/0002_second.sql" };
	const struct env *env = env_posix();
	struct buf both = { 0 };

	for (size_t i = 0; i < schema_asset_count; i++)
		fuzz_seed(schema_assets[i].p, schema_assets[i].n);
	for (size_t i = 0; i < COUNT_OF(path); i++) {
		if (i > 0)
			buf_u8(&both, 0xff);
		if (env->file_read(env->self, &both, path[i], 1 << 20, NULL) !=
		    OK)
			abort();
	}
	fuzz_seed(both.p, both.n);
	buf_release(&both);
}
