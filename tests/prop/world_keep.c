/*
 * What else happens to machines: they tell each other who is a member, are put
 * back to an old state, and are copied.
 */
#include "tests/prop/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "sync/units.h"

/* ---- membership ---- */

static void
same_directory(struct env_test *env)
{
	/* the same machine and directory for ever, as world.c has it */
	memset(env->binding, 7, sizeof(env->binding));
}

struct record {
	struct buf bytes;
};

static size_t
read_records(struct world *w, unsigned n, struct record *out, size_t room)
{
	struct fail f = { 0 };
	size_t count = 0;
	struct stmt *s;
	bool row;

	world_must(db_stmt(&s, replica_db(w->node[n].replica),
		       "SELECT bytes FROM _member ORDER BY no", &f),
	    &f, "members");
	for (;;) {
		const uint8_t *p;
		size_t size;

		world_must(stmt_step(s, &row, &f), &f, "members");
		if (!row)
			return count;
		p = stmt_col_blob(s, 0, &size);
		if (count == room)
			abort();
		buf_put(&out[count++].bytes, p, size);
	}
}

#define RECORDS 128

void
world_members(struct world *w, unsigned from, unsigned to)
{
	static struct record record[RECORDS];
	uint8_t a[32], b[32];
	struct fail f = { 0 };
	size_t count;

	members_head(replica_members(w->node[from].replica), a);
	members_head(replica_members(w->node[to].replica), b);
	if (memcmp(a, b, sizeof(a)) == 0 || w->out[w->node[to].self])
		return;
	world_follow(w, to);
	count = read_records(w, from, record, RECORDS);
	world_tell("members from %u to %u", from, to);
	for (size_t i = 0; i < count; i++) {
		struct buf *bytes = &record[i].bytes;
		enum member_result result;

		if (w->introduced ||
		    !world_is_late_record(bytes->p, bytes->n)) {
			world_must(replica_add_member(w->node[to].replica,
				       &result, bytes->p, bytes->n, NULL, &f),
			    &f, "a membership record");
			world_obey(w, to);
		}
		buf_release(bytes);
	}
}

/* ---- old states and copies ---- */

static void
copy_database(struct env_test *to, struct env_test *from)
{
	sqlite3_backup *copy =
	    sqlite3_backup_init(to->keeper, "main", from->keeper, "main");

	if (copy == NULL || sqlite3_backup_step(copy, -1) != SQLITE_DONE ||
	    sqlite3_backup_finish(copy) != SQLITE_OK)
		abort();
}

/* Randomness is its own: a copied machine draws other numbers. */
static struct env_test *
copy_state(struct world *w, struct env_test *from)
{
	struct env_test *to =
	    env_test_new(0x636f7079 + world_history * 4096 + w->copies++);

	to->env.binding = from->env.binding;
	same_directory(to);
	to->wall_ms = from->wall_ms;
	env_test_copy_files(to, from);
	copy_database(to, from);
	return to;
}

void
world_keep(struct world *w, unsigned n)
{
	struct world_kept *k = &w->kept[n];

	env_test_free(k->env);
	k->env = copy_state(w, w->node[n].env);
	k->schemas = w->node[n].schemas;
	k->op_count = w->op_count;
	memcpy(k->has, w->node[n].has, sizeof(k->has));
	memcpy(k->whole, w->node[n].whole, sizeof(k->whole));
	memcpy(k->heard, w->node[n].heard, sizeof(k->heard));
	memcpy(k->placed, w->node[n].placed, sizeof(k->placed));
	k->follows = w->node[n].follows;
	k->shredded = w->node[n].shredded;
	k->undone = w->node[n].undone;
	k->signs = w->node[n].signs;
	k->shown = w->node[n].shown;
}

static bool
anybody_has(const struct world *w, size_t segment)
{
	for (unsigned n = 0; n < WORLD_MACHINES; n++)
		if (w->node[n].used && world_has(w->node[n].has, segment))
			return true;
	return false;
}

/* What was on this machine's disk alone is gone with it, as far as the old state
 * does not have it. */
