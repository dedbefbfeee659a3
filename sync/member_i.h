/*
 * Inside membership: the parsed form of one record, shared by the codec
 * (member_codec.c, member_revoke.c) and the set (member_set.h), and by nobody
 * else but join.c for the two helpers at the end.
 */
#ifndef FOOTBRIDGE_SYNC_MEMBER_I_H
#define FOOTBRIDGE_SYNC_MEMBER_I_H

#include "sync/hash.h"
#include "sync/member.h"
#include "sync/rd.h"

#define MEMBER_FORMAT 1
#define MEMBER_RECORD_ID_BYTES 32
#define MEMBER_ROOT_TRAINING 1u /* bits of a root record */

struct member_record {
	uint8_t id[MEMBER_RECORD_ID_BYTES];
	enum member_kind kind;
	struct network_id network;
	struct node_id issuer; /* zeros: the root */
	bool by_root;
	uint8_t signature[MEMBER_SIG_BYTES];
	/* by kind */
	uint8_t root_key[MEMBER_KEY_BYTES];
	char root_name[LIMIT_NAME_BYTES + 1];
	bool training;
	struct member_agency agency;
	struct member_node node;
	struct member_author author;
	struct member_revoke revoke;    /* cut and standing NULL: they are in */
	const uint8_t *cuts, *standing; /* the record's bytes, borrowed */
	size_t cuts_n;
	struct member_agency_key key; /* borrows */
};

/*
 * Everything that can be checked without another record or a key. A revocation
 * and an agency key borrow from bytes.
 * fails: ERR_FORMAT, ERR_LIMIT, ERR_VERSION; out untouched
 */
enum err member_parse(struct member_record *out, const uint8_t *bytes, size_t n,
    struct fail *f);

/* The body of a revocation (member_revoke.c). */
void member_read_revocation(struct rd *r, struct member_record *m);
void member_read_cut(struct rd *r, struct member_cut *cut);
/* The body of an agency key (member_key.c). */
void member_read_agency_key(struct rd *r, struct member_record *m);
/* Begin a record in b, and sign what stands in it, read it back, append it to
 * out and release b. */
void member_start(struct buf *b, enum member_kind kind,
    const struct network_id *network, const struct node_id *issuer);
enum err member_finish(struct buf *out, struct buf *b, const struct identity *i,
    bool as_root);

/* Ed25519 over (label, NUL, message): a message of at most 256 bytes. */
void member_sign(uint8_t signature[static MEMBER_SIG_BYTES], enum label label,
    const void *message, size_t n, const uint8_t secret[static 64]);
enum err member_check(const uint8_t signature[static MEMBER_SIG_BYTES],
    enum label label, const void *message, size_t n,
    const uint8_t key[static 32]) MUST_USE;
/* The bytes of a node's own word: network, node, agency. */
#define MEMBER_CONSENT_BYTES (3 * ID_BYTES)
void member_consent_bytes(uint8_t out[static MEMBER_CONSENT_BYTES],
    const struct network_id *network, const struct node_id *node,
    const struct agency_id *agency);

/* A name from outside: UTF-8, no control characters, 1..LIMIT_NAME_BYTES (0
 * allowed where empty_ok), copied with a NUL; fails the cursor otherwise. */
void member_read_name(struct rd *r, char name[static LIMIT_NAME_BYTES + 1],
    bool empty_ok);
bool member_name_ok(const char *name, bool empty_ok);

#endif
