#include "sync/rescue.h"

#include <string.h>

#include "sync/log_i.h"
#include "sync/member_i.h"

/* What an item is, as written: before its length. */
enum item { ITEM_AUTHOR = 0, ITEM_SEGMENT = 1 };
#define ITEM_HEAD_BYTES 5

#define META_LIST "revoked_unsent_list" /* numbers of segments, int64_t */

static const uint8_t magic[8] = { 0x89, 'F', 'B', 'R', 'S', 0x0d, 0x0a, 0x1a };

bool
rescue_is(const uint8_t *p, size_t n)
{
	return n >= sizeof(magic) && memcmp(p, magic, sizeof(magic)) == 0;
}

/* ---- at the one that is out ------------------------------------------------------ */

/* Control stays: of a node that is out it has no effect. */
enum err
rescue_note(struct replica *r, int64_t *count, struct fail *f)
{
	struct buf list = { 0 };
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT q.ref FROM _queue q JOIN _lane l ON l.peer = q.peer"
	    " AND l.lane = q.lane JOIN _segment s ON s.no = q.ref"
	    " JOIN _author a ON a.no = s.author"
	    " WHERE q.what = 1 AND q.position > l.acked AND a.node = ?1"
	    " AND s.chain > 0"
	    " UNION SELECT s.no FROM _aside d JOIN _segment s"
	    " ON s.no = d.segment JOIN _author a ON a.no = s.author"
	    " WHERE a.node = ?1 AND s.chain > 0"
	    " UNION SELECT s.no FROM _segment s JOIN _author a"
	    " ON a.no = s.author WHERE s.chain = 2 AND s.state > 2"
	    " AND a.node = ?1 ORDER BY 1",
	    f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, r->identity.node.b, ID_BYTES);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		int64_t no = stmt_col_int(s, 0);

		buf_put(&list, &no, sizeof(no));
	}
	if (e == OK && list.err != OK)
		e = fail_code(f, list.err);
	*count = (int64_t)(list.n / sizeof(int64_t));
	if (e == OK)
		e = replica_meta_set(r, META_LIST, list.p, list.n, f);
	buf_release(&list);
	return e;
}

static enum err
write_item(enum item what, const uint8_t *p, size_t n,
    const struct bundle_writer *to, struct fail *f)
{
	struct buf item = { .limit = LIMIT_SEGMENT_BYTES + ITEM_HEAD_BYTES };
	enum err e;

	buf_u8(&item, (uint8_t)what);
	buf_u32(&item, (uint32_t)n);
	buf_put(&item, p, n);
	e = item.err != OK ? fail_code(f, item.err)
			   : to->write(to->context, item.p, item.n, f);
	buf_release(&item);
	return e;
}

static enum err
write_segment(struct replica *r, int64_t no, const struct bundle_writer *to,
    struct fail *f)
{
	struct buf bytes = { .limit = LIMIT_SEGMENT_BYTES };
	enum err e = log_bytes(r, &bytes, no, f);

	if (e == OK)
		e = write_item(ITEM_SEGMENT, bytes.p, bytes.n, to, f);
	buf_release(&bytes);
	return e;
}

/* Is it an author record, and whose? NULL: of any node. */
static bool
is_author(const uint8_t *p, size_t n, const struct node_id *node)
{
	struct member_record m;

	return member_parse(&m, p, n, NULL) == OK && m.kind == MEMBER_AUTHOR &&
	    (node == NULL || id_equal(&m.issuer, node));
}

/* As whom this computer ever wrote: of a copy nobody may have heard. */
static enum err
write_authors(struct replica *r, const struct bundle_writer *to, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e =
	    db_stmt(&s, r->db, "SELECT bytes FROM _member ORDER BY no", f);

	if (e != OK)
		return e;
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		size_t n;
		const uint8_t *p = stmt_col_blob(s, 0, &n);

		if (is_author(p, n, &r->identity.node) &&
		    (e = write_item(ITEM_AUTHOR, p, n, to, f)) != OK)
			break;
	}
	stmt_reset(s);
	return e;
}

