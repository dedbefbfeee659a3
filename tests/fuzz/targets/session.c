/*
 * Exchanges with a peer that says what it likes: requests to North, answers to
 * what North asks, bundles by stick; each a head, a hello that fits as far as the
 * input wants it to, and items. What stands in the items is raw, or a segment of
 * hostile.h, or a record that is held.
 *
 * What is refused for its form changes nothing; at the end tables are what the
 * log says, and what was received adds up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/bundle_file.h"
#include "sync/exchange.h"
#include "tests/fuzz/hostile.h"
#include "tests/support/office.h"

const size_t fuzz_bytes_max = (size_t)512 << 20;

enum command { SEGMENT, REQUEST, CALL, STICK, RESTART, COMMANDS };

struct session {
	struct hostile h;
	struct world *w;
	enum pair_who peer;
	struct lane_state state; /* as North has it of this peer */
	uint64_t next[LANE_COUNT];
	struct exchange_stats stats;
};

/* ---- messages -------------------------------------------------------------------- */

static const uint8_t peer_stream[LANE_STREAM_BYTES] = { 0, 1, 'p', 'e', 'e',
	'r', 's', 0 };

/* What North knows of this peer. */
static void
look(struct session *s)
{
	struct replica *r = s->w->p.r[PAIR_NORTH];
	const struct node_id *node =
	    &replica_identity(s->w->p.r[s->peer])->node;
	int64_t no;

	memset(&s->state, 0, sizeof(s->state));
	if (replica_begin(r, NULL) != OK)
		abort();
	if (lane_peer_find(r, &no, node, NULL) == OK &&
	    lane_load(r, &s->state, no, NULL) != OK)
		abort();
	replica_rollback(r);
	for (int i = 0; i < LANE_COUNT; i++)
		s->next[i] = s->state.lane[i].their_position + 1;
}

static void
put_hello(struct session *s, struct buf *out, struct fuzz_in *in)
{
	unsigned tweak = fuzz_u8(in);
	const struct identity *i = replica_identity(s->w->p.r[s->peer]);
	const struct identity *north = replica_identity(s->w->p.r[PAIR_NORTH]);
	struct hello h = { .protocol_min = MESSAGE_PROTOCOL,
		.protocol_max = MESSAGE_PROTOCOL,
		.format_min = SEGMENT_FORMAT,
		.format_max = SEGMENT_FORMAT,
		.network = *s->w->network,
		.own = { .tag = i->author },
		.yours = { .tag = north->author } };

	memcpy(h.stream, peer_stream, sizeof(h.stream));
	h.stream[1] = (tweak & 1) != 0 ? fuzz_u8(in) : h.stream[1];
	memcpy(h.their_stream, s->state.stream, sizeof(h.their_stream));
	h.want_receipts = tweak >> 1 & 7;
	h.want_sweep = (tweak & 16) != 0;
	if ((tweak & 32) != 0) {
		h.own.position = fuzz_u8(in);
		memset(h.own.id, fuzz_u8(in), sizeof(h.own.id));
		if (h.own.position == 0)
			memset(h.own.id, 0, sizeof(h.own.id));
	}
	if ((tweak & 64) != 0) {
		h.yours.position = 1 + fuzz_u8(in);
		memset(h.yours.id, fuzz_u8(in), sizeof(h.yours.id));
	}
	for (int k = 0; (tweak & 128) != 0 && k < LANE_COUNT; k++) {
		struct message_cursor *c = &h.cursor[k];

		c->position = fuzz_u8(in);
		if (c->position != 0)
			memset(c->mark, fuzz_u8(in), sizeof(c->mark));
		c->staged = fuzz_u8(in);
		if (c->staged != 0)
			memset(c->staged_mark, 5, sizeof(c->staged_mark));
		h.pending[k] = fuzz_u8(in);
	}
	message_hello(out, &h);
}

/* Bytes of a unit: of a made segment, a record, a segment of North's, or raw. */
static struct fuzz_in
content(struct session *s, struct buf *scratch, struct fuzz_in *in)
{
	unsigned what = fuzz_u8(in), which = fuzz_u8(in);
	struct fuzz_in raw;

	if (what % 4 == 0 && s->h.count > 0) {
		struct buf *b = &s->h.made[which % s->h.count].bytes;

		return (struct fuzz_in){ .p = b->p, .n = b->n };
	}
	if (what % 4 == 1) {
		struct buf *b = &s->w->p.record[which % s->w->p.records];

		return (struct fuzz_in){ .p = b->p, .n = b->n };
	}
	if (what % 4 == 2 &&
	    log_bytes(s->w->p.r[PAIR_HUB], scratch, 1 + which % 8, NULL) == OK)
		return (struct fuzz_in){ .p = scratch->p, .n = scratch->n };
	raw = fuzz_part(in);
	return raw;
}

