/*
 * The check symbol is a polynomial over GF(32) in the group's symbols, started
 * from the group's number: each symbol has its own non-zero weight, so a change
 * of one symbol, or an exchange of two different ones, always shows.
 */
#include "sync/code.h"

#include <string.h>

#include <sodium.h>

#include "sync/hash.h"

#define GROUP_DATA 4
#define GROUP_SYMBOLS 5
#define SUM_BYTES 2
#define PACKED_MAX (CODE_BYTES_MAX + SUM_BYTES)
#define SYMBOLS_MAX ((PACKED_MAX * 8 / 5 / GROUP_DATA + 2) * GROUP_SYMBOLS)

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static size_t
group_count(size_t n)
{
	size_t symbols = ((n + SUM_BYTES) * 8 + 4) / 5;

	return (symbols + GROUP_DATA - 1) / GROUP_DATA;
}

static void
sum_of(uint8_t sum[static SUM_BYTES], enum code_kind kind, const uint8_t *p,
    size_t n)
{
	struct hash h;
	uint8_t full[16];

	hash_init(&h, LABEL_RECOVERY_CODE, sizeof(full), NULL, 0);
	hash_u64(&h, (uint64_t)kind);
	hash_bytes(&h, p, n);
	hash_final(&h, full);
	memcpy(sum, full, SUM_BYTES);
}

static uint8_t
check_of(const uint8_t symbols[static GROUP_DATA], size_t group)
{
	unsigned c = (unsigned)group & 31;

	for (size_t i = 0; i < GROUP_DATA; i++) {
		c <<= 1; /* times x, modulo x^5 + x^2 + 1 */
		if (c & 32)
			c ^= 0x25;
		c ^= symbols[i];
	}
	return (uint8_t)c;
}

/* Five bits from bit `at`, zeros behind the end. */
static uint8_t
bits_at(const uint8_t *p, size_t n, size_t at)
{
	unsigned v = 0;

	for (size_t i = at; i < at + 5; i++) {
		unsigned byte = i / 8 < n ? p[i / 8] : 0;

		v = v << 1 | (byte >> (7 - i % 8) & 1);
	}
	return (uint8_t)v;
}

void
code_encode(struct buf *out, enum code_kind kind, const uint8_t *p, size_t n)
{
	uint8_t packed[PACKED_MAX];

	assert(n >= 1 && n <= CODE_BYTES_MAX);
	memcpy(packed, p, n);
	sum_of(packed + n, kind, p, n);
	for (size_t g = 0; g < group_count(n); g++) {
		uint8_t symbols[GROUP_DATA];

		if (g > 0)
			buf_u8(out, '-');
		for (size_t i = 0; i < GROUP_DATA; i++) {
			symbols[i] = bits_at(packed, n + SUM_BYTES,
			    (g * GROUP_DATA + i) * 5);
			buf_u8(out, (uint8_t)alphabet[symbols[i]]);
		}
		buf_u8(out, (uint8_t)alphabet[check_of(symbols, g)]);
		sodium_memzero(symbols, sizeof(symbols));
	}
	sodium_memzero(packed, sizeof(packed));
}

/* 0..31, -1 a separator, -2 nothing of ours */
static int
symbol_of(char c)
{
	const char *found;

	if (c == '-' || c == ' ' || c == '\t' || c == '\n' || c == '\r')
		return -1;
	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c == 'O')
		return 0;
	if (c == 'I' || c == 'L')
		return 1;
	found = strchr(alphabet, c);
	return found != NULL ? (int)(found - alphabet) : -2;
}

