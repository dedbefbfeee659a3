/*
 * A fault in a child of its own: what led to it was done once, by the parent, and
 * what goes wrong after it ends that child alone.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/faults/try.h"

/* So many are said; then there is no point in going on. */
#define WRONG_MAX 20

char try_place[256];
bool try_in_child;

void
try_wrong(const char *words)
{
	if (!try_in_child)
		fail_msg("%s: %s", try_place, words);
	(void)fprintf(stderr, "# %s: %s\n", try_place, words);
	_exit(1);
}

int
try_end_child(void **state)
{
	(void)state;
	if (!try_in_child)
		return 0;
	(void)fprintf(stderr, "# %s: an assertion of the step\n", try_place);
	_exit(1);
}

static void
own_signals(void)
{
	const int of[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };

	for (size_t i = 0; i < COUNT_OF(of); i++)
		(void)signal(of[i], SIG_DFL);
}

bool
try_split(struct counts *c, const char *place, uint64_t nth)
{
	size_t end = strlen(try_place);
	int status = 0;
	pid_t child;

	if (c->wrong >= WRONG_MAX)
		return false;
	c->points++;
	(void)snprintf(try_place + end, sizeof(try_place) - end, place,
	    (unsigned long long)nth);
	(void)fflush(NULL);
	child = fork();
	if (child == 0) {
		try_in_child = true;
		own_signals();
		return true;
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		abort();
	if (status != 0)
		c->wrong++;
	if (WIFSIGNALED(status))
		(void)fprintf(stderr, "# %s: ended by signal %d\n", try_place,
		    WTERMSIG(status));
	try_place[end] = '\0';
	return false;
}
