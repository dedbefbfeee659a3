/*
 * Seen tokens: what stood in each field when a row was read, as four bytes of a
 * hash over the origins, those of open proposals too, and the value. A token is text: base64url of
 * { field number, hash 4 } in order of number; no secret. Nodes that hold the
 * same show the same token, so that rows can be compared as text.
 *
 * An origin is marked by its segment's id, or by its local number while it is
 * not sealed. A form may be open while its row's segment is sealed: of the
 * standing origins at most one was our own unsealed one, since our later writes
 * cover our earlier ones, so each origin is tried by its number, too.
 */
#include "sync/clock.h"
#include "sync/hash.h"
#include "sync/read_i.h"
#include "sync/write_i.h"

#define ENTRY_BYTES 5

/* of one group of the clock */
struct mark {
	uint64_t fields;
	uint64_t number; /* local */
	uint64_t mark;
};

static enum err
add_mark(struct buf *out, struct replica *r, int64_t segment, uint64_t fields,
    struct fail *f)
{
	struct mark m = { .fields = fields,
		.number = (uint64_t)segment,
		.mark = (uint64_t)segment };
	struct segment_facts facts;
	enum err e = read_segment_facts(r, &facts, segment, f);

	if (e == ERR_NOTFOUND)
		return fail_set(f, ERR_CORRUPT,
		    "a row names a segment that is not here: run "
		    "footbridge rebuild");
	if (e != OK)
		return e;
	if (facts.sealed) {
		struct rd rd = rd_of(facts.id.b, sizeof(facts.id.b));

		m.mark = rd_u64(&rd);
	}
	buf_put(out, &m, sizeof(m));
	return out->err;
}

/* Who saw a field before another value was proposed has not seen that. */
static enum err
add_proposals(struct buf *out, struct replica *r, const struct seen_row *row,
    struct fail *f)
{
	struct stmt *s;
	bool more;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT field, segment FROM _proposal WHERE cpt = ?1 AND tbl = ?2"
	    " AND row = ?3 AND state = 1",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, row->cpt);
	stmt_int(s, 2, row->table->number);
	stmt_blob(s, 3, row->row->b, sizeof(row->row->b));
	while ((e = stmt_step(s, &more, f)) == OK && more) {
		int64_t n = stmt_col_int(s, 0);
		const struct field *field = n >= 0 && n <= REGISTRY_FIELD_MAX
		    ? row->table->by_number[n]
		    : NULL;

		if (field != NULL)
			e = add_mark(out, r, stmt_col_int(s, 1),
			    field->group != NULL ? field->group_set
						 : CLOCK_BIT(field->number),
			    f);
		if (e != OK)
			break;
	}
	stmt_reset(s);
	return e;
}

/* Append one struct mark per group of the clock and open proposal. */
static enum err
load_marks(struct buf *out, struct replica *r, const struct seen_row *row,
    struct fail *f)
{
	struct compartment *cpt = NULL;
	struct clock_reader c;
	enum err e = OK;

	clock_reader_init(&c, row->clock, row->clock_n);
	while (e == OK && clock_reader_next(&c))
		e = add_mark(out, r, c.segment, c.fields, f);
	if (e == OK)
		e = compartment_get(r, &cpt, row->cpt, f);
	if (e != OK || cpt->conflicts == 0)
		return e;
	return add_proposals(out, r, row, f);
}

static uint64_t
marked_fields(const struct buf *marks)
{
	const struct mark *m = (const void *)marks->p;
	uint64_t all = 0;

	for (size_t i = 0; i < marks->n / sizeof(*m); i++)
		all |= m[i].fields;
	return all;
}

/* Marks are added up: the order of local numbers differs between nodes. */
static uint64_t
sum_marks(const struct mark *marks, size_t count, unsigned number)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		if ((marks[i].fields >> number & 1) != 0)
			sum += marks[i].mark;
	}
	return sum;
}

static void
field_hash(uint8_t out[static 4], uint64_t marks, unsigned number,
    const struct value *value)
{
	struct buf b = { .limit = LIMIT_VALUE_BYTES + 64 };
	uint8_t full[16];
	struct hash h;

	hash_init(&h, LABEL_SEEN, sizeof(full), NULL, 0);
	hash_u64(&h, number);
	hash_u64(&h, marks);
	value_encode(&b, value);
	hash_bytes(&h, b.p, b.n);
	hash_final(&h, full);
	buf_release(&b);
	memcpy(out, full, 4);
}

/* Is this what stands now, or what stood before its own part was sealed? */
static bool
same_field(const uint8_t was[static 4], const struct mark *marks, size_t count,
    unsigned number, const struct value *value)
{
	uint64_t sum = sum_marks(marks, count, number);
	uint8_t now[4];

	field_hash(now, sum, number, value);
	if (memcmp(now, was, sizeof(now)) == 0)
		return true;
	for (size_t i = 0; i < count; i++) {
		if ((marks[i].fields >> number & 1) == 0 ||
		    marks[i].mark == marks[i].number)
			continue;
		field_hash(now, sum - marks[i].mark + marks[i].number, number,
		    value);
		if (memcmp(now, was, sizeof(now)) == 0)
			return true;
	}
	return false;
}

enum err
seen_make(char *text, struct replica *r, const struct seen_row *row,
    const struct value *values, struct fail *f)
{
	uint8_t token[(REGISTRY_FIELD_MAX + 1) * ENTRY_BYTES];
	const struct table *t = row->table;
	struct buf marks = { 0 };
	size_t n = 0;
	enum err e = load_marks(&marks, r, row, f);
	uint64_t written = marked_fields(&marks);

	for (size_t i = 0; e == OK && i < t->field_count; i++) {
		const struct mark *m = (const void *)marks.p;
		unsigned number = t->fields[i].number;

		if ((written >> number & 1) == 0)
			continue;
		token[n] = (uint8_t)number;
		field_hash(token + n + 1,
		    sum_marks(m, marks.n / sizeof(*m), number), number,
		    &values[number]);
		n += ENTRY_BYTES;
	}
	buf_release(&marks);
	if (e == OK &&
	    sodium_bin2base64(text, SEEN_TEXT_BYTES, token, n,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING) == NULL)
		e = fail_set(f, ERR_LIMIT, "the row has too many fields");
	return e;
}

enum err
seen_changed(bool *changed, struct replica *r, const char *text,
    const struct seen_row *row, unsigned number, const struct value *value,
    struct fail *f)
{
	uint8_t token[(REGISTRY_FIELD_MAX + 1) * ENTRY_BYTES];
	struct buf marks = { 0 };
	size_t n = 0;
	enum err e;

	if (sodium_base642bin(token, sizeof(token), text, strlen(text), NULL,
		&n, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
	    n % ENTRY_BYTES != 0)
		return fail_set(f, ERR_INPUT,
		    "the seen token is not one that get or list gave");
	e = load_marks(&marks, r, row, f);
	*changed = (marked_fields(&marks) >> number & 1) != 0;
	for (size_t i = 0; e == OK && i < n; i += ENTRY_BYTES) {
		const struct mark *m = (const void *)marks.p;

		if (token[i] == number)
			*changed = !same_field(token + i + 1, m,
			    marks.n / sizeof(*m), number, value);
	}
	buf_release(&marks);
	return e;
}
