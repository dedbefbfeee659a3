/* Text that a person copies: invites, recovery codes. */
#include <string.h>

#include "sync/code.h"
#include "sync/invite.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/network.h"

const size_t fuzz_bytes_max = (size_t)1 << 20;

enum mode { LINE, FIELDS, CODE, CODE_OF, MODES };

static void
line(struct fuzz_in in)
{
	struct buf text = { 0 }, again = { 0 };
	struct invite i, same;
	struct fail f = { 0 };

	buf_put(&text, in.p, in.n);
	if (invite_parse(&i, buf_cstr(&text), &f) == OK) {
		assert(invite_text(&again, &i, NULL) == OK);
		assert(invite_parse(&same, buf_cstr(&again), NULL) == OK);
	} else {
		assert(f.text[0] != '\0');
	}
	buf_release(&text);
	buf_release(&again);
}

static void
fields(struct fuzz_in in)
{
	struct buf again = { 0 }, text = { 0 };
	struct invite i, same;

	if (invite_decode(&i, in.p, in.n) != OK)
		return;
	invite_encode(&again, &i);
	fuzz_same(&again, in.p, in.n);
	if (invite_text(&text, &i, NULL) == OK) {
		assert(invite_parse(&same, buf_cstr(&text), NULL) == OK);
		invite_encode(&again, &same);
		fuzz_same(&again, in.p, in.n);
	}
	buf_release(&text);
}

static void
code(struct fuzz_in in)
{
	enum code_kind kind = (enum code_kind)(1 + fuzz_u8(&in) % 3);
	size_t n = 1 + fuzz_u8(&in) % CODE_BYTES_MAX;
	struct buf text = { 0 }, again = { 0 };
	uint8_t bytes[CODE_BYTES_MAX], same[CODE_BYTES_MAX];
	struct fail f = { 0 };

	buf_put(&text, in.p, in.n);
	if (code_decode(bytes, n, kind, buf_cstr(&text), &f) == OK) {
		code_encode(&again, kind, bytes, n);
		assert(
		    code_decode(same, n, kind, buf_cstr(&again), NULL) == OK);
		assert(memcmp(bytes, same, n) == 0);
	} else {
		assert(f.text[0] != '\0');
	}
	buf_release(&text);
	buf_release(&again);
}

/* A right code with some of its symbols changed is refused, or is the same. */
static void
mistyped(struct fuzz_in in)
{
	size_t n = 1 + fuzz_u8(&in) % CODE_BYTES_MAX;
	uint8_t bytes[CODE_BYTES_MAX], same[CODE_BYTES_MAX];
	struct buf text = { 0 };
	unsigned at;
	char was, now;
	enum err e;

	fuzz_copy(&in, bytes, n);
	code_encode(&text, CODE_REPLICA, bytes, n);
	(void)buf_cstr(&text);
	at = fuzz_u16(&in) % (unsigned)text.n;
	was = (char)text.p[at];
	now = (char)fuzz_u8(&in);
	text.p[at] = (uint8_t)now;
	e = code_decode(same, n, CODE_REPLICA, (const char *)text.p, NULL);
	if (e == OK)
		assert(memcmp(bytes, same, n) == 0);
	else
		assert(was != now);
	buf_release(&text);
}

void
fuzz_one(const uint8_t *p, size_t n)
{
	struct fuzz_in in = { .p = p, .n = n };
	uint8_t mode = fuzz_u8(&in) % MODES;

	if (mode == LINE)
		line(in);
	else if (mode == FIELDS)
		fields(in);
	else if (mode == CODE)
		code(in);
	else
		mistyped(in);
}

void
fuzz_seeds(void)
{
	static const uint8_t secret[16] = { 1, 2, 3 };
	struct invite i = { .new_agency = true,
		.agency_name = "North Probation",
		.address = "hub.example:7443",
		.name = "North server",
		.roles = MEMBER_REGISTRAR,
		.expires_ms = 1774971000000 };
	struct buf b = { 0 };

	for (int existing = 0; existing < 2; existing++) {
		i.new_agency = existing == 0;
		buf_reset(&b);
		buf_u8(&b, LINE);
		(void)invite_text(&b, &i, NULL);
		fuzz_seed(b.p, b.n);
		buf_reset(&b);
		buf_u8(&b, FIELDS);
		invite_encode(&b, &i);
		fuzz_seed(b.p, b.n);
	}
	buf_reset(&b);
	buf_u8(&b, CODE);
	buf_u8(&b, 0);
	buf_u8(&b, sizeof(secret) - 1);
	code_encode(&b, CODE_REPLICA, secret, sizeof(secret));
	fuzz_seed(b.p, b.n);
	buf_reset(&b);
	buf_u8(&b, CODE_OF);
	buf_u8(&b, 15);
	buf_put(&b, secret, sizeof(secret));
	fuzz_seed(b.p, b.n);
	buf_release(&b);
}
