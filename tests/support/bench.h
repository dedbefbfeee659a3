/*
 * What the benchmarks share: clocks, medians, a count of the syncs to disk, and
 * replicas of one agency filled with appointments.
 *
 * Replicas are the real thing, encrypted on the real disk with the real clock
 * and randomness, under $TMPDIR or /var/tmp. What goes wrong here aborts.
 */
#ifndef FOOTBRIDGE_TESTS_BENCH_H
#define FOOTBRIDGE_TESTS_BENCH_H

#include "sync/write.h"

#define BENCH_RUNS 5
#define BENCH_PEOPLE 2000
#define BENCH_FIELDS 12 /* of an appointment */

/* Calls of fsync and fdatasync by this process. */
extern unsigned long bench_syncs;

double bench_now(void); /* seconds */
double bench_median(double *v, size_t n);
/* Print what failed and abort, unless OK. */
void bench_must(enum err e, const struct fail *f, const char *what);

#define BENCH_KEYFILE "keyfile" /* in dir; opens the replica */

struct bench_node {
	char dir[200];
	struct replica *r;
	struct row_id staff, program, condition; /* what appointments name */
};

/* The founder of a network, a registrar. */
void bench_found(struct bench_node *n);
/* Another registrar of the same agency, each knowing the other. */
void bench_join(struct bench_node *n, struct bench_node *founder);
/* Close and open again: another process may use it in between. */
void bench_close(struct bench_node *n);
void bench_open(struct bench_node *n);
/* Close; the directory is removed. */
void bench_end(struct bench_node *n);
/* TRUNCATE checkpoint, then the bytes of the database's files. */
int64_t bench_disk(struct bench_node *n);

/* A staff member, a program and a condition, and the compartments of that many
 * people made and committed. */
void bench_prepare(struct bench_node *n, unsigned people);
struct row_id bench_person(unsigned person);
struct row_id bench_row(unsigned i);

/* That many people, numbered from 0, with a name. */
void bench_people(struct bench_node *n, unsigned count);

/* One write, made before the clock runs; not to be copied. */
#define BENCH_TEXT 48
struct bench_op {
	const struct table *table;
	struct row_id row, subject;
	bool insert;
	size_t count;
	struct write_field fields[BENCH_FIELDS];
	char text[BENCH_FIELDS][BENCH_TEXT]; /* what the values borrow */
};
/* Appointment number i with all its fields; one text field of it set anew. */
void bench_make_insert(struct bench_node *n, struct bench_op *op, unsigned i,
    unsigned person);
void bench_make_update(struct bench_node *n, struct bench_op *op, unsigned i,
    const char *text);
/* In a transaction of its own unless in one. */
void bench_write(struct bench_node *n, const struct bench_op *op);
void bench_begin(struct bench_node *n);
void bench_commit(struct bench_node *n);
/* Appointments first..first+count-1, the people taking turns. */
void bench_fill(struct bench_node *n, unsigned first, unsigned count,
    unsigned people);
/* Seal all; returns the number of segments. */
int64_t bench_seal(struct bench_node *n);

#endif
