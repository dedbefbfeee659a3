/* Invites as bytes and as text. The checksum is there for people who type: a
 * mistyped letter must not become a wrong pin that looks like an attack. */
#include "sync/invite.h"

#include <string.h>

#include "sync/hash.h"
#include "sync/member_i.h"
#include "sync/registry.h"

#define INVITE_VERSION 1
#define SUM_BYTES 4
#define RAW_MAX ((size_t)LIMIT_INVITE_BYTES * 5 / 8)

static const char symbols[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* ---- bytes ------------------------------------------------------------------ */

static void
put_text(struct buf *b, const char *text)
{
	buf_bytes(b, text, strlen(text));
}

void
invite_encode(struct buf *out, const struct invite *i)
{
	buf_u8(out, INVITE_VERSION);
	buf_put(out, i->network.b, sizeof(i->network.b));
	buf_put(out, i->steward.b, sizeof(i->steward.b));
	buf_put(out, i->tls_key, sizeof(i->tls_key));
	buf_put(out, i->id, sizeof(i->id));
	buf_put(out, i->secret, sizeof(i->secret));
	buf_u8(out, i->new_agency ? 1 : 0);
	if (!i->new_agency)
		buf_put(out, i->agency.b, sizeof(i->agency.b));
	buf_uint(out, (uint64_t)i->kind);
	buf_uint(out, i->roles);
	buf_int(out, i->expires_ms);
	put_text(out, i->address);
	put_text(out, i->agency_name);
	put_text(out, i->name);
}

/* HOST:PORT of plain characters, or nothing */
static void
read_address(struct rd *r, char address[static INVITE_ADDRESS_BYTES + 1])
{
	size_t n;
	const uint8_t *p = rd_bytes(r, &n, INVITE_ADDRESS_BYTES);

	address[0] = '\0';
	if (p == NULL)
		return;
	for (size_t k = 0; k < n; k++)
		if (p[k] <= 0x20 || p[k] >= 0x7f)
			rd_fail(r);
	memcpy(address, p, n);
	address[n] = '\0';
}

enum err
invite_decode(struct invite *out, const uint8_t *p, size_t n)
{
	struct rd r = rd_of(p, n);
	struct invite i = { 0 };
	enum err e;

	if (rd_u8(&r) != INVITE_VERSION)
		rd_fail(&r);
	rd_copy(&r, i.network.b, sizeof(i.network.b));
	rd_copy(&r, i.steward.b, sizeof(i.steward.b));
	rd_copy(&r, i.tls_key, sizeof(i.tls_key));
	rd_copy(&r, i.id, sizeof(i.id));
	rd_copy(&r, i.secret, sizeof(i.secret));
	i.new_agency = rd_max(&r, 1) != 0;
	if (!i.new_agency)
		rd_copy(&r, i.agency.b, sizeof(i.agency.b));
	i.kind = (int)rd_max(&r, KIND_COUNT - 1);
	i.roles = (unsigned)rd_max(&r, MEMBER_ROLES_ALL);
	i.expires_ms = rd_int(&r);
	read_address(&r, i.address);
	member_read_name(&r, i.agency_name, false);
	member_read_name(&r, i.name, true);
	e = rd_done(&r);
	if (e == OK)
		*out = i;
	sodium_memzero(&i, sizeof(i));
	return e;
}

static void
checksum(uint8_t out[static SUM_BYTES], const uint8_t *p, size_t n)
{
	uint8_t full[16];
	struct hash h;

	hash_init(&h, LABEL_INVITE_SUM, sizeof(full), NULL, 0);
	hash_put(&h, p, n);
	hash_final(&h, full);
	memcpy(out, full, SUM_BYTES);
}

/* ---- text ------------------------------------------------------------------- */

static void
put_symbols(struct buf *out, const uint8_t *p, size_t n)
{
	unsigned bits = 0, have = 0;

	for (size_t k = 0; k < n; k++) {
		bits = (bits << 8 | p[k]) & 0xfff;
		have += 8;
		while (have >= 5) {
			have -= 5;
			buf_u8(out, (uint8_t)symbols[bits >> have & 31]);
		}
	}
	if (have > 0)
		buf_u8(out, (uint8_t)symbols[bits << (5 - have) & 31]);
}

enum err
invite_text(struct buf *out, const struct invite *i, struct fail *f)
{
	struct buf raw = { .limit = RAW_MAX }, text = { 0 };
	uint8_t sum[SUM_BYTES];
	enum err e;

	invite_encode(&raw, i);
	if (raw.err == OK) {
		checksum(sum, raw.p, raw.n);
		buf_put(&raw, sum, sizeof(sum));
	}
	buf_text(&text, INVITE_PREFIX);
	if (raw.err == OK)
		put_symbols(&text, raw.p, raw.n);
	e = raw.err != OK ? raw.err : text.err;
	if (e == OK && text.n > LIMIT_INVITE_BYTES)
		e = ERR_LIMIT;
	if (e == OK) {
		buf_put(out, text.p, text.n);
		e = out->err;
	}
	if (e != OK)
		(void)fail_set(f, e,
		    "invite: it would have more than %d characters; use "
		    "shorter names",
		    LIMIT_INVITE_BYTES);
	buf_release(&raw);
	buf_release(&text);
	return e;
}

/* 0..31, -1 to be skipped, -2 for what no invite has */
static int
symbol_value(char c)
{
	const char *at;

	if (c == ' ' || c == '-' || c == '\r' || c == '\n' || c == '\t')
		return -1;
	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c == 'O')
		c = '0';
	if (c == 'I' || c == 'L')
		c = '1';
	at = c != '\0' ? strchr(symbols, c) : NULL;
	return at != NULL ? (int)(at - symbols) : -2;
}

