/*
 * What goes into a bundle. Every chunk is one exchange message, so there is one
 * parser; the first chunk of each recipient in each part has the hello and the
 * receipts.
 */
#include "sync/bundle.h"

#include <stdlib.h>
#include <string.h>

#include "sync/agency_key.h"
#include "sync/bundle_file.h"
#include "sync/db.h"
#include "sync/receipt.h"

/* Units in one chunk: memory while writing and reading. */
#define CHUNK_BUDGET_BYTES (256 * 1024)
/* What a chunk may have beside its units: hello, receipts, framing. */
#define CHUNK_SPARE_BYTES 8192

/* ---- export -------------------------------------------------------------- */

struct exporting {
	struct replica *r;
	const struct bundle_writer *to;
	struct exchange_stats *stats;
	uint64_t split_bytes;
	size_t budget_bytes;
	struct bundle_header header; /* but for part and keys */
	/* of the recipient's queue, when it was begun with */
	uint8_t stream[LANE_STREAM_BYTES];
	struct author_tag yours; /* of the recipient, as known; or zeros */
	uint8_t boxes[LIMIT_BUNDLE_RECIPIENTS][32];
	struct bundle_out out;
	bool open;    /* out has a part begun and not ended */
	bool greeted; /* the recipient at hand has a hello in this part */
};

/* The running hash in it wants more alignment than calloc gives. */
static struct exporting *
new_exporting(void)
{
	struct exporting *x =
	    aligned_alloc(_Alignof(struct exporting), sizeof(*x));

	if (x != NULL)
		memset(x, 0, sizeof(*x));
	return x;
}

static enum err
name_recipients(struct exporting *x, const struct node_id *recipients,
    size_t count, struct fail *f)
{
	struct members *m = replica_members(x->r);

	if (count == 0 || count > LIMIT_BUNDLE_RECIPIENTS)
		return fail_set(f, ERR_INPUT,
		    "bundle: wanted 1 to %d recipients, found %zu",
		    LIMIT_BUNDLE_RECIPIENTS, count);
	for (size_t i = 0; i < count; i++) {
		const struct member_node *node =
		    members_node(m, &recipients[i]);

		if (node == NULL)
			return fail_set(f, ERR_DENIED,
			    "bundle: recipient %zu is no member known here",
			    i + 1);
		if (members_revocation(m, &recipients[i]) != NULL)
			return fail_set(f, ERR_REVOKED,
			    "bundle: %s was taken out of the network; nothing "
			    "goes there any more",
			    node->name);
		for (size_t k = 0; k < i; k++) {
			if (id_equal(&recipients[k], &recipients[i]))
				return fail_set(f, ERR_INPUT,
				    "bundle: a recipient is named twice");
		}
		x->header.recipient[i].node = recipients[i];
		memcpy(x->boxes[i], node->box_key, sizeof(x->boxes[i]));
	}
	x->header.count = count;
	return OK;
}

static enum err
start(struct exporting *x, struct replica *r, enum bundle_kind kind,
    const struct node_id *recipients, size_t count,
    const struct bundle_writer *to, struct fail *f)
{
	const struct identity *me = replica_identity(r);
	const struct network_id *network = members_network(replica_members(r));

	*x = (struct exporting){ .r = r, .to = to };
	if (network == NULL)
		return fail_set(f, ERR_INPUT,
		    "bundle: this replica is no member of a network yet");
	x->header.kind = kind;
	x->header.network = *network;
	x->header.sender = me->node;
	memcpy(x->header.keys, me->sign_key, 32);
	memcpy(x->header.keys + 32, me->box_key, 32);
	memcpy(x->header.keys + 64, me->tls_key, 32);
	x->header.made_ms = env_wall_ms(replica_env(r));
	env_random(replica_env(r), x->header.id, sizeof(x->header.id));
	return name_recipients(x, recipients, count, f);
}

static enum err
next_part(struct exporting *x, struct fail *f)
{
	enum err e;

	x->header.part++;
	e = bundle_begin(&x->out, &x->header, (const uint8_t(*)[32])x->boxes,
	    replica_env(x->r), x->to, f);
	x->open = e == OK;
	x->greeted = false;
	return e;
}

