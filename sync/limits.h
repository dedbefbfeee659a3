/*
 * Every bound of the engine, in one place, each with its reason.
 * Changing one that stands in FORMAT.md changes the format.
 */
#ifndef FOOTBRIDGE_SYNC_LIMITS_H
#define FOOTBRIDGE_SYNC_LIMITS_H

/* A clear header: fixed fields plus LIMIT_DEPS references is below 2 KiB. */
#define LIMIT_HEADER_BYTES 4096
/* Ends of a compartment that nobody has joined yet; a writer that knows more
 * closes an empty segment first. Normal life has fewer than 6. */
#define LIMIT_DEPS 64
/* A segment is closed at this many bytes of packed operations, ... */
#define LIMIT_OPEN_BYTES 16384
/* ... but one operation may be long (a note), so the wire allows more. */
#define LIMIT_PAYLOAD_BYTES (1024 * 1024)
#define LIMIT_SEGMENT_BYTES (1024 * 1024 + 65536)
/* One field's value. Documents are attachments, not values. */
#define LIMIT_VALUE_BYTES (256 * 1024)
/* One document, which travels as an attachment: a scan of some 20 pages. At
 * 2 kB/s it takes four hours. */
#define LIMIT_DOCUMENT_BYTES (25 * 1024 * 1024)
/* Attachment segments of one author in one compartment, 4 GiB: a quota that
 * every node sees alike, since it is a bound on seq. */
#define LIMIT_ATTACHMENTS 65536
#define LIMIT_SEGMENT_OPS 4096
/* seq and position fit a database integer; seq also leaves a bit for the
 * chain. Beyond what a node could write in any life. */
#define LIMIT_SEQ ((1ULL << 56) - 1)
#define LIMIT_SCHEMA_VERSION 65535
/* Why a proposal was turned down, in a sentence or two. */
#define LIMIT_REASON_BYTES 1000
/* Fields of one table: their set fits one 64-bit word. */
#define LIMIT_FIELDS 63
#define LIMIT_TABLES 128
#define LIMIT_STAFF_PER_SEGMENT 256
/* Wall time of an operation: years 1900 to 9999, in milliseconds. */
#define LIMIT_TIME_MIN_MS (-2208988800000LL)
#define LIMIT_TIME_MAX_MS 253402300799999LL

/* The text merge: tokens of one text, cells of one alignment (4096 changed
 * words against 4096), bytes of a result. Part of the format. */
#define TEXT_TOKENS_MAX 65536
#define TEXT_CELLS_MAX ((size_t)4096 * 4096)
#define TEXT_RESULT_BYTES ((size_t)1024 * 1024)

/*
 * What is judged together, one compartment's, is shared between who sent it
 * (quota.h): who sends too much waits, and the others do not.
 */
/* Control (control.h says what costs what): 256 removals, or a few hundred new
 * keys for two thousand holders; worked through in half a second. */
#define LIMIT_CONTROL_COST 16384
/* Operations of a compartment, unpacked, in memory while it is derived: some
 * hundred thousand. Documents are not among them. */
#define LIMIT_COMPARTMENT_BYTES (128 * 1024 * 1024)

/* What a relay stores in one day of one node's work that it cannot read
 * (room.h). On its first day an office of the demo imports a thousand people and
 * grants them: 7 MiB in 22,000 segments. Ten times that fits; more takes days. */
#define LIMIT_ROOM_BYTES (256LL * 1024 * 1024)
#define LIMIT_ROOM_SEGMENTS 250000

/* Segments of unknown authors or with a missing predecessor, kept unverified. */
#define LIMIT_PARKED_PER_PEER 1024
#define LIMIT_PARKED_BYTES (64 * 1024 * 1024)
/* What fits no history that is held, after so long, makes room for what comes
 * when there is none; a sweep brings it again if it is needed after all. */
#define LIMIT_PARKED_BRANCH_MS (30LL * 24 * 60 * 60 * 1000)
/* Membership records whose issuer is not known yet: more than any network's. */
#define LIMIT_PARKED_MEMBERS 4096
/* What was refused is kept to be looked at, within these. */
#define LIMIT_REFUSED 1000
#define LIMIT_REFUSED_BYTES (64 * 1024 * 1024)

/* One exchange message. */
#define LIMIT_MESSAGE_BYTES (4 * 1024 * 1024)
#define LIMIT_UNIT_MIN_BYTES 4096
#define LIMIT_UNIT_MAX_BYTES (1024 * 1024)

/* Ids offered in one list; its answer is a bitmap of 128 bytes. */
#define LIMIT_OFFER_ITEMS 1024
/* A sweep's message: ids of a range are told when it has at most so many, else
 * it is cut into ranges; ids lacked in one list (64 KiB and a range). */
#define LIMIT_SWEEP_NAMES 256
#define LIMIT_SWEEP_RANGES 256
#define LIMIT_SWEEP_LACK 8192
/* Runs of positions held ahead of a cursor, per lane: parts of a bundle. */
#define LIMIT_AHEAD_RUNS 4096

/* A membership record; only a revocation may be longer, since it lists what
 * stays of a steward that enrolled a whole network. */
#define LIMIT_MEMBER_PLAIN_BYTES 4096
#define LIMIT_MEMBER_BYTES 40960
#define LIMIT_REVOCATION_CUTS 64 /* lives of one computer */
#define LIMIT_REVOCATION_STANDING 4000
/* Numbers of an agency's keys, one more at each replacement. */
#define LIMIT_AGENCY_KEY_NO 1000000
#define LIMIT_NAME_BYTES 200    /* a person's, office's or agency's name */
#define LIMIT_CATEGORY_BYTES 64 /* "TX2.attendance" */
#define LIMIT_BASIS_BYTES 200
/* Keys granted by one grant segment: a compartment's holders times epochs. */
#define LIMIT_GRANT_ENTRIES 256
/* Epochs of one compartment, one a removal: a few in its life, and of the
 * directory one for each node that was ever revoked. One grant can hand on all
 * of them. */
#define LIMIT_GRANT_EPOCHS 256
/* Changes of rights in one compartment that are told apart by what each knew of,
 * for one agency and its nodes; a dozen in its life. Above that the greatest right
 * ever given holds. */
#define LIMIT_RIGHTS_SAID 256
#define LIMIT_VIA 8 /* relays of one member */
#define LIMIT_BUNDLE_BYTES (1024LL * 1024 * 1024)
#define LIMIT_BUNDLE_RECIPIENTS 64
#define LIMIT_INVITE_BYTES 1024

#endif