static void
forget_saved(struct world *w, unsigned n)
{
	for (size_t i = 0; i < w->op_count; i++) {
		bool gone =
		    w->sealed[i] ? !anybody_has(w, w->at[i]) : w->maker[i] == n;

		if (!gone)
			continue;
		w->sealed[i] = false;
		/* or it waits yet, where it was made */
		w->saved[i] = w->saved[i] &&
		    (w->maker[i] == n ? i < w->kept[n].op_count
				      : world_logged(w, w->maker[i], i + 1));
	}
}

void
world_put_back(struct world *w, unsigned n)
{
	struct world_kept *k = &w->kept[n];
	struct world_node *node = &w->node[n];
	struct fail f = { 0 };

	if (k->env == NULL)
		abort();
	replica_close(node->replica);
	node->replica = NULL;
	env_test_free(node->env);
	node->env = copy_state(w, k->env);
	memcpy(node->has, k->has, sizeof(node->has));
	memcpy(node->whole, k->whole, sizeof(node->whole));
	memcpy(node->heard, k->heard, sizeof(node->heard));
	memcpy(node->placed, k->placed, sizeof(node->placed));
	node->follows = k->follows;
	node->shredded = k->shredded;
	node->undone = k->undone;
	node->signs = k->signs;
	node->shown = k->shown;
	world_open(w, n, k->schemas);
	world_must(replica_new_life(node->replica, LIFE_ROLLED_BACK, &f), &f,
	    "a new life");
	forget_saved(w, n);
}

void
world_copy(struct world *w, unsigned n, bool moved)
{
	struct world_node *to = &w->node[WORLD_COPY];
	const struct world_node *from = &w->node[n];
	struct fail f = { 0 };

	to->env = copy_state(w, from->env);
	memcpy(to->dir, from->dir, sizeof(to->dir));
	memcpy(to->has, from->has, sizeof(to->has));
	memcpy(to->whole, from->whole, sizeof(to->whole));
	memcpy(to->heard, from->heard, sizeof(to->heard));
	memcpy(to->placed, from->placed, sizeof(to->placed));
	to->follows = from->follows;
	to->shredded = from->shredded;
	to->undone = from->undone;
	to->signs = from->signs;
	to->shown = from->shown;
	to->self = from->self;
	to->used = true;
	world_open(w, WORLD_COPY, from->schemas);
	if (moved)
		world_must(replica_new_life(to->replica, LIFE_MOVED, &f), &f,
		    "a new life");
}

void
world_forget_kept(struct world *w)
{
	for (unsigned n = 0; n < WORLD_MACHINES; n++) {
		env_test_free(w->kept[n].env);
		w->kept[n].env = NULL;
	}
}

bool
world_restored(struct world *w, unsigned n)
{
	return replica_restored(w->node[n].replica, NULL) != LIFE_NONE;
}

/* The last that `from` holds of an author, as a hello says it. */
static void
held_of(struct world *w, unsigned from, struct message_author *out)
{
	struct segment_id id = { { 0 } };
	struct fail f = { 0 };
	struct stmt *s;
	bool row;

	world_must(db_stmt(&s, replica_db(w->node[from].replica),
		       "SELECT top_position, top_id FROM _author WHERE"
		       " tag = ?1",
		       &f),
	    &f, "author");
	stmt_blob(s, 1, out->tag.b, AUTHOR_TAG_BYTES);
	world_must(stmt_step(s, &row, &f), &f, "author");
	if (row) {
		out->position = (uint64_t)stmt_col_int(s, 0);
		(void)stmt_col_copy(s, 1, id.b, sizeof(id.b));
		memcpy(out->id, id.b, sizeof(out->id));
	}
	stmt_reset(s);
}

bool
world_meet(struct world *w, unsigned from, unsigned to)
{
	struct replica *r = w->node[to].replica;
	struct message_author yours = { .tag = replica_identity(r)->author };
	struct fail f = { 0 };
	enum err e;

	held_of(w, from, &yours);
	e = units_fence(r, &yours, &f);
	if (e == OK)
		return false;
	if (e != ERR_FENCE)
		world_must(e, &f, "fence");
	world_tell("machine %u begins a new life", to);
	world_must(replica_new_life(r, LIFE_KNOWN_BETTER, &f), &f,
	    "a new life");
	return true;
}
