/*
 * The power goes off after each change of the disk, with each damage. The steps
 * run once; the disk of each moment is made again from the record of changes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/faults/try.h"

struct crashing {
	struct scene s;
	struct mark mark[SCENE_STEPS + 1];
	struct counts *c;
	unsigned nest;
	size_t at, tried;
};

/* The last step that had answered OK when the power went off; -1: none. */
static int
answered(const struct crashing *x)
{
	int done = -1;

	for (size_t k = 0; k < scene_steps(x->s.is); k++) {
		if (x->mark[k + 1].at <= x->at)
			done = (int)k;
	}
	return done;
}

/* What had left when the power went off. */
static size_t
left(const struct crashing *x)
{
	size_t n = 0;

	for (size_t i = 0; i < x->s.left_count; i++)
		n += x->s.left[i].at <= x->at;
	return n;
}

/* Was the same tried before? */
static bool
is_known(struct crashing *x, const struct disk *image, bool again)
{
	bool known = try_seen(image, answered(x), left(x), again);

	x->c->alike += known;
	return known;
}

static void
put_disk(struct crashing *x, const struct disk *image)
{
	disk_restore(x->s.env->disk, image);
	scene_rewind(&x->s);
}

static void
check(struct crashing *x)
{
	int done = answered(x);

	try_recover(&x->s, x->c);
	try_check(&x->s, x->mark, done, x->at);
}

/* The power fails again while the replica is opened. */
static void
crash_again(struct crashing *x, const struct disk *image)
{
	struct disk *copy = disk_copy(image), *record;
	size_t end = strlen(try_place);

	put_disk(x, image);
	disk_record(x->s.env->disk);
	try_recover(&x->s, x->c);
	scene_close(&x->s);
	record = disk_take_record(x->s.env->disk);
	for (size_t i = 0; i < disk_recorded(record); i++) {
		struct disk *torn;

		disk_step(copy, record, i);
		torn = disk_copy(copy);
		(void)snprintf(try_place + end, sizeof(try_place) - end,
		    ", again after change %zu of the recovery, %s", i,
		    disk_damage_name((enum disk_damage)(1 + i % 4)));
		disk_crash(torn, (enum disk_damage)(1 + i % 4), i);
		x->c->nested++;
		if (!is_known(x, torn, true)) {
			put_disk(x, torn);
			check(x);
			scene_close(&x->s);
		}
		disk_free(torn);
	}
	disk_free(record);
	disk_free(copy);
}

static void
crash_once(struct crashing *x, const struct disk *moment,
    enum disk_damage damage, uint64_t seed)
{
	struct disk *image = disk_copy(moment);

	(void)snprintf(try_place, sizeof(try_place),
	    "%s, power off after change %zu, %s, seed %llu", x->s.is->name,
	    x->at, disk_damage_name(damage), (unsigned long long)seed);
	disk_crash(image, damage, seed);
	x->c->runs++;
	if (!is_known(x, image, false)) {
		put_disk(x, image);
		check(x);
		/* not what was answered: the first that was not */
		try_go_on(&x->s, (size_t)answered(x) + 1);
		if (++x->tried % x->nest == 0)
			crash_again(x, image);
	}
	disk_free(image);
}

static void
crash_here(struct crashing *x, const struct disk *moment, unsigned seeds)
{
	x->c->points++;
	crash_once(x, moment, DISK_KEPT, 0);
	if (!disk_is_dirty(moment))
		return;
	crash_once(x, moment, DISK_DROPPED, 0);
	for (unsigned i = 0; i < seeds; i++) {
		for (int k = DISK_CUT; k < DISK_DAMAGES; k++)
			crash_once(x, moment, (enum disk_damage)k,
			    x->at * 1000 + i);
	}
}

void
try_crashes(struct counts *c, const struct scenario *is,
    const struct share *share)
{
	static struct crashing x;
	struct disk *moment, *record;
	size_t n;

	memset(&x, 0, sizeof(x));
	x.c = c;
	x.nest = share->nest;
	try_seen_none();
	(void)snprintf(try_place, sizeof(try_place), "%s", is->name);
	scene_start(&x.s, is);
	try_reference(&x.s, x.mark);
	x.s.left_frozen = true;
	record = disk_take_record(x.s.env->disk);
	n = disk_recorded(record);
	moment = disk_copy(x.s.base);
	for (x.at = 0; x.at <= n; x.at++) {
		if (x.at % share->every == share->from % share->every)
			crash_here(&x, moment, share->seeds);
		if (x.at < n)
			disk_step(moment, record, x.at);
	}
	disk_free(moment);
	disk_free(record);
	try_forget(x.mark);
	scene_stop(&x.s);
}
