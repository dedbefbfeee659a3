/* Operations: the payload of an opened segment, loose ones, single values. */
#include <string.h>

#include "sync/op.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/sealing.h"

const size_t fuzz_bytes_max = (size_t)64 << 20;

enum mode { PACKED, LOOSE, VALUE, MODES };

static void
each_value(const struct op *op)
{
	for (size_t i = 0; i < op->field_count; i++) {
		const struct value *v = &op->fields[i].value;

		assert(op->fields[i].number >= 1 &&
		    op->fields[i].number <= LIMIT_FIELDS);
		assert(
		    i == 0 || op->fields[i - 1].number < op->fields[i].number);
		assert(v->n <= LIMIT_VALUE_BYTES);
		assert(value_compare(v, v) == 0);
	}
}

/* Canonical: what can be walked is exactly what packing its operations gives. */
static void
walk(struct fuzz_in in)
{
	struct buf loose = { 0 }, again = { 0 };
	struct op_reader r;
	struct op op;
	unsigned count = 0;

	op_reader_init(&r, in.p, in.n);
	while (op_reader_next(&r, &op)) {
		assert(r.index == count);
		count++;
		each_value(&op);
		op_encode(&loose, &op);
	}
	if (r.err == OK) {
		assert(count <= LIMIT_SEGMENT_OPS);
		assert(loose.err == OK);
		assert(op_pack(&again, loose.p, loose.n) == OK);
		fuzz_same(&again, in.p, in.n);
	}
	buf_release(&loose);
	buf_release(&again);
}

/* Operations as a program keeps them: packing loses none. */
static void
pack(struct fuzz_in in)
{
	struct rd r = rd_of(in.p, in.n);
	struct buf payload = { 0 }, again = { 0 };
	struct op_reader reader;
	struct op op;
	unsigned count = 0, walked = 0;

	while (in.n != 0 && rd_left(&r) > 0) {
		op_decode(&op, &r);
		if (r.err != OK)
			break;
		each_value(&op);
		op_encode(&again, &op);
		count++;
	}
	if (in.n != 0 && r.err == OK) {
		fuzz_same(&again, in.p, in.n);
		if (op_pack(&payload, in.p, in.n) == OK) {
			op_reader_init(&reader, payload.p, payload.n);
			while (op_reader_next(&reader, &op))
				walked++;
			assert(reader.err == OK && walked == count);
		}
	} else if (in.n != 0) {
		assert(op_pack(&payload, in.p, in.n) != OK);
		assert(payload.n == 0);
	}
	buf_release(&again);
	buf_release(&payload);
}

static void
value(struct fuzz_in in)
{
	struct rd r = rd_of(in.p, in.n);
	struct buf again = { 0 };
	struct value v;

	value_decode(&v, &r);
	if (in.n == 0 || r.err != OK)
		return;
	value_encode(&again, &v);
	fuzz_same(&again, in.p, in.n - rd_left(&r));
}

void
fuzz_one(const uint8_t *p, size_t n)
{
	struct fuzz_in in = { .p = p, .n = n };
	uint8_t mode = fuzz_u8(&in);

	if (mode % MODES == PACKED)
		walk(in);
	else if (mode % MODES == LOOSE)
		pack(in);
	else
		value(in);
}

void
fuzz_seeds(void)
{
	struct buf b = { 0 };

	fuzz_seed_golden(PACKED, "payload-lone");
	fuzz_seed_golden(PACKED, "payload-many");
	fuzz_seed_golden(PACKED, "payload-reason");
	fuzz_seed_golden(LOOSE, "loose");
	fuzz_seed_golden(VALUE, "values");
	buf_u8(&b, PACKED);
	sealing_payload(&b, 40, "unexcused");
	fuzz_seed(b.p, b.n);
	buf_release(&b);
}
