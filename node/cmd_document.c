/* document add, document get: the content of documents; their rows are ordinary
 * records. */
#include "node/cmd.h"

#include <string.h>
#include <unistd.h>

#include "node/actor.h"
#include "node/document.h"
#include "node/field.h"
#include "node/journal.h"
#include "node/show_gate.h"
#include "node/stick.h"
#include "node/view.h"

#define TABLE "document"

/* ---- add ---- */

struct adding {
	struct run *run;
	const struct table *table;
	struct stick_source source;
	struct attachment a;
	struct buf list;
	struct buf title; /* of the file's name; the row's value borrows it */
	const char *mime; /* by the beginning of the first reading */
};

/* While the content is measured the engine is given up; what is read a second
 * time, in the transaction, is in the system's cache. */
static enum err
read_first(void *context, uint64_t offset, uint8_t *p, size_t n, size_t *got,
    struct fail *f)
{
	struct adding *x = context;
	struct bundle_reader from = stick_source_reader(&x->source);
	enum err e = from.read(from.context, offset, p, n, got, f);

	if (e == OK && offset == 0)
		x->mime = document_mime(p, *got < 512 ? *got : 512);
	return e;
}

static enum err
read_again(void *context, uint64_t offset, uint8_t *p, size_t n, size_t *got,
    struct fail *f)
{
	struct adding *x = context;

	*got = 0;
	while (*got < n) {
		ssize_t done = pread(x->source.fd, p + *got, n - *got,
		    (off_t)(offset + *got));

		if (done < 0)
			return fail_set(f, ERR_IO,
			    "the document cannot be read any more");
		if (done == 0)
			break;
		*got += (size_t)done;
	}
	return OK;
}

static enum err
add_number(struct field_list *l, const struct adding *x, const char *name,
    uint64_t v, struct fail *f)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	return field_add_text(l, x->run, x->table, name, text, f);
}

static enum err
add_root(struct field_list *l, const struct adding *x, struct fail *f)
{
	const struct field *field = NULL;
	enum err e = name_field(&field, x->table, "root_hash", f);

	if (e != OK)
		return e;
	l->items[l->count++] = (struct write_field){ .field = field,
		.value = { .type = VALUE_BYTES,
		    .p = x->a.root,
		    .n = sizeof(x->a.root) } };
	return OK;
}

/* What the row says: of the content, and what was typed. */
static enum err
describe(struct field_list *l, struct adding *x, struct fail *f)
{
	static const char *const optional[][2] = { { "kind", "kind" },
		{ "date", "dated_on" } };
	const struct cli *cli = x->run->cli;
	const char *title = cli_get(cli, "title");
	enum err e;

	if (title == NULL) {
		document_title(&x->title, run_word(x->run, 1));
		title = buf_cstr(&x->title);
	}
	e = field_add_text(l, x->run, x->table, "title", title, f);
	if (e == OK)
		e = field_add_text(l, x->run, x->table, "mime", x->mime, f);
	if (e == OK)
		e = add_number(l, x, "size_bytes", x->a.bytes, f);
	if (e == OK)
		e = add_number(l, x, "chunk_count", x->a.parts, f);
	if (e == OK)
		e = add_root(l, x, f);
	for (size_t i = 0; e == OK && i < COUNT_OF(optional); i++) {
		const char *text = cli_get(cli, optional[i][0]);

		if (text != NULL)
			e = field_add_text(l, x->run, x->table, optional[i][1],
			    text, f);
	}
	return e;
}

static bool
take_place(void *context, const struct read_row *row)
{
	*(int64_t *)context = row->cpt;
	return false;
}

/* The row and its parts, or nothing of either. */
static enum err
write_all(struct adding *x, const struct write_request *q, struct fail *f)
{
	struct replica *r = x->run->replica;
	enum err e = replica_begin(r, f);

	if (e != OK)
		return e;
	e = write_row(r, &x->a.document, NULL, q, f);
	if (e == OK)
		e = read_get(r, x->table, &x->a.document, 0, take_place,
		    &x->a.cpt, f);
	if (e == OK)
		e = attachment_add(r, &x->a, &x->list, read_again, x, f);
	if (e == OK)
		return replica_commit(r, f);
	replica_rollback(r);
	return e;
}

static enum err
add_file(struct adding *x, const struct row_id *subject, struct fail *f)
{
	struct write_request q = { .table = x->table, .subject = subject };
	struct field_list l = { 0 };
	struct row_id staff;
	bool have;
	enum err e;

	e = attachment_measure(&x->a, &x->list, read_first, x, f);
	if (e == OK)
		e = describe(&l, x, f);
	if (e == OK)
		e = name_acting(&staff, &have, x->run, f);
	if (e == OK) {
		q.staff = have ? &staff : NULL;
		q.fields = l.items;
		q.field_count = l.count;
		e = write_all(x, &q, f);
	}
	field_list_release(&l);
	return e;
}

static enum err
say_added(struct run *run, const struct attachment *a, struct fail *f)
{
	char text[ID_TEXT_BYTES];

	hex_encode(text, a->document.b, ID_BYTES);
	run->wrote = true;
	if (run->cli->json)
		return run_json(run,
		    json_pack("{s:s, s:I, s:i}", "id", text, "bytes",
			(json_int_t)a->bytes, "parts", (int)a->parts),
		    f);
	run_say(run, "%s\n", text);
	return OK;
}

