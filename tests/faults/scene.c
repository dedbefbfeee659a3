/*
 * The cast is that of pair.h. Before the first step North has three people:
 * one shared with the clinic and carried on the laptop, one of its own, one not
 * sealed yet; everybody has exchanged with the hub.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/alloc.h"
#include "tests/faults/scene.h"

#define SEED 11

static void
prepare_people(struct scene *s)
{
	struct pair *p = &s->p;

	pair_insert(p, PAIR_NORTH, "person", &s->person[0], NULL, "hearing",
	    "Sample One");
	pair_insert(p, PAIR_NORTH, "person", &s->person[1], NULL, "hearing",
	    "Sample Two");
	pair_share(p, PAIR_NORTH, &s->person[0], PAIR_CLINIC, GRANT_WRITE,
	    false);
	pair_carry(p, &s->person[0]);
	(void)pair_seal(p, PAIR_NORTH);
	pair_exchange(p, PAIR_NORTH, PAIR_HUB);
	for (int i = 0; i < 2; i++) {
		pair_exchange(p, PAIR_CLINIC, PAIR_HUB);
		pair_exchange(p, PAIR_LAPTOP, PAIR_HUB);
		pair_exchange(p, PAIR_NORTH, PAIR_HUB);
	}
	pair_insert(p, PAIR_CLINIC, "tag", &s->row, &s->person[0], "word",
	    "from the clinic");
	pair_insert(p, PAIR_NORTH, "person", &s->person[2], NULL, "hearing",
	    "Sample Three");
}

size_t
scene_steps(const struct scenario *is)
{
	size_t n = 0;

	while (n < SCENE_STEPS && is->steps[n].act != NULL)
		n++;
	return n;
}

void
scene_start(struct scene *s, const struct scenario *is)
{
	alloc_mend(); /* a test before may have ended in the middle */
	memset(s, 0, sizeof(*s));
	s->is = is;
	pair_start_on_disk(&s->p, SEED, is->versions != 0 ? is->versions : 2,
	    1u << is->who);
	s->env = s->p.env[is->who];
	s->options = s->p.options[is->who];
	s->dir = PAIR_DIR;
	prepare_people(s);
	if (is->prepare != NULL)
		is->prepare(s);
	if (s->other == NULL && s->before.n == 0)
		scene_note_before(s, s->p.r[is->who]);
	replica_close(s->p.r[is->who]);
	s->p.r[is->who] = NULL;
	if (s->other != NULL) {
		s->env = s->other;
		s->options.env = &s->other->env;
	}
	replica_close(s->r);
	s->r = NULL;
	s->options.keys = &s->keys;
	s->base = disk_copy(s->env->disk);
	s->start = *s->env;
}

void
scene_stop(struct scene *s)
{
	scene_close(s);
	pair_stop(&s->p);
	env_test_free(s->other);
	disk_free(s->base);
	for (size_t i = 0; i < COUNT_OF(s->in); i++)
		buf_release(&s->in[i]);
	for (size_t i = 0; i < COUNT_OF(s->left); i++)
		lines_free(&s->left[i].lines);
	lines_free(&s->before);
	lines_free(&s->before_log);
	memset(s, 0, sizeof(*s));
}

void
scene_rewind(struct scene *s)
{
	*s->env = s->start;
}

void
scene_reset(struct scene *s)
{
	assert(s->r == NULL);
	disk_crash(s->env->disk, DISK_KEPT, 0); /* faults off */
	disk_restore(s->env->disk, s->base);
	scene_rewind(s);
	s->left_count = 0;
}

enum err
scene_open(struct scene *s, struct fail *f)
{
	enum err e =
	    slot_open(&s->keys, NULL, &s->env->env, s->dir, &pair_secret, f);

	return e == OK ? replica_open(&s->r, s->dir, &s->options, f) : e;
}

void
scene_close(struct scene *s)
{
	replica_close(s->r);
	s->r = NULL;
}

enum err
scene_step(struct scene *s, size_t k, struct fail *f)
{
	if (s->r == NULL && !(s->is->fresh && k == 0)) {
		enum err e = scene_open(s, f);

		if (e != OK)
			return e;
	}
	return s->is->steps[k].act(s, f);
}

void
scene_note_before(struct scene *s, struct replica *r)
{
	struct fail f = { 0 };

	if (!lines_read(&s->before, r, &f) || !lines_log(&s->before_log, r, &f))
		fail_msg("what is there cannot be read: %s", f.text);
}

void
scene_leaves(struct scene *s)
{
	struct left *left = &s->left[s->left_count];

	/* done again after a crash: the record is of the first time */
	if (s->left_frozen)
		return;
	assert(s->left_count < COUNT_OF(s->left));
	if (lines_log(&left->lines, s->r, NULL)) {
		left->at = disk_recorded(s->env->disk);
		s->left_count++;
	}
}

struct buf *
scene_input(struct scene *s)
{
	assert_true(s->inputs < SCENE_INPUTS);
	return &s->in[s->inputs++];
}
