/*
 * A replica: one directory, one encrypted database, one identity, one writer.
 *
 *   DIR/footbridge.db   the database (and -wal)    DIR/slots.a .b   key slots
 *   DIR/fence.a .b      the fence                  DIR/lock         lock file
 *
 * Opening takes the lock, unwraps the replica key, opens the database, checks
 * network and schema version (migrates forward in one transaction), checks the
 * fence and the machine binding. A mismatch begins a new life (below).
 *
 * Every public call of sync/ that writes runs in one transaction of its own
 * unless replica_begin was called. Not thread-safe: one lock above.
 */
#ifndef FOOTBRIDGE_SYNC_REPLICA_H
#define FOOTBRIDGE_SYNC_REPLICA_H

#include "sync/member.h"
#include "sync/registry.h"

struct replica;
struct slot_keys;
struct write_rules;

/* The one door through which policy enters; denies by default (NULL). */
enum gate_act { GATE_GRANT, GATE_RECEIVE, GATE_DISPLAY };
struct gate_question {
	enum gate_act act;
	const struct row_id *subject;
	const char *category;
	const struct agency_id *owner;
	const struct agency_id *recipient; /* agency that would get it */
	const char *basis;                 /* "KIND:REF", or "" */
};
typedef enum err (
    *gate_fn)(void *context, const struct gate_question *q, struct fail *f);

/* Bounds that a person may set, or a test that wants them met; 0: limits.h. */
struct replica_bounds {
	uint64_t control_cost;      /* LIMIT_CONTROL_COST */
	uint64_t compartment_bytes; /* LIMIT_COMPARTMENT_BYTES */
	uint64_t room_bytes;        /* LIMIT_ROOM_BYTES; UINT64_MAX: no bound */
	uint64_t room_segments;     /* LIMIT_ROOM_SEGMENTS; the same */
	uint64_t parked;            /* LIMIT_PARKED_PER_PEER */
	uint64_t snapshot_segments; /* SNAPSHOT_SEGMENTS_MIN */
};

struct replica_options {
	const struct env *env;
	const struct registry_source *schema; /* borrowed until close */
	size_t schema_count;
	gate_fn gate;
	void *gate_context;
	const struct write_rules *rules; /* write.h; borrowed; NULL: none */
	int cache_kib;                   /* 0 = default */
	struct replica_bounds bounds;
	/* from slot_open or slot_create; NULL with env->memory_database */
	const struct slot_keys *keys;
	/* a copy that is looked at and not gone on with (a backup that is being
	 * made, checked or restored): its fence is not asked and not written */
	bool apart;
};

/*
 * Make a new replica in dir (which must not hold one): identity, tables. The
 * key slots are made by the caller (slot.h). It is no member of anything yet.
 * Cut off, there is either that, or nothing with the database's name and the
 * next attempt begins anew.
 */
enum err replica_create(struct replica **out, const char *dir,
    const struct replica_options *o, struct fail *f);
/*
 * fails: ERR_BUSY "in use by process N", ERR_AUTH, ERR_NOTFOUND, ERR_VERSION
 *        (made by a newer program), ERR_CORRUPT, ERR_IO
 */
enum err replica_open(struct replica **out, const char *dir,
    const struct replica_options *o, struct fail *f);
/* Writes the fence, checkpoints, wipes; NULL is fine. */
void replica_close(struct replica *r);
/*
 * Must it be closed and opened before anything more is done with it? A commit
 * failed and may or may not be on the disk, or what was undone could not be read
 * again. Every call that would write says so until then; what was answered OK is
 * safe.
 */
bool replica_must_reopen(const struct replica *r);

/*
 * Lives. A node writes under an incarnation; a copy of it must not write under
 * the same one, or two segments claim one place. Whenever this replica may not be
 * the only one, or not the latest, it begins a new life: a new incarnation with
 * its own author record. Work that is not sealed yet goes on in it; what is
 * sealed stays as it is and is sent. Reasons, as stored: never renumber.
 */
enum life_reason {
	LIFE_NONE = 0,
	LIFE_MOVED = 1,       /* another machine or directory: a copy, or not */
	LIFE_ROLLED_BACK = 2, /* the database is older than its fence */
	LIFE_FORKED = 3,      /* the database and its fence are of two copies */
	LIFE_FENCE_LOST = 4,  /* no fence: part of the directory was put back */
	LIFE_KNOWN_BETTER = 5, /* others hold work of ours that is not here */
	LIFE_BACKUP = 6,       /* restored from a backup */
	LIFE_DAMAGED = 7,      /* repaired: part of it could not be read */
};
/* What it means for the person here, one or two lines; LIFE_NONE: "". */
const char *life_words(enum life_reason reason);

/*
 * Begin a new life. After any reason but LIFE_MOVED the replica is *restored*:
 * records are neither read nor written nor sealed until it has heard from others
 * who was removed and what was shredded meanwhile; peers are asked for
 * everything from the beginning. In the caller's transaction, or one of its own,
 * after which the fence is written.
 */
enum err replica_new_life(struct replica *r, enum life_reason reason,
    struct fail *f);
