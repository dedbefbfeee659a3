/*
 * Offices for tests: real replicas in memory with the real schema, founded and
 * joined by invite as people do it, and a wire between them that counts and
 * can break. For measuring they are encrypted files on a real disk. What goes wrong in here itself aborts with the text of the fail.
 */
#ifndef FOOTBRIDGE_TESTS_OFFICE_H
#define FOOTBRIDGE_TESTS_OFFICE_H

#include "sync/bundle.h"
#include "sync/exchange.h"
#include "sync/grant.h"
#include "sync/slot.h"
#include "tests/support/env_test.h"

struct office {
	struct env_test *env;
	struct replica *r;
	char dir[200];
	struct replica_options options;
	struct slot_keys keys; /* on disk */
};

/* Offices made from here on are directories in this one (borrowed), with the
 * clock and the randomness of the machine; whoever made it removes it. */
void office_on_disk(const char *root);

/* A founded network; the founder relays. */
struct office *office_found(const char *name, int kind, uint64_t seed);
/* A new agency (agency not known yet) or another node of a known one. */
struct office *office_join(struct office *steward, const char *name,
    const char *agency, int kind, uint64_t seed);
/* Another registrar of the steward's agency. */
struct office *office_join_registrar(struct office *steward, const char *name,
    uint64_t seed);
void office_free(struct office *o);
/* Close and open again: a restart, with what was committed. */
void office_restart(struct office *o);
const struct node_id *office_node(const struct office *o);

/* A new person; one legal name. Returns nothing but the id. */
struct row_id office_person(struct office *o, const char *name);
/* Change one field of a person. */
void office_set(struct office *o, const struct row_id *person,
    const char *field, const char *value);
/* Share the person's IDX with an agency of that name. */
void office_share(struct office *o, const struct row_id *person,
    const char *agency);
/* The same, where it may be refused: not the owner, unknown agency. */
enum err office_try_share(struct office *o, const struct row_id *person,
    const char *agency, struct fail *f);
/* The value of a person's field, or "" ; static memory. */
const char *office_get(struct office *o, const struct row_id *person,
    const char *field);
int64_t office_number(struct office *o, const char *sql);

/* A contact of a with b. The wire breaks before delivering message number
 * break_at (from 1; requests odd, answers even), 0: never. */
struct office_sync {
	size_t budget_bytes; /* 0: 64 KiB */
	int break_at;
	bool taken_before_break; /* the answerer took the broken request */
	/* out */
	struct exchange_stats stats, server;
	int messages;
	bool broke;
	enum err err;
	struct fail fail;
};
void office_sync(struct office *a, struct office *b, struct office_sync *s);
/* Until nothing moves; aborts when that does not happen soon. */
void office_settle(struct office *a, struct office *b);

/* A bundle in memory. */
struct office_bundle {
	struct buf part[64];
	unsigned count;
};
void office_bundle_free(struct office_bundle *b);
struct bundle_writer office_writer(struct office_bundle *b);
/* Reads one part; *part must outlive the reader. */
struct bundle_reader office_reader(const struct buf *part);

#endif