static enum err
read_symbols(uint8_t *symbols, size_t want, const char *text, struct fail *f)
{
	size_t have = 0;

	for (; *text != '\0'; text++) {
		int v = symbol_of(*text);

		if (v == -1)
			continue;
		if (v < 0)
			return fail_set(f, ERR_INPUT,
			    "the code has a sign that no code has in group "
			    "%zu; letters and digits without U are used",
			    have / GROUP_SYMBOLS + 1);
		if (have < want)
			symbols[have] = (uint8_t)v;
		have++;
	}
	if (have != want)
		return fail_set(f, ERR_INPUT,
		    "the code has %zu letters and digits, %zu groups of five "
		    "(%zu) were wanted; look for a missing or doubled one",
		    have, want / GROUP_SYMBOLS, want);
	return OK;
}

static enum err
check_groups(const uint8_t *symbols, size_t groups, struct fail *f)
{
	size_t bad = 0, first = 0;

	for (size_t g = groups; g-- > 0;) {
		const uint8_t *s = symbols + g * GROUP_SYMBOLS;

		if (check_of(s, g) != s[GROUP_DATA]) {
			bad++;
			first = g + 1;
		}
	}
	if (bad == 0)
		return OK;
	if (bad == 1)
		return fail_set(f, ERR_INPUT,
		    "group %zu of %zu of the code is mistyped; compare it with "
		    "the paper",
		    first, groups);
	return fail_set(f, ERR_INPUT,
	    "%zu of the code's %zu groups are mistyped, the first is group "
	    "%zu; compare them with the paper",
	    bad, groups, first);
}

/* The data symbols' bits; false when the bits behind the last byte are set. */
static bool
unpack(uint8_t *packed, size_t n, const uint8_t *symbols, size_t groups)
{
	bool clean = true;

	memset(packed, 0, n);
	for (size_t i = 0; i < groups * GROUP_DATA * 5; i++) {
		size_t symbol = i / 5;
		size_t at =
		    symbol / GROUP_DATA * GROUP_SYMBOLS + symbol % GROUP_DATA;
		unsigned bit = symbols[at] >> (4 - i % 5) & 1u;

		if (i / 8 < n)
			packed[i / 8] |= (uint8_t)(bit << (7 - i % 8));
		else if (bit != 0)
			clean = false;
	}
	return clean;
}

static enum err
fail_kind(const uint8_t *packed, size_t n, struct fail *f)
{
	static const char *const names[] = { NULL, "a replica's recovery code",
		"an agency's recovery code", "a network's root key" };

	for (int kind = CODE_REPLICA; kind <= CODE_ROOT; kind++) {
		uint8_t sum[SUM_BYTES];

		sum_of(sum, (enum code_kind)kind, packed, n);
		if (memcmp(sum, packed + n, SUM_BYTES) == 0)
			return fail_set(f, ERR_INPUT,
			    "this is %s, another code was wanted", names[kind]);
	}
	return fail_set(f, ERR_INPUT,
	    "each group of the code looks right, the whole does not: two or "
	    "more signs are wrong; compare it with the paper");
}

enum err
code_decode(uint8_t *p, size_t n, enum code_kind kind, const char *text,
    struct fail *f)
{
	uint8_t symbols[SYMBOLS_MAX];
	uint8_t packed[PACKED_MAX];
	uint8_t sum[SUM_BYTES];
	size_t groups = group_count(n);
	enum err e;

	assert(n >= 1 && n <= CODE_BYTES_MAX);
	e = read_symbols(symbols, groups * GROUP_SYMBOLS, text, f);
	if (e == OK)
		e = check_groups(symbols, groups, f);
	if (e == OK && !unpack(packed, n + SUM_BYTES, symbols, groups))
		e = fail_set(f, ERR_INPUT,
		    "the code's last group is not one that is ever printed");
	if (e != OK)
		goto out;
	sum_of(sum, kind, packed, n);
	if (memcmp(sum, packed + n, SUM_BYTES) != 0) {
		e = fail_kind(packed, n, f);
		goto out;
	}
	memcpy(p, packed, n);
out:
	sodium_memzero(symbols, sizeof(symbols));
	sodium_memzero(packed, sizeof(packed));
	return e;
}
