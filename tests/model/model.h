/*
 * The reference model: what a node shows, from the set of segments it holds.
 *
 * Written from DESIGN 5 and 6 and tests/merge/table.txt alone; links nothing of
 * sync/ and keeps nothing between calls. Slow on purpose: every state is
 * computed from the whole set by the definitions of "counted", "standing" and
 * "first". One call looks at one compartment.
 */
#ifndef FOOTBRIDGE_TESTS_MODEL_H
#define FOOTBRIDGE_TESTS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model_value {
	enum { MODEL_NULL, MODEL_NUMBER, MODEL_TEXT } kind;
	int64_t number;
	const char *text; /* n bytes, borrowed; ids are text too */
	size_t n;
};

struct model_field {
	unsigned number; /* 1..63 */
	unsigned since;  /* schema version */
	enum {
		MODEL_LATEST,
		MODEL_RANKED,
		MODEL_MAX,
		MODEL_MIN,
		MODEL_ONCE,
		MODEL_BOTH,
		MODEL_FOLD, /* text */
	} rule;
	bool owner, one_way;
	const char *const *ranks; /* known words, strictest first */
	size_t rank_count;
	uint64_t finals; /* bit per rank */
	unsigned leader; /* of its group, or its own number */
	uint64_t unit;   /* leader's: bit per field of the group, or its own */
};
#define MODEL_BIT(n) ((uint64_t)1 << (n))
#define MODEL_ROW_STATE 62
#define MODEL_SUPERSEDES 63

struct model_table {
	unsigned number, since;
	const struct model_field *fields; /* 62 and 63 among them, if any */
	size_t field_count;
	unsigned single_field, while_field; /* 0: none */
	const char *while_value;            /* "" = null */
};

struct model_segment {
	uint8_t author[8];
	uint64_t seq;
	uint8_t id[32];
	const size_t *deps; /* indexes into the set, predecessor included */
	size_t dep_count;
	bool readable;
	bool proposal;   /* its author may not write here */
	bool foreign;    /* its author is not of the owner agency */
	unsigned agency; /* the author's */
};

/* Operations of one segment stand in the order they were done. */
struct model_op {
	size_t segment;       /* index into the set */
	bool insert, invalid; /* invalid: void on every node */
	unsigned table;
	uint8_t row[16];
	int64_t at;
	uint64_t named; /* bit per field; none, of a set: an answer to a
			 * proposed row */
	struct model_value values[64];
};

enum model_state {
	MODEL_NONE,
	MODEL_OPEN,
	MODEL_ACCEPTED,
	MODEL_DECLINED,
	MODEL_REPLACED,
};

struct model_cell { /* one field; a group's fields share all but the value */
	struct model_value value;
	size_t *standing; /* operations, ascending by order key */
	bool *lost;       /* its value is not what is shown */
	size_t standing_count;
	enum model_look {
		LOOK_NOBODY,
		LOOK_NOTICE,
		LOOK_BOTH,
		LOOK_ROWS,
		LOOK_OVERLAP,
		LOOK_ALARM,
	} look; /* of a group: at its leader */
	/* at the leader: what was proposed, ascending by order key */
	size_t *proposals;
	enum model_state *states;
	size_t proposal_count;
	bool differs; /* an open one from the value shown */
};
struct model_row {
	unsigned table;
	uint8_t row[16];
	bool shown; /* false: waits, or never inserted; cells are empty */
	bool live;  /* not sealed, expunged or superseded; while() holds */
	bool clash; /* shares its single value with another live row */
	/* the row as a proposal: MODEL_OPEN only when it is not shown */
	enum model_state state;
	size_t proposal;             /* the first that proposed it */
	struct model_cell cells[64]; /* by field number */
};

struct model {
	/* in, borrowed */
	const struct model_table *tables;
	size_t table_count;
	unsigned version;                /* of the schema at this node */
	const struct model_segment *set; /* causally closed */
	size_t count;
	const struct model_op *ops;
	size_t op_count;
	/* out; values borrow from ops and from the model */
	struct model_row *rows;
	size_t row_count;
	/* inside */
	bool *past;
	void **owned;
	size_t owned_count;
};

/* Compute the state. Aborts without memory. */
void model_run(struct model *m);
void model_release(struct model *m);
struct model_row *model_find(const struct model *m, unsigned table,
    const uint8_t row[16]);
bool model_equal(const struct model_value *a, const struct model_value *b);

/* model_text.c: one step of the text merge; the result is malloc'ed */
struct model_text {
	const char *p; /* never NULL */
	size_t n;
};
char *model_text_merge(size_t *n, bool *overlap, struct model_text base,
    struct model_text a, struct model_text b);

#endif
