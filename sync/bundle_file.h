/*
 * The container of a bundle: header, sealed chunks, trailer. Private to
 * bundle.c. Knows nothing of what is in a chunk.
 *
 *   magic 8 | version | kind | network 16 | sender's keys 3 x 32 | id 16 |
 *   part | made | count, then (node 16, sealed key 80) for each recipient |
 *   chunks: recipient 1, flags 1, length 4, ciphertext |
 *   trailer: 255, flags 1, length 4 = 64, signature 64
 */
#ifndef FOOTBRIDGE_SYNC_BUNDLE_FILE_H
#define FOOTBRIDGE_SYNC_BUNDLE_FILE_H

#include "sync/aes.h"
#include "sync/bundle.h"
#include "sync/hash.h"

#define BUNDLE_SEALED_BYTES (32 + crypto_box_SEALBYTES)
#define BUNDLE_KEYS_BYTES 96

struct bundle_recipient {
	struct node_id node;
	uint8_t sealed[BUNDLE_SEALED_BYTES];
	uint8_t key[AES_KEY_BYTES]; /* writer, and the reader's own */
	uint64_t chunks;            /* so far: the next nonce */
};

struct bundle_header {
	enum bundle_kind kind;
	struct network_id network;
	uint8_t keys[BUNDLE_KEYS_BYTES]; /* sign, box, tls: they give the id */
	struct node_id sender;
	uint8_t id[BUNDLE_ID_BYTES];
	unsigned part;
	int64_t made_ms;
	size_t count;
	struct bundle_recipient recipient[LIMIT_BUNDLE_RECIPIENTS];
	uint8_t hash[32]; /* of the header's bytes: bound to every chunk */
};

/* ---- writing ------------------------------------------------------------- */

struct bundle_out {
	const struct bundle_writer *to;
	struct bundle_header header;
	struct hash hash; /* of all bytes so far */
	uint64_t bytes;
};
/* header: all but hash and recipients' sealed and key; boxes[i] is the box key
 * of recipient i. Draws keys and writes the header. */
enum err bundle_begin(struct bundle_out *o, const struct bundle_header *header,
    const uint8_t (*boxes)[32], const struct env *env,
    const struct bundle_writer *to, struct fail *f);
enum err bundle_chunk(struct bundle_out *o, size_t recipient, const uint8_t *p,
    size_t n, struct fail *f);
enum err bundle_end(struct bundle_out *o, bool last,
    const uint8_t sign_secret[static 64], struct fail *f);

/* ---- reading ------------------------------------------------------------- */

/* Parse and check everything that needs no key: layout, signature, end. */
enum err bundle_check(struct bundle_header *header, struct bundle_info *info,
    const struct bundle_reader *from, struct fail *f);

/* Walk the chunks of one recipient of a checked bundle. */
struct bundle_in {
	const struct bundle_reader *from;
	struct bundle_header *header;
	size_t recipient;
	uint64_t at;
	struct buf sealed;
};
enum err bundle_unlock(struct bundle_in *in, struct bundle_header *header,
    size_t recipient, const struct identity *me,
    const struct bundle_reader *from, struct fail *f);
/* The next chunk's content into out (replaced); *end at the end. */
enum err bundle_next(struct bundle_in *in, struct buf *out, bool *end,
    struct fail *f);

#endif
