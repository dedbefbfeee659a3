/*
 * Each operation fails, once, or that one and all after it. The steps run once;
 * at each operation a child is made in which it fails (try_split.c), and which
 * then recovers, unless that disk has been recovered from before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/alloc.h"
#include "tests/faults/try.h"

struct faulting {
	struct scene s;
	struct mark mark[SCENE_STEPS + 1];
	struct counts *c;
	const struct share *share;
	bool memory, for_ever;
	enum disk_fault fault;
};

static const char *const fault_names[] = { "EIO", "ENOSPC", "EROFS",
	"short write" };

/* Asked at every point: the child that fails it goes on from here. */
static bool
ask(void *self, uint64_t nth)
{
	struct faulting *x = self;

	if (nth % x->share->every != x->share->from % x->share->every)
		return false;
	return try_split(x->c, x->for_ever ? " at %llu and after" : " at %llu",
	    nth);
}

static void
arm(struct faulting *x)
{
	const struct disk_plan plan = {
		.acts = (1u << DISK_ACTS) - 1,
		.fault = x->fault,
		.nth = UINT64_MAX,
		.for_ever = x->for_ever,
		.ask = ask,
		.self = x,
	};

	if (x->memory)
		alloc_ask(ask, x, x->for_ever);
	else
		disk_fail(x->s.env->disk, &plan);
}

static uint64_t
disarm(struct faulting *x)
{
	uint64_t fired = x->memory ? alloc_fired() : disk_fired(x->s.env->disk);

	alloc_mend();
	disk_fail(x->s.env->disk, NULL);
	return fired;
}

static void
check_said(const struct faulting *x, size_t k, enum err e, const struct fail *f)
{
	const char *words = x->s.is->steps[k].words;

	if (f->code != e || strlen(f->text) < 8)
		WRONG("\"%s\" fails with %s and says \"%s\" (%s)", words,
		    err_name(e), f->text, err_name(f->code));
	/* busy: a log that could not be closed (db_shut) */
	if (e != ERR_IO && e != ERR_BUSY && !(x->memory && e == ERR_NOMEM) &&
	    !(!x->memory && x->fault == DISK_ROFS && e == ERR_DENIED))
		WRONG("\"%s\" fails with %s: %s", words, err_name(e), f->text);
}

/* Run the steps until one fails; how many were answered OK. */
static size_t
run(struct faulting *x)
{
	size_t n = scene_steps(x->s.is), k = 0;
	struct fail f = { 0 };
	enum err e = OK;

	scene_reset(&x->s);
	x->s.left_frozen = false;
	if (!x->s.is->fresh && scene_open(&x->s, &f) != OK)
		WRONG("it does not open: %s", f.text);
	arm(x);
	for (; k < n && e == OK; k++)
		e = scene_step(&x->s, k, &f);
	if (e == OK)
		return n;
	x->c->failed_steps++;
	check_said(x, k - 1, e, &f);
	return k - 1;
}

/* Once through all steps, and in every child from its fault to the end. */
static void
run_all(struct faulting *x)
{
	size_t done = run(x);

	if (x->s.r != NULL && db_poisoned(replica_db(x->s.r)))
		x->c->unknown++;
	/* closing is under the fault too, where it lasts */
	scene_close(&x->s);
	x->c->fired += disarm(x);
	x->c->runs++;
	if (try_seen(x->s.env->disk, (int)done, x->s.left_count, false)) {
		x->c->alike++;
		return;
	}
	try_recover(&x->s, x->c);
	x->s.left_frozen = true;
	try_check(&x->s, x->mark, (int)done - 1, UINT64_MAX);
	try_go_on(&x->s, done);
}

static void
try_faults(struct faulting *x, const struct scenario *is, const char *what)
{
	(void)snprintf(try_place, sizeof(try_place), "%s", is->name);
	scene_start(&x->s, is);
	try_reference(&x->s, x->mark);
	disk_free(disk_take_record(x->s.env->disk));
	(void)snprintf(try_place, sizeof(try_place), "%s, %s", is->name, what);
	try_seen_none();
	x->c->wrong = 0;
	run_all(x);
	if (try_in_child)
		_exit(0);
	try_forget(x->mark);
	scene_stop(&x->s);
	if (x->c->wrong > 0)
		WRONG("%llu points went wrong, as is said above",
		    (unsigned long long)x->c->wrong);
}

void
try_disk(struct counts *c, const struct scenario *is, const struct share *share,
    enum disk_fault fault, bool for_ever)
{
	static struct faulting x;

	memset(&x, 0, sizeof(x));
	x.c = c;
	x.share = share;
	x.fault = fault;
	x.for_ever = for_ever;
	try_faults(&x, is, fault_names[fault]);
}

void
try_memory(struct counts *c, const struct scenario *is,
    const struct share *share, bool for_ever)
{
	static struct faulting x;

	memset(&x, 0, sizeof(x));
	x.c = c;
	x.share = share;
	x.memory = true;
	x.for_ever = for_ever;
	try_faults(&x, is, "no memory");
}
