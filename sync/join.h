/*
 * Joining a network (DESIGN 4, "Enrolment").
 *
 *   steward                        new computer
 *   invite_make    --- line --->   invite_parse
 *                  <-- request --  join_request_make
 *   join_answer_make -- answer ->  join_finish
 *
 * Bytes in, bytes out: HTTPS and bundle files carry the same two messages. Both
 * are sealed under the invite's one-time secret; the request is signed by the
 * new node, the answer by the steward whose keys the invite pins. Asking again
 * with the same invite and the same computer gives the same place.
 *
 * The first node of an agency makes the agency's key pair; its secret leaves
 * the computer only as the recovery code, which the caller shows once. Later
 * nodes get the key of compartment names in the answer, sealed to them, from a
 * steward of their own agency; or everything by the recovery code.
 *
 * Names of staff are not part of membership: the caller writes a staff row.
 */
#ifndef FOOTBRIDGE_SYNC_JOIN_H
#define FOOTBRIDGE_SYNC_JOIN_H

#include "sync/invite.h"
#include "sync/replica.h"

/* An answer holds every membership record. */
#define JOIN_ANSWER_BYTES ((size_t)16 * 1024 * 1024)
#define JOIN_REQUEST_BYTES 2048
#define JOIN_DAYS_MAX 365

struct invite_options {
	const char *agency;  /* name or id of a known one, or a new name */
	int kind;            /* of a new agency; -1: it must be known */
	const char *name;    /* of the node; NULL: it chooses */
	const char *address; /* "HOST:PORT" of this steward; NULL: by stick */
	int days;            /* 1..JOIN_DAYS_MAX */
	bool field;          /* a field laptop */
	bool steward;        /* a further steward and registrar; wants the
	                      * agency's recovery code when it joins */
	bool relay;
};

/*
 * Make an invite and remember it. text is appended.
 * fails: ERR_DENIED  this node is no steward for that agency
 *        ERR_INPUT   an unknown agency without a kind, another kind, an option
 *                    that does not fit
 */
enum err invite_make(struct replica *r, struct buf *text,
    const struct invite_options *o, struct fail *f);

struct join_names {
	const char *node;        /* NULL: as the invite says */
	const char *office;      /* NULL: the agency's name */
	const char *agency_code; /* recovery code of a known agency, or NULL */
};

/*
 * The request of this replica, which is no member yet. Keeps the invite until
 * join_finish. agency_code: appended for a new agency only, to be shown once.
 * fails: ERR_EXISTS (is a member already), ERR_INPUT (no node name, a code that
 *        cannot be, a steward's invite without code), ERR_IO
 */
enum err join_request_make(struct replica *r, struct buf *request,
    struct buf *agency_code, const struct invite *invite,
    const struct join_names *names, struct fail *f);

/* Was a request made here that has no answer yet? true too where that cannot be
 * read. */
bool join_is_begun(struct replica *r);

/* What a file or body is, by its first bytes. */
bool join_is_request(const uint8_t *p, size_t n);
bool join_is_answer(const uint8_t *p, size_t n);

/*
 * Answer a request at the steward that made the invite. Makes agency and node
 * records the first time. *joined is the new node.
 * fails: ERR_FORMAT, ERR_INPUT (another network, not this invite's agency any
 *        more), ERR_DENIED (unknown, expired or used invite), ERR_AUTH (wrong
 *        secret or a changed request), ERR_REVOKED (this node is out), ERR_IO.
 *        Nothing is changed then.
 */
enum err join_answer_make(struct replica *r, struct buf *answer,
    struct node_id *joined, const uint8_t *request, size_t n, struct fail *f);

struct join_result {
	struct node_id steward;                 /* to call first */
	char address[INVITE_ADDRESS_BYTES + 1]; /* "" by stick */
	struct agency_id agency;
};

/*
 * Take the answer: check that the pinned steward signed it and made this node a
 * member of the agency asked for; then take in the records, keep the keys, and
 * write the author record.
 * fails: ERR_NOTFOUND (nothing was asked), ERR_FORMAT, ERR_INPUT (for another
 *        network or invite), ERR_AUTH, ERR_IO. Nothing is changed then.
 */
enum err join_finish(struct replica *r, struct join_result *out,
    const uint8_t *answer, size_t n, struct fail *f);

#endif