static enum err
end_part(struct exporting *x, bool last, struct fail *f)
{
	x->open = false;
	return bundle_end(&x->out, last, replica_identity(x->r)->sign_secret,
	    f);
}

/* Hello and receipts, at the head of a recipient's first chunk in a part. */
static enum err
greet(struct exporting *x, struct buf *body, const struct node_id *peer,
    struct lane_state *state, struct fail *f)
{
	struct hello h;
	enum err e = units_make_hello(x->r, &h, state, peer, &x->yours, f);

	message_head(body, MESSAGE_HELLO, LIMIT_UNIT_MAX_BYTES);
	if (e == OK)
		message_hello(body, &h);
	for (int i = 0; e == OK && i < LANE_COUNT; i++) {
		struct message_item item = { .type = MESSAGE_RECEIPT,
			.lane = (enum lane)i };
		struct receipt t;
		bool fresh;

		e = receipt_out(x->r, &t, &fresh, state, peer, (enum lane)i, 1,
		    f);
		if (e == OK) {
			item.position = t.position;
			item.author = t.author;
			item.signature = t.signature;
			message_put(body, &item, true);
			x->stats->receipts_out++;
		}
		e = e == ERR_NOTFOUND ? OK : e;
	}
	return e;
}

/* Number of our own author record, 0 when there is none yet. */
static enum err
own_author_record(struct replica *r, int64_t *no, struct buf *bytes,
    struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = member_make_author(bytes, replica_identity(r),
	    members_network(replica_members(r)));

	if (e != OK)
		return fail_set(f, e, "author record: %s", err_text(e));
	e = db_stmt(&s, replica_db(r),
	    "SELECT no FROM _member WHERE bytes = ?1", f);
	if (e != OK)
		return e;
	stmt_blob(s, 1, bytes->p, bytes->n);
	e = stmt_step(s, &row, f);
	*no = e == OK && row ? stmt_col_int(s, 0) : 0;
	stmt_reset(s);
	return e;
}

/*
 * A later part may be imported first: it brings our author record along, so
 * that our work in it need not wait unverified for the first part.
 */
static enum err
introduce(struct exporting *x, struct buf *body, int64_t peer, struct fail *f)
{
	struct buf bytes = { .limit = LIMIT_MEMBER_BYTES };
	struct message_item item = { .type = MESSAGE_MEMBER,
		.lane = LANE_URGENT };
	int64_t no = 0;
	bool row = false;
	struct stmt *s;
	enum err e = own_author_record(x->r, &no, &bytes, f);

	if (e == OK)
		e = db_stmt(&s, replica_db(x->r),
		    "SELECT position FROM _queue WHERE peer = ?1 AND lane = 0"
		    " AND what = 0 AND ref = ?2 LIMIT 1",
		    f);
	if (e == OK) {
		stmt_int(s, 1, peer);
		stmt_int(s, 2, no);
		e = stmt_step(s, &row, f);
		if (e == OK && row) {
			item.position = (uint64_t)stmt_col_int(s, 0);
			item.bytes = bytes.p;
			item.n = bytes.n;
			message_put(body, &item, true);
		}
		stmt_reset(s);
	}
	buf_release(&bytes);
	return e;
}

/* One chunk for recipient number at; *more when its queue goes on. */
static enum err
put_chunk(struct exporting *x, size_t at, struct units_plan *plan, bool units,
    struct fail *f)
{
	const struct node_id *peer = &x->header.recipient[at].node;
	struct buf body = { .limit = LIMIT_MESSAGE_BYTES };
	struct lane_state state;
	bool greeting = !x->greeted;
	enum err e = replica_begin(x->r, f);

