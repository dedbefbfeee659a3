/*
 * What the engine knows of a schema: tables, fields and their merge rules,
 * read from the comments that stand beside the columns in the SQL itself.
 *
 * The engine knows no domain: any set of migrations that follows this grammar
 * can be dropped in. A line of SQL may end in "--:" and a registry entry.
 *
 *   CREATE TABLE name ( --: NUMBER subject=person|agency|network
 *       scope=shared|agency|local [lane=urgent|normal] [append]
 *       category=KIND:LABEL[.item][,KIND:LABEL[.item]...]
 *           (KIND may be "any": every kind not named besides)
 *       [writers=KIND[,KIND...]] [single(FIELD)[,while(FIELD=VALUE)]]
 *       [set(FIELD[,FIELD...])] [decides=ROLE] [self] [everyone]
 *   column TYPE, --: NUMBER TYPE RULE [MODIFIER...] [decides=ROLE]
 *   ALTER TABLE name ADD COLUMN column TYPE; --: as for a column
 *
 *   TYPE   text | int | bool | date | time | bytes | id | ref(table) |
 *          enum(a,b,c)           (ranked implies its own enum: TYPE is "enum")
 *   RULE   latest | ranked(a>b>c) | max | min | once | both | text
 *   MODIFIER  owner (alone it means "latest owner") | one_way | required |
 *          final(v[,v...]) | group(name), the group's first field decides
 *
 * An entry may go on over following lines that hold only "--:" and more of it;
 * a list may be broken after a comma.
 * append: every field is once. self: the row's id is its subject (a person,
 * an agency). Without writers= every kind that has a category writes.
 * everyone: the directory of the network: keys of its category go to every
 * agency, and every node of an agency has them.
 * set: the row's id is a keyed hash of these fields, so that the same thing
 * added twice is one row. required is checked at the write only.
 *
 * Every replicated table also has the reserved fields REGISTRY_ROW_STATE and
 * REGISTRY_SUPERSEDES and the engine's columns (see schema/README.md); they
 * are not numbered in the SQL. Local tables are plain tables of this replica.
 *
 * Immutable after registry_parse; borrowed by everybody.
 */
#ifndef FOOTBRIDGE_SYNC_REGISTRY_H
#define FOOTBRIDGE_SYNC_REGISTRY_H

#include "sync/limits.h"
#include "sync/value.h"

#define REGISTRY_ROW_STATE 62  /* row_state: ranked(expunged>sealed>live) */
#define REGISTRY_SUPERSEDES 63 /* supersedes_id: id, once */
#define REGISTRY_FIELD_MAX 63  /* field numbers are 1..61, 62, 63 */

enum rule {
	RULE_LATEST,
	RULE_RANKED,
	RULE_MAX,
	RULE_MIN,
	RULE_ONCE,
	RULE_BOTH,
	RULE_TEXT,
};

enum registry_scope { SCOPE_SHARED, SCOPE_AGENCY, SCOPE_LOCAL };
enum registry_subject { SUBJECT_PERSON, SUBJECT_AGENCY, SUBJECT_NETWORK };
enum lane { LANE_URGENT = 0, LANE_NORMAL = 1, LANE_BULK = 2 };
#define LANE_COUNT 3

/* bit set of agency kinds; the order is the wire's and never changes */
enum agency_kind {
	KIND_PROBATION = 0,
	KIND_TREATMENT = 1,
	KIND_MENTAL_HEALTH = 2,
	KIND_SOCIAL = 3,
	KIND_COURT = 4,
	KIND_HUB = 5,
};
#define KIND_COUNT 6
/* "probation" ...; NULL for an unknown number */
const char *kind_name(int kind);
/* -1 when unknown */
int kind_of(const char *name, size_t n);

struct field {
	const char *name;     /* column name */
	unsigned number;      /* 1..63 */
	unsigned since;       /* schema version that brought it, from 1 */
	enum value_type type; /* bool is VALUE_INT 0/1, enum is VALUE_TEXT */
	bool is_bool;
	const char *ref; /* table an id points to, or NULL */
	enum rule rule;
	bool owner, one_way, required;
	const char **ranks;  /* enum or ranked values, strictest first */
	size_t rank_count;   /* 0 when any value goes */
	const char **finals; /* values that stay once written */
	size_t final_count;
	const char *group;     /* name, or NULL */
	unsigned group_leader; /* number of the group's deciding field, or 0 */
	uint64_t group_set;    /* bit (number) of every field of the group */
	const char *decides; /* role that must act; inherited from the table */
};

struct table {
	const char *name;
	unsigned number; /* 1..LIMIT_TABLES */
	unsigned since;  /* schema version, from 1 */
	enum registry_subject subject;
	enum registry_scope scope;
	enum lane lane;
	bool append, self;
	bool everyone;    /* its category is read by every agency */
	uint32_t writers; /* bit per agency kind */
	const char *category[KIND_COUNT]; /* by kind of the owner, or NULL */
	const char *decides;              /* default "supervisor" */
	unsigned single_field;            /* number, or 0 */
	unsigned while_field;             /* single only while this field ... */
	const char *while_value; /* ... is this value ("" = NULL), or NULL */
	unsigned set_fields[4];  /* numbers */
	size_t set_count;
	struct field *fields; /* sorted by number, reserved ones last */
	size_t field_count;
	const struct field *by_number[REGISTRY_FIELD_MAX + 1];
};

struct registry {
	struct table *tables; /* sorted by number; without local tables */
	size_t table_count;
	const struct table *by_number[LIMIT_TABLES + 1];
	unsigned version; /* number of migrations */
	/* every distinct category text, sorted; index is stable in a build */
	const char **categories;
	size_t category_count;
	void *memory; /* owns every string above */
};

struct registry_source {
	const char *name; /* "schema/migrations/0001_first.sql", for messages */
	const char *text; /* SQL */
	size_t n;
};

/*
 * Read the migrations, in order; source k is schema version k + 1.
 * fails: ERR_FORMAT  "0001_first.sql:17: want a rule, have 'lates'"
 *        ERR_LIMIT, ERR_NOMEM. *out untouched.
 * Checks: numbers unique and in range, names unique, ranks and finals not
 * empty, owner/one_way/final fit the rule, groups of one rule, set and single
 * fields exist, append tables hold only once fields, a shared or agency table
 * names a category for each of its writers' kinds, a column of a registered
 * table has an entry and the SQL type that value.h names, refs name tables,
 * and tables of one category have one scope (they share its key).
 */
enum err registry_parse(struct registry **out,
    const struct registry_source *sources, size_t count, struct fail *f);
void registry_free(struct registry *r);

const struct table *registry_table(const struct registry *r, const char *name);
const struct field *table_field(const struct table *t, const char *name);
/* Category of a row of t owned by an agency of this kind, or NULL. */
const char *table_category(const struct table *t, int kind);
/* Is it a category that every agency of the network reads? */
bool registry_everyone(const struct registry *r, const char *category);
/* Lane of a category's data: the most urgent of its tables. */
enum lane registry_lane(const struct registry *r, const char *category);
/* Position of text among f->ranks; f->rank_count when unknown or NULL. */
size_t field_rank(const struct field *f, const struct value *v);
/*
 * Is this value allowed in this field by the schema (type, bool range, enum)?
 * NULL is allowed. ERR_INPUT with words for a person. An unknown enum value is
 * refused here (at the write) but ranks strictest in a merge.
 */
enum err field_check(const struct field *f, const struct value *v,
    struct fail *fail);

#endif