static enum err
write_head(struct replica *r, const struct bundle_writer *to, struct fail *f)
{
	const struct network_id *network = members_network(r->members);
	uint8_t head[RESCUE_HEAD_BYTES];
	enum err e = to->part(to->context, 1, f);

	memcpy(head, magic, sizeof(magic));
	memcpy(head + sizeof(magic), network->b, sizeof(network->b));
	return e == OK ? to->write(to->context, head, sizeof(head), f) : e;
}

enum err
rescue_write(struct replica *r, int64_t *segments,
    const struct bundle_writer *to, struct fail *f)
{
	struct buf list = { 0 };
	enum err e;

	*segments = 0;
	if (!r->identity.is_forgotten || members_network(r->members) == NULL)
		return fail_set(f, ERR_INPUT,
		    "this computer was not taken out of the network: use"
		    " footbridge sync, or bundle export");
	e = replica_meta_get(r, &list, META_LIST, f);
	if (e == ERR_NOTFOUND || (e == OK && list.n == 0))
		e = fail_set(f, ERR_INPUT,
		    "all that was saved on this computer had arrived"
		    " elsewhere: there is nothing to carry");
	if (e == OK)
		e = write_head(r, to, f);
	if (e == OK)
		e = write_authors(r, to, f);
	for (size_t at = 0; e == OK && at < list.n; at += sizeof(int64_t)) {
		int64_t no;

		memcpy(&no, list.p + at, sizeof(no));
		e = write_segment(r, no, to, f);
		++*segments;
	}
	buf_release(&list);
	return e;
}

/* ---- at the office ------------------------------------------------------------------ */

struct reading {
	struct replica *r;
	const struct bundle_reader *from;
	uint64_t at;
	struct buf bytes;
	int64_t *outcome;
};

/* Exactly n bytes, or *end when there is none left at all. */
static enum err
read_next(struct reading *x, uint8_t *p, size_t n, bool *end, struct fail *f)
{
	size_t got = 0;
	enum err e = x->from->read(x->from->context, x->at, p, n, &got, f);

	if (e != OK)
		return e;
	*end = got == 0;
	x->at += got;
	return got == n || *end
	    ? OK
	    : fail_set(f, ERR_FORMAT,
		  "the file is cut; what came before was taken in. Copy it"
		  " again and import it again");
}

static bool
is_work(enum segment_kind kind)
{
	return kind == SEGMENT_DATA || kind == SEGMENT_OFFER ||
	    kind == SEGMENT_ATTACHMENT;
}

static enum err
refuse(struct reading *x, const struct fail *why, struct fail *f)
{
	replica_tally(x->r, "received", 1);
	replica_tally(x->r, outcome_name(OUTCOME_REFUSED), 1);
	x->outcome[OUTCOME_REFUSED]++;
	return log_keep_refused(x->r, NULL, why, x->bytes.p, x->bytes.n, f);
}

/* In a transaction. It stands before the work that it signs for. */
static enum err
take_author(struct reading *x, struct fail *f)
{
	struct fail why = { .code = OK };
	enum member_result result;
	enum err e;

	if (!is_author(x->bytes.p, x->bytes.n, NULL)) {
		(void)fail_set(&why, ERR_INPUT,
		    "of membership a rescue file brings only who wrote what is"
		    " in it; this is something else");
		return refuse(x, &why, f);
	}
	e = replica_add_member(x->r, &result, x->bytes.p, x->bytes.n, NULL,
	    &why);
	if (e == ERR_AUTH || e == ERR_FORMAT || e == ERR_INPUT)
		return refuse(x, &why, f);
	return e == OK ? OK : fail_set(f, e, "%s", why.text);
}