enum err
cmd_document_add(struct run *run, struct fail *f)
{
	struct adding x = { .run = run,
		.source = { .run = run, .fd = -1 },
		.list = { .limit = PART_BYTES },
		.title = { .limit = 2 * LIMIT_NAME_BYTES } };
	const struct table *person;
	struct row_id subject;
	enum err e = name_table(&x.table, run, TABLE, f);

	if (e == OK)
		e = name_table(&person, run, "person", f);
	if (e == OK)
		e = name_found(&subject, run, person, run_word(run, 0), f);
	if (e == OK)
		e = actor_may_write(run, x.table, &subject, f);
	if (e == OK)
		e = stick_source_open(&x.source, run_word(run, 1), f);
	if (e == OK)
		e = add_file(&x, &subject, f);
	stick_source_close(&x.source);
	buf_release(&x.list);
	buf_release(&x.title);
	return e == OK ? say_added(run, &x.a, f) : e;
}

/* ---- get ---- */

struct getting {
	struct attachment a;
	unsigned size, count, root; /* numbers of fields */
	bool has_content;
};

static enum err
find_fields(struct getting *g, const struct table *t, struct fail *f)
{
	const struct {
		unsigned *to;
		const char *name;
	} wanted[] = { { &g->size, "size_bytes" }, { &g->count, "chunk_count" },
		{ &g->root, "root_hash" } };
	enum err e = OK;

	for (size_t i = 0; e == OK && i < COUNT_OF(wanted); i++) {
		const struct field *field = NULL;

		e = name_field(&field, t, wanted[i].name, f);
		if (e == OK)
			*wanted[i].to = field->number;
	}
	return e;
}

/* A row is what anybody may have written: attachment_valid judges it. */
static bool
take_row(void *context, const struct read_row *row)
{
	struct getting *g = context;
	const struct value *size = &row->values[g->size];
	const struct value *count = &row->values[g->count];
	const struct value *root = &row->values[g->root];

	g->a = (struct attachment){ .cpt = row->cpt, .document = row->id };
	if (size->type != VALUE_INT || count->type != VALUE_INT ||
	    root->type != VALUE_BYTES || root->n != sizeof(g->a.root) ||
	    size->i < 0 || count->i < 0 || count->i > PART_COUNT_MAX)
		return false;
	g->has_content = true;
	g->a.bytes = (uint64_t)size->i;
	g->a.parts = (unsigned)count->i;
	memcpy(g->a.root, root->p, sizeof(g->a.root));
	return false;
}

static enum err
find_document(struct getting *g, struct run *run, struct fail *f)
{
	const struct table *t;
	struct row_id id;
	enum err e = name_table(&t, run, TABLE, f);

	if (e == OK)
		e = find_fields(g, t, f);
	if (e == OK)
		e = name_found(&id, run, t, run_word(run, 0), f);
	if (e == OK)
		e = view_row(run, t, &id, f);
	if (e == OK)
		e = actor_must_see_row(run, t, &id, f);
	if (e == OK)
		e = show_gate_row(run, t, &id, f);
	if (e == OK)
		e = read_get(run->replica, t, &id, 0, take_row, g, f);
	if (e == ERR_NOTFOUND)
		return fail_set(f, e,
		    "no document with this id is here, or it is not shared "
		    "with this node");
	if (e == OK && !g->has_content)
		return fail_set(f, ERR_NOTFOUND,
		    "this record names no content: it was put in by hand");
	return e;
}

static enum err
say_held(struct run *run, const struct getting *g,
    const struct attachment_held *held, const char *file, struct fail *f)
{
	if (run->cli->json)
		return run_json(run,
		    json_pack("{s:I, s:i, s:i, s:i, s:b, s:s?}", "bytes",
			(json_int_t)g->a.bytes, "parts", (int)g->a.parts,
			"held", (int)held->parts, "unfit", (int)held->unfit,
			"whole", held->whole, "file", file),
		    f);
	if (file != NULL)
		run_say(run, "%llu bytes written to %s\n",
		    (unsigned long long)g->a.bytes, file);
	else if (held->whole)
		run_say(run, "all of it is here: %llu bytes\n",
		    (unsigned long long)g->a.bytes);
	else
		run_say(run, "still coming: %u of %u parts are here\n",
		    held->parts, g->a.parts);
	return OK;
}

static enum err
write_file(struct run *run, const struct getting *g, const char *name,
    struct fail *f)
{
	struct document_file file;
	enum err e = document_file_begin(&file, run, name, f);

	if (e == OK)
		e = attachment_read(run->replica, &g->a, document_file_write,
		    &file, f);
	return document_file_finish(&file, e, f);
}

enum err
cmd_document_get(struct run *run, struct fail *f)
{
	const char *file = run_word(run, 1);
	struct getting g = { .has_content = false };
	struct attachment_held held;
	enum err e = find_document(&g, run, f);

	if (e == OK)
		e = attachment_held(run->replica, &held, &g.a, f);
	/* from here on somebody waits: the next contact takes bulk, too */
	if (e == OK && !held.whole) {
		e = attachment_ask(run->replica, &g.a, f);
		run->wrote = e == OK;
	}
	if (e == OK && file != NULL) /* it leaves: that comes first */
		e = journal_settle(run, OK, f);
	if (e == OK && file != NULL)
		e = write_file(run, &g, file, f);
	return e == OK ? say_held(run, &g, &held, file, f) : e;
}