	if (e != OK)
		return e;
	e = lane_load(x->r, &state, plan->peer, f);
	if (e == OK && memcmp(x->stream, state.stream, sizeof(x->stream)) != 0)
		e = fail_set(f, ERR_BUSY,
		    "bundle: a recipient's queue was begun anew meanwhile;"
		    " export again");
	if (e == OK && greeting)
		e = greet(x, &body, peer, &state, f);
	else if (e == OK)
		message_head(&body, 0, LIMIT_UNIT_MAX_BYTES);
	if (e == OK && greeting && units && x->header.part > 1)
		e = introduce(x, &body, plan->peer, f);
	if (e == OK && units)
		e = units_send(x->r, &body, plan, x->stats, f);
	if (e == OK)
		e = replica_commit(x->r, f);
	else
		replica_rollback(x->r);
	if (e == OK && body.err != OK)
		e = fail_set(f, body.err, "bundle: %s", err_text(body.err));
	if (e == OK && (greeting || plan->any))
		e = bundle_chunk(&x->out, at, body.p, body.n, f);
	x->greeted = true;
	x->stats->bytes_out += (int64_t)body.n;
	buf_release(&body);
	return e;
}

/* Bytes of the item that comes next for this recipient; 0: none. */
static enum err
next_bytes(size_t *n, const struct exporting *x, const struct units_plan *plan,
    struct fail *f)
{
	struct buf bytes = { .limit = LIMIT_SEGMENT_BYTES };
	struct lane_item item;
	enum err e = ERR_NOTFOUND;

	for (int i = 0; e == ERR_NOTFOUND && i < LANE_COUNT; i++) {
		e = lane_next(x->r, &item, plan->peer, (enum lane)i,
		    plan->from[i], f);
		if (e == OK)
			e = lane_bytes(x->r, &bytes, &item, f);
	}
	*n = bytes.n;
	buf_release(&bytes);
	return e == ERR_NOTFOUND ? OK : e;
}

/*
 * Begin a part where the next chunk has no room in this one. Items are never
 * cut between parts: pieces would have to come in order, parts need not.
 */
static enum err
find_room(struct exporting *x, struct units_plan *plan, bool units,
    struct fail *f)
{
	size_t n = 0;
	uint64_t want;
	enum err e = OK;

	plan->uncut = x->split_bytes != 0;
	plan->budget_bytes = x->budget_bytes;
	if (plan->uncut && units)
		e = next_bytes(&n, x, plan, f);
	if (n > plan->budget_bytes)
		plan->budget_bytes = n;
	want = plan->budget_bytes + CHUNK_SPARE_BYTES;
	if (e == OK && x->open && plan->uncut &&
	    x->out.bytes + want > x->split_bytes)
		e = end_part(x, false, f);
	if (e == OK && !x->open)
		e = next_part(x, f);
	if (e == OK && plan->uncut && x->out.bytes + want > x->split_bytes)
		e = fail_set(f, ERR_INPUT,
		    "bundle: one change of %zu bytes does not fit into parts "
		    "of %llu; ask for parts of at least %llu bytes",
		    n, (unsigned long long)x->split_bytes,
		    (unsigned long long)x->out.bytes + want);
	return e;
}

/*
 * Whom the hello names. A recipient that writes under another name than when it
 * last wrote to us may have lost what it acknowledged, and no contact asks: it is
 * queued anew. So who reads their new name in a hello has all before them.
 */
static enum err
name_yours(struct exporting *x, int64_t no, const struct node_id *peer,
    struct fail *f)
{
	struct author_tag newest;
	bool anew = false;
	enum err e = units_author_of(x->r, &newest, peer, f);

	memset(&x->yours, 0, sizeof(x->yours));
	if (e != OK)
		return e == ERR_NOTFOUND ? OK : e;
	x->yours = newest;
	if (x->header.kind != BUNDLE_DATA)
		return OK;
	e = lane_peer_author_next(x->r, &anew, no, &newest, f);
	return e == OK && anew ? lane_reset(x->r, no, f) : e;
}