static void
put_unit(struct session *s, struct buf *out, struct message_item *item,
    struct fuzz_in *in)
{
	uint8_t mark[LANE_MARK_BYTES];
	struct buf scratch = { 0 };
	struct fuzz_in bytes = content(s, &scratch, in);
	unsigned cut = fuzz_u8(in);

	item->bytes = bytes.p;
	item->n = bytes.n;
	if (bytes.n > 0 &&
	    (item->type != MESSAGE_PIECE || bytes.n > LANE_MARK_BYTES)) {
		lane_mark(mark, bytes.p, bytes.n);
		item->mark = mark;
		item->total = bytes.n;
		if (item->type == MESSAGE_PIECE) {
			item->offset = (cut & 1) != 0 ? cut % bytes.n : 0;
			item->bytes = bytes.p + item->offset;
			item->n = (cut & 2) != 0
			    ? (bytes.n - item->offset + 1) / 2
			    : bytes.n - item->offset;
		}
		message_put(out, item, true);
		if (item->type != MESSAGE_PIECE)
			s->next[item->lane]++;
	}
	buf_release(&scratch);
}

static void
put_note(struct session *s, struct buf *out, struct message_item *item,
    struct fuzz_in *in)
{
	uint8_t bytes[LIMIT_OFFER_ITEMS / 8] = { 0 };
	struct message_id id = { .what = LANE_SEGMENT }, none = { 0 };
	struct buf ids = { 0 };

	fuzz_copy(in, bytes, 1 + fuzz_u8(in) % 64);
	item->bytes = bytes;
	item->n = sizeof(bytes);
	item->mark = bytes;
	item->signature = bytes;
	item->author = replica_identity(s->w->p.r[s->peer])->author;
	item->count = 1 + fuzz_u8(in);
	item->cursor.position = fuzz_u8(in);
	item->cursor.staged = fuzz_u8(in);
	if (item->cursor.position != 0)
		memcpy(item->cursor.mark, bytes, MESSAGE_SHORT_MARK);
	if (item->cursor.staged != 0)
		memset(item->cursor.staged_mark, 5, MESSAGE_SHORT_MARK);
	if (item->type == MESSAGE_IDS) {
		id.author = hostile_ref(&s->h, fuzz_u8(in))->author;
		id.position = fuzz_u8(in);
		memcpy(id.mark, bytes, MESSAGE_FORK_MARK);
		message_put_id(&ids, &id, &none);
		item->count = 1;
		item->bytes = ids.p;
		item->n = ids.n;
	}
	message_put(out, item, true);
	buf_release(&ids);
}

static void
put_sweep(struct buf *out, struct message_item *item, struct fuzz_in *in)
{
	uint8_t names[4 * MESSAGE_BOUND_BYTES];
	struct buf ranges = { 0 };

	item->low.b[0] = fuzz_u8(in);
	item->high.b[0] = fuzz_u8(in);
	item->high.end = item->high.b[0] == 0;
	item->count = 1 + fuzz_u8(in) % 4;
	fuzz_copy(in, names, sizeof(names));
	item->bytes = names;
	item->n = (size_t)item->count * MESSAGE_NAME_BYTES;
	if (item->type == MESSAGE_RANGES) {
		for (uint64_t i = 0; i < item->count; i++) {
			struct message_bound b = { .b = { 0x40 } };

			b.b[0] = (uint8_t)(b.b[0] * (i + 1));
			b.end = i + 1 == item->count && item->high.end;
			message_put_range(&ranges, &b, names + 16 * i);
		}
		item->bytes = ranges.p;
		item->n = ranges.n;
	}
	message_put_sweep(out, item);
	buf_release(&ranges);
}

