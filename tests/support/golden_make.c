/* One function per block: the bytes, each run with what it means. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "sync/assets.h"
#include "sync/dict.h"
#include "sync/hash.h"
#include "sync/part.h"
#include "sync/rd.h"
#include "sync/registry.h"
#include "tests/support/golden.h"
#include "tests/support/golden_i.h"
#include "tests/support/sealing.h"

#define BYTES_PER_LINE 16

/* Bytes in lines of 16, the comment on the first. */
void
golden_part(struct buf *text, const void *bytes, size_t n, const char *comment)
{
	const uint8_t *p = bytes;

	for (size_t from = 0; from < n; from += BYTES_PER_LINE) {
		size_t left = n - from;
		size_t count = left < BYTES_PER_LINE ? left : BYTES_PER_LINE;
		char hex[3] = "";

		for (size_t i = 0; i < BYTES_PER_LINE; i++) {
			if (i < count)
				hex_encode(hex, p + from + i, 1);
			if (i < count || from == 0)
				buf_printf(text, "%s%s", i != 0 ? " " : "",
				    i < count ? hex : "  ");
		}
		buf_printf(text, "%s%s\n", from == 0 ? " ; " : "",
		    from == 0 ? comment : "");
	}
}

/* n bytes from the cursor, or with n = 0 one varint. */
void
golden_take(struct buf *text, struct rd *r, size_t n, const char *comment)
{
	const uint8_t *from = r->p;

	if (n == 0)
		(void)rd_uint(r);
	else
		(void)rd_take(r, n);
	if (r->err != OK)
		abort();
	golden_part(text, from, (size_t)(r->p - from), comment);
}

static void
take_value(struct buf *text, struct rd *r, const char *comment)
{
	const uint8_t *from = r->p;
	struct value v;

	value_decode(&v, r);
	if (r->err != OK)
		abort();
	golden_part(text, from, (size_t)(r->p - from), comment);
}

static void
make_values(struct buf *text)
{
	static const uint8_t id[ID_BYTES] = { 0xa0, 0xa1, 0xa2, 0xa3, 0xa4 };
	static const struct {
		struct value value;
		const char *comment;
	} list[] = {
		{ { .type = VALUE_NULL }, "null" },
		{ { .type = VALUE_INT, .i = 0 }, "integer 0" },
		{ { .type = VALUE_INT, .i = -1 }, "integer -1" },
		{ { .type = VALUE_INT, .i = 300 }, "integer 300" },
		{ { .type = VALUE_TEXT, .p = (const uint8_t *)"", .n = 0 },
		    "text, empty" },
		{ { .type = VALUE_TEXT,
		      .p = (const uint8_t *)"caf\xc3\xa9",
		      .n = 5 },
		    "text \"caf\\u00e9\"" },
		{ { .type = VALUE_BYTES, .p = id, .n = 3 }, "bytes a0 a1 a2" },
		{ { .type = VALUE_ID, .p = id, .n = ID_BYTES }, "id" },
		{ { .type = VALUE_DATE, .i = 20543 }, "date 2026-03-31" },
		{ { .type = VALUE_TIME, .i = 20543 * 1440 + 9 * 60 + 30 },
		    "time 2026-03-31T09:30" },
	};

	for (size_t i = 0; i < COUNT_OF(list); i++) {
		struct buf b = { 0 };

		value_encode(&b, &list[i].value);
		golden_part(text, b.p, b.n, list[i].comment);
		buf_release(&b);
	}
}

static void
make_loose(struct buf *text)
{
	struct buf b = { 0 };
	struct rd r;
	struct op op;

	sealing_op(&op, 0x11, 0x22, "twelve bytes");
	op_encode(&b, &op);
	r = rd_of(b.p, b.n);
	golden_take(text, &r, 1, "kind: 1, set");
	golden_take(text, &r, 0, "table 17");
	golden_take(text, &r, ID_BYTES, "row");
	golden_take(text, &r, ID_BYTES, "staff");
	golden_take(text, &r, 0, "time, ms since 1970, zigzag");
	golden_take(text, &r, 0, "offset -300 minutes, zigzag");
	golden_take(text, &r, 0, "1 field");
	golden_take(text, &r, 0, "field 5");
	take_value(text, &r, "text \"twelve bytes\"");
	buf_release(&b);
}

