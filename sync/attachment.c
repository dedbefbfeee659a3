/*
 * Adding, counting and reading. A document is read twice by whoever adds it: once
 * to know the root, which its row must name, once to store it; the second time
 * every part is held against the list of the first.
 */
#include "sync/attachment_i.h"

bool
attachment_valid(const struct attachment *a)
{
	return a->bytes >= 1 && a->bytes <= LIMIT_DOCUMENT_BYTES &&
	    a->parts == part_count(a->bytes);
}

/* ---- measuring ----------------------------------------------------------- */

static enum err
measure_parts(uint64_t *bytes, struct buf *list, uint8_t *room,
    attachment_read_fn read, void *context, struct fail *f)
{
	size_t got = PART_BYTES;

	*bytes = 0;
	while (got == PART_BYTES) {
		uint8_t hash[PART_HASH_BYTES];
		enum err e = read(context, *bytes, room, PART_BYTES, &got, f);

		if (e != OK)
			return e;
		assert(got <= PART_BYTES);
		*bytes += got;
		if (*bytes > LIMIT_DOCUMENT_BYTES)
			return fail_set(f, ERR_LIMIT,
			    "a document has at most %d MB; scan it in fewer"
			    " colours or in parts",
			    LIMIT_DOCUMENT_BYTES / 1024 / 1024);
		if (got == 0)
			break;
		part_hash(hash, room, got);
		buf_put(list, hash, sizeof(hash));
	}
	if (*bytes == 0)
		return fail_set(f, ERR_INPUT, "the document is empty");
	return list->err == OK ? OK : fail_code(f, list->err);
}

enum err
attachment_measure(struct attachment *out, struct buf *list,
    attachment_read_fn read, void *context, struct fail *f)
{
	struct buf room = { .limit = PART_BYTES };
	uint8_t *to = buf_grow(&room, PART_BYTES);
	uint64_t bytes = 0;
	enum err e;

	buf_reset(list);
	e = to == NULL ? fail_code(f, ERR_NOMEM)
		       : measure_parts(&bytes, list, to, read, context, f);
	if (e == OK) {
		out->bytes = bytes;
		out->parts = part_count(bytes);
		part_root(out->root, bytes, list->p, list->n);
	}
	buf_release(&room);
	return e;
}

/* ---- adding -------------------------------------------------------------- */

struct adding {
	struct replica *r;
	struct compartment *c;
	const struct attachment *a;
	struct buf content, payload; /* of one part */
};

static enum err
append_part(struct adding *x, unsigned number, const uint8_t *content, size_t n,
    struct fail *f)
{
	const struct part part = { .document = x->a->document,
		.number = number,
		.count = x->a->parts,
		.content = content,
		.content_n = n };
	int64_t segment;
	enum err e;

	buf_reset(&x->payload);
	part_encode(&x->payload, &part);
	if (x->payload.err != OK)
		return fail_code(f, x->payload.err);
	e = log_append_beside(x->r, x->c, &segment, SEGMENT_ATTACHMENT,
	    x->payload.p, x->payload.n, f);
	return e == OK ? attachment_put(x->r, x->c->no, segment, &part, f) : e;
}

static enum err
append_content(struct adding *x, const struct buf *list,
    attachment_read_fn read, void *context, struct fail *f)
{
	uint8_t *to = buf_grow(&x->content, PART_BYTES);
	uint64_t at = 0;
	enum err e = to == NULL ? fail_code(f, ERR_NOMEM) : OK;

	for (unsigned i = 1; e == OK && i <= x->a->parts; i++) {
		uint64_t left = x->a->bytes - at;
		size_t want = left < PART_BYTES ? (size_t)left : PART_BYTES;
		uint8_t hash[PART_HASH_BYTES];
		size_t got = 0;

		e = read(context, at, to, want, &got, f);
		if (e != OK)
			break;
		part_hash(hash, to, got);
		if (got != want ||
		    memcmp(hash, list->p + (size_t)(i - 1) * PART_HASH_BYTES,
			PART_HASH_BYTES) != 0)
			return fail_set(f, ERR_STALE,
			    "the document changed while it was read; nothing"
			    " was kept, add it again");
		e = append_part(x, i, to, want, f);
		at += want;
	}
	return e;
}

static enum err
number_of(struct replica *r, int64_t *out, const char *sql, int64_t cpt,
    const struct row_id *document, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db, sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_int(s, 2, r->own_author);
	if (document != NULL)
		stmt_blob(s, 2, document->b, ID_BYTES);
	e = stmt_step(s, &row, f);
	*out = e == OK && row ? stmt_col_int(s, 0) : 0;
	stmt_reset(s);
	return e;
}