static void
put_items(struct session *s, struct buf *out, struct fuzz_in *in)
{
	unsigned count = fuzz_u8(in) % 8;

	for (unsigned i = 0; i < count; i++) {
		unsigned how = fuzz_u8(in);
		struct message_item item = {
			.type = (enum message_type)(how % (MESSAGE_SWEPT + 1)),
			.lane = (enum lane)(how / 16 % LANE_COUNT),
		};

		item.position = s->next[item.lane];
		if ((how & 0x80) != 0)
			item.position = 1 + fuzz_u8(in);
		if (item.type <= MESSAGE_PIECE)
			put_unit(s, out, &item, in);
		else if (item.type < MESSAGE_LACK)
			put_note(s, out, &item, in);
		else
			put_sweep(out, &item, in);
	}
}

static void
put_message(struct session *s, struct buf *out, bool request,
    struct fuzz_in *in)
{
	unsigned how = fuzz_u8(in), flags = fuzz_u8(in) & 63;
	uint8_t check[MESSAGE_CHECK_BYTES];
	struct fuzz_in raw;

	if ((how & 1) != 0) {
		raw = fuzz_part(in);
		buf_put(out, raw.p, raw.n);
		return;
	}
	if ((flags & MESSAGE_BULK_FLAGS) == MESSAGE_BULK_FLAGS)
		flags &= ~MESSAGE_NO_BULK;
	message_head(out, flags, (size_t)LIMIT_UNIT_MIN_BYTES << how / 32);
	if ((flags & MESSAGE_HELLO) != 0) {
		put_hello(s, out, in);
	} else if (request) {
		message_check(check, peer_stream, s->state.stream);
		buf_put(out, check, sizeof(check));
	}
	put_items(s, out, in);
	if ((how & 2) != 0) {
		raw = fuzz_part(in);
		buf_put(out, raw.p, raw.n);
	}
}

/* ---- contacts -------------------------------------------------------------------- */

/* These speak of bytes: nothing was taken. */
static void
unchanged(struct session *s, enum err e, const struct fail *f, int64_t version)
{
	if ((e == ERR_FORMAT || e == ERR_VERSION || e == ERR_AUTH ||
		e == ERR_DENIED) &&
	    world_version(s->w, PAIR_NORTH) != version) {
		printf("# refused, and yet changed something: %s: %s\n",
		    err_name(e), f->text);
		(void)fflush(stdout);
		abort();
	}
}

static void
request(struct session *s, struct fuzz_in *in)
{
	struct buf b = { .limit = LIMIT_MESSAGE_BYTES };
	struct buf answer = { .limit = LIMIT_MESSAGE_BYTES };
	int64_t version = world_version(s->w, PAIR_NORTH);
	struct message m;
	struct fail f = { 0 };
	enum err e;

	put_message(s, &b, true, in);
	e = exchange_answer(s->w->p.r[PAIR_NORTH], &answer,
	    &replica_identity(s->w->p.r[s->peer])->node, b.p, b.n, &s->stats,
	    &f);
	unchanged(s, e, &f, version);
	if (e == OK) {
		assert(message_open(&m, answer.p, answer.n, false, NULL) == OK);
		assert(message_validate(&m, NULL) == OK);
	} else {
		assert(f.text[0] != '\0');
	}
	buf_release(&b);
	buf_release(&answer);
}

/* North calls, and hears something else than it wanted. */
static void
call(struct session *s, struct fuzz_in *in)
{
	struct exchange *x = NULL;
	unsigned rounds = 1 + fuzz_u8(in) % 3;
	bool done = false;
	struct fail f = { 0 };
	enum err e = exchange_new(&x, s->w->p.r[PAIR_NORTH],
	    &replica_identity(s->w->p.r[s->peer])->node, 65536, &f);

	for (unsigned i = 0; e == OK && !done && i < rounds; i++) {
		struct buf b = { .limit = LIMIT_MESSAGE_BYTES }, asked = b;
		int64_t version;

		e = exchange_ask(x, &asked, &done, &f);
		version = world_version(s->w, PAIR_NORTH);
		look(s);
		if (e == OK && !done) {
			put_message(s, &b, false, in);
			e = exchange_take(x, b.p, b.n, &f);
			unchanged(s, e, &f, version);
		}
		buf_release(&b);
		buf_release(&asked);
	}
	assert(e == OK || f.text[0] != '\0');
	exchange_free(x);
}