static void
lone_payload(struct buf *payload)
{
	struct buf loose = { 0 };
	struct op op;

	sealing_op(&op, 0x11, 0x22, "twelve bytes");
	op_encode(&loose, &op);
	if (op_pack(payload, loose.p, loose.n) != OK)
		abort();
	buf_release(&loose);
}

static void
make_payload_lone(struct buf *text)
{
	struct buf b = { 0 };
	struct rd r;

	lone_payload(&b);
	r = rd_of(b.p, b.n);
	golden_take(text, &r, 0, "1 staff id");
	golden_take(text, &r, ID_BYTES, "staff 0");
	golden_take(text, &r, 0, "1 table");
	golden_take(text, &r, 0, "table 17");
	golden_take(text, &r, 0, "1 row of it");
	golden_take(text, &r, ID_BYTES, "row");
	golden_take(text, &r, 0, "head: 1 field, offset, last, set");
	golden_take(text, &r, 0, "time minus 0, zigzag");
	golden_take(text, &r, 0, "offset -300, zigzag");
	golden_take(text, &r, 0, "field 5");
	take_value(text, &r, "text \"twelve bytes\"");
	if (rd_done(&r) != OK)
		abort();
	buf_release(&b);
}

/* What an owner writes that turns a proposal down. */
static void
make_payload_reason(struct buf *text)
{
	struct buf loose = { 0 }, b = { 0 };
	struct rd r;
	struct op op;

	sealing_op(&op, 0x11, 0x22, "9:00");
	op.reason = (struct value){ .type = VALUE_TEXT,
		.p = (const uint8_t *)"The court set it.",
		.n = 17 };
	op_encode(&loose, &op);
	if (op_pack(&b, loose.p, loose.n) != OK)
		abort();
	r = rd_of(b.p, b.n);
	golden_take(text, &r, 0, "1 staff id");
	golden_take(text, &r, ID_BYTES, "staff 0");
	golden_take(text, &r, 0, "1 table");
	golden_take(text, &r, 0, "table 17");
	golden_take(text, &r, 0, "1 row of it");
	golden_take(text, &r, ID_BYTES, "row");
	golden_take(text, &r, 0, "head: reason and 1 field, offset, last, set");
	golden_take(text, &r, 0, "time minus 0");
	golden_take(text, &r, 0, "offset -300");
	golden_take(text, &r, 0, "field 0, the reason");
	take_value(text, &r, "text \"The court set it.\"");
	golden_take(text, &r, 0, "field 5");
	take_value(text, &r, "text \"9:00\": what stood stands");
	if (rd_done(&r) != OK)
		abort();
	buf_release(&b);
	buf_release(&loose);
}

/* Two tables, two people, two operations on one row, an insert. */
static void
make_payload_many(struct buf *text)
{
	struct buf loose = { 0 }, b = { 0 };
	struct rd r;
	struct op op;

	sealing_op(&op, 0x11, 0x22, "one");
	op_encode(&loose, &op);
	sealing_op(&op, 0x10, 0x33, "new");
	op.table = 3;
	op.kind = OP_INSERT;
	op.field_count = 2;
	op.fields[1].number = 9;
	op.fields[1].value = (struct value){ .type = VALUE_DATE, .i = 20543 };
	op_encode(&loose, &op);
	sealing_op(&op, 0x11, 0x22, "two");
	op.at_ms += 60000;
	op_encode(&loose, &op);
	if (op_pack(&b, loose.p, loose.n) != OK)
		abort();
	r = rd_of(b.p, b.n);
	golden_take(text, &r, 0, "2 staff ids");
	golden_take(text, &r, ID_BYTES,
	    "staff 0: of the first operation below");
	golden_take(text, &r, ID_BYTES, "staff 1");
	golden_take(text, &r, 0, "2 tables");
	golden_take(text, &r, 0, "table 3");
	golden_take(text, &r, 0, "1 row");
	golden_take(text, &r, ID_BYTES, "row");
	golden_take(text, &r, 0, "head: 2 fields, offset, last, insert");
	golden_take(text, &r, 0, "time minus 0");
	golden_take(text, &r, 0, "offset -300");
	golden_take(text, &r, 0, "field 5");
	take_value(text, &r, "text \"new\"");
	golden_take(text, &r, 0, "field 9");
	take_value(text, &r, "date 2026-03-31");
	golden_take(text, &r, 0, "table 17");
	golden_take(text, &r, 0, "1 row");
	golden_take(text, &r, ID_BYTES, "row");
	golden_take(text, &r, 0, "head: 1 field, staff, not last, set");
	golden_take(text, &r, 0, "staff 1");
	golden_take(text, &r, 0, "1500 ms after the operation above");
	golden_take(text, &r, 0, "field 5");
	take_value(text, &r, "text \"one\"");
	golden_take(text, &r, 0, "head: 1 field, last, set");
	golden_take(text, &r, 0, "60000 ms later");
	golden_take(text, &r, 0, "field 5");
	take_value(text, &r, "text \"two\"");
	if (rd_done(&r) != OK)
		abort();
	buf_release(&loose);
	buf_release(&b);
}

