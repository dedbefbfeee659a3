/* The bytes of a snapshot, and who may make one. */
#include "sync/snapshot.h"

#include <string.h>

#include "sync/hash.h"
#include "sync/replica_i.h"
#include "sync/seal.h"

void
snapshot_put_head(struct buf *out, const struct snapshot *s)
{
	buf_u8(out, SNAPSHOT_FORM);
	buf_u8(out, SNAPSHOT_FORMAT);
	buf_put(out, s->compartment.b, sizeof(s->compartment.b));
	buf_put(out, s->maker.b, sizeof(s->maker.b));
	buf_put(out, s->key_prefix, sizeof(s->key_prefix));
	buf_put(out, s->salt, sizeof(s->salt));
	buf_put(out, s->digest, sizeof(s->digest));
	buf_uint(out, s->schema);
	buf_uint(out, s->segments);
	buf_uint(out, s->end_count);
	for (size_t i = 0; i < s->end_count; i++) {
		const struct snapshot_end *end = &s->ends[i];

		buf_put(out, end->author.b, sizeof(end->author.b));
		buf_uint(out, end->seq << 1 | (unsigned)end->chain);
		buf_put(out, end->id.b, sizeof(end->id.b));
	}
}

static void
read_end(struct rd *r, struct snapshot_end *end)
{
	uint64_t place;

	rd_copy(r, end->author.b, sizeof(end->author.b));
	place = rd_max(r, LIMIT_SEQ << 1 | 1);
	end->chain = (int)(place & 1);
	end->seq = place >> 1;
	if (end->seq == 0)
		rd_fail(r);
	rd_copy(r, end->id.b, sizeof(end->id.b));
}

static enum err
read_head(struct rd *r, struct snapshot *s, struct fail *f)
{
	s->head = r->p;
	if (rd_u8(r) != SNAPSHOT_FORM)
		rd_fail(r);
	if (rd_u8(r) != SNAPSHOT_FORMAT && r->err == OK)
		return fail_set(f, ERR_VERSION,
		    "a snapshot in a format that this program does not know;"
		    " the history comes without it");
	rd_copy(r, s->compartment.b, sizeof(s->compartment.b));
	rd_copy(r, s->maker.b, sizeof(s->maker.b));
	rd_copy(r, s->key_prefix, sizeof(s->key_prefix));
	rd_copy(r, s->salt, sizeof(s->salt));
	rd_copy(r, s->digest, sizeof(s->digest));
	s->schema = (unsigned)rd_max(r, LIMIT_SCHEMA_VERSION);
	if (s->schema == 0)
		rd_fail(r);
	s->segments = rd_max(r, LIMIT_SEQ);
	s->end_count = (size_t)rd_max(r, LIMIT_DEPS);
	for (size_t i = 0; r->err == OK && i < s->end_count; i++)
		read_end(r, &s->ends[i]);
	if (r->err != OK || s->end_count == 0)
		return fail_set(f, ERR_FORMAT,
		    "a snapshot that is cut or malformed");
	s->head_n = (size_t)(r->p - s->head);
	return OK;
}

enum err
snapshot_parse_head(struct snapshot *out, const uint8_t *p, size_t n,
    struct fail *f)
{
	struct rd r = rd_of(p, n);
	struct snapshot s = { .segments = 0 };
	enum err e = read_head(&r, &s, f);

	if (e == OK && rd_done(&r) != OK)
		e = fail_set(f, ERR_FORMAT, "the head of a snapshot");
	if (e == OK)
		*out = s;
	return e;
}

enum err
snapshot_parse(struct snapshot *out, const uint8_t *p, size_t n, struct fail *f)
{
	struct rd r = rd_of(p, n);
	struct snapshot s = { .segments = 0 };
	enum err e;

	if (n > LIMIT_SEGMENT_BYTES)
		return fail_set(f, ERR_LIMIT,
		    "a snapshot of %zu bytes; at most %d are allowed", n,
		    LIMIT_SEGMENT_BYTES);
	e = read_head(&r, &s, f);
	if (e != OK)
		return e;
	s.body = rd_bytes(&r, &s.body_n, LIMIT_SEGMENT_BYTES);
	s.signature = rd_take(&r, SEGMENT_SIG_BYTES);
	if (rd_done(&r) != OK || s.body_n < SEAL_TAG_BYTES)
		return fail_set(f, ERR_FORMAT,
		    "a snapshot that is cut or malformed");
	*out = s;
	return OK;
}

void
snapshot_statement(uint8_t out[static 32], const struct network_id *network,
    const uint8_t *p, size_t n)
{
	struct hash h;

	hash_init(&h, LABEL_SNAPSHOT_SIGN, 32, NULL, 0);
	hash_put(&h, network->b, sizeof(network->b));
	hash_bytes(&h, p, n - SEGMENT_SIG_BYTES);
	hash_final(&h, out);
}

bool
snapshot_may_make(struct replica *r, const struct compartment *c,
    const struct member_node *maker, const struct agency_id *receivers)
{
	return maker != NULL && c->has_owner &&
	    (maker->roles & MEMBER_REGISTRAR) != 0 &&
	    members_revocation(r->members, &maker->id) == NULL &&
	    (id_equal(&maker->agency, &c->owner) ||
		id_equal(&maker->agency, receivers));
}
