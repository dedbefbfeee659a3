/*
 * The two messages of joining, shared by both sides. Private to join*.c.
 *
 *   message: magic 4 | format 1 | network 16 | invite id 8 | nonce 24 | sealed
 *   request: three public keys | new | founding key if new | two consents |
 *            name | office | signature
 *   answer:  count | records | box | signature
 *
 * All before sealed is the associated data. See FORMAT.md "Joining".
 */
#ifndef FOOTBRIDGE_SYNC_JOIN_I_H
#define FOOTBRIDGE_SYNC_JOIN_I_H

#include "sync/join.h"
#include "sync/member_i.h"

enum join_message { JOIN_REQUEST, JOIN_ANSWER };

#define JOIN_FORMAT 1
#define JOIN_NONCE_BYTES 24
#define JOIN_TAG_BYTES 16
#define JOIN_HEAD_BYTES (4 + 1 + ID_BYTES + INVITE_ID_BYTES)

struct join_head {
	struct network_id network;
	uint8_t invite[INVITE_ID_BYTES];
};

/* ERR_FORMAT: not such a message; ERR_VERSION */
enum err join_head_read(struct join_head *out, enum join_message kind,
    const uint8_t *p, size_t n, struct fail *f);
/* Seal plain (appended to out). */
enum err join_seal(struct buf *out, enum join_message kind,
    const struct join_head *head,
    const uint8_t secret[static INVITE_SECRET_BYTES], const struct buf *plain,
    const struct env *env, struct fail *f);
/* Open a message whose head was read; appended to plain. ERR_AUTH. */
enum err join_open(struct buf *plain, enum join_message kind,
    const struct join_head *head,
    const uint8_t secret[static INVITE_SECRET_BYTES], const uint8_t *p,
    size_t n, struct fail *f);

/* What the signature at the end of a plain text covers. */
#define JOIN_DIGEST_BYTES 32
void join_digest(uint8_t out[static JOIN_DIGEST_BYTES], enum join_message kind,
    const struct join_head *head, const struct node_id *node,
    const uint8_t *plain, size_t n);

/* A request, parsed; its signature checked. name and office are texts. */
struct join_request {
	struct member_node node; /* keys, id, names, consents */
	bool new_agency;
	uint8_t founding_key[MEMBER_KEY_BYTES];
};
enum err join_request_read(struct join_request *out,
    const struct join_head *head, const uint8_t *plain, size_t n);

/* The key of compartment names, sealed to the new node. */
#define JOIN_BOX_PLAIN (16 + 32)
void join_box_bind(uint8_t out[static 16], const struct network_id *network,
    const struct node_id *steward, const struct node_id *node,
    const struct agency_id *agency);

#endif