static void
example_init(struct sealing *s)
{
	sealing_init(s, 1);
	s->header.seq = 300;
	s->header.position = 70000;
	s->header.dep_count = 2;
	for (unsigned i = 0; i < 2; i++) {
		struct segment_dep *d = &s->header.deps[i];

		memset(d->author.b, (int)(0x40 + i), AUTHOR_TAG_BYTES);
		d->chain = i == 0 ? CHAIN_DATA : CHAIN_CONTROL;
		d->seq = 5 + i;
		memset(d->ref, (int)(0x50 + i), SEGMENT_REF_BYTES);
	}
}

static void
make_inputs(struct buf *text)
{
	struct sealing s;

	example_init(&s);
	golden_part(text, s.public_key, 32, "author's Ed25519 public key");
	golden_part(text, s.network.b, ID_BYTES, "network id");
	golden_part(text, s.prev.b, SEGMENT_ID_BYTES, "previous segment's id");
	golden_part(text, s.key, SEGMENT_KEY_BYTES, "compartment key");
}

static void
take_dep(struct buf *text, struct rd *r, const char *comment)
{
	golden_take(text, r, AUTHOR_TAG_BYTES, comment);
	golden_take(text, r, 0, "  its seq << 1 | chain");
	golden_take(text, r, SEGMENT_REF_BYTES, "  begin of its id");
}

/* The header of a segment, annotated. */
static void
take_header(struct buf *text, struct rd *r, const struct segment *s)
{
	golden_take(text, r, 1, "format");
	golden_take(text, r, 1, "suite");
	golden_take(text, r, 1, "kind << 2 | lane");
	golden_take(text, r, ID_BYTES, "compartment");
	golden_take(text, r, AUTHOR_TAG_BYTES, "author tag");
	golden_take(text, r, 0, "seq");
	golden_take(text, r, 0, "position");
	if (segment_has_schema(s->header.kind))
		golden_take(text, r, 0, "schema version");
	if (segment_is_sealed(s->header.kind)) {
		golden_take(text, r, SEGMENT_PREFIX_BYTES,
		    "prefix of the key id");
		golden_take(text, r, SEGMENT_SALT_BYTES, "salt");
	}
	golden_take(text, r, 0, "length of the body");
	golden_take(text, r, 0, "number of dependencies");
	for (size_t i = 0; i < s->header.dep_count; i++)
		take_dep(text, r,
		    s->header.deps[i].chain == CHAIN_DATA
			? "dependency: a data segment"
			: "dependency: a control segment");
}

static void
put_segment(struct buf *text, const struct buf *bytes)
{
	struct segment s;
	struct rd r = rd_of(bytes->p, bytes->n);

	if (segment_parse(&s, bytes->p, bytes->n, NULL) != OK)
		abort();
	golden_take(text, &r, 1, s.stub ? "form: stub" : "form: whole");
	take_header(text, &r, &s);
	if (s.stub)
		golden_take(text, &r, 32, "hash of the body");
	else
		golden_take(text, &r, s.header.body_bytes, "body");
	golden_take(text, &r, SEGMENT_SIG_BYTES, "signature");
}