/* Why the opening of this replica began a new life; LIFE_NONE: it did not. */
enum life_reason replica_opened_as(const struct replica *r);
/* Is it restored, why and since when (NULL: not asked)? LIFE_NONE: no. */
enum life_reason replica_restored(const struct replica *r, int64_t *at_ms);
/* OK, or ERR_FENCE with what to do: the one check of all that reads, writes or
 * grants records. */
enum err replica_use(const struct replica *r, struct fail *f);
/* Is a peer's mere word that it holds more of our work to be believed? Once an
 * hour, since each time costs an author record for ever. *wait_ms: 0, or how
 * long until the next is. */
enum err replica_believe(struct replica *r, int64_t *wait_ms, struct fail *f);
/* Under how many names that are newer than ours here does this node write, or
 * did: other copies of it, which may be in use. */
size_t replica_copies(const struct replica *r);
/* How many sealed entries of records are here that this node wrote in lives
 * before this one: what grows in a contact was fetched back. */
enum err replica_earlier_work(struct replica *r, int64_t *count,
    struct fail *f);
/* A contact brought membership and control to their end. In the caller's
 * transaction or its own. */
enum err replica_recovered(struct replica *r, struct fail *f);
/* Open a restored replica's records although nobody was heard: somebody answers
 * for it. What was taken back or destroyed meanwhile can be read from then until
 * replica_recovered. As that otherwise; nothing where none is restored. */
enum err replica_open_alone(struct replica *r, struct fail *f);
/* Since when it is open so; 0: it is not. */
int64_t replica_alone(const struct replica *r);

/*
 * The greatest time that this replica saw signed by somebody else with standing:
 * in a membership record, or in work of a registrar of its owner; 0: none yet.
 * Only grows, whatever happens to clocks and copies (fence.h), so what has run
 * out by it stays so. One node alone moves it at most two days beyond what is
 * known here, two nodes two years: what a wrong clock ahead can do.
 */
int64_t replica_policy_ms(const struct replica *r);

/* Group several calls into one transaction: all or nothing. */
enum err replica_begin(struct replica *r, struct fail *f);
enum err replica_commit(struct replica *r, struct fail *f);
void replica_rollback(struct replica *r);

/* Found a network with this node as first member: root, agency, node and
 * author records. roles are given in full. */
struct replica_found {
	const char *network_name, *node_name, *agency_name, *office;
	int agency_kind;
	bool relay;
	bool training;
};
enum err replica_found_network(struct replica *r, const struct replica_found *o,
    struct fail *f);

/*
 * Take in one membership record, from peer (NULL: made here). Stores, routes to
 * peers, retries what waited (members first, then parked segments).
 * Waiting records are parked within LIMIT_PARKED_*.
 */
enum err replica_add_member(struct replica *r, enum member_result *result,
    const uint8_t *bytes, size_t n, const struct node_id *peer, struct fail *f);

/* Borrowed; live as long as the replica. */
const struct identity *replica_identity(const struct replica *r);
struct members *replica_members(struct replica *r);
const struct registry *replica_registry(const struct replica *r);
const struct env *replica_env(const struct replica *r);
struct db *replica_db(struct replica *r);
const char *replica_dir(const struct replica *r);
/* own agency's kind, -1 before membership */
int replica_kind(const struct replica *r);
/* Replace stored identity (joining hands over agency keys). */
enum err replica_save_identity(struct replica *r, const struct identity *i,
    struct fail *f);

/* small facts (_meta); ERR_NOTFOUND */
enum err replica_meta_get(struct replica *r, struct buf *out, const char *name,
    struct fail *f);
enum err replica_meta_set(struct replica *r, const char *name, const void *p,
    size_t n, struct fail *f);
/* add to a counter shown by status */
enum err replica_count(struct replica *r, const char *name, int64_t add,
    struct fail *f);
int64_t replica_counter(struct replica *r, const char *name);

/*
 * Give the replica a new key: the database is written again under it, packed,
 * then the old key is taken out of the key slots. What was deleted before (a
 * key that was shredded, a row that is gone) cannot be read back from this
 * directory's files any more, by whatever passphrase; remnants on flash and
 * older copies of the directory are not reached (ASSURANCE 4.10). Passphrases,
 * recovery codes and key files open it as before.
 *
 * Outside of a transaction. Cut off at any point, the replica opens and holds
 * everything, under the old key or the new one; opening ends the change.
 *
 * fails:  ERR_BUSY    a backup is being written, or somebody changes the key
 *                     slots: nothing was changed, try again later
 *         ERR_IO      nothing was changed; or, when replica_db is poisoned, it
 *                     must be opened again
 *         in memory there is no key: OK, and nothing is done
 * cost:   the whole database once: 1.1 s for 94 MB (bench-backup)
 * notes:  struct slot_keys that the caller unlocked before are stale after, but
 *         replica_open takes what the slots hold by then
 */
enum err replica_rekey(struct replica *r, struct fail *f);

/* Drop every derived table and make it again from the log, byte for byte. */
enum err replica_rebuild(struct replica *r, struct fail *f);

#endif
