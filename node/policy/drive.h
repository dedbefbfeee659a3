/*
 * Policy drives keys: who becomes entitled to a compartment is granted it, who is
 * not any more is removed, by the owner's registrar, with nobody's command.
 *
 * Looked at are the persons of whom something was written or received since
 * (sync/holder.h), and all of them when the day, the rules, the agreements or the
 * network changed. What a person was looked at for is never asked: it is worked out
 * anew from what is on record and compared with who holds the keys (entitle.h), so
 * doing it twice does nothing, and what was cut off goes on the next time.
 *
 * Nothing is done on a node that is no registrar, nor before the agency's privacy
 * officer signed a pack of rules (active.h): sharing is by hand then.
 *
 * Once a day, or when somebody was removed, the registrar also says to each agency
 * that what it holds under a lease still stands, but for the compartments that it
 * lost (table sharing_word): that is what leases are counted from (node/gate.h).
 */
#ifndef FOOTBRIDGE_NODE_POLICY_DRIVE_H
#define FOOTBRIDGE_NODE_POLICY_DRIVE_H

#include "node/policy/entitle.h"
#include "sync/replica.h"

struct drive_result {
	int64_t granted, removed; /* keys of compartments */
	bool more;                /* some are still to be looked at */
	int64_t failed;    /* persons of whom something could not be done */
	struct fail first; /* what came of the first of them */
};

/*
 * Look at no more than so many persons. Each is one transaction; who cannot be
 * served is counted and holds up nobody.
 * fails: ERR_NOMEM, ERR_IO, what reading fails with; what was done before stays
 * cost:  about a millisecond a person, some more for each act; nothing to do is
 *        two queries
 */
enum err drive_pass(struct replica *r, struct drive_result *out, size_t persons,
    struct fail *f);
/* The same until nothing is left. */
enum err drive_all(struct replica *r, struct drive_result *out, struct fail *f);

/* What policy says of one category of a person to one agency, for whoever shares by
 * hand. approved false: nothing, there is no pack that was signed. */
struct drive_word {
	bool approved;
	struct policy_answer answer; /* reason, category, cite, missing, kind */
	struct policy_basis basis;   /* when it permits */
	struct buf why, next;        /* in words; released by the caller */
};
enum err drive_ask(struct drive_word *out, struct replica *r,
    const struct row_id *person, const char *category,
    const struct agency_id *to, struct fail *f);

/* Who wants to know of each act, in its transaction: what fails there fails it.
 * One for the process; NULL: nobody. */
struct drive_act {
	bool granted; /* else removed */
	struct row_id person;
	const char *category;
	struct agency_id agency;
	const struct policy_basis *basis; /* NULL: removed, or by hand */
	const char *why;                  /* removed: plain words, else "" */
	int64_t at_ms;
};
typedef enum err (*drive_told_fn)(void *context, struct replica *r,
    const struct drive_act *act, struct fail *f);
void drive_tell(drive_told_fn told, void *context);

#endif
