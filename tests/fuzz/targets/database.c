/*
 * A database file whose pages are not what they were. SQLCipher's authentication
 * catches that at rest; here there is none, so that what lies behind is tried:
 * damaged memory, a key that leaked, a bug of our own.
 *
 * The input changes bytes of pages, and runs SQL that an attacker with the key
 * might: whatever it is, North opens or says why not, and verify and rebuild come
 * to an end.
 */
#include <stdlib.h>
#include <string.h>

#include <sqlcipher/sqlite3.h>

#include "sync/exchange.h"
#include "tests/fuzz/world.h"

const size_t fuzz_bytes_max = (size_t)1 << 30;

enum mode { PAGES, TABLES, MODES };

#define PAGE_BYTES 4096

/* Bytes of a few pages, by page, offset and value. */
static void
change_pages(sqlite3 *db, struct fuzz_in in)
{
	sqlite3_int64 n = 0;
	unsigned char *image = sqlite3_serialize(db, "main", &n, 0);
	sqlite3 *other = NULL;
	sqlite3_backup *b;

	if (image == NULL || sqlite3_open(":memory:", &other) != SQLITE_OK)
		abort();
	while (in.n >= 4) {
		sqlite3_int64 at = fuzz_u8(&in) * PAGE_BYTES;

		at += fuzz_u16(&in);
		image[at % n] = fuzz_u8(&in);
	}
	if (sqlite3_deserialize(other, "main", image, n, n,
		SQLITE_DESERIALIZE_FREEONCLOSE) != SQLITE_OK)
		abort();
	b = sqlite3_backup_init(db, "main", other, "main");
	if (b != NULL) {
		(void)sqlite3_backup_step(b, -1);
		(void)sqlite3_backup_finish(b);
	}
	(void)sqlite3_close(other);
}

/* One column of one row of one of the engine's tables becomes other bytes. */
static void
change_table(sqlite3 *db, struct fuzz_in *in)
{
	static const char *const update[] = {
		"UPDATE _segment SET bytes = ?1 WHERE no = ?2",
		"UPDATE _segment SET state = ?3 WHERE no = ?2",
		"UPDATE _segment SET seq = ?3 WHERE no = ?2",
		"UPDATE _segment SET prev = ?3 WHERE no = ?2",
		"UPDATE _segment SET id = ?1 WHERE no = ?2",
		"UPDATE _member SET bytes = ?1 WHERE no = ?2",
		"UPDATE _compartment SET ends = ?1 WHERE no = ?2",
		"UPDATE _compartment SET flags = ?3 WHERE no = ?2",
		"UPDATE _compartment SET category = ?1 WHERE no = ?2",
		"UPDATE _author SET tag = ?1 WHERE no = ?2",
		"UPDATE _author SET top_position = ?3 WHERE no = ?2",
		"UPDATE _key SET key = ?1 WHERE cpt = ?2",
		"UPDATE _grant SET recipient = ?1 WHERE cpt = ?2",
		"UPDATE _meta SET value = ?1 WHERE name = 'identity'",
		"UPDATE _meta SET value = ?1 WHERE name = 'life'",
		"UPDATE person SET _clock = ?1",
		"UPDATE person SET id = ?1",
		"UPDATE person SET level = ?1",
		"UPDATE person SET _cpt = ?3",
		"DELETE FROM _segment WHERE no = ?2",
		"DELETE FROM _compartment WHERE no = ?2",
		"DELETE FROM _author WHERE no = ?2",
		"DELETE FROM _member WHERE no = ?2",
		"DELETE FROM _key WHERE cpt = ?2",
	};
	sqlite3_stmt *s = NULL;
	unsigned which = fuzz_u8(in), no = 1 + fuzz_u8(in) % 12;
	int64_t number = (int8_t)fuzz_u8(in);
	struct fuzz_in bytes = fuzz_take(in, fuzz_u8(in));

	if (sqlite3_prepare_v2(db, update[which % COUNT_OF(update)], -1, &s,
		NULL) != SQLITE_OK)
		return;
	(void)sqlite3_bind_blob(s, 1, bytes.n > 0 ? bytes.p : in->p,
	    (int)bytes.n, SQLITE_STATIC);
	(void)sqlite3_bind_int(s, 2, (int)no);
	(void)sqlite3_bind_int64(s, 3, number);
	(void)sqlite3_step(s);
	(void)sqlite3_finalize(s);
}

/* Open it, look at all of it, use it; failing is fine, with words. */
static void
use(struct world *w)
{
	struct replica *r = NULL;
	struct exchange_stats stats = { 0 };
	int64_t checked;
	struct fail f = { 0 };

	if (replica_open(&r, "dir", &w->p.options[PAIR_NORTH], &f) != OK) {
		assert(f.text[0] != '\0');
		return;
	}
	(void)db_integrity(replica_db(r), &f);
	(void)log_verify(r, true, &checked, &f);
	(void)replica_rebuild(r, &f);
	(void)log_verify(r, true, &checked, &f);
	if (!db_poisoned(replica_db(r)))
		(void)log_seal(r, &stats.sealed, &stats.kept, &f);
	replica_close(r);
}

void
fuzz_one(const uint8_t *p, size_t n)
{
	struct fuzz_in in = { .p = p, .n = n };
	struct world *w = world_get();
	uint8_t mode = fuzz_u8(&in) % MODES;

	world_reset(w, PAIR_NORTH);
	if (in.n == 0)
		return;
	world_close(w, PAIR_NORTH);
	if (mode == PAGES)
		change_pages(w->p.env[PAIR_NORTH]->keeper, in);
	while (mode == TABLES && in.n > 0)
		change_table(w->p.env[PAIR_NORTH]->keeper, &in);
	use(w);
}

void
fuzz_seeds(void)
{
	for (uint8_t which = 0; which < 24; which++) {
		uint8_t bytes[] = { TABLES, which, 1, 7, 4, 1, 2, 3, 4 };

		fuzz_seed(bytes, sizeof(bytes));
	}
	for (uint8_t page = 0; page < 40; page++) {
		uint8_t bytes[] = { PAGES, page, 3, 0, 0xff, page, 8, 0, 0x11 };

		fuzz_seed(bytes, sizeof(bytes));
	}
}
