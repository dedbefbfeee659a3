/*
 * Putting back: the database is copied page by page from a copy that was made at
 * the beginning, the files beside it likewise, and the replica opened again.
 */
#include <stdlib.h>
#include <string.h>

#include <sqlcipher/sqlite3.h>

#include "sync/grant_i.h"
#include "tests/fuzz/world.h"

/* there when a sanitizer is: a replica's memory is not malloc's, so what hangs
 * on it would look lost */
__attribute__((weak)) void __lsan_register_root_region(const void *p, size_t n);
__attribute__((weak)) void __lsan_unregister_root_region(const void *p,
    size_t n);

#define RESETTABLE 2 /* PAIR_NORTH, PAIR_SOUTH */

struct saved {
	sqlite3 *database;
	struct env_test *files;
	int64_t version;
	struct env_test env; /* its clock and randomness */
};

static struct world world;
static struct saved saved[RESETTABLE];

static void
copy_database(sqlite3 *to, sqlite3 *from)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");

	if (b == NULL || sqlite3_backup_step(b, -1) != SQLITE_DONE ||
	    sqlite3_backup_finish(b) != SQLITE_OK)
		abort();
}

void
fuzz_hold(const struct replica *r, bool is)
{
	if (__lsan_register_root_region == NULL)
		return;
	if (is)
		__lsan_register_root_region(r, sizeof(*r));
	else
		__lsan_unregister_root_region(r, sizeof(*r));
}

int64_t
world_version(struct world *w, enum pair_who who)
{
	sqlite3_stmt *s = NULL;
	int64_t version = 0;

	if (sqlite3_prepare_v2(w->p.env[who]->keeper, "PRAGMA data_version", -1,
		&s, NULL) != SQLITE_OK ||
	    sqlite3_step(s) != SQLITE_ROW)
		abort();
	version = sqlite3_column_int64(s, 0);
	(void)sqlite3_finalize(s);
	return version;
}

static void
save(struct world *w, enum pair_who who)
{
	struct saved *s = &saved[who];

	/* the fence is written when it closes */
	pair_restart(&w->p, who, 1);
	if (sqlite3_open(":memory:", &s->database) != SQLITE_OK)
		abort();
	copy_database(s->database, w->p.env[who]->keeper);
	s->files = env_test_new(99);
	env_test_copy_files(s->files, w->p.env[who]);
	s->version = world_version(w, who);
	s->env = *w->p.env[who];
}

void
world_close(struct world *w, enum pair_who who)
{
	if (w->p.r[who] != NULL)
		fuzz_hold(w->p.r[who], false);
	replica_close(w->p.r[who]);
	w->p.r[who] = NULL;
}

void
world_reset(struct world *w, enum pair_who who)
{
	struct saved *s = &saved[who];
	struct env_test *env = w->p.env[who];

	if (w->p.r[who] == NULL || world_version(w, who) != s->version) {
		world_close(w, who);
		copy_database(env->keeper, s->database);
		env_test_copy_files(env, s->files);
		if (replica_open(&w->p.r[who], "dir", &w->p.options[who],
			NULL) != OK)
			abort();
		fuzz_hold(w->p.r[who], true);
		s->version = world_version(w, who);
	}
	env->wall_ms = s->env.wall_ms;
	env->mono_ms = s->env.mono_ms;
	env->block_at = s->env.block_at;
	env->block_left = s->env.block_left;
	memcpy(env->block, s->env.block, sizeof(env->block));
}

void
world_note(struct world *w)
{
	struct db *db = replica_db(w->p.r[PAIR_NORTH]);
	struct stmt *s;
	bool row = false;

	w->ref_count = 0;
	if (db_stmt(&s, db,
		"SELECT author, chain, seq, position, id FROM _segment"
		" WHERE cpt = (SELECT no FROM _compartment WHERE id = ?1)"
		" AND state > 2 ORDER BY no",
		NULL) != OK)
		abort();
	stmt_blob(s, 1, w->compartment.b, ID_BYTES);
	while (stmt_step(s, &row, NULL) == OK && row) {
		struct world_ref *ref = &w->ref[w->ref_count++];

		assert(w->ref_count <= WORLD_REFS);
		ref->author =
		    replica_author_no(w->p.r[PAIR_NORTH], stmt_col_int(s, 0))
			->tag;
		ref->chain = (int)stmt_col_int(s, 1);
		ref->seq = (uint64_t)stmt_col_int(s, 2);
		ref->position = (uint64_t)stmt_col_int(s, 3);
		(void)stmt_col_copy(s, 4, ref->id.b, sizeof(ref->id.b));
	}
}

static void
ship(struct world *w, enum pair_who from)
{
	(void)pair_seal(&w->p, from);
	for (int to = 0; to < PAIR_NODES; to++)
		if (to != (int)from)
			pair_ship_all(&w->p, from, (enum pair_who)to);
}

static void
invite(struct world *w)
{
	struct invite_options o = { .agency = "Fourth",
		.kind = KIND_SOCIAL,
		.days = JOIN_DAYS_MAX };
	struct buf text = { 0 };

	if (invite_make(w->p.r[PAIR_NORTH], &text, &o, NULL) != OK ||
	    invite_parse(&w->invite, buf_cstr(&text), NULL) != OK)
		abort();
	buf_release(&text);
}

static void
make(struct world *w)
{
	struct pair *p = &w->p;
	struct compartment *c;

	pair_start(p, 1, 1);
	pair_insert(p, PAIR_NORTH, "person", &w->person, NULL, "word", "base");
	pair_share(p, PAIR_NORTH, &w->person, PAIR_CLINIC, GRANT_WRITE, false);
	pair_carry(p, &w->person);
	ship(w, PAIR_NORTH);
	(void)pair_set(p, PAIR_SOUTH, "person", &w->person, "hearing", "9:00",
	    NULL);
	ship(w, PAIR_SOUTH);
	(void)pair_set(p, PAIR_CLINIC, "person", &w->person, "minutes",
	    "one two three", NULL);
	ship(w, PAIR_CLINIC);
	c = pair_cpt(p, PAIR_NORTH, &w->person);
	w->network = members_network(replica_members(p->r[PAIR_NORTH]));
	w->compartment = c->id;
	w->owner = c->owner;
	memcpy(w->name, c->name, sizeof(w->name));
	if (grant_seal_key(p->r[PAIR_NORTH], c, w->key, &w->key_id, NULL) != OK)
		abort();
	world_note(w);
	invite(w);
	save(w, PAIR_NORTH);
	save(w, PAIR_SOUTH);
	w->network = members_network(replica_members(p->r[PAIR_HUB]));
	for (size_t i = 0; i < PAIR_NODES; i++)
		fuzz_hold(p->r[i], true);
}

struct world *
world_get(void)
{
	static bool made;

	if (!made) {
		/* cmocka's checks abort instead of ending a test */
		(void)setenv("CMOCKA_TEST_ABORT", "1", 1);
		make(&world);
	}
	made = true;
	return &world;
}
