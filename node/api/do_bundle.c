/*
 * Bundles by the page: written into memory and read from it, in parts that a request
 * can carry. What they hold is sealed for the computer that they are for, so that a
 * browser may keep such a file.
 */
#include "node/api/handlers.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "node/after.h"
#include "node/api/sight.h"
#include "node/disclosed.h"
#include "node/name.h"
#include "node/show.h"
#include "sync/bundle.h"
#include "sync/read.h"

/* so that a part in base64 stays below one request's body */
#define PART_BYTES (640 * 1024)
/* and all parts below one answer */
#define PARTS_BYTES (10 * 1024 * 1024)

/* ---- out ---- */

struct parts {
	json_t *list; /* owned: base64, a text a part */
	struct buf part;
	size_t bytes;
};

static enum err
part_end(struct parts *p, struct fail *f)
{
	size_t room = sodium_base64_ENCODED_LEN(p->part.n,
	    sodium_base64_VARIANT_ORIGINAL);
	char *text;

	if (p->part.n == 0)
		return OK;
	text = malloc(room);
	if (text == NULL)
		return fail_code(f, ERR_NOMEM);
	(void)sodium_bin2base64(text, room, p->part.p, p->part.n,
	    sodium_base64_VARIANT_ORIGINAL);
	(void)json_array_append_new(p->list, json_string(text));
	free(text);
	buf_reset(&p->part);
	return OK;
}

static enum err
on_part(void *context, unsigned part, struct fail *f)
{
	(void)part;
	return part_end(context, f);
}

static enum err
on_bytes(void *context, const uint8_t *bytes, size_t n, struct fail *f)
{
	struct parts *p = context;

	p->bytes += n;
	if (p->bytes > PARTS_BYTES)
		return fail_set(f, ERR_LIMIT,
		    "more waits for that computer than a page can hand over; "
		    "footbridge bundle export writes it to a stick");
	buf_put(&p->part, bytes, n);
	return p->part.err == OK ? OK : fail_code(f, p->part.err);
}

static void
parts_init(struct parts *p)
{
	*p = (struct parts){ .list = json_array() };
	buf_init(&p->part, PARTS_BYTES);
}

static void
parts_release(struct parts *p)
{
	json_decref(p->list);
	buf_release(&p->part);
}

/* Lock held. */
static enum err
export_for(struct parts *p, struct exchange_stats *stats, struct api_turn *t,
    const struct node_id *node)
{
	struct replica *r = t->api->engine->replica;
	const struct bundle_writer to = { p, on_part, on_bytes };
	unsigned count = 0;
	bool more;
	enum err e =
	    bundle_export(r, &count, node, 1, PART_BYTES, &to, stats, &t->fail);

	if (e == OK)
		e = part_end(p, &t->fail);
	if (e == OK && stats->sealed > 0)
		engine_changed(t->api->engine);
	/* as on a stick: from here on it may be there */
	return e == OK ? disclosed_settle(r, node, &more, &t->fail) : e;
}

enum api_error
do_bundle_out(struct api_turn *t, json_t **data)
{
	const struct member_node *n = NULL;
	struct exchange_stats stats = { 0 };
	struct parts p;
	enum err e;

	parts_init(&p);
	engine_lock(t->api->engine);
	e = members_find_node(replica_members(t->api->engine->replica), &n,
	    turn_text(t, "for"), &t->fail);
	if (e == OK)
		e = export_for(&p, &stats, t, &n->id);
	if (e == OK)
		e = sight_log(t, "bundle", NULL, (size_t)stats.sent_segments);
	if (e == OK)
		*data = json_pack("{s:s, s:O, s:I, s:I}", "for", n->name,
		    "parts", p.list, "bytes", (json_int_t)p.bytes, "entries",
		    (json_int_t)stats.sent_segments);
	engine_unlock(t->api->engine);
	parts_release(&p);
	return api_error_of(e);
}

/* ---- in ---- */

struct source {
	struct engine *engine;
	const uint8_t *p;
	size_t n;
};

/* Between two transactions, so that whoever waits for the engine has it. */
static enum err
on_read(void *context, uint64_t offset, uint8_t *p, size_t n, size_t *got,
    struct fail *f)
{
	struct source *s = context;
	size_t left = offset < s->n ? s->n - (size_t)offset : 0;
	unsigned turn = engine_let_go(s->engine);

	(void)f;
	*got = n < left ? n : left;
	if (*got > 0)
		memcpy(p, s->p + offset, *got);
	engine_take_back(s->engine, turn);
	return OK;
}

static json_t *
import_json(struct api_turn *t, const struct bundle_info *b,
    const struct exchange_stats *s, json_t *receipt)
{
	const struct member_node *n =
	    members_node(replica_members(t->api->engine->replica), &b->sender);
	json_t *outcome = json_object();

	for (int i = 0; i < OUTCOME_COUNT; i++)
		(void)show_set(outcome, outcome_name((enum outcome)i),
		    json_integer((json_int_t)s->outcome[i]));
	return json_pack("{s:s, s:s, s:I, s:o, s:I, s:O}", "kind",
	    b->kind == BUNDLE_RECEIPT ? "receipt" : "data", "from",
	    n != NULL ? n->name : "", "received", (json_int_t)s->received,
	    "outcome", outcome, "receipts", (json_int_t)s->receipts_in,
	    "receipt", receipt);
}

/* Lock held. */
static enum err
import_from(json_t **data, struct api_turn *t, struct source *s)
{
	struct replica *r = t->api->engine->replica;
	const struct bundle_reader from = { s, on_read };
	struct exchange_stats stats = { 0 };
	struct bundle_info *info = calloc(1, sizeof(*info));
	int64_t before = 0, after = 0, notices;
	struct bundle_writer to;
	struct parts back;
	enum err e;

	if (info == NULL)
		return fail_code(&t->fail, ERR_NOMEM);
	parts_init(&back);
	to = (struct bundle_writer){ &back, on_part, on_bytes };
	e = conflict_count(r, &before, &notices, &t->fail);
	if (e == OK)
		e = bundle_import(r, info, &stats, &from, &t->fail);
	if (stats.received > 0)
		engine_changed(t->api->engine);
	if (e == OK && info->kind == BUNDLE_DATA)
		e = bundle_export_receipt(r, &info->sender, &to, &t->fail);
	if (e == OK)
		e = part_end(&back, &t->fail);
	if (e == OK)
		e = conflict_count(r, &after, &notices, &t->fail);
	if (e == OK)
		e = after_contact(r, &t->fail);
	t->decide = e == OK && after > before;
	if (e == OK)
		*data = import_json(t, info, &stats, back.list);
	parts_release(&back);
	free(info);
	return e;
}

enum api_error
do_bundle_in(struct api_turn *t, json_t **data)
{
	const char *text = turn_text(t, "bytes");
	size_t room = strlen(text), n = 0;
	uint8_t *bytes = malloc(room + 1);
	struct source s = { t->api->engine, bytes, 0 };
	enum err e = OK;

	if (bytes == NULL)
		return API_FAILED;
	if (sodium_base642bin(bytes, room, text, room, NULL, &n, NULL,
		sodium_base64_VARIANT_ORIGINAL) != 0 ||
	    !bundle_is(bytes, n)) {
		free(bytes);
		return turn_bad(t, API_UNFIT,
		    "this file is no bundle: choose one that another computer "
		    "of the network wrote for this one");
	}
	s.n = n;
	engine_lock(t->api->engine);
	e = import_from(data, t, &s);
	engine_unlock(t->api->engine);
	free(bytes);
	return api_error_of(e);
}
