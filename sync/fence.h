/*
 * The fence: what this replica knew last, kept outside its database.
 *
 * SQLCipher finds flipped and moved pages, not an old page or an old file put
 * back. The fence does: a small MAC'd file beside the database with the author's
 * last position and the membership head. It cannot stop somebody who puts both
 * back; the first contact with a peer then finds it (DESIGN 4.1).
 *
 * Order: the database commits first, then the fence is written, then bytes may
 * leave. So a fence behind the database is normal (a crash between the two) and
 * is repaired; a fence ahead of the database is the alarm. It needs writing
 * when a segment was sealed, membership grew or policy time advanced, not at
 * every save.
 *
 * Bytes: DIR/fence and DIR/fence.b, written in turn, so that the last but one
 * survives damage to the last: one atomic file write for each fence.
 *     magic 8, generation 8, life 8, incarnation 16, position 8, segment 32,
 *     member_count 8, member_head 32, policy_ms 8, audit_count 8, audit_head 32,
 *     binding 32, MAC 32
 */
#ifndef FOOTBRIDGE_SYNC_FENCE_H
#define FOOTBRIDGE_SYNC_FENCE_H

#include "sync/env.h"
#include "sync/id.h"

#define FENCE_KEY_BYTES 32
#define FENCE_HEAD_BYTES 32
#define FENCE_BINDING_BYTES 32
#define FENCE_FILE_BYTES 232

struct fence {
	uint64_t generation; /* set by fence_write: one more each time */
	/* which incarnation of this replica, counted from 1; orders them,
	 * since incarnations themselves are random */
	uint64_t life;
	struct incarnation incarnation;
	uint64_t position;         /* last the author sealed; 0 none */
	struct segment_id segment; /* the one at position; zeros if none */
	uint64_t member_count;     /* membership records held; never shrinks */
	uint8_t member_head[FENCE_HEAD_BYTES]; /* digest over them */
	int64_t policy_ms;    /* highest signed time seen; only grows */
	uint64_t audit_count; /* entries of the journal */
	uint8_t audit_head[FENCE_HEAD_BYTES]; /* hash of its last; zeros */
	uint8_t binding[FENCE_BINDING_BYTES]; /* set by fence_write */
};

enum fence_verdict {
	FENCE_EQUAL,
	FENCE_BEHIND,      /* normal after a crash: write it again */
	FENCE_MISSING,     /* no readable fence, but the author has written */
	FENCE_ROLLED_BACK, /* the database is older than its fence */
	FENCE_FORKED,      /* same place, other history: a clone went on */
	FENCE_MOVED,       /* machine or directory changed */
};

/* ---- no I/O ---------------------------------------------------------------*/

void fence_encode(struct buf *out, const struct fence *fence,
    const uint8_t key[static FENCE_KEY_BYTES]);
/* key NULL looks at the fields without checking the MAC (tools/inspect).
 * fails: ERR_CORRUPT, ERR_VERSION; ERR_AUTH the MAC does not fit */
enum err fence_decode(struct fence *out, const uint8_t *p, size_t n,
    const uint8_t *key, struct fail *f);

/*
 * Compare what the fence says (NULL: there is none) with what the database says
 * (its binding being where we are now).
 *
 * out:    *verdict, always
 * fails:  ERR_FENCE for the last four; f says what is safe and what to do
 */
enum err fence_check(enum fence_verdict *verdict, const struct fence *found,
    const struct fence *database, struct fail *f);

/* ---- the files ------------------------------------------------------------*/

/* fails: ERR_NOTFOUND neither copy is there; ERR_CORRUPT none is readable;
 *        ERR_AUTH they belong to another replica, or are damaged */
enum err fence_read(struct fence *out, const struct env *env, const char *dir,
    const uint8_t key[static FENCE_KEY_BYTES], struct fail *f);

/* Write; sets generation and binding in *fence. Call it after the database's
 * commit and before any byte leaves. fails: ERR_IO; *fence is untouched */
enum err fence_write(struct fence *fence, const struct env *env,
    const char *dir, const uint8_t key[static FENCE_KEY_BYTES], struct fail *f);

/*
 * What a replica does when it opens: read, check, repair what a crash left.
 *
 * in:     *fence  as the database says it; generation and binding are ignored
 * out:    *fence  ready for fence_write: policy_ms is the later of both, and
 *         with ERR_FENCE life too, so that the next one is later than any;
 *         audit_count and audit_head are what was found outside, if anything
 * fails:  ERR_FENCE nothing was written; ERR_IO *fence is untouched
 */
enum err fence_guard(struct fence *fence, enum fence_verdict *verdict,
    const struct env *env, const char *dir,
    const uint8_t key[static FENCE_KEY_BYTES], struct fail *f);

/* Take both copies away, when what they belong to was not made after all. */
enum err fence_forget(const struct env *env, const char *dir, struct fail *f);

/*
 * Both copies again under a new key, content and binding as they are: after
 * the replica key changed. Reads what is there under either key, so that a cut
 * between the two copies is made good by calling it again.
 *
 * fails:  ERR_IO; a fence that is missing or unreadable is left so: OK
 */
enum err fence_rekey(const struct env *env, const char *dir,
    const uint8_t was[static FENCE_KEY_BYTES],
    const uint8_t now[static FENCE_KEY_BYTES], struct fail *f);

#endif
