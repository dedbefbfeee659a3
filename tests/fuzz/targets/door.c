/*
 * What comes to a replica beside exchanges and bundles: requests to join and
 * their answers, what shows that a node is out, work that was rescued.
 *
 * What is refused of a joining changes nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "sync/join_i.h"
#include "sync/rescue.h"
#include "sync/revoke.h"
#include "tests/fuzz/hostile.h"
#include "tests/support/office.h"

const size_t fuzz_bytes_max = (size_t)512 << 20;

enum mode { REQUEST, REQUEST_OF, ANSWER, ANSWER_OF, PROOF, RESCUE, MODES };

/* Who joins, and what it and North said when all went well. */
static struct joiner {
	struct env_test *env;
	struct replica *r;
	struct replica_options options;
	struct join_head head;
	struct buf request, answer; /* sealed */
	struct buf asked, told;     /* what is in them */
} joiner;

static void
must(enum err e)
{
	if (e != OK)
		abort();
}

static void
make_joiner(struct world *w)
{
	struct joiner *j = &joiner;
	struct join_names names = { .node = "new", .office = "office" };
	struct buf code = { 0 };
	struct node_id joined;

	j->env = env_test_new(77);
	j->options = w->p.options[PAIR_NORTH];
	j->options.env = &j->env->env;
	must(replica_create(&j->r, "dir", &j->options, NULL));
	fuzz_hold(j->r, true);
	must(join_request_make(j->r, &j->request, &code, &w->invite, &names,
	    NULL));
	must(join_head_read(&j->head, JOIN_REQUEST, j->request.p, j->request.n,
	    NULL));
	must(join_open(&j->asked, JOIN_REQUEST, &j->head, w->invite.secret,
	    j->request.p, j->request.n, NULL));
	must(join_answer_make(w->p.r[PAIR_NORTH], &j->answer, &joined,
	    j->request.p, j->request.n, NULL));
	must(join_open(&j->told, JOIN_ANSWER, &j->head, w->invite.secret,
	    j->answer.p, j->answer.n, NULL));
	world_reset(w, PAIR_NORTH);
	buf_release(&code);
}

/* Bytes exchanged by place and value, then cut, then signed and sealed. */
static void
put_changed(struct buf *out, struct world *w, enum join_message kind,
    const struct buf *plain, const struct identity *by, struct fuzz_in in)
{
	uint8_t digest[JOIN_DIGEST_BYTES], signature[MEMBER_SIG_BYTES];
	const struct identity *asker = replica_identity(joiner.r);
	struct buf b = { 0 };
	unsigned longer = fuzz_u8(&in);
	struct fuzz_in more = fuzz_take(&in, longer);

	buf_put(&b, plain->p, plain->n - MEMBER_SIG_BYTES);
	while (in.n >= 3) {
		unsigned at = fuzz_u16(&in);

		b.p[at % b.n] = fuzz_u8(&in);
	}
	b.n -= in.n; /* 0 to 2 */
	buf_put(&b, more.p, more.n);
	join_digest(digest, kind, &joiner.head, &asker->node, b.p, b.n);
	member_sign(signature,
	    kind == JOIN_REQUEST ? LABEL_JOIN_SIGN : LABEL_JOIN_ANSWER_SIGN,
	    digest, sizeof(digest), by->sign_secret);
	buf_put(&b, signature, sizeof(signature));
	must(join_seal(out, kind, &joiner.head, w->invite.secret, &b,
	    &joiner.env->env, NULL));
	buf_release(&b);
}

static void
request(struct world *w, const uint8_t *p, size_t n)
{
	struct buf answer = { .limit = JOIN_ANSWER_BYTES };
	int64_t version = world_version(w, PAIR_NORTH);
	struct node_id joined;
	struct fail f = { 0 };

	if (join_answer_make(w->p.r[PAIR_NORTH], &answer, &joined, p, n, &f) !=
	    OK) {
		assert(f.text[0] != '\0');
		assert(world_version(w, PAIR_NORTH) == version);
		assert(answer.n == 0);
	}
	buf_release(&answer);
}

static void
answer(const uint8_t *p, size_t n)
{
	struct join_result result;
	struct fail f = { 0 };

	must(replica_begin(joiner.r, NULL));
	if (join_finish(joiner.r, &result, p, n, &f) != OK)
		assert(f.text[0] != '\0');
	replica_rollback(joiner.r);
	assert(members_network(replica_members(joiner.r)) == NULL);
}

/* ---- being out --------------------------------------------------------------------- */

static void
put_revocation(struct world *w, struct buf *out, struct fuzz_in *in)
{
	unsigned who = fuzz_u8(in), whom = fuzz_u8(in);
	const struct identity *by = replica_identity(w->p.r[who % PAIR_NODES]);
	struct member_revoke v = {
		.node = replica_identity(w->p.r[whom % PAIR_NODES])->node,
		.reason = (enum revocation_reason)(1 + (whom >> 4) % 4),
		.agency_key_no = who >> 4,
	};

	(void)member_make_revocation(out, by, w->network,
	    (who & 8) != 0 && by->has_root_secret, &v);
}