static void
stick(struct session *s, struct fuzz_in *in)
{
	const struct identity *i = replica_identity(s->w->p.r[s->peer]);
	const struct identity *north = replica_identity(s->w->p.r[PAIR_NORTH]);
	struct office_bundle file = { 0 };
	struct bundle_writer to = office_writer(&file);
	struct bundle_header header = { .kind = BUNDLE_DATA,
		.network = *s->w->network,
		.part = 1,
		.made_ms = 1767600000000 + fuzz_u16(in),
		.count = 1 };
	unsigned chunks = 1 + fuzz_u8(in) % 3;
	uint8_t box[1][32];
	struct bundle_out out;
	struct bundle_reader from;
	struct fail f = { 0 };
	enum err e;

	memcpy(header.keys, i->sign_key, 32);
	memcpy(header.keys + 32, i->box_key, 32);
	memcpy(header.keys + 64, i->tls_key, 32);
	header.recipient[0].node = north->node;
	memcpy(box[0], north->box_key, 32);
	if (bundle_begin(&out, &header, box, &s->w->p.env[PAIR_HUB]->env, &to,
		NULL) != OK)
		abort();
	for (unsigned k = 0; k < chunks; k++) {
		struct buf b = { .limit = LIMIT_MESSAGE_BYTES };

		put_message(s, &b, false, in);
		if (b.n > 0 && bundle_chunk(&out, 0, b.p, b.n, NULL) != OK)
			abort();
		buf_release(&b);
	}
	if (bundle_end(&out, true, i->sign_secret, NULL) != OK)
		abort();
	from = office_reader(&file.part[0]);
	e = bundle_import(s->w->p.r[PAIR_NORTH], NULL, &s->stats, &from, &f);
	assert(e == OK || f.text[0] != '\0');
	office_bundle_free(&file);
}

static void
one(struct session *s, struct fuzz_in *in)
{
	unsigned what = fuzz_u8(in);

	s->peer = (enum pair_who)(1 + what / 16 % (PAIR_NODES - 1));
	look(s);
	switch ((enum command)(what % COMMANDS)) {
	case SEGMENT:
		if (s->h.count < HOSTILE_MAX)
			(void)hostile_segment(&s->h, in);
		break;
	case REQUEST:
		request(s, in);
		break;
	case CALL:
		call(s, in);
		break;
	case STICK:
		stick(s, in);
		break;
	default:
		pair_restart(&s->w->p, PAIR_NORTH, 1);
		break;
	}
}

void
fuzz_one(const uint8_t *p, size_t n)
{
	static struct session s;
	struct fuzz_in in = { .p = p, .n = n };
	struct world *w = world_get();
	int64_t version;

	world_reset(w, PAIR_NORTH);
	version = world_version(w, PAIR_NORTH);
	s = (struct session){ .w = w, .h = { .w = w } };
	for (int i = 0; in.n > 0 && i < 16; i++)
		one(&s, &in);
	if (world_version(w, PAIR_NORTH) != version)
		pair_check(&w->p, PAIR_NORTH);
	hostile_release(&s.h);
}

void
fuzz_seeds(void)
{
	/* a data segment of the clinic; the clinic brings it, by wire, in
	 * answer, by stick */
	static const uint8_t segment[] = { 0x00, 0, 3, 0, 1, 0, 1, 1, 0x00, 5,
		0, 0, 1, 0, 1, 3, 'w', 'o', 'r' };
	static const uint8_t units[] = { 0, 1, 0, 3, 0x11, 0, 0, 0, 0x10, 1, 3,
		0, 0x12, 0, 0, 2 };
	static const uint8_t notes[] = { 0, 1, 0, 7, 3, 0, 1, 2, 3, 4, 0, 4, 0,
		1, 2, 3, 4, 0, 5, 0, 1, 2, 3, 4, 0, 6, 0, 1, 2, 3, 4, 0, 8, 0,
		1, 9, 0, 1, 10, 1, 2 };
	static const uint8_t command[] = { 0x21, 0x22, 0x23 };
	static const uint8_t before[] = { 1, 1, 2 };

	for (size_t i = 0; i < COUNT_OF(command); i++) {
		struct buf b = { 0 };

		buf_put(&b, segment, sizeof(segment));
		buf_u8(&b, command[i]);
		buf_put(&b, before, i);
		buf_put(&b, units, sizeof(units));
		fuzz_seed(b.p, b.n);
		buf_u8(&b, command[i]);
		buf_put(&b, before, i);
		buf_put(&b, notes, sizeof(notes));
		fuzz_seed(b.p, b.n);
		buf_release(&b);
	}
}
