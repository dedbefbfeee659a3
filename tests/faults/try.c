#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/faults/try.h"

static void
read_lines(struct lines *out, struct scene *s)
{
	struct fail f = { 0 };

	if (!lines_read(out, s->r, &f))
		WRONG("the replica cannot be read: %s", f.text);
}

/* Whether there is something to read: not before it is made, not once closed. */
static void
mark_lines(struct lines *out, struct scene *s, const struct lines *last)
{
	if (s->r != NULL)
		read_lines(out, s);
	else if (last != NULL)
		lines_copy(out, last);
}

void
try_reference(struct scene *s, struct mark mark[SCENE_STEPS + 1])
{
	size_t n = scene_steps(s->is);
	struct fail f = { 0 };

	scene_reset(s);
	disk_record(s->env->disk);
	/* mark 0 is before the first step */
	if (!s->is->fresh && scene_open(s, &f) != OK)
		WRONG("it does not open: %s", f.text);
	mark_lines(&mark[0].lines, s, &s->before);
	mark[0].at = disk_recorded(s->env->disk);
	for (size_t k = 0; k < n; k++) {
		if (scene_step(s, k, &f) != OK)
			WRONG("\"%s\" fails by itself: %s",
			    s->is->steps[k].words, f.text);
		mark[k + 1].at = disk_recorded(s->env->disk);
		mark_lines(&mark[k + 1].lines, s, &mark[k].lines);
	}
	scene_close(s);
}

void
try_forget(struct mark mark[SCENE_STEPS + 1])
{
	for (size_t k = 0; k <= SCENE_STEPS; k++)
		lines_free(&mark[k].lines);
}

static void
check_whole(struct scene *s)
{
	struct fail f = { 0 };
	int64_t checked;

	if (db_integrity(replica_db(s->r), &f) != OK ||
	    log_verify(s->r, true, &checked, &f) != OK)
		WRONG("it is not whole: %s", f.text);
}

void
try_check(struct scene *s, const struct mark mark[SCENE_STEPS + 1], int done,
    uint64_t at)
{
	const struct lines *was = &mark[done + 1].lines, *next = was;
	const struct step *step = &s->is->steps[done + 1];
	struct lines now = { 0 }, sent = { 0 };
	struct fail f = { 0 };

	if (done + 1 < SCENE_STEPS && step->act != NULL)
		next = &mark[done + 2].lines;
	check_whole(s);
	if (!lines_log(&sent, s->r, &f))
		WRONG("its log cannot be read: %s", f.text);
	read_lines(&now, s);
	for (size_t i = 0; i < s->left_count; i++) {
		if (s->left[i].at <= at &&
		    !lines_kept(&s->left[i].lines, NULL, &sent))
			WRONG("a segment that had left is not in the log");
	}
	if (!s->is->cuts && !lines_kept(&s->before_log, NULL, &sent))
		WRONG("a segment that was there before is not in the log");
	/* what is made anew is another one */
	if (was->n > 0 && next->n > 0 && s->is->resume == NULL) {
		if (!lines_kept(was, next, &now))
			WRONG("something that was saved is lost, of %s",
			    lines_odd());
		if (!(next != was && step->many) &&
		    !lines_within(&now, was, next))
			WRONG("something is there that nobody wrote, in %s",
			    lines_odd());
		if (next != was && !step->many && !lines_equal(&now, was) &&
		    !lines_equal(&now, next))
			WRONG("\"%s\" was done by half", step->words);
	}
	lines_free(&now);
	lines_free(&sent);
}

void
try_go_on(struct scene *s, size_t k)
{
	size_t n = scene_steps(s->is);
	struct fail f = { 0 };

	for (; k < n; k++) {
		enum err e = s->is->fresh && k == 0 && s->r != NULL
		    ? OK
		    : scene_step(s, k, &f);

		if ((e == ERR_EXISTS || e == ERR_NOTFOUND) &&
		    s->is->steps[k].once)
			e = OK;
		if (e != OK)
			WRONG("\"%s\" done again fails: %s",
			    s->is->steps[k].words, f.text);
	}
	if (s->r != NULL)
		check_whole(s);
	scene_close(s);
}

void
try_recover(struct scene *s, struct counts *c)
{
	struct fail f = { 0 }, first = { 0 };
	enum err e = scene_open(s, &f);

	if (e != OK && s->is->resume != NULL) {
		first = f;
		c->resumed++;
		e = s->is->resume(s, &f);
		/* a restored file is opened afterwards */
		if (e == OK && s->r == NULL)
			e = scene_open(s, &f);
	}
	if (e != OK)
		WRONG("it does not open again: %s: %s (%s)", err_name(e),
		    f.text, first.text);
	if (replica_opened_as(s->r) != LIFE_NONE && !s->is->fresh)
		WRONG("it takes itself for a copy: %s",
		    life_words(replica_opened_as(s->r)));
}
