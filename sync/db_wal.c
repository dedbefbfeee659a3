/*
 * The format is SQLite's (fileformat2, "The WAL File"): a header of 32 bytes,
 * frames of 24 bytes and a page each. The checksum runs over the header and all
 * frames before; words are read in the byte order that the magic number tells.
 */
#include "sync/db_wal.h"

#include <string.h>

#include "sync/rd.h"

#define HEADER 32
#define FRAME_HEAD 24
#define PAGE 4096
#define FRAME (FRAME_HEAD + PAGE)
#define MAGIC 0x377f0682u /* the lowest bit: words are big-endian */
#define VERSION 3007000u
#define SALT 8
#define PAGES_MAX (1u << 24) /* 64 GiB: more than any of ours */

struct wal {
	struct buf bytes;
	size_t frames;
	bool big, head_fits;
	uint8_t salt[SALT];
	uint32_t sum[2]; /* so far */
};

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static void
put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static uint32_t
word(const uint8_t *p, bool big)
{
	return big ? get32(p)
		   : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
		(uint32_t)p[1] << 8 | p[0];
}

static void
add_sum(struct wal *w, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i += 8) {
		w->sum[0] += word(p + i, w->big) + w->sum[1];
		w->sum[1] += word(p + i + 4, w->big) + w->sum[0];
	}
}

static uint8_t *
frame_at(const struct wal *w, size_t i)
{
	return w->bytes.p + HEADER + i * FRAME;
}

static void
add_frame(struct wal *w, const uint8_t *frame)
{
	add_sum(w, frame, 8);
	add_sum(w, frame + FRAME_HEAD, PAGE);
}

static bool
is_of_this_log(const struct wal *w, const uint8_t *frame)
{
	return memcmp(frame + 8, w->salt, SALT) == 0;
}

static bool
is_commit(const uint8_t *frame)
{
	return get32(frame + 4) != 0;
}

/* frames 0: there is nothing in it */
static enum err
load(struct wal *w, const struct env *env, const char *path, struct fail *f)
{
	struct buf name = { 0 };
	const uint8_t *h;
	enum err e = OK;

	*w = (struct wal){ .bytes = { .limit = DB_WAL_BYTES_MAX } };
	buf_printf(&name, "%s-wal", path);
	if (name.err != OK)
		e = fail_code(f, name.err);
	else if (env_exists(env, buf_cstr(&name)))
		e = env->file_read(env->self, &w->bytes, buf_cstr(&name),
		    DB_WAL_BYTES_MAX, f);
	buf_release(&name);
	if (e == ERR_NOTFOUND) /* whether it is there could not be seen */
		e = OK;
	if (e == ERR_LIMIT) { /* longer than any of ours */
		buf_reset(&w->bytes);
		e = OK;
	}
	if (e != OK || w->bytes.n < HEADER + FRAME)
		return e;
	w->frames = (w->bytes.n - HEADER) / FRAME;
	h = w->bytes.p;
	w->big = get32(h) == (MAGIC | 1);
	add_sum(w, h, 24);
	w->head_fits = (get32(h) | 1) == (MAGIC | 1) &&
	    get32(h + 24) == w->sum[0] && get32(h + 28) == w->sum[1] &&
	    get32(h + 8) == PAGE;
	/* a frame knows them, too */
	memcpy(w->salt, w->head_fits ? h + 16 : frame_at(w, 0) + 8, SALT);
	return OK;
}

/* How many frames SQLite would take. */
static size_t
good_frames(struct wal *w)
{
	size_t i = 0;

	if (!w->head_fits)
		return 0;
	for (; i < w->frames; i++) {
		const uint8_t *frame = frame_at(w, i);

		add_frame(w, frame);
		if (!is_of_this_log(w, frame) || get32(frame) == 0 ||
		    get32(frame + 16) != w->sum[0] ||
		    get32(frame + 20) != w->sum[1])
			break;
	}
	return i;
}

