/*
 * Who holds a compartment, on which basis: for whoever decides about keys, and
 * about what is shown. Read only, but for the list of what was touched.
 */
#ifndef FOOTBRIDGE_SYNC_HOLDER_H
#define FOOTBRIDGE_SYNC_HOLDER_H

#include "sync/grant.h"

/*
 * The subjects of compartments of whatever agency in which something was written,
 * received or granted, at most most of them. *last: for holder_untouch, which takes
 * these off the list, and what the caller touched of them meanwhile; cut off before
 * that, they come again. *more: some are left.
 */
struct holder_touched {
	struct row_id subject;
	char category[LIMIT_CATEGORY_BYTES + 1];
};
enum err holder_touched(struct replica *r, struct holder_touched *out,
    size_t most, size_t *count, int64_t *last, bool *more, struct fail *f);
/* In the caller's transaction or its own. */
enum err holder_untouch(struct replica *r, int64_t last, struct fail *f);

/* Subjects of the own agency's compartments with a greater id than after, at most
 * most, in order. */
enum err holder_subjects(struct replica *r, struct row_id *out, size_t most,
    const struct row_id *after, size_t *count, struct fail *f);

/* One agency that holds an own compartment of a subject, or none (recipient
 * NULL): the compartment alone. Borrowed during the call. */
struct holder {
	const char *category;
	const struct agency_id *recipient;
	enum grant_right right;
	const char *basis; /* of its latest grant that counts; "" none */
	bool lacks;        /* a key of it that this node has */
};
/* false: stop. The own agency is left out, and what was destroyed. */
typedef bool (*holder_fn)(void *context, const struct holder *h);
enum err holder_list(struct replica *r, const struct row_id *subject,
    holder_fn each, void *context, struct fail *f);

/* Grants of one compartment to one agency, the latest first. counts: it was not
 * taken away since. false: stop. */
typedef bool (*holder_basis_fn)(void *context, const char *basis, bool counts);
enum err holder_bases(struct replica *r, int64_t cpt,
    const struct agency_id *recipient, holder_basis_fn each, void *context,
    struct fail *f);

/* Every grant there ever was of the own compartments of a subject to other
 * agencies, also those that do not count any more, and when it came here. false:
 * stop. */
typedef bool (*holder_grant_fn)(void *context, const char *category,
    const struct agency_id *recipient, int64_t at_ms);
enum err holder_grants(struct replica *r, const struct row_id *subject,
    holder_grant_fn each, void *context, struct fail *f);

/* Of the own agency's compartments those that this agency was given and holds no
 * more, the last taken away first, at most most. */
enum err holder_ended(struct replica *r, const struct agency_id *recipient,
    struct compartment_id *out, size_t most, size_t *count, struct fail *f);
/* Agencies that hold any of the own compartments about persons or were given
 * them, at most most. */
enum err holder_agencies(struct replica *r, struct agency_id *out, size_t most,
    size_t *count, struct fail *f);

#endif
