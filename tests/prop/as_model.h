/*
 * What the engine's schema, operations and values are to the reference model,
 * which links nothing of sync/: for whatever compares the two.
 */
#ifndef FOOTBRIDGE_TESTS_PROP_AS_MODEL_H
#define FOOTBRIDGE_TESTS_PROP_AS_MODEL_H

#include "sync/buf.h"
#include "sync/registry.h"
#include "tests/model/model.h"

struct as_model_schema {
	struct model_table tables[8];
	struct model_field fields[8][64];
	size_t table_count;
};
/* Borrows from the registry. */
void as_model_schema(struct as_model_schema *out, const struct registry *r);
struct model_value as_model_value(const struct value *v);
/* *ops is malloc'ed, its values borrow from the payload, its segments are not
 * set. Aborts when the payload is none. */
size_t as_model_ops(struct model_op **ops, const struct buf *payload);

#endif