/* Does frame i go on from the sum that the one before it, or the header, says? */
static bool
sums_up(const struct wal *w, size_t i, bool big)
{
	const uint8_t *frame = frame_at(w, i);
	const uint8_t *before =
	    i > 0 ? frame_at(w, i - 1) + 16 : w->bytes.p + 24;
	struct wal from = { .big = big };

	from.sum[0] = get32(before);
	from.sum[1] = get32(before + 4);
	add_frame(&from, frame);
	return is_of_this_log(w, frame) && get32(frame + 16) == from.sum[0] &&
	    get32(frame + 20) == from.sum[1];
}

/* The header, which tells the order of bytes, may be what is damaged. */
static bool
goes_on(const struct wal *w, size_t i)
{
	return sums_up(w, i, false) || sums_up(w, i, true);
}

/* Page and size of the database as a commit may say them; noise hardly does. */
static bool
is_plausible(const uint8_t *frame)
{
	return get32(frame) > 0 && get32(frame) <= get32(frame + 4) &&
	    get32(frame + 4) <= PAGES_MAX;
}

/* A frame that was torn with the power, never synced, may show the salt of its
 * log beside noise: only one that a neighbour vouches for is what it says. */
static bool
is_whole_commit(const struct wal *w, size_t i)
{
	const uint8_t *frame = frame_at(w, i);

	if (!is_of_this_log(w, frame) || !is_commit(frame))
		return false;
	return goes_on(w, i) ||
	    (is_plausible(frame) && i + 1 < w->frames && goes_on(w, i + 1));
}

/* Commits behind the good ones that have something behind them. */
static uint64_t
forgotten(struct wal *w)
{
	uint64_t commits = 0, synced = 0;

	for (size_t i = good_frames(w); i < w->frames; i++) {
		if (!is_of_this_log(w, frame_at(w, i)))
			continue;
		synced = commits;
		commits += is_whole_commit(w, i);
	}
	return synced;
}

enum err
db_wal_check(const struct env *env, const char *path, struct fail *f)
{
	struct wal w;
	uint64_t lost = 0;
	enum err e = load(&w, env, path, f);

	if (e == OK && w.frames > 0)
		lost = forgotten(&w);
	buf_release(&w.bytes);
	if (e != OK || lost == 0)
		return e;
	return fail_set(f, ERR_CORRUPT,
	    "the file of the last saves, %.100s-wal, is damaged: %llu saves "
	    "are behind the damage; nothing was changed; run footbridge "
	    "repair: it keeps this file and takes over all that can be read",
	    path, (unsigned long long)lost);
}

/* ---- mending ------------------------------------------------------------------- */

static void
mend_head(struct wal *w)
{
	uint8_t *h = w->bytes.p;

	if (!w->head_fits) {
		w->big = false;
		put32(h, MAGIC);
		put32(h + 4, VERSION);
		put32(h + 8, PAGE);
		memcpy(h + 16, w->salt, SALT);
	}
	w->sum[0] = w->sum[1] = 0;
	add_sum(w, h, 24);
	put32(h + 24, w->sum[0]);
	put32(h + 28, w->sum[1]);
}

static void
mend_frames(struct wal *w)
{
	size_t end = w->frames;

	while (end > 0 && !is_of_this_log(w, frame_at(w, end - 1)))
		end--;
	for (size_t i = 0; i < end; i++) {
		uint8_t *frame = frame_at(w, i);

		memcpy(frame + 8, w->salt, SALT);
		/* where it belongs is lost: to a page that nobody asks for */
		if (get32(frame) == 0)
			put32(frame, 2);
		add_frame(w, frame);
		put32(frame + 16, w->sum[0]);
		put32(frame + 20, w->sum[1]);
	}
	w->bytes.n = HEADER + end * FRAME;
}

enum err
db_wal_mend(const struct env *env, const char *from, const char *to,
    struct fail *f)
{
	struct buf name = { 0 };
	struct wal w;
	enum err e = load(&w, env, from, f);

	buf_printf(&name, "%s-wal", to);
	if (e == OK && name.err != OK)
		e = fail_code(f, name.err);
	if (e == OK && w.frames > 0) {
		mend_head(&w);
		mend_frames(&w);
		e = env->file_write(env->self, buf_cstr(&name), w.bytes.p,
		    w.bytes.n, f);
	}
	buf_release(&name);
	buf_release(&w.bytes);
	return e;
}
