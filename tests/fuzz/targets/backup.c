/*
 * A backup file: its head stands in clear, so whoever has the disk may write it;
 * what it says of itself is sealed. The database in it is that of target
 * database.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "sync/backup_i.h"
#include "sync/hash.h"
#include "sync/slot_wrap.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/fixed_env.h"

const size_t fuzz_bytes_max = (size_t)8 << 20;

enum mode { RAW, CHANGED, MODES };

/* ---- a file in memory ---------------------------------------------------------- */

static struct fuzz_in file;

static enum err
stream_open(void *self, void **stream, const char *path, bool write,
    struct fail *f)
{
	(void)self, (void)path, (void)f;
	assert(!write);
	*stream = &file;
	return OK;
}

static enum err
stream_read(void *self, void *stream, void *p, size_t n, size_t *got,
    struct fail *f)
{
	struct fuzz_in bytes = fuzz_take(stream, n);

	(void)self, (void)f;
	if (bytes.n > 0)
		memcpy(p, bytes.p, bytes.n);
	*got = bytes.n;
	return OK;
}

static enum err
stream_close(void *self, void *stream, struct fail *f)
{
	(void)self, (void)stream, (void)f;
	return OK;
}

/* ---- one that opens --------------------------------------------------------------- */

static const uint8_t secret_bytes[SLOT_KEYFILE_BYTES_MIN] = { 9 };
static const struct slot_secret secret = { .kind = SLOT_KEYFILE,
	.p = secret_bytes,
	.n = sizeof(secret_bytes) };

static void
make(struct buf *out, const struct env *env)
{
	static const char database[] = "not a database, and never opened";
	struct slot_keys keys = { .master = { 1 }, .replica = { 2 } };
	struct slot_set set = { .generation = 5 };
	struct backup_facts facts = { .made_ms = 1774971000000,
		.position = 7,
		.members = 3,
		.segments = 40,
		.compartments = 2,
		.bytes = sizeof(database) };
	uint8_t public_key[32], sign_secret[64], seed[32] = { 4 }, number;
	struct hash h;

	(void)crypto_sign_seed_keypair(public_key, sign_secret, seed);
	memcpy(facts.sign_key, public_key, sizeof(public_key));
	hash_init(&h, LABEL_BACKUP_DATABASE, 32, NULL, 0);
	hash_put(&h, database, sizeof(database));
	hash_final(&h, facts.hash);
	slot_seal_replica(&set, env, &keys);
	if (slot_wrap(&set, &number, env, keys.master, &secret, NULL) != OK ||
	    backup_head(out, &set, &facts, &keys, sign_secret, env, NULL) != OK)
		abort();
	buf_put(out, database, sizeof(database));
}

/* Everything that needs no database. */
static void
take(const struct env *env, const uint8_t *p, size_t n)
{
	struct backup *b = NULL;
	struct backup_facts facts;
	struct slot_keys keys = { 0 };
	struct fail f = { 0 };

	file = (struct fuzz_in){ .p = p, .n = n };
	if (backup_open(&b, env, "FILE", &f) != OK) {
		assert(b == NULL && f.text[0] != '\0');
		return;
	}
	if (slot_unlock(&keys, NULL, backup_slots(b), &secret, &f) == OK &&
	    backup_read(&facts, b, &keys, &f) == OK &&
	    backup_extract(b, &facts, NULL, &f) != OK)
		assert(f.code == ERR_CORRUPT);
	slot_keys_wipe(&keys);
	backup_close(b);
}

void
fuzz_one(const uint8_t *p, size_t n)
{
	struct fuzz_in in = { .p = p, .n = n };
	uint8_t mode = fuzz_u8(&in) % MODES;
	struct fixed_env fixed;
	struct env env;
	struct buf b = { 0 };

	fixed_env_init(&fixed, 1);
	env = fixed.env;
	env.stream_open = stream_open;
	env.stream_read = stream_read;
	env.stream_close = stream_close;
	if (mode == RAW) {
		take(&env, in.p, in.n);
		return;
	}
	make(&b, &env);
	while (in.n >= 3) {
		unsigned at = fuzz_u16(&in);

		b.p[at % b.n] = fuzz_u8(&in);
	}
	if (in.n > 0 && in.p[0] < b.n)
		b.n -= in.p[0];
	take(&env, b.p, b.n);
	buf_release(&b);
}

void
fuzz_seeds(void)
{
	struct fixed_env fixed;
	struct buf b = { 0 };

	fixed_env_init(&fixed, 1);
	buf_u8(&b, RAW);
	make(&b, &fixed.env);
	fuzz_seed(b.p, b.n);
	fuzz_seed("\1\0\0\0", 4);
	buf_release(&b);
}