/* The peer's row (made on first contact) and where to begin. */
static enum err
plan_for(struct exporting *x, struct units_plan *plan,
    const struct node_id *peer, struct fail *f)
{
	struct lane_state state;
	int64_t no = 0;
	enum err e = replica_begin(x->r, f);

	if (e != OK)
		return e;
	e = lane_peer(x->r, &no, peer, f);
	if (e == OK)
		e = name_yours(x, no, peer, f);
	if (e == OK)
		e = lane_load(x->r, &state, no, f);
	if (e != OK) {
		replica_rollback(x->r);
		return e;
	}
	*plan = (struct units_plan){ .peer = no };
	for (int i = 0; i < LANE_COUNT; i++)
		plan->from[i] = state.lane[i].acked;
	memcpy(x->stream, state.stream, sizeof(x->stream));
	return replica_commit(x->r, f);
}

static enum err
put_recipient(struct exporting *x, size_t at, bool units, struct fail *f)
{
	struct units_plan *plan = calloc(1, sizeof(*plan));
	enum err e = OK;

	if (plan == NULL)
		return fail_set(f, ERR_NOMEM, "bundle: out of memory");
	x->greeted = false;
	e = plan_for(x, plan, &x->header.recipient[at].node, f);
	do {
		if (e == OK)
			e = find_room(x, plan, units, f);
		if (e == OK)
			e = put_chunk(x, at, plan, units, f);
	} while (e == OK && units && plan->more);
	free(plan);
	return e;
}

static enum err export(struct exporting *x, bool units, unsigned *parts,
    struct fail *f) {
	enum err e = OK;

	x->header.part = 0;
	for (size_t i = 0; e == OK && i < x->header.count; i++)
	    e = put_recipient(x, i, units, f);
	if (e == OK) e = end_part(x, true, f);
	if (e == OK && parts != NULL) *parts = x->header.part;
	return e;
}

static size_t
chunk_budget(uint64_t split_bytes)
{
	size_t budget = CHUNK_BUDGET_BYTES;

	while (split_bytes != 0 && budget > split_bytes / 4)
		budget /= 2;
	return budget;
}

enum err
bundle_export(struct replica *r, unsigned *parts,
    const struct node_id *recipients, size_t count, uint64_t split_bytes,
    const struct bundle_writer *to, struct exchange_stats *stats,
    struct fail *f)
{
	struct exchange_stats unused = { 0 };
	struct exporting *x = new_exporting();
	int64_t sealed = 0, kept = 0;
	enum err e = OK;

	if (x == NULL)
		return fail_set(f, ERR_NOMEM, "bundle: out of memory");
	if (split_bytes != 0 && split_bytes < BUNDLE_SPLIT_MIN_BYTES)
		e = fail_set(f, ERR_INPUT,
		    "bundle: parts have at least %d bytes, wanted %llu",
		    BUNDLE_SPLIT_MIN_BYTES, (unsigned long long)split_bytes);
	if (e == OK)
		e = start(x, r, BUNDLE_DATA, recipients, count, to, f);
	if (e == OK)
		e = agency_key_tick(r, f);
	if (e == OK)
		e = log_seal(r, &sealed, &kept, f);
	if (e == OK) {
		x->stats = stats != NULL ? stats : &unused;
		x->stats->sealed += sealed;
		x->stats->kept = kept;
		x->split_bytes = split_bytes;
		x->budget_bytes = chunk_budget(split_bytes);
		e = export(x, true, parts, f);
	}
	sodium_memzero(x, sizeof(*x));
	free(x);
	return e;
}

enum err
bundle_export_receipt(struct replica *r, const struct node_id *peer,
    const struct bundle_writer *to, struct fail *f)
{
	struct exchange_stats unused = { 0 };
	struct exporting *x = new_exporting();
	enum err e;

	if (x == NULL)
		return fail_set(f, ERR_NOMEM, "bundle: out of memory");
	e = start(x, r, BUNDLE_RECEIPT, peer, 1, to, f);
	x->stats = &unused;
	x->budget_bytes = CHUNK_BUDGET_BYTES;
	if (e == OK)
		e = export(x, false, NULL, f);
	sodium_memzero(x, sizeof(*x));
	free(x);
	return e;
}
