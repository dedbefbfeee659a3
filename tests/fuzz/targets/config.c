/* What a person types into files and commands: settings, addresses, values. */
#include <string.h>

#include "node/address.h"
#include "node/config.h"
#include "sync/value.h"
#include "tests/fuzz/fuzz.h"

const size_t fuzz_bytes_max = (size_t)8 << 20;

enum mode { SETTINGS, ADDRESS, VALUE, MODES };

static void
settings(struct fuzz_in in)
{
	struct config c, before;
	struct buf text = { 0 };
	struct fail f = { 0 };

	memset(&before, 0x5a, sizeof(before));
	memcpy(&c, &before, sizeof(c));
	buf_put(&text, in.p, in.n);
	if (config_parse(&c, "footbridge.conf", buf_cstr(&text), in.n, &f) ==
	    OK) {
		assert(c.every_s >= 1 && c.backup_keep >= 1);
		assert(memchr(c.listen, 0, sizeof(c.listen)) != NULL);
		assert(memchr(c.as, 0, sizeof(c.as)) != NULL);
	} else {
		/* untouched means every byte, padding too
		 * NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
		assert(memcmp(&c, &before, sizeof(c)) == 0);
		assert(f.text[0] != '\0');
	}
	buf_release(&text);
}

/* Whatever passes may be put into a URL. */
static void
address(struct fuzz_in in)
{
	struct address a;
	struct buf text = { 0 };

	buf_put(&text, in.p, in.n);
	if (address_parse(&a, buf_cstr(&text), NULL) == OK) {
		assert(a.host[0] != '\0' && a.port[0] != '\0');
		for (const char *c = a.host; *c != '\0'; c++)
			assert(*c > ' ' && *c < 0x7f &&
			    strchr("/?#@\\\"'<>[]{}|^`&=", *c) == NULL);
		(void)address_is_near(a.host);
	}
	buf_release(&text);
}

/* A value as it is shown is read as the same value. */
static void
value(struct fuzz_in in)
{
	enum value_type type =
	    (enum value_type)(fuzz_u8(&in) % (VALUE_TYPE_MAX + 1));
	struct buf text = { 0 }, scratch = { 0 }, shown = { 0 }, again = { 0 };
	struct value v, same;

	buf_put(&text, in.p, in.n);
	if (value_parse(&v, &scratch, type, buf_cstr(&text), NULL) == OK) {
		value_print(&shown, &v);
		assert(value_parse(&same, &again, type, buf_cstr(&shown),
			   NULL) == OK);
		assert(value_compare(&v, &same) == 0);
	}
	buf_release(&text);
	buf_release(&scratch);
	buf_release(&shown);
	buf_release(&again);
}

void
fuzz_one(const uint8_t *p, size_t n)
{
	struct fuzz_in in = { .p = p, .n = n };
	uint8_t mode = fuzz_u8(&in) % MODES;

	if (mode == SETTINGS)
		settings(in);
	else if (mode == ADDRESS)
		address(in);
	else
		value(in);
}

static void
seed(uint8_t mode, const char *text)
{
	struct buf b = { 0 };

	buf_u8(&b, mode);
	buf_text(&b, text);
	fuzz_seed(b.p, b.n);
	buf_release(&b);
}

void
fuzz_seeds(void)
{
	seed(SETTINGS,
	    "[serve]\nlisten = 0.0.0.0:7443\n[sync]\nevery = 15m\n"
	    "hold = near\n[backup]\nevery = 1d\nfolder = /mnt/nas\nkeep = 7\n"
	    "[replica]\ncache = 8MB\n[staff]\nas = Ana Officer\n");
	seed(ADDRESS, "[fe80::1]:7443");
	seed(ADDRESS, "hub.example:7443");
	seed(ADDRESS, "192.168.1.4:0");
	seed(VALUE, "\1-9223372036854775808");
	seed(VALUE,
	    "\3"
	    "00ff");
	seed(VALUE,
	    "\4"
	    "000102030405060708090a0b0c0d0e0f");
	seed(VALUE,
	    "\5"
	    "2026-03-31");
	seed(VALUE,
	    "\6"
	    "2026-03-31T14:05");
}