static void
lone_segment(struct sealing *s, struct buf *bytes, struct segment_id *id)
{
	struct buf payload = { 0 };

	example_init(s);
	lone_payload(&payload);
	if (sealing_make(s, bytes, id, &payload, NULL) != OK)
		abort();
	buf_release(&payload);
}

static void
make_segment_lone(struct buf *text)
{
	struct sealing s;
	struct segment_id id;
	struct buf bytes = { 0 };

	lone_segment(&s, &bytes, &id);
	put_segment(text, &bytes);
	buf_release(&bytes);
}

static void
make_segment_stub(struct buf *text)
{
	struct sealing s;
	struct segment_id id;
	struct segment seg;
	struct buf bytes = { 0 }, stub = { 0 };

	lone_segment(&s, &bytes, &id);
	if (segment_parse(&seg, bytes.p, bytes.n, NULL) != OK)
		abort();
	segment_stub(&stub, &seg);
	put_segment(text, &stub);
	buf_release(&bytes);
	buf_release(&stub);
}

/* What a reader of segment-lone must come to, step by step. */
static void
make_derived(struct buf *text)
{
	struct sealing s;
	struct segment seg;
	struct segment_id id;
	struct key_id key_id;
	struct buf bytes = { 0 };
	struct hash h;
	uint8_t out[32];

	lone_segment(&s, &bytes, &id);
	if (segment_parse(&seg, bytes.p, bytes.n, NULL) != OK)
		abort();
	segment_key_id(&key_id, s.key);
	golden_part(text, key_id.b, ID_BYTES, "key id");
	hash_init(&h, LABEL_SEGMENT_KEY, 32, s.key, 32);
	hash_bytes(&h, seg.header_bytes, seg.header_n);
	hash_final(&h, out);
	golden_part(text, out, 32, "AEAD key");
	hash_init(&h, LABEL_SEGMENT_NONCE, 24, s.key, 32);
	hash_bytes(&h, seg.header_bytes, seg.header_n);
	hash_final(&h, out);
	golden_part(text, out, 24, "AEAD nonce");
	golden_part(text, seg.body_hash, 32, "hash of the body");
	golden_part(text, id.b, SEGMENT_ID_BYTES, "segment id");
	buf_release(&bytes);
}

void
golden_packed_payload(struct buf *payload)
{
	sealing_payload(payload, 12, "unexcused");
}

static void
make_segment_packed(struct buf *text)
{
	struct sealing s;
	struct segment_id id;
	struct buf payload = { 0 }, bytes = { 0 };

	example_init(&s);
	s.header.dep_count = 0;
	golden_packed_payload(&payload);
	if (sealing_make(&s, &bytes, &id, &payload, NULL) != OK)
		abort();
	put_segment(text, &bytes);
	buf_release(&payload);
	buf_release(&bytes);
}

static void
make_segment_control(struct buf *text)
{
	struct sealing s;
	struct segment_id id;
	struct buf body = { 0 }, bytes = { 0 };

	example_init(&s);
	s.header.kind = SEGMENT_JUDGEMENT;
	s.header.lane = LANE_URGENT;
	s.header.dep_count = 0;
	buf_text(&body, "clear bytes of this kind");
	if (sealing_make(&s, &bytes, &id, &body, NULL) != OK)
		abort();
	put_segment(text, &bytes);
	buf_release(&body);
	buf_release(&bytes);
}

#define EXAMPLE_DOCUMENT "\x00\x11\x22"
#define EXAMPLE_DOCUMENT_BYTES 3

/* The list (number 0) or the only part of the example document. */
static void
example_part(struct buf *payload, unsigned number)
{
	static const uint8_t content[EXAMPLE_DOCUMENT_BYTES] = EXAMPLE_DOCUMENT;
	uint8_t list[PART_HASH_BYTES];
	struct part part = { .number = number,
		.count = 1,
		.content = number == 0 ? list : content,
		.content_n = number == 0 ? sizeof(list) : sizeof(content) };

	memset(part.document.b, 8, ID_BYTES);
	part_hash(list, content, sizeof(content));
	part_encode(payload, &part);
}