static enum err
may_add(struct replica *r, const struct attachment *a, struct fail *f)
{
	int64_t have = 0, added = 0;
	enum err e = number_of(r, &have,
	    "SELECT count(*) FROM _part WHERE cpt = ?1 AND document = ?2",
	    a->cpt, &a->document, f);

	if (e == OK)
		e = number_of(r, &added,
		    "SELECT count(*) FROM _segment WHERE cpt = ?1 AND"
		    " author = ?2 AND chain = 3",
		    a->cpt, NULL, f);
	if (e != OK)
		return e;
	if (have > 0)
		return fail_set(f, ERR_EXISTS,
		    "this document has its content already");
	if (added + a->parts + 1 > LIMIT_ATTACHMENTS)
		return fail_set(f, ERR_LIMIT,
		    "this computer has added %lld parts of documents here, and"
		    " %d are the most",
		    (long long)added, LIMIT_ATTACHMENTS);
	return OK;
}

enum err
attachment_add(struct replica *r, const struct attachment *a,
    const struct buf *list, attachment_read_fn read, void *context,
    struct fail *f)
{
	struct adding x = { .r = r,
		.a = a,
		.content = { .limit = PART_BYTES },
		.payload = { .limit = PART_PAYLOAD_BYTES } };
	enum err e;

	assert(attachment_valid(a) && db_in_transaction(r->db));
	assert(list->n == (size_t)a->parts * PART_HASH_BYTES);
	e = may_add(r, a, f);
	if (e == OK)
		e = compartment_get(r, &x.c, a->cpt, f);
	/* first, so that whoever gets the rest can judge it as it comes */
	if (e == OK)
		e = append_part(&x, 0, list->p, list->n, f);
	if (e == OK)
		e = append_content(&x, list, read, context, f);
	buf_release(&x.content);
	buf_release(&x.payload);
	return e;
}

/* ---- what is here -------------------------------------------------------- */

/* The next segment after one that is said to hold a part; 0: none. hash NULL:
 * with whatever content. */
static enum err
next_holder(struct replica *r, int64_t *segment, const struct attachment *a,
    unsigned number, const uint8_t *hash, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT segment FROM _part WHERE cpt = ?1 AND document = ?2 AND"
	    " number = ?3 AND segment > ?4 AND coalesce(hash = ?5, 1)"
	    " ORDER BY segment LIMIT 1",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, a->cpt);
	stmt_blob(s, 2, a->document.b, ID_BYTES);
	stmt_int(s, 3, (int64_t)number);
	stmt_int(s, 4, *segment);
	if (hash != NULL)
		stmt_blob(s, 5, hash, PART_HASH_BYTES);
	e = stmt_step(s, &row, f);
	*segment = e == OK && row ? stmt_col_int(s, 0) : 0;
	stmt_reset(s);
	return e;
}

/* Decode the part that a segment holds; *fits false when it is another. */
static enum err
load_part(struct replica *r, struct buf *payload, struct part *part, bool *fits,
    const struct attachment *a, unsigned number, int64_t segment,
    struct fail *f)
{
	struct attachment_segment loaded;
	enum err e;

	buf_reset(payload);
	e = attachment_load(r, &loaded, payload, a->cpt, segment, f);
	if (e != OK)
		return e;
	*fits = !loaded.aside && loaded.state != STATE_UNREADABLE &&
	    part_decode(part, payload->p, payload->n) == OK &&
	    part->number == number && part->count == a->parts &&
	    id_equal(&part->document, &a->document);
	return OK;
}

/* The list that the row names, appended; none: nothing is. */
static enum err
find_list(struct replica *r, struct buf *list, const struct attachment *a,
    struct fail *f)
{
	struct buf payload = { .limit = PART_PAYLOAD_BYTES };
	int64_t segment = 0;
	enum err e;

	while ((e = next_holder(r, &segment, a, 0, NULL, f)) == OK &&
	    segment != 0) {
		uint8_t root[PART_HASH_BYTES];
		struct part part;
		bool fits = false;

		e = load_part(r, &payload, &part, &fits, a, 0, segment, f);
		if (e != OK)
			break;
		if (!fits)
			continue;
		part_root(root, a->bytes, part.content, part.content_n);
		if (memcmp(root, a->root, sizeof(root)) != 0)
			continue;
		buf_put(list, part.content, part.content_n);
		e = list->err == OK ? OK : fail_code(f, list->err);
		break;
	}
	buf_release(&payload);
	return e;
}

