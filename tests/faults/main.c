/*
 * Faults and crashes over every scenario (README.md, "Faults and crashes").
 *
 *   TEST_FAULTS=211      of every so many points one is tried, 1: all
 *   TEST_FAULTS_FROM=0   which of them
 *   TEST_FAULTS_ONLY=put,crash   this scenario, this class
 *   TEST_FAULTS_SEEDS=2  of each damage that throws coins
 *   TEST_FAULTS_NEST=37  of so many recoveries one is itself cut off; 1: all
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/alloc.h"
#include "tests/faults/try.h"

enum class { CRASH, DISK, MEMORY, CLASSES };
static const char *const class_names[] = { "crash", "disk", "memory" };

static struct share share;
static struct counts *total; /* CLASSES; children count too */

struct test {
	const struct scenario *is;
	enum class class;
};

static unsigned
setting(const char *name, unsigned otherwise)
{
	const char *text = getenv(name);
	unsigned long n = text != NULL ? strtoul(text, NULL, 10) : 0;

	return n > 0 && n < 1000000 ? (unsigned)n : otherwise;
}

static void
one_test(void **state)
{
	const struct test *t = *state;
	struct counts *c = &total[t->class];

	switch (t->class) {
	case CRASH:
		try_crashes(c, t->is, &share);
		break;
	case DISK:
		for (int fault = DISK_EIO; fault <= DISK_SHORT; fault++) {
			try_disk(c, t->is, &share, (enum disk_fault)fault,
			    false);
			try_disk(c, t->is, &share, (enum disk_fault)fault,
			    true);
		}
		break;
	case MEMORY:
		try_memory(c, t->is, &share, false);
		try_memory(c, t->is, &share, true);
		break;
	case CLASSES:
		break;
	}
}

static void
say(void)
{
	for (int k = 0; k < CLASSES; k++) {
		const struct counts *c = &total[k];

		if (c->points == 0)
			continue;
		print_message("# %s: %llu points, %llu runs, %llu faults, %llu"
			      " steps failed, %llu commits unknown, %llu made"
			      " anew, %llu crashes of a recovery; %llu left a"
			      " disk that was tried before\n",
		    class_names[k], (unsigned long long)c->points,
		    (unsigned long long)c->runs, (unsigned long long)c->fired,
		    (unsigned long long)c->failed_steps,
		    (unsigned long long)c->unknown,
		    (unsigned long long)c->resumed,
		    (unsigned long long)c->nested,
		    (unsigned long long)c->alike);
	}
}

static bool
is_wanted(const struct test *t)
{
	const char *only = getenv("TEST_FAULTS_ONLY");
	const char *comma = only != NULL ? strchr(only, ',') : NULL;
	size_t n = comma != NULL ? (size_t)(comma - only)
	    : only != NULL       ? strlen(only)
				 : 0;

	if (n > 0 &&
	    (strlen(t->is->name) != n || strncmp(only, t->is->name, n) != 0))
		return false;
	return comma == NULL || strcmp(comma + 1, class_names[t->class]) == 0;
}

int
main(void)
{
	static struct test tests[64 * CLASSES];
	static struct CMUnitTest list[64 * CLASSES];
	static char names[64 * CLASSES][64];
	size_t n = 0;
	int failed;

	alloc_install();
	total = try_shared(CLASSES * sizeof(*total));
	share = (struct share){ .every = setting("TEST_FAULTS", 211),
		.from = setting("TEST_FAULTS_FROM", 0),
		.seeds = setting("TEST_FAULTS_SEEDS", 1),
		.nest = setting("TEST_FAULTS_NEST", 37) };
	for (size_t i = 0; i < scenario_count * CLASSES; i++) {
		tests[n] = (struct test){ &scenarios[i / CLASSES],
			(enum class)(i % CLASSES) };
		if (!is_wanted(&tests[n]))
			continue;
		(void)snprintf(names[n], sizeof(names[n]), "%s_survives_%s",
		    tests[n].is->name, class_names[tests[n].class]);
		list[n] = (struct CMUnitTest){ .name = names[n],
			.test_func = one_test,
			.teardown_func = try_end_child,
			.initial_state = &tests[n] };
		n++;
	}
	failed = _cmocka_run_group_tests("faults", list, n, NULL, NULL);
	say();
	return failed;
}