static enum err
read_symbols(uint8_t raw[static RAW_MAX], size_t *n, const char *text,
    struct fail *f)
{
	unsigned bits = 0, have = 0;

	*n = 0;
	for (size_t k = 0; text[k] != '\0'; k++) {
		int v = symbol_value(text[k]);

		if (v == -1)
			continue;
		if (v < 0)
			return fail_set(f, ERR_INPUT,
			    "invite: character %zu is none that an invite has; "
			    "copy it again",
			    k + 1 + strlen(INVITE_PREFIX));
		bits = (bits << 5 | (unsigned)v) & 0xfff;
		have += 5;
		if (have < 8)
			continue;
		have -= 8;
		if (*n == RAW_MAX)
			return fail_set(f, ERR_INPUT,
			    "invite: longer than any invite");
		raw[(*n)++] = (uint8_t)(bits >> have);
	}
	if (have >= 5 || (bits & ((1u << have) - 1)) != 0)
		return fail_set(f, ERR_INPUT,
		    "invite: cut short or mistyped at its end");
	return OK;
}

static bool
has_prefix(const char *text)
{
	for (size_t k = 0; INVITE_PREFIX[k] != '\0'; k++) {
		char c = text[k];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != INVITE_PREFIX[k])
			return false;
	}
	return true;
}

enum err
invite_parse(struct invite *out, const char *text, struct fail *f)
{
	uint8_t raw[RAW_MAX], sum[SUM_BYTES] = { 0 };
	size_t n = 0;
	enum err e;

	while (*text == ' ' || *text == '\t' || *text == '\r' || *text == '\n')
		text++;
	if (!has_prefix(text))
		return fail_set(f, ERR_INPUT,
		    "invite: want a line that begins with %s", INVITE_PREFIX);
	e = read_symbols(raw, &n, text + strlen(INVITE_PREFIX), f);
	if (e != OK)
		goto out;
	e = ERR_INPUT;
	if (n > SUM_BYTES)
		checksum(sum, raw, n - SUM_BYTES);
	if (n <= SUM_BYTES || memcmp(sum, raw + n - SUM_BYTES, SUM_BYTES) != 0)
		(void)fail_set(f, e,
		    "invite: cut short or mistyped; copy the whole line again");
	else if (invite_decode(out, raw, n - SUM_BYTES) != OK)
		(void)fail_set(f, e,
		    "invite: made by another version of this program");
	else
		e = OK;
out:
	sodium_memzero(raw, sizeof(raw));
	return e;
}