static void
proof(struct world *w, struct fuzz_in in)
{
	struct buf b = { 0 };
	unsigned peer = fuzz_u8(&in), count = fuzz_u8(&in) % 8;
	bool self;
	struct fail f = { 0 };

	buf_text(&b, "FBRV");
	buf_u8(&b, 1);
	buf_u8(&b, (uint8_t)count);
	for (unsigned i = 0; i < count; i++) {
		unsigned what = fuzz_u8(&in);
		struct buf record = { 0 };

		if ((what & 1) != 0) {
			put_revocation(w, &record, &in);
		} else if ((what & 2) != 0) {
			struct fuzz_in raw = fuzz_part(&in);

			buf_put(&record, raw.p, raw.n);
		} else {
			const struct buf *of =
			    &w->p.record[(what >> 2) % w->p.records];

			buf_put(&record, of->p, of->n);
		}
		buf_bytes(&b, record.p, record.n);
		buf_release(&record);
	}
	buf_put(&b, in.p, in.n);
	assert(revoke_shown(w->p.r[PAIR_NORTH], &self,
		   &replica_identity(w->p.r[1 + peer % (PAIR_NODES - 1)])->node,
		   b.p, b.n, &f) != OK);
	assert(f.text[0] != '\0');
	buf_release(&b);
}

/* ---- rescued work --------------------------------------------------------------------- */

static void
rescue(struct world *w, struct fuzz_in in)
{
	static struct hostile h;
	int64_t outcome[OUTCOME_COUNT];
	int64_t version = world_version(w, PAIR_NORTH);
	struct buf b = { 0 };
	struct bundle_reader from = office_reader(&b);
	struct fail f = { 0 };

	h = (struct hostile){ .w = w };
	buf_put(&b,
	    "\x89"
	    "FBRS\r\n\x1a",
	    8);
	buf_put(&b, w->network->b, ID_BYTES);
	while (in.n > 0 && h.count < HOSTILE_MAX) {
		if ((fuzz_u8(&in) & 3) != 0) {
			if (!hostile_segment(&h, &in))
				continue;
			buf_u32(&b, (uint32_t)h.made[h.count - 1].bytes.n);
			buf_put(&b, h.made[h.count - 1].bytes.p,
			    h.made[h.count - 1].bytes.n);
		} else {
			struct fuzz_in raw = fuzz_part(&in);

			buf_put(&b, raw.p, raw.n);
		}
	}
	if (rescue_read(w->p.r[PAIR_NORTH], outcome, &from, &f) != OK)
		assert(f.text[0] != '\0');
	if (world_version(w, PAIR_NORTH) != version)
		pair_check(&w->p, PAIR_NORTH);
	hostile_release(&h);
	buf_release(&b);
}

void
fuzz_one(const uint8_t *p, size_t n)
{
	struct fuzz_in in = { .p = p, .n = n };
	struct world *w = world_get();
	uint8_t mode = fuzz_u8(&in) % MODES;
	struct buf b = { 0 };

	world_reset(w, PAIR_NORTH);
	if (joiner.r == NULL)
		make_joiner(w);
	if (mode == REQUEST) {
		request(w, in.p, in.n);
	} else if (mode == REQUEST_OF) {
		put_changed(&b, w, JOIN_REQUEST, &joiner.asked,
		    replica_identity(joiner.r), in);
		request(w, b.p, b.n);
	} else if (mode == ANSWER) {
		answer(in.p, in.n);
	} else if (mode == ANSWER_OF) {
		put_changed(&b, w, JOIN_ANSWER, &joiner.told,
		    replica_identity(w->p.r[PAIR_NORTH]), in);
		answer(b.p, b.n);
	} else if (mode == PROOF) {
		proof(w, in);
	} else {
		rescue(w, in);
	}
	buf_release(&b);
}

static void
seed(uint8_t mode, const void *p, size_t n)
{
	struct buf b = { 0 };

	buf_u8(&b, mode);
	buf_put(&b, p, n);
	fuzz_seed(b.p, b.n);
	buf_release(&b);
}

void
fuzz_seeds(void)
{
	fuzz_one((const uint8_t *)"", 0);
	seed(REQUEST, joiner.request.p, joiner.request.n);
	seed(REQUEST_OF, "\0", 1);
	seed(REQUEST_OF, "\0\x60\0\1", 4);
	seed(ANSWER, joiner.answer.p, joiner.answer.n);
	seed(ANSWER_OF, "\0", 1);
	seed(ANSWER_OF, "\0\1\0\7", 4);
	/* the root says that the clinic is out; North shows its own end */
	seed(PROOF, "\0\2\1\x08\x13\0", 6);
	seed(PROOF, "\1\1\1\x08\x10", 5);
	seed(PROOF, "\1\1\1\1\x10", 5);
	seed(RESCUE, "\1\0\2\0\1\0\1\0\1\3\1\1\1\1\1\1", 16);
	seed(RESCUE, "\1\0\3\7\1\0\1\0\1\3\1\1\1\1\1\1", 16);
}
