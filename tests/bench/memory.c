/*
 * The program itself: resident memory of `serve` with 20,000 people, idle and
 * while a peer sends it 100,000 rows, and how long `status` takes.
 *
 * Replicas are made by the library, everything measured runs in the real
 * program: two nodes of one agency, HTTPS between them over loopback.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/bench.h"

#define PEOPLE 20000
#define ROWS 100000
#define STATUS_RUNS 11
#define ARGS_MAX 12

static char program[300];

/* Run the program on a replica; *out, if wanted, is its standard output. */
static pid_t
start(const struct bench_node *n, const char *const *args, FILE **out)
{
	char key[300];
	const char *argv[ARGS_MAX + 6] = { program, "--dir", n->dir,
		"--passphrase-file", key };
	int fd[2];
	pid_t pid;

	(void)snprintf(key, sizeof(key), "%s/" BENCH_KEYFILE, n->dir);
	for (size_t i = 0; i < ARGS_MAX && args[i] != NULL; i++)
		argv[5 + i] = args[i];
	if (pipe(fd) != 0)
		abort();
	pid = fork();
	if (pid == 0) {
		if (out == NULL)
			fd[1] = open("/dev/null", O_WRONLY);
		(void)dup2(fd[1], STDOUT_FILENO);
		(void)close(fd[0]);
		(void)execv(program, (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	(void)close(fd[1]);
	if (out != NULL)
		*out = fdopen(fd[0], "r");
	else
		(void)close(fd[0]);
	return pid;
}

static void
finish(pid_t pid, const char *what)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || status != 0) {
		(void)fprintf(stderr, "footbridge %s failed\n", what);
		abort();
	}
}

static double
timed(const struct bench_node *n, const char *const *args)
{
	double begun = bench_now();

	finish(start(n, args, NULL), args[0]);
	return bench_now() - begun;
}

struct server {
	pid_t pid;
	FILE *out;
	char address[100];
};

static void
serve(struct server *s, const struct bench_node *n)
{
	static const char *const args[] = { "serve", "--listen", "127.0.0.1:0",
		NULL };
	char line[600];
	char *at;

	s->pid = start(n, args, &s->out);
	if (s->out == NULL || fgets(line, sizeof(line), s->out) == NULL ||
	    (at = strstr(line, "reach it at ")) == NULL ||
	    sscanf(at, "reach it at %99s", s->address) != 1)
		abort();
}

static void
stop(struct server *s)
{
	(void)kill(s->pid, SIGTERM);
	finish(s->pid, "serve");
	(void)fclose(s->out);
}

/* "VmRSS" or "VmHWM" (the highest so far), in MB */
static double
memory_mb(pid_t pid, const char *which)
{
	char path[60], line[200];
	long kib = 0;
	FILE *p;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	p = fopen(path, "r");
	if (p == NULL)
		abort();
	while (fgets(line, sizeof(line), p) != NULL) {
		if (strncmp(line, which, strlen(which)) == 0)
			kib = strtol(line + strlen(which) + 1, NULL, 10);
	}
	(void)fclose(p);
	return (double)kib / 1024;
}

static void
sync_with(const struct bench_node *a, const struct server *s, double *seconds)
{
	const char *const add[] = { "peer", "add", "second", s->address, NULL };
	static const char *const sync[] = { "sync", "second", NULL };

	(void)timed(a, add);
	*seconds = timed(a, sync);
}

static double
status_ms(const struct bench_node *n, double *fastest)
{
	static const char *const status[] = { "status", NULL };
	double v[STATUS_RUNS];

	for (size_t i = 0; i < STATUS_RUNS; i++)
		v[i] = timed(n, status) * 1e3;
	(void)bench_median(v, STATUS_RUNS); /* sorts */
	*fastest = v[0];
	return v[STATUS_RUNS / 2];
}

static void
find_program(const char *self)
{
	const char *given = getenv("FOOTBRIDGE");
	const char *slash = strrchr(self, '/');

	if (given != NULL)
		(void)snprintf(program, sizeof(program), "%s", given);
	else
		(void)snprintf(program, sizeof(program), "%.*s/footbridge",
		    slash != NULL ? (int)(slash - self) : 1,
		    slash != NULL ? self : ".");
}

int
main(int argc, char **argv)
{
	double first, idle_sync, rows, idle, applying, after;
	double alone, alone_best, asked, asked_best;
	struct bench_node a, b;
	struct server s;

	find_program(argc > 0 ? argv[0] : "");
	bench_found(&a);
	bench_prepare(&a, 0);
	bench_people(&a, PEOPLE);
	bench_join(&b, &a);
	bench_close(&a);
	bench_close(&b);
	serve(&s, &b);
	sync_with(&a, &s, &first);
	stop(&s);
	alone = status_ms(&b, &alone_best);
	serve(&s, &b);
	sync_with(&a, &s, &idle_sync);
	idle = memory_mb(s.pid, "VmRSS");
	bench_open(&a);
	bench_fill(&a, 0, ROWS, PEOPLE);
	bench_close(&a);
	sync_with(&a, &s, &rows);
	applying = memory_mb(s.pid, "VmHWM");
	after = memory_mb(s.pid, "VmRSS");
	asked = status_ms(&b, &asked_best);
	printf("{\"people\": %d, \"rows\": %d,\n"
	       "  \"serve_idle_mb\": %.1f, \"reach_idle_mb\": 32,\n"
	       "  \"serve_applying_mb\": %.1f, \"reach_applying_mb\": 96,"
	       " \"serve_after_mb\": %.1f,\n"
	       "  \"status_ms\": %.1f, \"fastest_status_ms\": %.1f,"
	       " \"reach_status_ms\": 50,\n"
	       "  \"status_of_serve_ms\": %.1f,"
	       " \"fastest_status_of_serve_ms\": %.1f,\n"
	       "  \"first_sync_s\": %.2f, \"idle_sync_s\": %.3f,"
	       " \"rows_sync_s\": %.2f}\n",
	    PEOPLE, ROWS, idle, applying, after, alone, alone_best, asked,
	    asked_best, first, idle_sync, rows);
	stop(&s);
	bench_open(&a);
	bench_end(&a);
	bench_open(&b);
	bench_end(&b);
	return 0;
}
