/*
 * Who opened the replica, and what that person may do with it: asked once for
 * each command, in the person's own process and in the daemon alike.
 *
 * Who opened with a key slot of an account is that account's owner. A key file, a
 * recovery code and a slot that is nobody's are a service or the person with the
 * safe's key: nobody by name, and not restrained.
 */
#ifndef FOOTBRIDGE_NODE_ACTOR_H
#define FOOTBRIDGE_NODE_ACTOR_H

#include "node/account/rights.h"
#include "node/run.h"

struct actor {
	int64_t account;
	struct row_id staff;
	char name[ACCOUNT_NAME_MAX + 1];
	bool administrator;
	bool unused; /* closed, because nobody used it */
	struct account_rights rights;
	struct account_view *view; /* NULL: not asked yet */
};

/*
 * Find out, and say whether the command may be run at all. Lock held.
 * out:   run->actor, ended with actor_end(); NULL: nobody by name
 * fails: ERR_DENIED the account was disabled or has ended; the training ran out
 *        and the command writes
 */
enum err actor_begin(struct run *run, struct fail *f);
void actor_end(struct run *run);

/* May this person see what is about that subject? Lock held. What cannot be
 * found out is not shown, and journal_settle says so. */
bool actor_sees(struct run *run, const struct row_id *subject);
/* The same for one that was asked for by name. fails: ERR_DENIED, with no word of
 * whether there is anything */
enum err actor_must_see(struct run *run, const struct row_id *subject,
    struct fail *f);
/* The same for these categories of the person: also when emergency openings of
 * whoever acts name them all. */
enum err actor_must_see_these(struct run *run, const struct row_id *subject,
    const char *const *categories, size_t count, struct fail *f);
/* The same for a row, whoever's it is, also when an emergency opens it, and note it
 * as shown. OK for one that is not here: there is nothing to see. */
enum err actor_must_see_row(struct run *run, const struct table *t,
    const struct row_id *id, struct fail *f);
/* May this person write rows of that table, about that subject (NULL: nobody's
 * yet)? As on the page: by role, and only about whom one may see; an administrator
 * whose rights lead (rights.h) needs no role for it. An emergency opens nothing for writing.
 * Lock held.
 * fails: ERR_DENIED */
enum err actor_may_write(struct run *run, const struct table *t,
    const struct row_id *subject, struct fail *f);
/* The same for a row that is here, whoever's it is; OK for one that is not. */
enum err actor_may_write_row(struct run *run, const struct table *t,
    const struct row_id *id, struct fail *f);
/*
 * May whoever acts make or open an account of this member of staff, or act for them?
 * On a computer that people carry only as oneself, or for somebody new, whose row was
 * made there: who is its administrator was never given anybody else's rights. Lock
 * held.
 * fails: ERR_DENIED
 */
enum err actor_may_be(const struct run *run, const struct row_id *staff,
    struct fail *f);
/* read_subject, for whoever acts: one whom they may not see, one who is not here and a
 * number or beginning that several have are one answer (actor_sees_nothing), unless
 * nobody is hidden from them. An emergency finds whom it opens. */
enum err actor_find(struct run *run, struct row_id *subject, const char *text,
    struct fail *f);
/* May whoever acts find what is about that subject: may they see it, or does an
 * emergency open any of it? */
bool actor_finds(struct run *run, const struct row_id *subject);
/* The same, of whom one may see. */
enum err actor_subject(struct run *run, struct row_id *subject,
    const char *text, struct fail *f);
/* What actor_must_see refuses with. */
enum err actor_sees_nothing(struct fail *f);
/* fails: ERR_DENIED somebody by name who is no administrator here */
enum err actor_must_administer(const struct run *run, struct fail *f);

#endif
