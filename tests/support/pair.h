/*
 * A few replicas of one network in memory, for tests of the engine: who writes,
 * what is sealed and which bytes go where is decided by the test.
 *
 * Every failure of a helper ends the test with the text of the failure.
 */
#ifndef FOOTBRIDGE_TESTS_PAIR_H
#define FOOTBRIDGE_TESTS_PAIR_H

#include "sync/grant.h"
#include "sync/log.h"
#include "sync/read.h"
#include "sync/replica.h"
#include "sync/db.h"
#include "sync/slot.h"
#include "tests/support/env_test.h"

#define PAIR_DIR "dir" /* of each, on its own machine */

enum pair_who {
	PAIR_NORTH,  /* probation: root, steward, registrar */
	PAIR_SOUTH,  /* the same agency's second registrar */
	PAIR_LAPTOP, /* the same agency's field laptop */
	PAIR_CLINIC, /* treatment: registrar */
	PAIR_HUB,    /* relay of all others */
	PAIR_NODES
};

struct pair {
	struct env_test *env[PAIR_NODES];
	struct replica *r[PAIR_NODES];
	struct replica_options options[PAIR_NODES];
	struct registry_source schema[4];
	struct buf text[4];
	struct buf record[32]; /* membership, in an order that is accepted */
	size_t records;
	unsigned on_disk; /* 1 << who: encrypted, on env[who]->disk */
	struct slot_keys keys[PAIR_NODES];
};

/* What opens the slots of who is on a disk. */
extern const struct slot_secret pair_secret;

/* The schema of tests/prop/schema, its first versions of it. */
void pair_start(struct pair *p, uint64_t seed, size_t versions);
/* The same, some of them (1 << who) encrypted on virtual disks. */
void pair_start_on_disk(struct pair *p, uint64_t seed, size_t versions,
    unsigned who);
/* With a schema of the test's own. */
void pair_start_with(struct pair *p, uint64_t seed,
    const struct registry_source *schema, size_t count);
void pair_stop(struct pair *p);
/* Close and open again, with so many versions of the schema. */
void pair_restart(struct pair *p, enum pair_who who, size_t versions);
/* Give one membership record to a node. */
void pair_member(struct pair *p, enum pair_who who, const struct buf *record);
/* The newest one that a node holds, appended. */
void pair_last_member(struct pair *p, enum pair_who who, struct buf *out);

/* Insert (row receives the id) or set one field of a row. */
void pair_insert(struct pair *p, enum pair_who who, const char *table,
    struct row_id *row, const struct row_id *subject, const char *field,
    const char *value);
enum err pair_try_insert(struct pair *p, enum pair_who who, const char *table,
    const struct row_id *subject, const char *field, const char *value);
enum err pair_set(struct pair *p, enum pair_who who, const char *table,
    const struct row_id *row, const char *field, const char *value,
    const char *seen);
/* The field's value as text, "-" for no such row; valid until the next call.
 * seen (may be NULL) receives the token. */
const char *pair_get(struct pair *p, enum pair_who who, const char *table,
    const struct row_id *row, const char *field, char *seen);
int64_t pair_decisions(struct pair *p, enum pair_who who);

/* Seal; returns the number of the newest sealed segment. */
int64_t pair_seal(struct pair *p, enum pair_who who);
int64_t pair_top(struct pair *p, enum pair_who who);
/* The compartment of a person (SUP.case of North, or handed over by it to the
 * clinic), or NULL. */
struct compartment *pair_cpt(struct pair *p, enum pair_who who,
    const struct row_id *person);

/* Hand stored bytes over, each in a transaction of its own. */
enum outcome pair_give(struct pair *p, enum pair_who to, const uint8_t *bytes,
    size_t n, enum pair_who from);
enum outcome pair_ship(struct pair *p, enum pair_who from, enum pair_who to,
    int64_t segment);
/* All sealed segments from number first to last (0: the newest), backwards
 * when first > last. */
void pair_ship_range(struct pair *p, enum pair_who from, enum pair_who to,
    int64_t first, int64_t last);
void pair_ship_all(struct pair *p, enum pair_who from, enum pair_who to);
/* A whole contact by the exchange object. */
void pair_exchange(struct pair *p, enum pair_who caller, enum pair_who server);

/*
 * One operation as another program might make it: whatever its fields, in a
 * segment of this node's own, applied here by deriving. values: by field name,
 * ended by NULL.
 */
void pair_raw_set(struct pair *p, enum pair_who who, const char *table,
    const struct row_id *row, const char *const *fields,
    const char *const *values);

/* Grant a person's SUP.case compartment. */
void pair_share(struct pair *p, enum pair_who by, const struct row_id *person,
    enum pair_who to, enum grant_right right, bool from_now);
void pair_carry(struct pair *p, const struct row_id *person);

/* Everything derived, as bytes: rows with clocks, conflicts, grants. */
void pair_dump(struct pair *p, enum pair_who who, struct buf *out);
/* The invariants: the log is whole, tables are what it says (verify --deep),
 * a rebuild changes no byte, and what was received adds up. */
void pair_check(struct pair *p, enum pair_who who);
int64_t pair_number(struct pair *p, enum pair_who who, const char *sql);
/* Digests of a person's compartment at two nodes are equal. */
void pair_equal(struct pair *p, enum pair_who a, enum pair_who b,
    const struct row_id *person);

#endif
