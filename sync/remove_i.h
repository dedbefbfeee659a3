/* Private to remove*.c: one removal record in the making. */
#ifndef FOOTBRIDGE_SYNC_REMOVE_I_H
#define FOOTBRIDGE_SYNC_REMOVE_I_H

#include "sync/remove.h"

struct removal {
	enum remove_reason reason;
	const struct control_who *who;
	size_t who_count;  /* 1..CONTROL_LEAVERS_MAX */
	const char *words; /* or "" */
	bool by_owner;     /* with a new key, and cuts where the reason cuts */
	bool keys_follow;  /* ... but the next record has the key */
};
/* Make, append and apply one removal of a compartment. In the caller's
 * transaction. */
enum err remove_issue(struct replica *r, struct compartment *c,
    const struct removal *q, struct fail *f);
/* Does the compartment belong to this node's agency now? */
bool remove_owns(struct replica *r, const struct compartment *c);
/* Is this node, not revoked, a registrar of its agency? */
bool remove_is_registrar(struct replica *r);
/* Does one of these cover the recipient: it, or its agency? */
bool remove_covers(struct replica *r, const struct control_who *who, size_t n,
    enum grant_recipient kind, const uint8_t recipient[static ID_BYTES]);

#endif
