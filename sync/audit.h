/*
 * The journal: who did or looked at what in this replica, when, and what came
 * of it. Local, never in a segment.
 *
 * Each entry hashes the one before it, so that none can be changed, taken out
 * or put in without a trace; how many there are and the newest hash stand in
 * the fence (fence.h), so that the end cannot be cut off unseen either. Who has
 * the key of the database can write a whole other journal and the fence with
 * it: against that a node says once a day under its agency what its journal
 * came to (node/account).
 *
 * An entry is written in the transaction of what it tells. Where it cannot be
 * written the transaction fails, and so the act. Writes (write_row) and orders to
 * destroy write theirs by themselves; reading, printing, deciding and what a
 * person does in other ways is written by who does it, with audit_write.
 *
 * Entries hold no content of records: our own words, numbers and ids.
 *
 * Old ones may be thrown away, from the first on: the base, the number and hash
 * of the last one that went, is where the chain begins from then on. The entry
 * that tells of it stands in the chain and names the base, so that a base which
 * nobody made contradicts it.
 */
#ifndef FOOTBRIDGE_SYNC_AUDIT_H
#define FOOTBRIDGE_SYNC_AUDIT_H

#include "sync/replica.h"

#define AUDIT_HASH_BYTES 32
/* texts, without their NUL; longer ones are cut */
#define AUDIT_ACT_MAX 32
#define AUDIT_ORIGIN_MAX 64
#define AUDIT_TEXT_MAX 96

struct audit_entry {
	const char *act;            /* a word of ours: "read", "sign_in" */
	const struct row_id *staff; /* who acted; NULL: the node itself */
	const char *origin; /* "command", "page 192.0.2.7"; NULL: audit_from */
	const struct table *table;    /* NULL: none, or several */
	const struct row_id *row;     /* the one row; NULL: none, or several */
	const struct row_id *subject; /* the one person or agency; NULL */
	uint64_t count;               /* of rows; 0 counts as 1 */
	enum err result;              /* OK, or why it was refused */
	const char *decision;         /* of policy, and by which rule; NULL */
	const char *note;             /* our own words; NULL */
};

/*
 * Add an entry, in the caller's transaction or one of its own. Those of one
 * transaction that tell of the same act by the same person from the same place
 * with the same result, decision and note become one with their count; what
 * they do not share (row, table, subject) is left out then, and stands in the
 * signed log.
 *
 * fails: ERR_IO and the like: what it tells must not happen
 */
enum err audit_write(struct replica *r, const struct audit_entry *entry,
    struct fail *f);

/* From where come the acts that do not say it: "" is the node by itself. Copied;
 * holds until it is said anew. */
void audit_from(struct replica *r, const char *origin);

/* An entry as it is read back. */
struct audit_seen {
	int64_t no; /* from 1, without gaps */
	int64_t at_ms;
	int offset_min; /* of the wall clock from UTC */
	struct row_id staff, row, subject;
	int table; /* number in the registry; 0: none or several */
	uint64_t count;
	enum err result;
	const char *act, *origin, *decision, *note; /* borrowed; never NULL */
};

struct audit_query {
	int64_t after_no;                     /* only later ones */
	int64_t since_ms, until_ms;           /* 0: open; until is left out */
	const struct row_id *staff, *subject; /* NULL: all */
	const char *act;                      /* NULL: all */
	bool failed_only;
	bool newest_first;
	size_t limit; /* 0: all */
};
/* false: enough. It must not write. */
typedef bool (*audit_fn)(void *context, const struct audit_seen *seen);
enum err audit_each(struct replica *r, const struct audit_query *q,
    audit_fn each, void *context, struct fail *f);

/*
 * Recompute the chain, and compare its end with what is known of it outside: at
 * opening it was compared with the fence, and what was missing then is told
 * here for ever.
 *
 * out:   *entries, how many there are
 * fails: ERR_CORRUPT the text says which entries, to within 16
 */
enum err audit_verify(struct replica *r, int64_t *entries, struct fail *f);

/* How many there are, and the newest hash (zeros: none), with what the running
 * transaction has committed so far. */
int64_t audit_head(const struct replica *r,
    uint8_t hash[static AUDIT_HASH_BYTES]);
/* Is this what the chain said when it had so many entries? OK also for what is
 * not kept any more, which nobody can tell. ERR_CORRUPT. */
enum err audit_was(struct replica *r, int64_t entries,
    const uint8_t hash[static AUDIT_HASH_BYTES], struct fail *f);

/* What is kept of it. */
struct audit_extent {
	int64_t base;     /* the last entry that was thrown away; 0: none was */
	int64_t last;     /* the newest entry */
	int64_t first_ms; /* when the oldest one that is kept was written */
};
enum err audit_extent(struct audit_extent *out, struct replica *r,
    struct fail *f);

/*
 * Throw away the entries before the first one that is not older than that, in
 * sixteens and some thousand at most, with an entry that says so; in the caller's transaction or
 * one of its own.
 *
 * out:   *pruned  how many went; 0: nothing is that old, nothing was written
 */
#define AUDIT_PRUNE_MAX 20000
enum err audit_prune(int64_t *pruned, struct replica *r, int64_t before_ms,
    struct fail *f);

#endif
