/*
 * Between the registry_*.c files: a registry while it is being built. Nobody
 * else includes this.
 *
 * Layer: sync, private to the registry module.
 */
#ifndef FOOTBRIDGE_SYNC_REGISTRY_BUILD_H
#define FOOTBRIDGE_SYNC_REGISTRY_BUILD_H

#include "sync/registry.h"

/* PostgreSQL cuts longer names silently. */
#define REGISTRY_NAME_BYTES 63
#define REGISTRY_VALUES_MAX 64 /* of one enum, rank or final list */
#define REGISTRY_ENTRY_BYTES 2048
#define REGISTRY_SOURCE_BYTES (4 * 1024 * 1024)
/* lowest field number that the SQL may not give */
#define REGISTRY_FIELD_RESERVED REGISTRY_ROW_STATE

/* A run of bytes inside an entry or a line; borrowed. */
struct word {
	const char *p;
	size_t n;
};

/* What a table's entry says by name, kept until all its fields are known. */
struct build_table {
	const char *file; /* base name, owned by the registry's memory */
	unsigned line;
	bool local;
	bool has_writers;
	const char *single_name, *while_name;
	const char *set_names[4];
};

struct build {
	struct registry *r;
	struct build_table tables[LIMIT_TABLES]; /* beside r->tables */
	const char *file;
	unsigned line; /* where messages point to */
	unsigned version;
	struct fail *f;
};

/* Zeroed memory that lives as long as r; NULL when there is none. */
void *registry_alloc(struct registry *r, size_t n);
/* NUL-terminated copy, or NULL. */
const char *registry_copy(struct registry *r, struct word w);

/* "file:line: ..." into b->f; returns ERR_FORMAT. */
enum err build_fail(struct build *b, const char *format, ...) PRINTF(2, 3);
enum err build_nomem(struct build *b);

bool word_is(struct word w, const char *text);
/* a lowercase name of at most REGISTRY_NAME_BYTES, first a letter or _ */
bool word_is_name(struct word w);

/* One word of an entry, taken apart. */
struct term {
	struct word head;  /* before "(" or "=", or all of it */
	struct word value; /* inside the brackets, or after "=" */
	char form;         /* 0, '=' or '(' */
};

/* registry_term.c: taking an entry apart; all borrow from it. */
struct word term_trim(struct word w);
/* Take the next word off rest; head.n = 0 at the end. */
enum err term_next(struct build *b, struct word *rest, struct term *t);
/* The next item of a list, without spaces; false when none is left. */
bool term_item(struct word *list, char between, struct word *item);
/* A value of an enum: a word that needs no quotes anywhere. */
bool term_is_value(struct word w);
/* A list of such words, all different, into the registry's memory. */
enum err term_values(struct build *b, const char ***out, size_t *count,
    struct word list, char between);
/* The next word as a number of 1 to max, without leading zeros. */
enum err term_number(struct build *b, struct word *rest, unsigned max,
    unsigned *out);
/* Copy a lowercase name; what says what it is for. */
enum err term_name(struct build *b, const char **out, struct word w,
    const char *what);
/* Position of w among names, or -1. */
int term_choose(struct word w, const char *const *names, size_t count);

/* registry_entry.c, registry_field.c: e is an entry without its "--:". */
enum err build_table_entry(struct build *b, struct word name, struct word e);
enum err build_field_entry(struct build *b, struct table *t, struct word column,
    struct word sql_type, struct word e);

/* registry_check.c: reserved fields, names to numbers, rules over several
 * fields, order and indexes. r is complete afterwards. */
enum err build_finish(struct build *b);

#endif
