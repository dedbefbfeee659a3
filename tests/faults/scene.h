/*
 * What faults and crashes are tried on: a machine whose replica is about to do
 * something, as a disk image and a list of steps, each answered OK or an error.
 *
 * The machine is started from its image as often as wanted, with the same clock
 * and randomness, so the same step meets the same operations each time. What a
 * replica holds is compared as lines: one hash a row, of every table.
 */
#ifndef FOOTBRIDGE_TESTS_FAULTS_SCENE_H
#define FOOTBRIDGE_TESTS_FAULTS_SCENE_H

#include "tests/support/pair.h"

#define SCENE_STEPS 8
#define SCENE_INPUTS 24
#define SCENE_LEFT 8

struct lines {
	uint64_t *at; /* owned, ascending */
	size_t n, room;
};

struct scene;

struct step {
	const char *words;
	enum err (*act)(struct scene *s, struct fail *f);
	/* several transactions: a crash may leave a part of them */
	bool many;
	/* done again it may answer that it is done already, or that there is
	 * nothing left to do it to */
	bool once;
};

struct scenario {
	const char *name;
	void (*prepare)(struct scene *s);
	struct step steps[SCENE_STEPS];
	/* where a replica is only being made: what a person does after a crash
	 * instead of opening it. NULL: opening */
	enum err (*resume)(struct scene *s, struct fail *f);
	enum pair_who who; /* the machine */
	size_t versions;   /* of the schema, at first; 0: 2 */
	bool fresh; /* the first step makes or opens the replica itself */
	bool cuts;  /* what was sealed may become stubs: shred, compact */
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

struct scene {
	const struct scenario *is;
	struct pair p;
	struct env_test *env;   /* p.env[is->who], or another one */
	struct env_test *other; /* owned: a machine that is none of p's */
	struct disk *base;      /* owned: before the first step */
	struct env_test start;  /* clocks and randomness then */
	struct replica_options options;
	struct slot_keys keys;
	const char *dir;
	struct replica *r;
	/* for the steps */
	struct buf in[SCENE_INPUTS];
	size_t inputs;
	struct row_id person[4], row;
	/* what it held before the first step, and of that the log; empty where
	 * there was none */
	struct lines before, before_log;
	/* what others may have seen: never to be lost */
	struct left {
		struct lines lines;
		uint64_t at; /* changes of the disk recorded then */
	} left[SCENE_LEFT];
	size_t left_count;
	bool left_frozen; /* no more is noted */
	unsigned parts;
};

void scene_start(struct scene *s, const struct scenario *is);
void scene_stop(struct scene *s);
/* Back to the image before the first step, nothing open. */
void scene_reset(struct scene *s);
/* The same clock and randomness as at the first step, the disk as it is. */
void scene_rewind(struct scene *s);
enum err scene_open(struct scene *s, struct fail *f);
void scene_close(struct scene *s);
size_t scene_steps(const struct scenario *is);
/* Step k; opens the replica before, where that is not what it does. */
enum err scene_step(struct scene *s, size_t k, struct fail *f);
/* The next of s->in, empty. */
struct buf *scene_input(struct scene *s);
/* The replica is about to be left as the first step finds it. */
void scene_note_before(struct scene *s, struct replica *r);
/* Bytes leave this machine: what it holds of the log must stay. */
void scene_leaves(struct scene *s);

/* Everything the replica holds; false when it cannot be read. */
bool lines_read(struct lines *out, struct replica *r, struct fail *f);
/* The log's rows alone. */
bool lines_log(struct lines *out, struct replica *r, struct fail *f);
void lines_copy(struct lines *to, const struct lines *from);
void lines_free(struct lines *l);
bool lines_equal(const struct lines *a, const struct lines *b);
/* Is each of a in b or c (NULL: none)? */
bool lines_within(const struct lines *a, const struct lines *b,
    const struct lines *c);
/* Is what both a and b have in c? b NULL: what a has. */
bool lines_kept(const struct lines *a, const struct lines *b,
    const struct lines *c);
/* The table of the line for which one of the last two was false. */
const char *lines_odd(void);

#endif
