/*
 * The bytes of an exchange message (FORMAT.md "Messages"): head, hello or
 * check, items.
 *
 * Pure: no database, no decision. A reader bounds every length before using it
 * and checks the order of items against a table; it refuses every truncation.
 *
 *   message = head hello items      first of a contact, and its answer
 *           | head check items      a further request
 *           | head items            a further answer
 *
 * Items of a sweep (sweep.h) come last and are coded in message_sweep.c.
 */
#ifndef FOOTBRIDGE_SYNC_MESSAGE_H
#define FOOTBRIDGE_SYNC_MESSAGE_H

#include "sync/lane.h"
#include "sync/rd.h"

#define MESSAGE_PROTOCOL 1
#define MESSAGE_SHORT_MARK 8 /* of a mark or id, in a cursor or an offer */
#define MESSAGE_CHECK_BYTES 2

/* flags of the head */
#define MESSAGE_HELLO 1u
#define MESSAGE_MORE 2u        /* the sender has more for the receiver */
#define MESSAGE_MORE_URGENT 4u /* ... in the urgent lane */
#define MESSAGE_OFFER 8u       /* offer ids first: I have other sources */
/* in its second byte; at most one of them */
#define MESSAGE_NO_BULK 16u  /* send me nothing in the bulk lane */
#define MESSAGE_ASK_BULK 32u /* do, on a metered link too: somebody waits */
#define MESSAGE_BULK_FLAGS (MESSAGE_NO_BULK | MESSAGE_ASK_BULK)

struct message_cursor {
	uint64_t position;
	uint8_t mark[MESSAGE_SHORT_MARK]; /* zeros at position 0 */
	uint64_t staged;                  /* bytes of the item after it */
	uint8_t staged_mark[MESSAGE_SHORT_MARK]; /* zeros without staged */
};

/* An author and how far its work is held. position 0: none of it is, and id is
 * zeros; the tag is zeros too where no such author is known. */
struct message_author {
	struct author_tag tag;
	uint64_t position;
	uint8_t id[MESSAGE_SHORT_MARK];
};

struct hello {
	unsigned protocol_min, protocol_max;
	unsigned format_min, format_max; /* of segments */
	struct network_id network;
	uint8_t stream[LANE_STREAM_BYTES];        /* the sender's */
	uint8_t their_stream[LANE_STREAM_BYTES];  /* the receiver's */
	struct message_cursor cursor[LANE_COUNT]; /* into their_stream */
	uint64_t pending[LANE_COUNT]; /* in stream; shown, not relied on */
	unsigned want_receipts;       /* a bit for each lane */
	bool want_sweep; /* the sender would like a sweep in this contact */
	struct message_author own;   /* the sender as it last sealed */
	struct message_author yours; /* the receiver, as held by the sender */
	uint8_t members[MESSAGE_SHORT_MARK]; /* head of membership */
};

enum message_type {
	MESSAGE_MEMBER = 0,
	MESSAGE_SEGMENT = 1,
	MESSAGE_PIECE = 2,
	MESSAGE_SKIP = 3,
	MESSAGE_IDS = 4, /* offer of ids */
	MESSAGE_WANT = 5,
	MESSAGE_CURSOR = 6,
	MESSAGE_RECEIPT = 7,
	/* of a sweep; no lane, no position */
	MESSAGE_LACK = 8,   /* ids that the sender wants */
	MESSAGE_RANGES = 9, /* fingerprints of ranges that follow each other */
	MESSAGE_NAMES = 10, /* all ids that the sender holds in a range */
	MESSAGE_SWEPT = 11, /* this answer is complete up to a bound */
	/* a note; no position */
	MESSAGE_FULL = 12, /* no more room today for this author's node */
};

/* A day: after that there is room again, whatever was said. */
#define MESSAGE_FULL_MAX_S (24 * 60 * 60)

/* Is it an item of a sweep? Those come last, and together. */
static inline bool
message_is_sweep(enum message_type type)
{
	return type >= MESSAGE_LACK && type <= MESSAGE_SWEPT;
}

/* Where a range of ids begins (with this one) or ends (before it). */
#define MESSAGE_BOUND_BYTES 32
struct message_bound {
	uint8_t b[MESSAGE_BOUND_BYTES];
	bool end; /* beyond every id */
};
#define MESSAGE_NAME_BYTES 16 /* of an id, in a sweep */
#define MESSAGE_FINGERPRINT_BYTES 16

/* One item; pointers borrow from the message. Which members count: see the
 * type. */
