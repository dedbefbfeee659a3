/*
 * Compartments: the unit of sharing, (subject, category, owner agency).
 *
 *   name = BLAKE2b-128(LABEL_COMPARTMENT_NAME, keyed by the owner agency's
 *          name key; subject, category)
 *   id   = BLAKE2b-128(LABEL_COMPARTMENT_ID, network, owner, name)
 *
 * A struct compartment is a cache entry of the _compartment row: borrowed,
 * valid until the next compartment_* call that loads another one, so copy the
 * number (no) to keep it. Changes are marked dirty and written at commit.
 *
 * ends: the applied segments that no other applied segment names, by local
 * number; a new operation depends on them. Causal past of an operation written
 * now is everything applied.
 */
#ifndef FOOTBRIDGE_SYNC_COMPARTMENT_H
#define FOOTBRIDGE_SYNC_COMPARTMENT_H

#include "sync/replica.h"
#include "sync/segment.h"

#define COMPARTMENT_ENDS 128

/* flags of a compartment; 0: nothing but data, grants and one history each, so
 * that the fast paths hold: everything by a member counts, and no epoch was
 * ended by a removal. FORKED is the log's, the others what its control segments
 * say together (control.h). Never renumber. */
#define COMPARTMENT_REMOVED 1u      /* somebody left */
#define COMPARTMENT_CUT 2u          /* an author counts only up to a place */
#define COMPARTMENT_FORKED 4u       /* an author wrote two histories in it */
#define COMPARTMENT_SHREDDED 8u     /* it was ordered to destroy it */
#define COMPARTMENT_TRANSFERRED 16u /* the founding agency owns it no more */
#define COMPARTMENT_JUDGED 32u      /* a judgement voids something */
#define COMPARTMENT_SNAPSHOT 64u    /* shows a snapshot (snapshot.h); local */
#define COMPARTMENT_RIGHTS 128u /* somebody was given both rights (right.h) */

struct compartment_end {
	int64_t segment; /* _segment.no */
	int chain;
	bool covered; /* a control end that applied data names already: only
	               * the next control segment has to name it */
};

struct compartment {
	int64_t no;
	struct compartment_id id;
	bool has_owner; /* owner, founder and name are known (a grant came) */
	struct agency_id owner;   /* whose it is now, after transfers */
	struct agency_id founder; /* with name it gives the id */
	uint8_t name[16];
	bool has_subject;      /* subject and category are known */
	struct row_id subject; /* person, agency or network id */
	char category[LIMIT_CATEGORY_BYTES + 1];
	size_t end_count;
	struct compartment_end *ends; /* room for COMPARTMENT_ENDS */
	int64_t unreadable;           /* data segments held without a key */
	int64_t waiting;              /* held, but a dependency is not */
	int64_t conflicts;            /* rows in _conflict */
	int64_t payload; /* bytes of sealed operations that can be read */
	int64_t open_no; /* own open data segment, or 0 */
	unsigned flags;  /* COMPARTMENT_* */
	bool rekey;      /* waits for a new key (remove.h) */
	bool rederive;   /* derive before the transaction ends */
	bool changed;    /* write the row at commit */
};

/* By local number, id, or what it holds. ERR_NOTFOUND; so too what was shredded,
 * when it is looked up by what it held. */
enum err compartment_get(struct replica *r, struct compartment **out,
    int64_t no, struct fail *f);
enum err compartment_by_id(struct replica *r, struct compartment **out,
    const struct compartment_id *id, struct fail *f);
enum err compartment_find(struct replica *r, struct compartment **out,
    const struct agency_id *owner, const struct row_id *subject,
    const char *category, struct fail *f);
/* Known by id only (a foreign segment names it): makes the row if absent. */
enum err compartment_meet(struct replica *r, struct compartment **out,
    const struct compartment_id *id, struct fail *f);
/*
 * The own agency's compartment for (subject, category); if there is none, make
 * it: first key, founding grant to the own agency, and to this node itself
 * when it does not hold the agency's secret. ERR_DENIED: it was shredded.
 */
enum err compartment_own(struct replica *r, struct compartment **out,
    const struct row_id *subject, const char *category, struct fail *f);

/* Where this agency's new records of (subject, category) go: founded by it, even
 * if it gave it away since, or handed over to it. ERR_NOTFOUND: to be made. */
enum err compartment_home(struct replica *r, struct compartment **out,
    const struct row_id *subject, const char *category, struct fail *f);

void compartment_own_name(uint8_t name[static 16], const struct identity *i,
    const struct row_id *subject, const char *category);
void compartment_make_id(struct compartment_id *out,
    const struct network_id *network, const struct agency_id *owner,
    const uint8_t name[static 16]);
/* founder, name, subject, category learned from a grant; marks changed. The
 * founder owns it as far as is known then.
 * ERR_FORMAT when founder and name do not give the id. */
enum err compartment_learn(struct replica *r, struct compartment *c,
    const struct agency_id *founder, const uint8_t name[static 16],
    const struct row_id *subject, const char *category, struct fail *f);

/* Write changed entries and derive marked ones; called by replica_commit. */
enum err compartment_flush(struct replica *r, struct fail *f);
/* Something in it is not as it was: holder_touched says so until it was asked.
 * Whatever writes the compartment's own row does that; a save does it here. */
enum err compartment_touch(struct replica *r, int64_t no, struct fail *f);
/* Forget the cache (after a rollback). */
void compartment_forget(struct replica *r);

#endif
