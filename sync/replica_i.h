/*
 * Inside a replica. Private to the modules that make one: replica, compartment,
 * log, apply, derive, grant, lane, write, read. Nobody else includes this.
 */
#ifndef FOOTBRIDGE_SYNC_REPLICA_I_H
#define FOOTBRIDGE_SYNC_REPLICA_I_H

#include "sync/audit.h"
#include "sync/compartment.h"
#include "sync/db.h"
#include "sync/fence.h"
#include "sync/log.h"
#include "sync/replica.h"
#include "sync/slot.h"

/* An author as numbered here. */
struct author {
	int64_t no;
	struct author_tag tag;
	struct node_id node;
	uint64_t top_position;
	struct segment_id top_id;
	bool changed; /* top moved: write at commit */
};

/* SQL of one registered table, made once from its registry entry. */
struct table_sql {
	char *insert;        /* ?1 cpt ?2 id ?3 clock ?4.. fields in order */
	char *upsert;        /* the same, replacing */
	char *select_clock;  /* ?1 cpt ?2 id -> _clock */
	char *select_row;    /* ?1 cpt ?2 id -> _clock, fields in order */
	char *select_cpt;    /* ?1 cpt -> id, _clock, fields in order */
	char *select_places; /* ?1 id -> _cpt */
	char *remove;        /* ?1 cpt ?2 id */
	char *update_one[REGISTRY_FIELD_MAX + 1]; /* ?1 value ?2 clock ?3 ?4 */
};

struct compartment_cache;
struct open_tails;

/* The entry of the journal that the running transaction has still to write. */
struct audit_pending {
	uint64_t count; /* 0: none */
	enum err result;
	int table;
	struct row_id staff, row, subject;
	char act[AUDIT_ACT_MAX + 1], origin[AUDIT_ORIGIN_MAX + 1];
	char decision[AUDIT_TEXT_MAX + 1], note[AUDIT_TEXT_MAX + 1];
};

struct replica {
	const struct env *env;
	struct db *db;
	struct registry *registry;
	struct members *members;
	struct identity identity;
	char *dir;
	void *lock;
	gate_fn gate;
	void *gate_context;
	const struct write_rules *rules;
	bool in_memory;
	bool apart; /* replica_options */
	bool
	    stale; /* memory differs from the tables: nothing more is written */
	bool opened; /* creating or opening went through to its end */
	uint8_t fence_key[32];
	struct slot_keys keys; /* zeros in memory */
	bool rekeyed; /* opened with keys.next: a change was cut off late */
	int cache_kib;
	unsigned copies; /* being made of the database: its log must stay */

	int64_t next_segment, next_compartment, next_member, next_author;
	struct author *authors; /* by local number - 1 */
	size_t author_count;
	int64_t own_author;     /* 0 before the author record */
	bool fence_behind;      /* own position moved since fence_write */
	uint64_t fence_members; /* membership records when it was written */
	int64_t policy_ms;      /* highest signed time seen (policy_time.c) */
	struct policy_claim {
		struct node_id who;
		int64_t ms; /* 0: nobody */
	} policy_claim;     /* further ahead than one node alone is believed */
	int64_t policy_kept_ms;  /* of it, in the database */
	int64_t policy_fence_ms; /* ..., in the fence */
	uint64_t life;           /* incarnations so far, this one included */
	uint64_t fence_generation;
	enum life_reason opened_as, restored;
	int64_t restored_ms;
	int64_t alone_ms; /* replica_alone() */

	/* identity or members changed in the running transaction */
	bool members_touched;
	struct compartment_cache *cache;
	struct open_tails *tails; /* log_open.c; NULL: to be read */
	struct table_sql *sql;    /* per registry->tables index */
	int64_t parked;           /* rows in _parked */
	struct buf scratch;       /* payloads, rows: reset by each user */
	struct buf unsettled;     /* control_later.c: compartments, int64_t */
	struct replica_bounds bounds;
	struct {
		const char *name;
		int64_t add;
	} counts[48]; /* written at commit */
	size_t count_used;
	struct audit_pending audit;
	char audit_origin[AUDIT_ORIGIN_MAX + 1];
	int64_t audit_count;                  /* entries */
	uint8_t audit_head[AUDIT_HASH_BYTES]; /* hash of the last one */
};

