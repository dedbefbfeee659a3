#include "sync/receipt.h"

#include <string.h>

#include "sync/hash.h"

static void
put_u64(uint8_t *to, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		to[i] = (uint8_t)(v >> (8 * i));
}

void
receipt_encode(uint8_t out[static RECEIPT_BYTES], const struct receipt *r)
{
	memset(out, 0, RECEIPT_BYTES);
	put_u64(out, r->position);
	out[8] = r->confirmed ? 1 : 0;
	memcpy(out + 16, r->stream, sizeof(r->stream));
	memcpy(out + 24, r->author.b, sizeof(r->author.b));
	memcpy(out + 32, r->mark, sizeof(r->mark));
	memcpy(out + 48, r->incarnation.b, sizeof(r->incarnation.b));
	memcpy(out + 64, r->receiver.b, sizeof(r->receiver.b));
	memcpy(out + 80, r->sender.b, sizeof(r->sender.b));
	memcpy(out + 96, r->signature, sizeof(r->signature));
}

enum err
receipt_decode(struct receipt *out, const uint8_t *p, size_t n)
{
	struct rd r = rd_of(p, n);
	struct receipt t = { 0 };

	t.position = rd_u64(&r);
	t.confirmed = rd_u8(&r) != 0;
	(void)rd_take(&r, 7);
	rd_copy(&r, t.stream, sizeof(t.stream));
	rd_copy(&r, t.author.b, sizeof(t.author.b));
	rd_copy(&r, t.mark, sizeof(t.mark));
	rd_copy(&r, t.incarnation.b, sizeof(t.incarnation.b));
	rd_copy(&r, t.receiver.b, sizeof(t.receiver.b));
	rd_copy(&r, t.sender.b, sizeof(t.sender.b));
	rd_copy(&r, t.signature, sizeof(t.signature));
	if (rd_done(&r) != OK)
		return ERR_FORMAT;
	*out = t;
	return OK;
}

/* What is signed: a labelled hash over all that the receipt says. */
static void
statement(uint8_t out[static 32], const struct network_id *network,
    const struct receipt *r, enum lane lane)
{
	struct hash h;

	hash_init(&h, LABEL_RECEIPT_SIGN, 32, NULL, 0);
	hash_put(&h, network->b, sizeof(network->b));
	hash_put(&h, r->receiver.b, sizeof(r->receiver.b));
	hash_put(&h, r->incarnation.b, sizeof(r->incarnation.b));
	hash_put(&h, r->sender.b, sizeof(r->sender.b));
	hash_put(&h, r->stream, sizeof(r->stream));
	hash_u64(&h, (uint64_t)lane);
	hash_u64(&h, r->position);
	hash_put(&h, r->mark, sizeof(r->mark));
	hash_final(&h, out);
}

enum err
receipt_held(struct replica *r, struct receipt *out, int64_t peer,
    enum lane lane, enum lane_receipt which, struct fail *f)
{
	struct buf b = { .limit = 4096 };
	enum err e = lane_receipt_get(r, &b, peer, lane, which, f);

	if (e == OK && (b.n == 0 || receipt_decode(out, b.p, b.n) != OK))
		e = ERR_NOTFOUND;
	buf_release(&b);
	return e;
}

static enum err
keep(struct replica *r, const struct receipt *t, int64_t peer, enum lane lane,
    enum lane_receipt which, struct fail *f)
{
	uint8_t bytes[RECEIPT_BYTES];

	receipt_encode(bytes, t);
	return lane_receipt_set(r, peer, lane, which, bytes, sizeof(bytes), f);
}

enum err
receipt_out(struct replica *r, struct receipt *out, bool *send,
    const struct lane_state *state, const struct node_id *peer, enum lane lane,
    uint64_t moved, struct fail *f)
{
	const struct lane_side *side = &state->lane[lane];
	const struct identity *me = replica_identity(r);
	struct receipt t = { 0 };
	uint8_t hash[32];
	enum err e;

	if (side->their_position == 0)
		return ERR_NOTFOUND;
	e = receipt_held(r, &t, state->peer, lane, LANE_RECEIPT_OUT, f);
	if (e != OK && e != ERR_NOTFOUND)
		return e;
	if (e == OK && memcmp(t.stream, state->their_stream, 8) == 0 &&
	    id_equal(&t.author, &me->author) &&
	    side->their_position < t.position + moved) {
		*out = t;
		*send = !t.confirmed;
		return OK;
	}
	t = (struct receipt){ .position = side->their_position,
		.author = me->author,
		.incarnation = me->incarnation,
		.receiver = me->node,
		.sender = *peer };
	memcpy(t.stream, state->their_stream, sizeof(t.stream));
	memcpy(t.mark, side->their_mark, sizeof(t.mark));
	statement(hash, members_network(replica_members(r)), &t, lane);
	(void)crypto_sign_detached(t.signature, NULL, hash, sizeof(hash),
	    me->sign_secret);
	e = keep(r, &t, state->peer, lane, LANE_RECEIPT_OUT, f);
	if (e == OK) {
		*out = t;
		*send = true;
	}
	return e;
}

enum err
receipt_confirm(struct replica *r, int64_t peer, struct fail *f)
{
	enum err e = OK;

	for (int i = 0; e == OK && i < LANE_COUNT; i++) {
		struct receipt t;

		e = receipt_held(r, &t, peer, (enum lane)i, LANE_RECEIPT_OUT,
		    f);
		if (e == OK && !t.confirmed) {
			t.confirmed = true;
			e = keep(r, &t, peer, (enum lane)i, LANE_RECEIPT_OUT,
			    f);
		}
		if (e == ERR_NOTFOUND)
			e = OK;
	}
	return e;
}

enum err
receipt_in(struct replica *r, bool *kept, const struct lane_state *state,
    const struct node_id *peer, const struct message_item *item, struct fail *f)
{
	struct members *members = replica_members(r);
	const struct member_node *node = members_node(members, peer);
	const struct member_author *author =
	    members_author(members, &item->author);
	struct receipt t = { .position = item->position,
		.author = item->author,
		.receiver = *peer,
		.sender = replica_identity(r)->node };
	struct receipt held;
	uint8_t hash[32];
	enum err e;

	*kept = false;
	if (node == NULL || author == NULL || !id_equal(&author->node, peer))
		return OK; /* its author record has not come yet */
	e = lane_mark_at(r, t.mark, state->peer, item->lane, item->position, f);
	if (e != OK)
		return e == ERR_NOTFOUND ? OK : e;
	t.incarnation = author->incarnation;
	memcpy(t.stream, state->stream, sizeof(t.stream));
	memcpy(t.signature, item->signature, sizeof(t.signature));
	statement(hash, members_network(members), &t, item->lane);
	if (crypto_sign_verify_detached(t.signature, hash, sizeof(hash),
		node->sign_key) != 0)
		return replica_count(r, "receipts_refused", 1, f);
	e = receipt_held(r, &held, state->peer, item->lane, LANE_RECEIPT_IN, f);
	if (e == OK && held.position >= t.position &&
	    memcmp(held.stream, t.stream, sizeof(t.stream)) == 0)
		return OK;
	if (e != OK && e != ERR_NOTFOUND)
		return e;
	e = keep(r, &t, state->peer, item->lane, LANE_RECEIPT_IN, f);
	*kept = e == OK;
	return e;
}
