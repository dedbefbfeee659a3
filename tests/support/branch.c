#include "tests/support/branch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void
last_in_common(struct branches *h)
{
	struct buf bytes = { 0 };
	struct key_id key_id;
	struct segment view;
	int64_t no = pair_number(&h->p, PAIR_NORTH,
	    "SELECT max(no) FROM _segment WHERE kind = 0");
	struct stmt *s;
	bool any;

	assert_int_equal(log_bytes(h->p.r[PAIR_NORTH], &bytes, no, NULL), OK);
	assert_int_equal(segment_parse(&view, bytes.p, bytes.n, NULL), OK);
	h->header = view.header;
	h->header.position = (uint64_t)pair_number(&h->p, PAIR_NORTH,
	    "SELECT max(position) FROM _segment");
	assert_int_equal(db_stmt(&s, replica_db(h->p.r[PAIR_NORTH]),
			     "SELECT id FROM _segment WHERE no = ?1", NULL),
	    OK);
	stmt_int(s, 1, no);
	assert_int_equal(stmt_step(s, &any, NULL), OK);
	(void)stmt_col_copy(s, 0, h->last.b, sizeof(h->last.b));
	stmt_reset(s);
	assert_int_equal(grant_seal_key(h->p.r[PAIR_NORTH],
			     pair_cpt(&h->p, PAIR_NORTH, &h->person), h->key,
			     &key_id, NULL),
	    OK);
	buf_release(&bytes);
}

void
branches_begin(struct branches *h, uint64_t seed, size_t values)
{
	memset(h, 0, sizeof(*h));
	pair_start(&h->p, seed, 1);
	pair_insert(&h->p, PAIR_NORTH, "person", &h->person, NULL, "word",
	    "base");
	pair_share(&h->p, PAIR_NORTH, &h->person, PAIR_CLINIC, GRANT_WRITE,
	    false);
	(void)pair_seal(&h->p, PAIR_NORTH);
	pair_ship_all(&h->p, PAIR_NORTH, PAIR_CLINIC);
	pair_ship_all(&h->p, PAIR_NORTH, PAIR_SOUTH);
	pair_ship_all(&h->p, PAIR_NORTH, PAIR_HUB);
	last_in_common(h);
	for (size_t i = 0; i < values; i++) {
		char value[32];

		(void)snprintf(value, sizeof(value), "v%zu", i);
		assert_int_equal(pair_set(&h->p, PAIR_NORTH, "person",
				     &h->person, "word", value, NULL),
		    OK);
		h->payload[h->payloads++] = pair_seal(&h->p, PAIR_NORTH);
	}
}

void
branches_end(struct branches *h)
{
	for (size_t i = 0; i < h->count; i++)
		buf_release(&h->made[i].bytes);
	pair_stop(&h->p);
}

const struct made *
branches_make(struct branches *h, const struct made *after, size_t v,
    uint64_t further)
{
	const struct identity *north = replica_identity(h->p.r[PAIR_NORTH]);
	struct made *m = &h->made[h->count++];
	struct segment_header header = h->header;
	struct buf payload = { 0 };
	struct segment_make in = {
		.header = &header,
		.key = h->key,
		.network = members_network(replica_members(h->p.r[0])),
		.prev = after != NULL ? &after->id : &h->last,
		.secret_key = north->sign_secret,
	};

	m->seq = header.seq = (after != NULL ? after->seq : header.seq) + 1;
	m->position = header.position =
	    (after != NULL ? after->position : header.position) + further;
	header.dep_count = 0;
	assert_int_equal(log_payload(h->p.r[PAIR_NORTH], &payload,
			     h->payload[v], NULL),
	    OK);
	in.body = payload.p;
	in.body_n = payload.n;
	assert_int_equal(segment_make(&m->bytes, &m->id, &in,
			     &h->p.env[PAIR_NORTH]->env, NULL),
	    OK);
	buf_release(&payload);
	return m;
}

enum outcome
branches_give(struct branches *h, enum pair_who who, size_t i)
{
	return pair_give(&h->p, who, h->made[i].bytes.p, h->made[i].bytes.n,
	    PAIR_HUB);
}

static void
swap(size_t *a, size_t *b)
{
	size_t t = *a;

	*a = *b;
	*b = t;
}

bool
branches_next_order(size_t *order, size_t n)
{
	size_t k = n - 1, i = k;

	while (i > 0 && order[i - 1] > order[i])
		i--;
	if (i == 0)
		return false;
	while (order[k] < order[i - 1])
		k--;
	swap(&order[i - 1], &order[k]);
	for (size_t a = i, b = n - 1; a < b; a++, b--)
		swap(&order[a], &order[b]);
	return true;
}
