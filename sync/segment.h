/*
 * The segment: the signed unit of the change log (DESIGN 5; bytes in
 * FORMAT.md).
 *
 *   form | header | body | signature          form 0, whole
 *   form | header | body hash | signature     form 1, a stub
 *
 * body:  data, attachment: ciphertext; offer: a sealed box; control: clear bytes
 *        of that kind
 * hash:  BLAKE2b-256(LABEL_SEGMENT_BODY, body)
 * id:    BLAKE2b-256(LABEL_SEGMENT_ID, network, header, previous id, hash)
 *        previous = the id of (author, compartment, chain, seq - 1), zeros at 1
 * sig:   Ed25519 over (LABEL_SEGMENT_SIGN, id)
 *
 * The header has no time in it. The previous id is not sent: whoever can verify
 * has the predecessor. A stub verifies like the whole. Stored bytes are sent as
 * they are by everybody.
 */
#ifndef FOOTBRIDGE_SYNC_SEGMENT_H
#define FOOTBRIDGE_SYNC_SEGMENT_H

#include "sync/env.h"
#include "sync/id.h"
#include "sync/limits.h"

#define SEGMENT_FORMAT 1
#define SEGMENT_SUITE \
	1 /* Ed25519, XChaCha20-Poly1305, BLAKE2b, zstd dict 1 \
			 */
#define SEGMENT_SALT_BYTES 16
#define SEGMENT_PREFIX_BYTES 4 /* of the key id, to find the key */
#define SEGMENT_SIG_BYTES 64
#define SEGMENT_KEY_BYTES 32

enum segment_kind {
	SEGMENT_DATA = 0,
	SEGMENT_GRANT = 1,
	SEGMENT_REMOVE = 2,
	SEGMENT_SHRED = 3,
	SEGMENT_JUDGEMENT = 4,
	SEGMENT_ADOPT = 5,
	SEGMENT_TRANSFER = 6,
	SEGMENT_OFFER = 7,
	SEGMENT_ATTACHMENT = 8,
};
#define SEGMENT_KIND_MAX SEGMENT_ATTACHMENT

/*
 * Fixed by the kind: grant, remove, shred, judgement, adopt, transfer are
 * control (always LANE_URGENT); attachment is always LANE_BULK. Each chain of
 * an author in a compartment has its own seq, so that none waits for another.
 * Offers and attachments stand beside the log: they name no dependencies and
 * nothing names them, and no table is derived from them.
 */
#define CHAIN_CONTROL 0
#define CHAIN_DATA 1
#define CHAIN_OFFER 2
#define CHAIN_ATTACHMENT 3
int segment_chain(enum segment_kind kind);
/* Does the chain name, and may it be named in, dependencies? */
bool segment_chain_depends(int chain);
/* Is the body sealed with a key of the compartment (data, attachment)? */
bool segment_is_sealed(enum segment_kind kind);
/* Does the body hold operations, which are judged by a schema (data, offer)? */
bool segment_has_schema(enum segment_kind kind);
const char *segment_kind_name(enum segment_kind kind);

struct segment_dep {
	struct author_tag author;
	int chain;                      /* CHAIN_CONTROL or CHAIN_DATA */
	uint64_t seq;                   /* >= 1 */
	uint8_t ref[SEGMENT_REF_BYTES]; /* first bytes of the segment id */
};

struct segment_header {
	unsigned format, suite;
	enum segment_kind kind;
	unsigned lane; /* 0..2 */
	struct compartment_id compartment;
	struct author_tag author;
	uint64_t seq;      /* per author, compartment, chain; >= 1 */
	uint64_t position; /* per author; >= 1 */
	unsigned schema;   /* version, from 1; data and offer, else 0 */
	/* zeros where nothing is sealed with a key of the compartment */
	uint8_t key_prefix[SEGMENT_PREFIX_BYTES];
	uint8_t salt[SEGMENT_SALT_BYTES];
	size_t body_bytes;
	size_t dep_count;
	/* by author, chain, seq, ref ascending, no two alike; never of the
	 * segment's own chain, whose predecessor is implied; control names
	 * control only */
	struct segment_dep deps[LIMIT_DEPS];
};

/* <0, 0, >0 in the order that deps stand in a header. */
int segment_dep_compare(const struct segment_dep *a,
    const struct segment_dep *b);

/* A parsed view; every pointer borrows from the bytes given. */
struct segment {
	struct segment_header header;
	bool stub;
	const uint8_t *header_bytes;
	size_t header_n;
	const uint8_t *body; /* NULL in a stub */
	uint8_t body_hash[32];
	const uint8_t *signature;
};

/*
 * fails: ERR_FORMAT  text names the field and its offset; ERR_LIMIT;
 *        ERR_VERSION a format or suite this program does not know
 * Checks everything that needs no key and no other segment. out is untouched
 * on failure.
 */
enum err segment_parse(struct segment *out, const uint8_t *bytes, size_t n,
    struct fail *f);
/* prev NULL for seq 1 */
void segment_identify(struct segment_id *id, const struct segment *s,
    const struct network_id *network, const struct segment_id *prev);
/* ERR_AUTH when the signature is not this key's. ~40 us. */
enum err segment_verify(const struct segment *s, const struct segment_id *id,
    const uint8_t public_key[static 32]) MUST_USE;
/* The same of a signature that was copied out of one; safe in any thread. */
enum err segment_verify_signature(const uint8_t signature[static 64],
    const struct segment_id *id, const uint8_t public_key[static 32]);

/* The commitment that names a compartment key. */
void segment_key_id(struct key_id *out,
    const uint8_t key[static SEGMENT_KEY_BYTES]);

/*
 * Decrypt and decompress a whole data or attachment segment into its payload
 * (appended).
 *
 * fails: ERR_AUTH key or bytes do not fit; ERR_FORMAT padding or compression;
 *        ERR_LIMIT; ERR_INPUT for a stub or a kind that is not sealed so
 * cost:  one AEAD pass, one bounded zstd frame
 */
enum err segment_open(struct buf *payload, const struct segment *s,
    const uint8_t key[static SEGMENT_KEY_BYTES], struct fail *f);

/*
 * Make a whole segment: compress, pad (Padme, floor 64), encrypt, hash, sign.
 * in->header: everything but format, suite, key_prefix, salt and body_bytes.
 * body: the payload of SEGMENT_DATA (packed) and SEGMENT_ATTACHMENT, which is
 * sealed here; of an offer the box as its maker sealed it, of the control kinds
 * their clear bytes, which are put as they are.
 * The result is re-parsed, re-verified and re-opened before it is returned.
 * out: bytes appended to *out; *id
 * fails: ERR_INPUT a header that segment_parse would refuse; ERR_LIMIT;
 *        ERR_CORRUPT what was made cannot be read again (damaged memory):
 *        nothing was given out
 */
struct segment_make {
	const struct segment_header *header;
	const uint8_t *body;
	size_t body_n;
	const uint8_t *key; /* SEGMENT_KEY_BYTES; NULL where not sealed here */
	const struct network_id *network;
	const struct segment_id *prev; /* NULL for seq 1 */
	const uint8_t *secret_key;     /* Ed25519, 64 bytes */
};
enum err segment_make(struct buf *out, struct segment_id *id,
    const struct segment_make *in, const struct env *env, struct fail *f);
/* The stub of a whole segment; the stub of a stub is itself. */
void segment_stub(struct buf *out, const struct segment *s);

/* Padme length with a floor of 64 (PETS'19); n <= LIMIT_PAYLOAD_BYTES. */
size_t segment_padded(size_t n);

#endif
