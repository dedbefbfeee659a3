/*
 * Bundles: the units of an exchange in one flat file, for a stick or a mail.
 *
 * For one or more recipients, who each can open only what is theirs; signed by
 * the sender over every byte, so that a flipped, cut or foreign file is refused
 * before anything of it is looked at. May be imported twice and in any order;
 * split parts are bundles of their own. Bytes: FORMAT.md "Bundle".
 *
 * No file names, no paths: whoever opens the files is the caller (node/). Its
 * functions are called between transactions: others may use the replica while
 * they wait for a disk.
 */
#ifndef FOOTBRIDGE_SYNC_BUNDLE_H
#define FOOTBRIDGE_SYNC_BUNDLE_H

#include "sync/units.h"

#define BUNDLE_SPLIT_MIN_BYTES 65536
#define BUNDLE_ID_BYTES 16
#define BUNDLE_HEARD_NOTE "stick:" /* notes of a restored replica, in _meta */

enum bundle_kind {
	BUNDLE_DATA = 1,
	BUNDLE_RECEIPT = 2, /* hello and receipts only */
};

/* Where a bundle goes: parts one after the other. */
struct bundle_writer {
	void *context;
	/* a part begins (from 1): the bytes that follow are a new file */
	enum err (*part)(void *context, unsigned part, struct fail *f);
	enum err (
	    *write)(void *context, const uint8_t *p, size_t n, struct fail *f);
};
/* Where one comes from; read more than once. *got < n only at its end. */
struct bundle_reader {
	void *context;
	enum err (*read)(void *context, uint64_t offset, uint8_t *p, size_t n,
	    size_t *got, struct fail *f);
};

/*
 * Write everything that the recipients have not acknowledged (everything, when
 * never met). Own work is sealed first. Acknowledges nothing: a lost stick
 * costs nothing but another export.
 *
 * in:    count 1..LIMIT_BUNDLE_RECIPIENTS, members known here
 *        split_bytes 0 = one file, else at least BUNDLE_SPLIT_MIN_BYTES
 * out:   *parts, stats (may be NULL)
 *        no item is cut between parts: they may be imported in any order
 * fails: ERR_INPUT (also: an item fits in no part), ERR_DENIED (no member),
 *        ERR_LIMIT (a part over LIMIT_BUNDLE_BYTES: use split_bytes), and what
 *        the writer says; then what was written is worthless and to be deleted
 */
enum err bundle_export(struct replica *r, unsigned *parts,
    const struct node_id *recipients, size_t count, uint64_t split_bytes,
    const struct bundle_writer *to, struct exchange_stats *stats,
    struct fail *f);
/* The receipt for a peer: what we hold of its streams. One part. */
enum err bundle_export_receipt(struct replica *r, const struct node_id *peer,
    const struct bundle_writer *to, struct fail *f);

/* What stands in clear. */
struct bundle_info {
	enum bundle_kind kind;
	struct network_id network;
	struct node_id sender;
	uint8_t id[BUNDLE_ID_BYTES]; /* the same for all parts of an export */
	unsigned part;               /* from 1 */
	bool last;                   /* of the parts */
	int64_t made_ms;             /* the sender's clock; shown only */
	uint64_t bytes;
	size_t recipient_count;
	struct {
		struct node_id node;
		uint64_t bytes, chunks;
	} recipient[LIMIT_BUNDLE_RECIPIENTS];
};
/*
 * Check a bundle whole, without any key.
 * fails: ERR_FORMAT not a bundle, or cut; ERR_VERSION; ERR_AUTH changed on the
 *        way; ERR_LIMIT
 * cost:  reads all of it once
 */
enum err bundle_show(struct bundle_info *out, const struct bundle_reader *from,
    struct fail *f);
/* Do these first bytes of a file (8 are enough) begin a bundle? */
bool bundle_is(const uint8_t *p, size_t n);

/*
 * Take in one bundle or part. info (may be NULL) is filled as by bundle_show.
 * Committed chunk by chunk; a break leaves a beginning that does no harm.
 * fails: as bundle_show, and ERR_INPUT another network, ERR_DENIED not for this
 *        node or from nobody known here, ERR_FENCE
 */
enum err bundle_import(struct replica *r, struct bundle_info *info,
    struct exchange_stats *stats, const struct bundle_reader *from,
    struct fail *f);

#endif