static void
put_part(struct buf *text, unsigned number, const char *content)
{
	struct buf payload = { 0 };
	struct rd r;

	example_part(&payload, number);
	r = rd_of(payload.p, payload.n);
	golden_take(text, &r, ID_BYTES, "row of the document");
	golden_take(text, &r, 0, "number");
	golden_take(text, &r, 0, "count");
	golden_take(text, &r, rd_left(&r), content);
	buf_release(&payload);
}

static void
make_part_list(struct buf *text)
{
	put_part(text, 0, "hash of part 1");
}

static void
make_part_only(struct buf *text)
{
	put_part(text, 1, "content");
}

static void
make_part_derived(struct buf *text)
{
	uint8_t root[PART_HASH_BYTES];
	struct buf payload = { 0 };

	example_part(&payload, 0);
	part_root(root, EXAMPLE_DOCUMENT_BYTES,
	    payload.p + payload.n - PART_HASH_BYTES, PART_HASH_BYTES);
	golden_part(text, root, sizeof(root), "root");
	buf_release(&payload);
}

static void
make_segment_attachment(struct buf *text)
{
	struct sealing s;
	struct segment_id id;
	struct buf payload = { 0 }, bytes = { 0 };

	example_init(&s);
	s.header.kind = SEGMENT_ATTACHMENT;
	s.header.lane = LANE_BULK;
	s.header.dep_count = 0;
	example_part(&payload, 1);
	if (sealing_make(&s, &bytes, &id, &payload, NULL) != OK)
		abort();
	put_segment(text, &bytes);
	buf_release(&payload);
	buf_release(&bytes);
}

static void
make_dictionary(struct buf *text)
{
	const struct asset *a = asset_find(DICT_ASSET);
	struct hash h;
	uint8_t out[32];

	if (a == NULL)
		abort();
	hash_init(&h, LABEL_DICTIONARY, 32, NULL, 0);
	hash_put(&h, a->p, a->n);
	hash_final(&h, out);
	golden_part(text, out, 32,
	    "BLAKE2b-256 of the label, NUL and the file");
}

const struct golden golden_list[] = {
	{ "values", make_values, true },
	{ "loose", make_loose, true },
	{ "payload-lone", make_payload_lone, true },
	{ "payload-many", make_payload_many, true },
	{ "payload-reason", make_payload_reason, true },
	{ "dictionary", make_dictionary, true },
	{ "inputs", make_inputs, true },
	{ "segment-lone", make_segment_lone, true },
	{ "segment-lone-derived", make_derived, true },
	{ "segment-lone-stub", make_segment_stub, true },
	{ "segment-packed", make_segment_packed, false },
	{ "segment-control", make_segment_control, true },
	{ "part-list", make_part_list, true },
	{ "part-only", make_part_only, true },
	{ "part-derived", make_part_derived, true },
	{ "segment-attachment", make_segment_attachment, true },
	{ "member-inputs", golden_member_inputs, true },
	{ "member-root", golden_member_root, true },
	{ "member-agency", golden_member_agency, true },
	{ "member-node", golden_member_node, true },
	{ "member-author", golden_member_author, true },
	{ "member-revocation", golden_member_revocation, true },
	{ "member-agency-key", golden_member_agency_key, true },
	{ "member-derived", golden_member_derived, true },
	{ "grant", golden_grant, true },
	{ "grant-box", golden_grant_box, true },
	{ "remove", golden_remove, true },
	{ "judgement", golden_judgement, true },
	{ "adopt", golden_adopt, true },
	{ "transfer", golden_transfer, true },
	{ "transfer-accept", golden_accept, true },
	{ "shred", golden_shred, true },
	{ "shred-done", golden_shredded, true },
	{ "snapshot", golden_snapshot, true },
	{ "bundle-header", golden_bundle_header, true },
	{ "bundle-derived", golden_bundle_derived, true },
	{ "backup-manifest", golden_backup_manifest, true },
};
const size_t golden_count = COUNT_OF(golden_list);