static enum err
take_segment(struct reading *x, struct fail *f)
{
	enum outcome outcome = OUTCOME_REFUSED;
	const struct author *a = NULL;
	struct fail why = { .code = OK };
	struct segment s;
	struct node_id peer;
	enum err e = segment_parse(&s, x->bytes.p, x->bytes.n, &why);

	if (e != OK)
		return refuse(x, &why, f);
	a = replica_author(x->r, &s.header.author);
	if (!is_work(s.header.kind))
		(void)fail_set(&why, ERR_INPUT,
		    "a rescue file brings work; what gives or takes access has"
		    " no effect when it comes from a computer that is out");
	else if (a == NULL)
		(void)fail_set(&why, ERR_INPUT,
		    "nobody here has heard of the computer that wrote it; sync"
		    " and import the file again");
	if (why.code != OK)
		return refuse(x, &why, f);
	peer = a->node;
	e = log_receive(x->r, &outcome, NULL, x->bytes.p, x->bytes.n, &peer,
	    &why, f);
	if (e == OK)
		x->outcome[outcome]++;
	return e;
}

/* *what and its length, or *end. */
static enum err
read_item_head(struct reading *x, enum item *what, size_t *n, bool *end,
    struct fail *f)
{
	uint8_t head[ITEM_HEAD_BYTES];
	struct rd rd = rd_of(head, sizeof(head));
	enum err e = read_next(x, head, sizeof(head), end, f);
	unsigned kind;

	if (e != OK || *end)
		return e;
	kind = rd_u8(&rd);
	*n = rd_u32(&rd);
	*what = kind == ITEM_AUTHOR ? ITEM_AUTHOR : ITEM_SEGMENT;
	if (kind > ITEM_SEGMENT || *n == 0 ||
	    *n > (kind == ITEM_AUTHOR ? LIMIT_MEMBER_BYTES
				      : LIMIT_SEGMENT_BYTES))
		return fail_set(f, ERR_FORMAT,
		    "the file is damaged; what came before was taken in");
	return OK;
}

static enum err
take_one(struct reading *x, bool *end, struct fail *f)
{
	enum item what = ITEM_SEGMENT;
	uint8_t *p;
	size_t n = 0;
	enum err e = read_item_head(x, &what, &n, end, f);

	if (e != OK || *end)
		return e;
	buf_reset(&x->bytes);
	p = buf_grow(&x->bytes, n);
	if (p == NULL)
		return fail_code(f, x->bytes.err);
	e = read_next(x, p, n, end, f);
	if (e == OK && *end)
		e = fail_set(f, ERR_FORMAT,
		    "the file is cut; what came before was taken in");
	if (e == OK)
		e = replica_begin(x->r, f);
	if (e != OK)
		return e;
	e = what == ITEM_AUTHOR ? take_author(x, f) : take_segment(x, f);
	if (e == OK)
		return replica_commit(x->r, f);
	replica_rollback(x->r);
	return e;
}

static enum err
read_head(struct reading *x, struct fail *f)
{
	const struct network_id *network = members_network(x->r->members);
	uint8_t head[RESCUE_HEAD_BYTES];
	bool end = false;
	enum err e = read_next(x, head, sizeof(head), &end, f);

	if (e == OK && (end || !rescue_is(head, sizeof(head))))
		e = fail_set(f, ERR_FORMAT, "this file is no rescued work");
	if (e == OK &&
	    (network == NULL ||
		memcmp(head + sizeof(magic), network->b, sizeof(network->b)) !=
		    0))
		e = fail_set(f, ERR_INPUT,
		    "the file belongs to another network; nothing was taken"
		    " from it");
	return e;
}

enum err
rescue_read(struct replica *r, int64_t outcome[static OUTCOME_COUNT],
    const struct bundle_reader *from, struct fail *f)
{
	struct reading x = { .r = r,
		.from = from,
		.outcome = outcome,
		.bytes = { .limit = LIMIT_SEGMENT_BYTES } };
	bool end = false;
	enum err e;

	memset(outcome, 0, OUTCOME_COUNT * sizeof(outcome[0]));
	e = read_head(&x, f);
	while (e == OK && !end)
		e = take_one(&x, &end, f);
	buf_release(&x.bytes);
	return e;
}
