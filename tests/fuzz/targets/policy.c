/* What a privacy officer brings in a file: policy packs, their cases, forms. */
#include <string.h>

#include "node/policy/form.h"
#include "node/policy/shipped.h"
#include "node/policy/vectors.h"
#include "tests/fuzz/fuzz.h"

const size_t fuzz_bytes_max = (size_t)64 << 20;

enum mode { PACK, CASES, FORM, MODES };

static struct policy_pack *
sample(void)
{
	struct policy_pack *pack = NULL;
	struct shipped s;

	assert(shipped_pack(&s, NULL) == OK);
	assert(pack_parse(&pack, s.text, s.n, NULL) == OK);
	return pack;
}

/* Whatever is a pack decides something about every case, and always the same. */
static void
read_pack(struct fuzz_in in)
{
	struct vectors_result first, again;
	struct policy_pack *pack = NULL;
	struct shipped cases;
	struct fail f = { 0 };

	if (pack_parse(&pack, (const char *)in.p, in.n, &f) != OK) {
		assert(pack == NULL && f.text[0] != 0);
		return;
	}
	assert(pack->name != NULL && pack->version != NULL);
	assert(shipped_vectors(&cases, NULL) == OK);
	assert(vectors_play(&first, pack, cases.text, cases.n, NULL, NULL,
		   NULL) == OK);
	assert(vectors_play(&again, pack, cases.text, cases.n, NULL, NULL,
		   NULL) == OK);
	assert(memcmp(&first, &again, sizeof(first)) == 0);
	assert(first.differed <= first.played);
	pack_free(pack);
}

static void
on_case(void *context, const struct vector_told *told)
{
	(void)context;
	assert(told->why[0] != 0);
	assert(told->agrees == (told->differs[0] == 0));
}

static void
play(struct fuzz_in in)
{
	struct policy_pack *pack = sample();
	struct vectors_result result;
	struct fail f = { 0 };

	if (vectors_play(&result, pack, (const char *)in.p, in.n, on_case, NULL,
		&f) != OK)
		assert(f.text[0] != 0);
	else
		assert(result.played > 0);
	pack_free(pack);
}

static const char *
blank(void *context, const char *name)
{
	(void)context;
	return strcmp(name, "person") == 0 ? "<i>\x1b &\"" : NULL;
}

static const char *
entry(void *context, const char *list, size_t k)
{
	(void)context;
	(void)list;
	return k < 2 ? "<b>" : NULL;
}

/* What is filled in never becomes a mark of the page, and no control character
 * reaches a terminal or a printer. */
static void
print(struct fuzz_in in)
{
	struct form_fill fill = { blank, entry, NULL, NULL, "<u>" };
	struct form *form = NULL;
	struct buf text = { 0 }, page = { 0 };
	struct fail f = { 0 };

	if (form_parse(&form, (const char *)in.p, in.n, &f) != OK) {
		assert(form == NULL && f.text[0] != 0);
		return;
	}
	fill.pack = sample();
	form_text(&text, form, &fill);
	form_html(&page, form, &fill);
	assert(text.err == OK && page.err == OK);
	assert(strstr(buf_cstr(&page), "<i>") == NULL);
	assert(strstr(buf_cstr(&page), "<b>") == NULL);
	assert(strstr(buf_cstr(&page), "<u>") == NULL);
	assert(memchr(text.p, 0x1b, text.n) == NULL);
	assert(memchr(page.p, 0x1b, page.n) == NULL);
	buf_release(&text);
	buf_release(&page);
	pack_free((struct policy_pack *)fill.pack);
	form_free(form);
}

void
fuzz_one(const uint8_t *p, size_t n)
{
	struct fuzz_in in = { .p = p, .n = n };
	uint8_t mode = fuzz_u8(&in) % MODES;

	if (mode == PACK)
		read_pack(in);
	else if (mode == CASES)
		play(in);
	else
		print(in);
}

static void
seed(uint8_t mode, const char *text, size_t n)
{
	struct buf b = { 0 };

	buf_u8(&b, mode);
	buf_put(&b, text, n);
	fuzz_seed(b.p, b.n);
	buf_release(&b);
}

void
fuzz_seeds(void)
{
	static const char one[] =
	    "party a treatment\nparty b probation\n1 A case\n"
	    "  agreement a b TX2 supervision 2026-01-01 - signed=2026-01-02\n"
	    "  consent part2_justice a b TX2 supervision 2026-01-01 -\n"
	    "  authority statute a b TX2 2026-01-01 -\n"
	    "  emergency TX2 medical b 2026-06-02\n"
	    "  sealed SUP readers=clerk\n"
	    "  ask TX2.plan a b officer assigned supervision sync 2026-06-01"
	    " age=2 row=2026-05-01\n"
	    "  permit consent notice=P2-35 copy record no_onward\n";
	struct shipped s;
	const char *name;
	size_t n;

	assert(shipped_pack(&s, NULL) == OK);
	seed(PACK, s.text, s.n);
	seed(CASES, one, sizeof(one) - 1);
	for (size_t k = 0; shipped_at(&s, &name, &n, ".form", k); k += 5)
		seed(FORM, s.text, s.n);
}
