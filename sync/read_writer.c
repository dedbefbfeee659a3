/* Whose work a value is, by the merge clock. */
#include "sync/clock.h"
#include "sync/read_i.h"

enum err
read_writers(struct replica *r, const struct read_row *row, uint64_t fields,
    read_writer_fn each, void *context, struct fail *f)
{
	struct clock_reader c;

	clock_reader_init(&c, row->clock, row->clock_n);
	while (clock_reader_next(&c)) {
		struct segment_facts facts;
		enum err e;

		if ((c.fields & fields) == 0)
			continue;
		e = read_segment_facts(r, &facts, c.segment, f);
		if (e != OK)
			return e;
		if (!each(context, &facts.node))
			break;
	}
	return OK;
}