static enum err
count_parts(struct replica *r, struct attachment_held *out,
    const struct attachment *a, const struct buf *list, struct fail *f)
{
	unsigned came = 0, counted = 0, last = 0;
	struct stmt *s;
	bool row;
	enum err e = db_stmt(&s, r->db,
	    "SELECT p.number, p.hash FROM _part p"
	    " JOIN _segment s ON s.no = p.segment AND s.state <= 5"
	    " WHERE p.cpt = ?1 AND p.document = ?2 AND"
	    " p.number BETWEEN 1 AND ?3 ORDER BY p.number, p.segment",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, a->cpt);
	stmt_blob(s, 2, a->document.b, ID_BYTES);
	stmt_int(s, 3, (int64_t)a->parts);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		unsigned number = (unsigned)stmt_col_int(s, 0);
		uint8_t hash[PART_HASH_BYTES] = { 0 };

		came += number != last ? 1 : 0;
		last = number;
		(void)stmt_col_copy(s, 1, hash, sizeof(hash));
		if (list->n != 0 && counted != number &&
		    memcmp(hash,
			list->p + (size_t)(number - 1) * PART_HASH_BYTES,
			PART_HASH_BYTES) == 0) {
			counted = number;
			out->parts++;
		}
	}
	stmt_reset(s);
	if (list->n == 0)
		out->parts = came;
	else
		out->unfit = came - out->parts;
	return e;
}

static enum err
hold(struct replica *r, struct attachment_held *out, struct buf *list,
    const struct attachment *a, struct fail *f)
{
	enum err e;

	*out = (struct attachment_held){ .parts = 0 };
	if (!attachment_valid(a))
		return fail_set(f, ERR_INPUT,
		    "the record of this document does not say what belongs to"
		    " it: size, parts and hash do not go together");
	e = find_list(r, list, a, f);
	if (e == OK)
		e = count_parts(r, out, a, list, f);
	out->listed = list->n != 0;
	out->whole = out->listed && out->parts == a->parts;
	return e;
}

enum err
attachment_held(struct replica *r, struct attachment_held *out,
    const struct attachment *a, struct fail *f)
{
	struct buf list = { .limit = PART_BYTES };
	enum err e = hold(r, out, &list, a, f);

	buf_release(&list);
	return e;
}

/* ---- reading ------------------------------------------------------------- */

static enum err
still_coming(const struct attachment *a, const struct attachment_held *held,
    struct fail *f)
{
	if (held->unfit > 0)
		return fail_set(f, ERR_WAIT,
		    "still coming: %u of %u parts are here; %u came with other"
		    " bytes than the record names and count for nothing",
		    held->parts, a->parts, held->unfit);
	return fail_set(f, ERR_WAIT, "still coming: %u of %u parts are here",
	    held->parts, a->parts);
}

static enum err
give_part(struct replica *r, struct buf *payload, const struct attachment *a,
    unsigned number, const uint8_t *hash, attachment_write_fn write,
    void *context, struct fail *f)
{
	int64_t segment = 0;
	enum err e;

	while ((e = next_holder(r, &segment, a, number, hash, f)) == OK &&
	    segment != 0) {
		uint8_t found[PART_HASH_BYTES];
		struct part part;
		bool fits = false;

		e = load_part(r, payload, &part, &fits, a, number, segment, f);
		if (e != OK)
			return e;
		if (!fits)
			continue;
		part_hash(found, part.content, part.content_n);
		if (memcmp(found, hash, sizeof(found)) == 0)
			return write(context, part.content, part.content_n, f);
	}
	return e != OK ? e
		       : fail_set(f, ERR_CORRUPT,
			     "part %u of the document cannot be opened any"
			     " more: run footbridge verify",
			     number);
}

enum err
attachment_read(struct replica *r, const struct attachment *a,
    attachment_write_fn write, void *context, struct fail *f)
{
	struct buf list = { .limit = PART_BYTES };
	struct buf payload = { .limit = PART_PAYLOAD_BYTES };
	struct attachment_held held;
	enum err e = hold(r, &held, &list, a, f);

	if (e == OK && !held.whole)
		e = still_coming(a, &held, f);
	for (unsigned i = 1; e == OK && i <= a->parts; i++)
		e = give_part(r, &payload, a, i,
		    list.p + (size_t)(i - 1) * PART_HASH_BYTES, write, context,
		    f);
	buf_release(&list);
	buf_release(&payload);
	return e;
}
