/*
 * Reads tests/merge/table.txt, whose head documents the lines. Links nothing of
 * sync/: the test of the model and the test of the engine both use it.
 */
#ifndef FOOTBRIDGE_TESTS_TABLE_H
#define FOOTBRIDGE_TESTS_TABLE_H

#include <stdio.h>

#include "tests/model/model.h"

#define CASE_STEPS 24
#define CASE_WORDS 8
#define CASE_WORD_BYTES 64

struct case_step {
	enum {
		STEP_WRITE,  /* A1=x@10 */
		STEP_NEW,    /* A1=new@10 */
		STEP_ROW,    /* A1=r1:k^r2@10 */
		STEP_STATE,  /* A1=r1!sealed@10 */
		STEP_SYNC,   /* A>B: node gives to `to` */
		STEP_ANSWER, /* A1=r1?no@10: turns down the proposed row r1 */
		STEP_HIDE,   /* C-A1: node cannot read the segment of name */
	} kind;
	char node, to;                  /* letters */
	char name[4];                   /* "A1" */
	char value[2][CASE_WORD_BYTES]; /* as written; [1] in a group */
	char row[4], supersedes[4];     /* "r1", or "" */
	int64_t at;
};

struct merge_case {
	unsigned line;  /* of the file, from 1 */
	char text[512]; /* the whole line, for messages */
	char rule[96];  /* first column, as written */
	struct model_field
	    field; /* rule and modifiers; ranks borrow from words */
	char words[CASE_WORDS][CASE_WORD_BYTES];
	const char *ranks[CASE_WORDS];
	bool single, group, bare, read;
	struct case_step steps[CASE_STEPS];
	size_t step_count;
	bool absent;
	char value[2][CASE_WORD_BYTES]; /* expected, as written */
	char standing[CASE_WORDS][4];
	size_t standing_count;
	enum model_look look;
	char lost[CASE_WORDS][4]; /* of a notice */
	size_t lost_count;
	/* by enum model_state: names of what was proposed */
	char proposed[5][CASE_WORDS][4];
	size_t proposed_count[5];
	char viewer; /* of the hidden segments; 0: everybody */
};

/* The next case: 1, or 0 at the end, or -1 for a line that cannot be read
 * (c->line and c->text say which). *line counts lines; start with 0. */
int case_next(FILE *file, struct merge_case *c, unsigned *line);
/* A written value: null, a number (max and min), or text. text[] gets the
 * bytes that a text value borrows. */
struct model_value case_value(const struct merge_case *c, const char *written,
    char text[CASE_WORD_BYTES]);

#endif
