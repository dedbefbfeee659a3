/*
 * What an administrator does with accounts. Lock held, in the caller's
 * transaction, with the entry of the journal; by: who does it, NULL the node.
 */
#ifndef FOOTBRIDGE_NODE_ACCOUNT_ADMIN_H
#define FOOTBRIDGE_NODE_ACCOUNT_ADMIN_H

#include "node/account/renew.h"

/* Emergency and temporary accounts end by themselves, 72 hours on at the latest
 * (AC-2). */
#define ACCOUNT_TEMPORARY_HOURS 72

struct account_new {
	const char *name;
	struct row_id staff;
	bool administrator;
	bool must_replace; /* somebody else chose the password */
	int64_t ends_ms;   /* 0: it stays */
};

/* w: the password it opens with (renew.h); NULL: none yet, nobody can sign in.
 * fails: ERR_INPUT the name is taken */
enum err admin_add(int64_t *no, struct replica *r, const struct account_new *q,
    struct renewal *w, const struct row_id *by, struct fail *f);
/* The first account of a replica, of who made it: an administrator who opens it
 * with the passphrase slot that was made with it. */
enum err admin_first(struct replica *r, const char *name,
    const struct row_id *staff, struct fail *f);

/* It cannot sign in any more, and the caller takes its slot away after the commit
 * (renew_close) and ends its sessions. Names are not given again.
 * fails: ERR_DENIED it is the last administrator; ERR_EXISTS it is disabled */
enum err admin_disable(struct account *a, struct replica *r,
    const struct row_id *by, struct fail *f);
/* After too many failures, or after it was closed because nobody used it.
 * ERR_NOTFOUND: it is neither */
enum err admin_release(struct account *a, struct replica *r,
    const struct row_id *by, struct fail *f);
/* Another password, chosen by the administrator: to be replaced at sign-in. */
enum err admin_password(struct account *a, struct replica *r, struct renewal *w,
    bool must_replace, const struct row_id *by, struct fail *f);

#endif
