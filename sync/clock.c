#include "sync/clock.h"

void
clock_reader_init(struct clock_reader *r, const uint8_t *clock, size_t n)
{
	*r = (struct clock_reader){ .rd = rd_of(clock, n) };
}

bool
clock_reader_next(struct clock_reader *r)
{
	uint64_t step;

	if (r->rd.err != OK || rd_left(&r->rd) == 0)
		return false;
	step = rd_max(&r->rd, INT64_MAX / 2);
	r->fields = rd_uint(&r->rd);
	if (step == 0 || r->fields == 0 || (r->fields & 1) != 0 ||
	    r->segment > INT64_MAX / 2)
		rd_fail(&r->rd);
	if (r->rd.err != OK)
		return false;
	r->segment += (int64_t)step;
	return true;
}

void
clock_put(struct clock_writer *w, int64_t segment, uint64_t fields)
{
	if (fields == 0)
		return;
	assert(segment > w->last);
	buf_uint(w->out, (uint64_t)(segment - w->last));
	buf_uint(w->out, fields);
	w->last = segment;
}

enum err
clock_advance(struct buf *out, const uint8_t *old, size_t n, int64_t segment,
    uint64_t fields)
{
	struct clock_writer w = { .out = out };
	struct clock_reader r;
	uint64_t same = 0;

	clock_reader_init(&r, old, n);
	while (clock_reader_next(&r)) {
		if (r.segment > segment)
			return ERR_CORRUPT;
		if (r.segment == segment)
			same = r.fields;
		else
			clock_put(&w, r.segment, r.fields & ~fields);
	}
	if (r.rd.err != OK)
		return ERR_CORRUPT;
	clock_put(&w, segment, same | fields);
	return out->err;
}

uint64_t
clock_fields(const uint8_t *clock, size_t n)
{
	struct clock_reader r;
	uint64_t all = 0;

	clock_reader_init(&r, clock, n);
	while (clock_reader_next(&r))
		all |= r.fields;
	return all;
}
