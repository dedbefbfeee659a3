/*
 * Membership records: alone, and as the whole of what a network says, signed
 * with the real keys of its members.
 */
#include <string.h>

#include "sync/member_i.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/network.h"

const size_t fuzz_bytes_max = (size_t)64 << 20;

enum mode { RAW, SIGNED, MODES };

/* records of one input; each order is tried */
#define RECORDS_MAX 12

static struct network world;

static void
world_init(void)
{
	if (world.n == 0)
		network_init(&world, 1);
}

static const struct identity *
signer(unsigned which)
{
	const struct identity *all[] = { &world.hub, &world.north,
		&world.laptop, &world.clinic, &world.stranger };

	return all[which % COUNT_OF(all)];
}

/* What was read is made again from its fields as the same bytes, when the
 * signer's key is known: nothing of a record is without meaning. */
static enum err
make_again(struct buf *out, const struct member_record *m,
    const struct identity *i)
{
	switch (m->kind) {
	case MEMBER_AGENCY:
		return member_make_agency(out, i, &m->network, m->by_root,
		    &m->agency);
	case MEMBER_NODE:
		return member_make_node(out, i, &m->network, m->by_root,
		    &m->node);
	case MEMBER_AGENCY_KEY:
		return member_make_agency_key(out, i, &m->network, &m->key);
	default:
		return ERR_UNAVAILABLE;
	}
}

static void
parse(const uint8_t *p, size_t n, const struct identity *i)
{
	struct member_record m;
	struct buf again = { 0 };
	struct fail f = { 0 };

	if (member_parse(&m, p, n, &f) != OK) {
		assert(f.text[0] != '\0');
		return;
	}
	/* a node's own record is given its consent anew */
	if (i == NULL || (!m.by_root && !id_equal(&m.issuer, &i->node)) ||
	    (m.kind == MEMBER_NODE && id_equal(&m.node.id, &i->node)))
		return;
	if (make_again(&again, &m, i) == OK) {
		assert(again.n == n);
		assert(memcmp(again.p, p, n - MEMBER_SIG_BYTES) == 0);
	}
	buf_release(&again);
}

/* ---- a network's worth ---------------------------------------------------------- */

/* A record of ours, changed or with another body, signed as it should be. */
static void
sign(struct buf *out, struct fuzz_in *in)
{
	unsigned how = fuzz_u8(in), who = fuzz_u8(in), base = fuzz_u8(in);
	const struct buf *from = &world.record[base % world.n];
	struct fuzz_in body = fuzz_part(in);
	const struct identity *i = signer(who);
	bool as_root = (who & 0x80) != 0;
	struct buf b;

	member_start(&b, (enum member_kind)(how & 7), &world.network,
	    as_root ? NULL : &i->node);
	if ((how & 8) != 0) {
		/* that record, with bytes exchanged by number and value */
		buf_reset(&b);
		buf_put(&b, from->p, from->n - MEMBER_SIG_BYTES);
		while (body.n >= 3) {
			unsigned at = fuzz_u16(&body);

			b.p[at % b.n] = fuzz_u8(&body);
		}
		if ((how & 16) != 0 && b.n >= 2 + 2 * ID_BYTES) {
			memcpy(b.p + 2, world.network.b, ID_BYTES);
			memset(b.p + 2 + ID_BYTES, 0, ID_BYTES);
			if (!as_root)
				memcpy(b.p + 2 + ID_BYTES, i->node.b, ID_BYTES);
		}
	} else {
		buf_put(&b, body.p, body.n);
	}
	(void)member_finish(out, &b, as_root ? &world.hub : i, as_root);
	parse(out->p, out->n, as_root ? &world.hub : i);
}

/* All of them in this order, those that wait again until none goes in. */
static struct members *
settle(struct buf *records, size_t n, bool backwards)
{
	struct members *m;
	bool in[RECORDS_MAX + NETWORK_RECORDS] = { false }, more = true;

	assert(members_new(&m, &world.network) == OK);
	while (more) {
		more = false;
		for (size_t k = 0; k < n; k++) {
			size_t at = backwards ? n - 1 - k : k;
			enum member_result result = MEMBER_WAITING;
			uint8_t id[32];

			if (in[at])
				continue;
			in[at] = members_add(m, &result, id, records[at].p,
				     records[at].n, NULL) != OK ||
			    result != MEMBER_WAITING;
			more = more || in[at];
		}
	}
	return m;
}

/* What they say together does not depend on what came first. */
static void
network_of(struct fuzz_in in)
{
	struct buf records[RECORDS_MAX + NETWORK_RECORDS] = { { 0 } };
	struct buf forth = { 0 }, back = { 0 };
	struct members *m;
	size_t n = 0;

	for (; n < world.n; n++)
		buf_put(&records[n], world.record[n].p, world.record[n].n);
	while (in.n > 0 && n < COUNT_OF(records) && n < world.n + RECORDS_MAX)
		sign(&records[n++], &in);
	m = settle(records, n, false);
	network_state(&forth, m);
	members_free(m);
	m = settle(records, n, true);
	network_state(&back, m);
	members_free(m);
	fuzz_same(&back, forth.p, forth.n);
	buf_release(&forth);
	for (size_t k = 0; k < n; k++)
		buf_release(&records[k]);
}

void
fuzz_one(const uint8_t *p, size_t n)
{
	struct fuzz_in in = { .p = p, .n = n };
	uint8_t mode = fuzz_u8(&in) % MODES;

	world_init();
	if (mode == RAW)
		parse(in.p, in.n, NULL);
	else
		network_of(in);
}

/* One record of the world's, signed anew as it is. */
static void
seed_record(struct buf *b, const struct buf *record, uint8_t who)
{
	size_t n = record->n - 2 - 2 * ID_BYTES - MEMBER_SIG_BYTES;

	buf_u8(b, record->p[1]);
	buf_u8(b, who);
	buf_u8(b, 0);
	buf_u8(b, (uint8_t)n);
	buf_u8(b, (uint8_t)(n >> 8));
	buf_put(b, record->p + 2 + 2 * ID_BYTES, n);
}

static void
seed_revocation(struct buf *b, const struct identity *by, uint8_t who,
    const struct identity *of, enum revocation_reason reason)
{
	struct member_revoke v = { .node = of->node, .reason = reason };
	struct buf record = { 0 };

	assert(member_make_revocation(&record, by, &world.network, false, &v) ==
	    OK);
	seed_record(b, &record, who);
	buf_release(&record);
}

void
fuzz_seeds(void)
{
	static const char *const names[] = { "member-root", "member-agency",
		"member-node", "member-author", "member-revocation",
		"member-agency-key" };
	struct buf b = { 0 };

	world_init();
	for (size_t i = 0; i < COUNT_OF(names); i++)
		fuzz_seed_golden(RAW, names[i]);
	for (size_t i = 0; i < world.n; i++) {
		buf_reset(&b);
		buf_u8(&b, SIGNED);
		seed_record(&b, &world.record[i], i < 4 ? 0x80 : 0);
		fuzz_seed(b.p, b.n);
	}
	buf_reset(&b);
	buf_u8(&b, SIGNED);
	seed_revocation(&b, &world.hub, 0, &world.north, REVOKED_LOST);
	fuzz_seed(b.p, b.n);
	seed_revocation(&b, &world.north, 1, &world.laptop,
	    REVOKED_COMPROMISED);
	seed_revocation(&b, &world.north, 1, &world.hub, REVOKED_LEFT);
	fuzz_seed(b.p, b.n);
	buf_release(&b);
}
