#include "node/account/head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/account/rights_i.h"
#include "node/policy/rows.h"
#include "sync/audit.h"
#include "sync/write.h"

#define SAID "journal_said" /* "DAY ENTRIES" */

static bool
last_said(struct replica *r, int64_t *day, int64_t *entries)
{
	struct buf b = { .limit = 64 };
	char *end;
	bool have = replica_meta_get(r, &b, SAID, NULL) == OK;

	if (have) {
		*day = strtoll(buf_cstr(&b), &end, 10);
		*entries = strtoll(end, NULL, 10);
	}
	buf_release(&b);
	return have;
}

static enum err
note_said(struct replica *r, int64_t day, int64_t entries, struct fail *f)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%lld %lld", (long long)day,
	    (long long)entries);

	return replica_meta_set(r, SAID, text, (size_t)n, f);
}

static enum err
write_head(struct replica *r, int64_t day, int64_t entries,
    const uint8_t hash[static AUDIT_HASH_BYTES], struct fail *f)
{
	const struct table *t =
	    registry_table(replica_registry(r), "journal_head");
	const struct node_id *node = &replica_identity(r)->node;
	struct write_field fields[4];
	struct write_request q = { .table = t,
		.fields = fields,
		.field_count = COUNT_OF(fields) };
	struct row_id made;
	int64_t draft;

	if (t == NULL)
		return OK;
	fields[0] = (struct write_field){ table_field(t, "node_id"),
		{ .type = VALUE_ID, .p = node->b, .n = ID_BYTES } };
	fields[1] = (struct write_field){ table_field(t, "entries"),
		{ .type = VALUE_INT, .i = entries } };
	fields[2] = (struct write_field){ table_field(t, "hash"),
		{ .type = VALUE_BYTES, .p = hash, .n = AUDIT_HASH_BYTES } };
	fields[3] = (struct write_field){ table_field(t, "said_on"),
		{ .type = VALUE_DATE, .i = day } };
	return write_row(r, &made, &draft, &q, f);
}

enum err
head_daily(bool *said, struct replica *r, struct fail *f)
{
	uint8_t hash[AUDIT_HASH_BYTES];
	int64_t entries = audit_head(r, hash), today = account_today(r);
	int64_t day = 0, before = 0;
	enum err e;

	*said = false;
	if (replica_kind(r) < 0 || replica_restored(r, NULL) != LIFE_NONE)
		return OK;
	if (!last_said(r, &day, &before))
		return note_said(r, today, 0, f);
	/* the saying is one entry itself */
	if (today <= day || entries <= before + 1)
		return OK;
	e = replica_begin(r, f);
	if (e != OK)
		return e;
	e = write_head(r, today, entries, hash, f);
	if (e == OK)
		e = note_said(r, today, entries, f);
	if (e == OK)
		e = replica_commit(r, f);
	else
		replica_rollback(r);
	*said = e == OK;
	return e;
}

/* ---- comparing --------------------------------------------------------------- */

struct comparing {
	int64_t days, differs;
};

static enum err
compare_one(struct rows *rows, const struct read_row *row)
{
	const struct value *entries = row_value(row, "entries"),
			   *hash = row_value(row, "hash");
	struct comparing *c = rows->context;
	uint8_t node[ID_BYTES];

	if (!row_id_of(row, "node_id", node) ||
	    memcmp(node, replica_identity(rows->r)->node.b, ID_BYTES) != 0 ||
	    entries->type != VALUE_INT || hash->n != AUDIT_HASH_BYTES)
		return OK;
	c->days++;
	if (audit_was(rows->r, entries->i, hash->p, NULL) != OK)
		c->differs++;
	return OK;
}

enum err
head_compare(int64_t *days, int64_t *differs, struct replica *r, struct fail *f)
{
	struct comparing c = { 0 };
	struct rows rows = { .r = r, .context = &c, .each = compare_one };
	enum err e = OK;

	if (registry_table(replica_registry(r), "journal_head") != NULL &&
	    replica_kind(r) >= 0 && replica_restored(r, NULL) == LIFE_NONE)
		e = rows_read(&rows, "journal_head", NULL, f);
	*days = c.days;
	*differs = c.differs;
	return e;
}
