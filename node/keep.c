/*
 * The keeper of backups. A thread of its own that sleeps on the engine's
 * condition until something is due, so that it ends with the daemon.
 */
#include "node/keep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "node/open.h"

#define DAY_MS ((int64_t)86400 * 1000)
/* the copy, the file made of it, and room for what is saved meanwhile */
#define ROOM_FACTOR 3

/* ---- what is known ------------------------------------------------------------*/

static enum err
read_text(char *out, size_t room, struct replica *r, const char *name,
    struct fail *f)
{
	struct buf b = { .limit = 4096 };
	enum err e = replica_meta_get(r, &b, name, f);

	out[0] = '\0';
	if (e == OK)
		(void)snprintf(out, room, "%s", buf_cstr(&b));
	buf_release(&b);
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err
read_ms(int64_t *out, struct replica *r, const char *name, struct fail *f)
{
	char text[32];
	enum err e = read_text(text, sizeof(text), r, name, f);

	*out = e == OK ? strtoll(text, NULL, 10) : 0;
	return e;
}

static enum err
write_ms(struct replica *r, const char *name, int64_t ms, struct fail *f)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%lld", (long long)ms);

	return replica_meta_set(r, name, text, (size_t)n, f);
}

/* Were the notes made by who this replica is now? */
static enum err
is_ours(bool *ours, struct replica *r, struct fail *f)
{
	const struct author_tag *now = &replica_identity(r)->author;
	struct buf by = { .limit = 64 };
	enum err e = replica_meta_get(r, &by, "backup_by", f);

	*ours = e == OK && by.n == sizeof(now->b) &&
	    memcmp(by.p, now->b, sizeof(now->b)) == 0;
	buf_release(&by);
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err
sign(struct replica *r, struct fail *f)
{
	const struct author_tag *now = &replica_identity(r)->author;

	return replica_meta_set(r, "backup_by", now->b, sizeof(now->b), f);
}

enum err
keep_read(struct keep_state *k, struct replica *r, struct fail *f)
{
	bool ours = false;
	enum err e = read_ms(&k->good_ms, r, "backup_good", f);

	if (e == OK)
		e = read_ms(&k->own_ms, r, "backup_own", f);
	if (e == OK)
		e = read_ms(&k->checked_ms, r, "backup_checked", f);
	if (e == OK)
		e = read_ms(&k->failed_ms, r, "backup_failed", f);
	if (e == OK)
		e = read_text(k->file, sizeof(k->file), r, "backup_file", f);
	if (e == OK)
		e = read_text(k->why, sizeof(k->why), r, "backup_why", f);
	if (e == OK)
		e = is_ours(&ours, r, f);
	if (e != OK)
		return e;
	k->used = k->good_ms != 0 || k->own_ms != 0;
	if (!ours)
		*k = (struct keep_state){ .used = k->used };
	return OK;
}

enum err
keep_note_good(struct replica *r, const char *file, int64_t at_ms, bool own,
    struct fail *f)
{
	struct keep_state before;
	enum err e = keep_read(&before, r, f);

	if (e == OK && !own) /* of an earlier life, it says nothing now */
		e = write_ms(r, "backup_own", before.own_ms, f);
	else if (e == OK)
		e = write_ms(r, "backup_own", at_ms, f);
	if (e == OK)
		e = write_ms(r, "backup_checked", before.checked_ms, f);
	if (e == OK)
		e = write_ms(r, "backup_good", at_ms, f);
	if (e == OK)
		e = sign(r, f);
	if (e == OK)
		e = write_ms(r, "backup_failed", 0, f);
	if (e == OK)
		e = replica_meta_set(r, "backup_file", file, strlen(file), f);
	return e;
}

enum err
keep_note_none(struct replica *r, struct fail *f)
{
	enum err e = write_ms(r, "backup_good", 0, f);

	if (e == OK)
		e = write_ms(r, "backup_own", 0, f);
	return e == OK ? replica_meta_set(r, "backup_file", "", 0, f) : e;
}

enum err
keep_note_checked(struct replica *r, int64_t at_ms, struct fail *f)
{
	return write_ms(r, "backup_checked", at_ms, f);
}

enum err
keep_note_failed(struct replica *r, const char *why, int64_t at_ms,
    struct fail *f)
{
	struct keep_state before;
	enum err e = keep_read(&before, r, f);

	/* nothing else of an earlier life is taken over with it */
	if (e == OK)
		e = write_ms(r, "backup_good", before.good_ms, f);
	if (e == OK)
		e = write_ms(r, "backup_own", before.own_ms, f);
	if (e == OK)
		e = write_ms(r, "backup_checked", before.checked_ms, f);
	if (e == OK)
		e = sign(r, f);
	if (e == OK)
		e = write_ms(r, "backup_failed", at_ms, f);
	return e == OK ? replica_meta_set(r, "backup_why", why, strlen(why), f)
		       : e;
}

/* ---- when ----------------------------------------------------------------------*/

/* How long until `after` has passed since; 0: it has, or the clock went back. */
static int64_t
left(int64_t since_ms, int64_t after_ms, int64_t now_ms)
{
	if (since_ms <= 0 || since_ms > now_ms || now_ms - since_ms >= after_ms)
		return 0;
	return after_ms - (now_ms - since_ms);
}

enum keep_act
keep_due(int64_t *wait_ms, const struct keep_state *k, int64_t every_ms,
    int64_t now_ms)
{
	int64_t write = left(k->own_ms, every_ms, now_ms);
	int64_t check = left(k->checked_ms, KEEP_CHECK_MS, now_ms);
	int64_t retry = left(k->failed_ms, KEEP_RETRY_MS, now_ms);
	int64_t wait = write < check ? write : check;

	if (k->own_ms == 0) /* nothing to check yet */
		wait = write;
	if (wait < retry)
		wait = retry;
	*wait_ms = wait < 1000 ? 1000 : wait > DAY_MS ? DAY_MS : wait;
	if (retry > 0)
		return KEEP_NOTHING;
	if (write == 0)
		return KEEP_WRITE;
	return check == 0 ? KEEP_CHECK : KEEP_NOTHING;
}

bool
keep_is_late(const struct keep_state *k, int64_t every_ms, int64_t now_ms)
{
	if (k->failed_ms != 0)
		return true;
	return every_ms > 0 && k->good_ms != 0 &&
	    left(k->good_ms, KEEP_LATE * every_ms, now_ms) == 0;
}

/* ---- the thread ----------------------------------------------------------------*/

struct keep {
	pthread_t thread;
	struct engine *engine;
	const struct config *config;
	const char *dir;
	struct open_with with; /* schema only */
	bool has;              /* one was there at the last look */
};

/* A full disk is worse than no backup: people cannot save. */
static enum err
check_room(const char *folder, const char *dir, struct fail *f)
{
	char path[KEEP_PATH_BYTES];
	struct statvfs there;
	struct stat database;
	uint64_t room, want;

	(void)snprintf(path, sizeof(path), "%s/footbridge.db", dir);
	if (stat(path, &database) != 0 || statvfs(folder, &there) != 0)
		return fail_set(f, ERR_IO,
		    "the folder for backups %.200s cannot be used: is its disk "
		    "there?",
		    folder);
	room = (uint64_t)there.f_bavail * there.f_frsize;
	want = (uint64_t)database.st_size * ROOM_FACTOR;
	if (room >= want)
		return OK;
	return fail_set(f, ERR_IO,
	    "%.160s has %llu MB free and a backup wants %llu MB; free some "
	    "space, or set [backup] keep or folder",
	    folder, (unsigned long long)(room / 1000000),
	    (unsigned long long)(want / 1000000));
}

static enum err
make_folder(const char **folder, char room[static KEEP_PATH_BYTES],
    const struct keep *k, struct fail *f)
{
	const struct env *env = k->with.options.env;
	enum err e = OK;

	*folder = keep_folder(room, k->config, k->dir);
	if (*folder == room)
		e = env->dir_make(env->self, *folder, f);
	return e == ERR_EXISTS ? OK : e;
}

/* Lock held before and after, not during. */
static enum err
write_one(struct keep *k, struct fail *f)
{
	const struct env *env = k->with.options.env;
	char room[KEEP_PATH_BYTES], path[KEEP_PATH_BYTES];
	struct replica *r = k->engine->replica;
	struct node_id node = replica_identity(r)->node;
	struct backup_facts facts;
	struct backup_job job;
	const char *folder;
	enum err e = make_folder(&folder, room, k, f);

	if (e == OK)
		e = check_room(folder, k->dir, f);
	if (e == OK)
		e = backup_begin(&job, r, f);
	if (e != OK)
		return e;
	keep_name(path, sizeof(path), folder, &node, env_wall_ms(env));
	engine_unlock(k->engine);
	e = backup_write(&facts, &job, path, &k->with.options, f);
	if (e == OK)
		e = keep_thin(folder, &node, k->config->backup_keep, f);
	engine_lock(k->engine);
	backup_end(&job, r);
	return e == OK ? keep_note_good(r, path, env_wall_ms(env), true, f) : e;
}

static enum err
check_one(struct keep *k, struct fail *f)
{
	const struct env *env = k->with.options.env;
	char room[KEEP_PATH_BYTES], path[KEEP_PATH_BYTES];
	struct replica *r = k->engine->replica;
	struct node_id node = replica_identity(r)->node;
	struct backup_facts facts;
	struct backup_job job;
	enum err e =
	    keep_newest(path, keep_folder(room, k->config, k->dir), &node, f);

	if (e == OK)
		e = backup_begin(&job, r, f);
	if (e != OK)
		return e;
	engine_unlock(k->engine);
	e = backup_check(&facts, &job, path, &k->with.options, f);
	engine_lock(k->engine);
	backup_end(&job, r);
	return e == OK ? keep_note_checked(r, env_wall_ms(env), f) : e;
}

/* One look: does what is due. Lock held. The time until the next. */
static int64_t
look(struct keep *k)
{
	struct replica *r = k->engine->replica;
	int64_t now = env_wall_ms(k->with.options.env), wait;
	struct keep_state state;
	struct fail f = { 0 };
	enum keep_act act;
	enum err e = keep_read(&state, r, &f);

	if (e != OK)
		return KEEP_RETRY_MS;
	k->has = state.own_ms != 0;
	act = keep_due(&wait, &state, k->config->backup_every_s * 1000, now);
	if (act == KEEP_WRITE)
		e = write_one(k, &f);
	else if (act == KEEP_CHECK)
		e = check_one(k, &f);
	/* a person's own backup is being written: soon again */
	if (e == ERR_BUSY)
		return 60 * 1000;
	if (e != OK)
		(void)keep_note_failed(r,
		    f.text[0] != '\0' ? f.text : err_text(e), now, NULL);
	/* not at once even when the failure could not be noted */
	return e != OK ? KEEP_RETRY_MS : act == KEEP_NOTHING ? wait : 0;
}

/* Did an order to destroy take all backups since the last look? */
static bool
are_gone(const struct keep *k)
{
	struct keep_state state;

	return k->has && keep_read(&state, k->engine->replica, NULL) == OK &&
	    state.own_ms == 0;
}

static void *
loop(void *context)
{
	struct keep *k = context;
	struct engine *e = k->engine;

	engine_lock(e);
	while (!e->stopping) {
		int64_t until, now, wait = look(k);

		/* stirs come with every save: nearly none is for us */
		now = env_mono_ms(k->with.options.env);
		until = now + wait;
		while (!e->stopping && now < until && !are_gone(k)) {
			(void)engine_wait(e, e->stirs, until - now);
			now = env_mono_ms(k->with.options.env);
		}
	}
	engine_unlock(e);
	return NULL;
}

enum err
keep_start(struct keep **out, struct engine *e, const struct config *c,
    const char *dir, struct fail *f)
{
	struct keep *k;
	enum err result;

	*out = NULL;
	if (c->backup_every_s == 0)
		return OK;
	k = calloc(1, sizeof(*k));
	if (k == NULL)
		return fail_set(f, ERR_NOMEM, "the keeper of backups");
	k->engine = e;
	k->config = c;
	k->dir = dir;
	result = open_prepare(&k->with, dir, f);
	if (result == OK && pthread_create(&k->thread, NULL, loop, k) != 0)
		result = fail_set(f, ERR_NOMEM, "the keeper's thread");
	if (result != OK) {
		free(k);
		return result;
	}
	*out = k;
	return OK;
}

void
keep_stop(struct keep *k)
{
	if (k == NULL)
		return;
	(void)pthread_join(k->thread, NULL);
	free(k);
}