struct message_item {
	enum message_type type;
	enum lane lane;
	uint64_t position;    /* all: of the item, or the first of a run */
	uint64_t count;       /* skip, ids, want: how many positions; lack,
	                       * ranges, names: how many entries; full: for
	                       * how many seconds */
	const uint8_t *bytes; /* member, segment, piece; ids, lack, ranges,
	                       * names: the entries; want: the bitmap, low bit
	                       * first */
	size_t n;
	uint64_t offset, total;       /* piece */
	const uint8_t *mark;          /* piece, skip: LANE_MARK_BYTES */
	struct message_cursor cursor; /* cursor */
	struct author_tag author;     /* receipt, full */
	const uint8_t *signature;     /* receipt, 64 bytes */
	struct message_bound low;     /* ranges, names */
	struct message_bound high;    /* ranges (of all), names, swept */
};

/* One entry of an offer of ids. A segment's mark is cut to 4 bytes: author and
 * position name it, the mark only tells forks apart. */
#define MESSAGE_FORK_MARK 4
struct message_id {
	enum lane_what what;
	struct author_tag author; /* segment */
	uint64_t position;        /* segment: its author's position */
	uint8_t mark[MESSAGE_SHORT_MARK];
};

/* ---- writing ------------------------------------------------------------- */

/* budget_bytes: how many bytes of units the sender of this message wants in
 * the next one; rounded down to a power of two from LIMIT_UNIT_MIN_BYTES. */
void message_head(struct buf *out, unsigned flags, size_t budget_bytes);
void message_hello(struct buf *out, const struct hello *h);
/* The two streams of a contact, in short: whoever asks, first. */
void message_check(uint8_t out[static MESSAGE_CHECK_BYTES],
    const uint8_t asker[static LANE_STREAM_BYTES],
    const uint8_t answerer[static LANE_STREAM_BYTES]);
/* explicit: write the position; it may be left out when it is the one after
 * the unit before it in the same lane and message. */
void message_put(struct buf *out, const struct message_item *item,
    bool explicit_position);
/* before: the entry before it, zeroed for the first */
void message_put_id(struct buf *out, const struct message_id *id,
    const struct message_id *before);

/* Ranges and names: item->count and bytes hold the entries. */
void message_put_sweep(struct buf *out, const struct message_item *item);
/* One entry of ranges, appended to what will be item->bytes. */
void message_put_range(struct buf *out, const struct message_bound *high,
    const uint8_t fingerprint[static MESSAGE_FINGERPRINT_BYTES]);
/* <0, 0, >0: in the order of ids, the end last */
int message_bound_compare(const struct message_bound *a,
    const struct message_bound *b);

/* ---- reading ------------------------------------------------------------- */

struct message {
	unsigned flags;
	size_t budget_bytes; /* what the sender wants in the next message */
	struct hello hello;  /* with MESSAGE_HELLO */
	uint8_t check[MESSAGE_CHECK_BYTES]; /* request without hello */
	bool request; /* as it was opened: only an answer ends a sweep */
	/* reading position */
	struct rd rd;
	int state;
	uint64_t next[LANE_COUNT];  /* 0: position must be given */
	struct message_bound swept; /* where the last range read ends */
};

/*
 * Read head and hello or check. The bytes must outlive the message.
 * fails: ERR_VERSION another protocol or format, ERR_LIMIT over
 *        LIMIT_MESSAGE_BYTES, ERR_FORMAT
 */
enum err message_open(struct message *m, const uint8_t *bytes, size_t n,
    bool request, struct fail *f);
/* The next item; *end at the end. ERR_FORMAT names what is wrong. */
enum err message_next(struct message *m, struct message_item *item, bool *end,
    struct fail *f);
/* Read all items once, keeping nothing: a message is judged whole before any
 * of it is acted on. m is as after message_open. */
enum err message_validate(const struct message *m, struct fail *f);
/* The next entry of an offer; r = rd_of(item.bytes, item.n). id holds the entry
 * before it, zeroed for the first. */
enum err message_next_id(struct message_id *id, struct rd *r);
/* The next entry of ranges: where it ends and what it hashes to. */
enum err message_next_range(struct message_bound *high,
    const uint8_t **fingerprint, struct rd *r);
/* Used by message_next: the body of a sweep's item. Fails r when it is cut, not
 * in shortest form, out of order within itself, or begins before *swept, which
 * is moved to its end. */
void message_read_sweep(struct rd *r, struct message_item *item,
    struct message_bound *swept);

#endif
