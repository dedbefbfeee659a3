/*
 * The n-th operation fails, n = 0, 1, 2... until none does: once, or that one
 * and all after it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/alloc.h"
#include "tests/faults/try.h"

struct faulting {
	struct scene s;
	struct mark mark[SCENE_STEPS + 1];
	struct counts *c;
	bool memory, for_ever;
	enum disk_fault fault;
};

static const char *const fault_names[] = { "EIO", "ENOSPC", "EROFS",
	"short write" };

static void
arm(struct faulting *x, uint64_t nth)
{
	const struct disk_plan plan = {
		.acts = (1u << DISK_ACTS) - 1,
		.fault = x->fault,
		.nth = nth,
		.for_ever = x->for_ever,
	};

	if (x->memory)
		alloc_fail(nth, x->for_ever);
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
run(struct faulting *x, uint64_t nth)
{
	size_t n = scene_steps(x->s.is), k = 0;
	struct fail f = { 0 };
	enum err e = OK;

	scene_reset(&x->s);
	x->s.left_frozen = false;
	if (!x->s.is->fresh && scene_open(&x->s, &f) != OK)
		WRONG("it does not open: %s", f.text);
	arm(x, nth);
	for (; k < n && e == OK; k++)
		e = scene_step(&x->s, k, &f);
	if (e == OK)
		return n;
	x->c->failed_steps++;
	check_said(x, k - 1, e, &f);
	return k - 1;
}

/* One fault: false when it did not come to it any more. */
static bool
fault_once(struct faulting *x, uint64_t nth)
{
	size_t done = run(x, nth);
	uint64_t fired;

	if (x->s.r != NULL && db_poisoned(replica_db(x->s.r)))
		x->c->unknown++;
	/* closing is under the fault too, where it lasts */
	scene_close(&x->s);
	fired = disarm(x);
	x->c->fired += fired;
	x->c->runs++;
	try_recover(&x->s, x->c);
	x->s.left_frozen = true;
	try_check(&x->s, x->mark, (int)done - 1, UINT64_MAX);
	try_go_on(&x->s, done);
	return fired > 0;
}

static void
try_faults(struct faulting *x, const struct scenario *is,
    const struct share *share, const char *what)
{
	uint64_t nth = share->from % share->every;

	(void)snprintf(try_place, sizeof(try_place), "%s", is->name);
	scene_start(&x->s, is);
	try_reference(&x->s, x->mark);
	disk_free(disk_take_record(x->s.env->disk));
	do {
		(void)snprintf(try_place, sizeof(try_place), "%s, %s at %llu%s",
		    is->name, what, (unsigned long long)nth,
		    x->for_ever ? " and after" : "");
		x->c->points++;
		nth += share->every;
	} while (fault_once(x, nth - share->every));
	try_forget(x->mark);
	scene_stop(&x->s);
}

void
try_disk(struct counts *c, const struct scenario *is, const struct share *share,
    enum disk_fault fault, bool for_ever)
{
	static struct faulting x;

	memset(&x, 0, sizeof(x));
	x.c = c;
	x.fault = fault;
	x.for_ever = for_ever;
	try_faults(&x, is, share, fault_names[fault]);
}

void
try_memory(struct counts *c, const struct scenario *is,
    const struct share *share, bool for_ever)
{
	static struct faulting x;

	memset(&x, 0, sizeof(x));
	x.c = c;
	x.memory = true;
	x.for_ever = for_ever;
	try_faults(&x, is, share, "no memory");
}