enum err compartment_cache_new(struct replica *r, struct fail *f);

/* A transaction unless one is running; *own says whether to end it. */
enum err replica_enter(struct replica *r, bool *own, struct fail *f);
/* Ends what replica_enter began: commit when e is OK, else roll back. */
enum err replica_leave(struct replica *r, bool own, enum err e, struct fail *f);

/* Forget where the rows of _open end (after a rollback, at closing). */
void log_open_forget(struct replica *r);

/* Counters, authors and members again from the tables. */
enum err replica_reload(struct replica *r, struct fail *f);
/* The same without identity and members, when those were not touched. */
enum err replica_reload_counts(struct replica *r, struct fail *f);
/* What the fence is to say; binding and generation are fence_write's. */
void replica_fence_now(struct replica *r, struct fence *now);
/* Compare the fence with the database; a new replica gets its first one. Where
 * they do not fit a new life begins. */
enum err replica_fence_check(struct replica *r, bool created, struct fail *f);
/* policy_time.c: somebody's work, or membership, says what time it is. */
void replica_saw_work(struct replica *r, const struct member_node *author,
    bool of_owner, int64_t ms);
void replica_saw_members(struct replica *r);
enum err replica_policy_load(struct replica *r, struct fail *f);
enum err replica_policy_flush(struct replica *r, struct fail *f);
/* replica_life.c: life and restored again from the tables. */
enum err replica_load_life(struct replica *r, struct fail *f);
/* The database, and one that is being made and takes the name when it is whole. */
#define REPLICA_DATABASE "footbridge.db"
#define REPLICA_DATABASE_NEW "footbridge.db.new"
/* Open DIR/name into r->db with r->keys: with the key on its way, when that one
 * is it already. */
enum err replica_open_database(struct replica *r, const char *name, bool create,
    struct fail *f);
/* End a change of the replica key, or of the slots, that was cut off. */
enum err replica_rekey_settle(struct replica *r, struct fail *f);
/* Write the fence when own position or membership moved since. */
enum err replica_fence_write(struct replica *r, struct fail *f);

/* The author's entry, NULL if unknown; by tag or by local number. */
struct author *replica_author(struct replica *r, const struct author_tag *tag);
struct author *replica_author_no(struct replica *r, int64_t no);
/* Node of an author by local number, NULL if its record is gone. */
const struct member_node *replica_author_node(struct replica *r, int64_t no);
/* Take in new author records of members as numbered authors. */
enum err replica_number_authors(struct replica *r, struct fail *f);
/* audit.c: in the caller's transaction; written by replica_leave. */
enum err replica_audit(struct replica *r, const struct audit_entry *entry,
    struct fail *f);
/* The fence says what the journal came to: what is missing is kept in mind. */
enum err replica_audit_fence(struct replica *r, int64_t entries,
    const uint8_t hash[static AUDIT_HASH_BYTES], struct fail *f);
enum err replica_audit_load(struct replica *r, struct fail *f);
enum err replica_audit_flush(struct replica *r, struct fail *f);
/* Take one row out of _parked. */
enum err replica_unpark(struct replica *r, int64_t no, struct fail *f);
/* name: a literal (kept by pointer). */
void replica_tally(struct replica *r, const char *name, int64_t add);

const struct table_sql *replica_table_sql(const struct replica *r,
    const struct table *t);
/* Make r->sql; freed by replica_free_sql. */
enum err replica_make_sql(struct replica *r, struct fail *f);
void replica_free_sql(struct replica *r);
/* Bind one field's value, or NULL. */
void replica_bind_value(struct stmt *s, int at, const struct value *v);
/* Read a column back as the field's type; borrowed from the statement. */
void replica_col_value(struct value *v, struct stmt *s, int at,
    const struct field *field);

/* Kind of the compartment's owner agency, -1 unknown. */
int replica_owner_kind(struct replica *r, const struct compartment *c);

#endif
