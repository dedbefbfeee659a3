/* print, export: records about a person for somebody else, as text or CSV. What
 * goes out and its place in the account are one act. */
#include "node/cmd.h"

#include <string.h>

#include "node/ask.h"
#include "node/category.h"
#include "node/csv.h"
#include "node/field.h"
#include "node/name.h"
#include "node/policy/arena.h"
#include "node/policy/rows.h"
#include "node/view.h"
#include "node/entry.h"
#include "sync/audit.h"

struct given_item {
	const struct table *table;
	struct row_id row;
	uint8_t hash[DISCLOSED_HASH_BYTES];
};

struct giving {
	struct ask x;
	struct view view;
	bool csv;
	struct arena arena;
	struct given_item *item; /* of one category */
	size_t count;
	size_t left; /* of the category, not covered by what it rests on */
	bool failed;
	const struct table *head; /* whose columns stand above */
};

/* ---- what goes ---------------------------------------------------------------------- */

/* Is it one that could go? */
static bool
is_there(struct giving *g, const struct read_row *row)
{
	return row->category != NULL &&
	    strcmp(row->category, g->x.category) == 0 &&
	    id_equal(&row->owner,
		&replica_identity(g->x.run->replica)->agency) &&
	    view_shows(&g->view, row);
}

static bool
is_given(struct giving *g, const struct read_row *row)
{
	return is_there(g, row) && ask_covers(&g->x, row);
}

static bool
on_collect(void *context, const struct read_row *row)
{
	struct giving *g = context;
	struct given_item *it;

	if (!is_there(g, row))
		return true;
	if (!ask_covers(&g->x, row)) {
		g->left++;
		return true;
	}
	it = arena_more(&g->arena, &g->item, &g->count, sizeof(*it));
	g->failed = it == NULL || disclosed_row_hash(it->hash, row) != OK;
	if (g->failed)
		return false;
	it->table = row->table;
	it->row = row->id;
	return true;
}

/* Every table that may hold this category of the own agency. */
static enum err
each_row(struct giving *g, read_row_fn each, struct fail *f)
{
	struct replica *r = g->x.run->replica;
	const struct registry *all = replica_registry(r);
	int kind = replica_kind(r);
	enum err e = OK;

	for (size_t k = 0; e == OK && k < all->table_count; k++) {
		struct read_query q = { .table = &all->tables[k],
			.subject = &g->x.person };
		const char *category = table_category(q.table, kind);

		if (q.table->scope != SCOPE_SHARED || category == NULL ||
		    strcmp(category, g->x.category) != 0)
			continue;
		e = read_list(r, &q, each, g, f);
		if (e == OK && g->failed)
			e = fail_code(f, ERR_NOMEM);
	}
	return e;
}

/* ---- the account ------------------------------------------------------------------------ */

static enum err
write_items(struct giving *g, const struct row_id *disclosure, struct fail *f)
{
	const struct row_id *staff = g->x.have_staff ? &g->x.staff : NULL;
	struct row_id made;
	struct entry row;
	enum err e = OK;

	for (size_t k = 0; e == OK && k < g->count; k++) {
		entry_begin(&row, g->x.run->replica, "disclosure_item");
		entry_id(&row, "disclosure_id", disclosure->b);
		entry_text(&row, "table_name", g->item[k].table->name);
		entry_id(&row, "row_id", g->item[k].row.b);
		entry_bytes(&row, "version_hash", g->item[k].hash,
		    DISCLOSED_HASH_BYTES);
		e = entry_new(&row, &made, &g->x.person, staff, f);
	}
	return e;
}

static void
say_what(struct buf *out, const struct giving *g)
{
	for (size_t k = 0; k < g->count;) {
		const struct table *t = g->item[k].table;
		size_t n = 0;

		while (k + n < g->count && g->item[k + n].table == t)
			n++;
		buf_printf(out, "%s%s %zu", out->n > 0 ? ", " : "", t->name, n);
		k += n;
	}
}

static enum err
put_in_account(struct giving *g, struct fail *f)
{
	struct replica *r = g->x.run->replica;
	struct buf what = { .limit = 1024 };
	struct disclosed d = { .channel = g->csv ? "export" : "print",
		.at_ms = env_wall_ms(replica_env(r)),
		.items = (int64_t)g->count };
	struct audit_entry act = { .act = g->csv ? "export" : "print",
		.staff = g->x.have_staff ? &g->x.staff : NULL,
		.subject = &g->x.person,
		.count = g->count,
		.decision = g->x.a.cite,
		.note = g->x.category };
	struct row_id made;
	enum err e = ask_fill(&d, &g->x, f);

	say_what(&what, g);
	d.what = buf_cstr(&what);
	if (e == OK)
		e = disclosed_write(&made, r, &d, NULL,
		    g->x.have_staff ? &g->x.staff : NULL, f);
	if (e == OK)
		e = write_items(g, &made, f);
	if (e == OK)
		e = audit_write(r, &act, f);
	buf_release(&what);
	return e;
}

/* ---- how it looks --------------------------------------------------------------------------- */

static void
cells(struct giving *g, const char *text)
{
	buf_put(&g->x.run->out, ",", 1);
	csv_cell(&g->x.run->out, text);
}

static void
csv_row(struct giving *g, const struct read_row *row)
{
	struct run *run = g->x.run;
	struct buf b = { 0 };
	char id[ID_TEXT_BYTES];

	if (g->head != row->table) {
		run_say(run, "notice,category,table,id");
		for (size_t i = 0; i < row->table->field_count; i++)
			if (row->table->fields[i].number < REGISTRY_ROW_STATE)
				cells(g, row->table->fields[i].name);
		run_say(run, "\n");
		g->head = row->table;
	}
	hex_encode(id, row->id.b, ID_BYTES);
	csv_cell(&run->out, g->x.a.notice != NULL ? g->x.a.notice : "");
	cells(g, row->category);
	cells(g, row->table->name);
	cells(g, id);
	for (size_t i = 0; i < row->table->field_count; i++) {
		const struct field *field = &row->table->fields[i];
		const struct value *v = &row->values[field->number];

		if (field->number >= REGISTRY_ROW_STATE)
			continue;
		buf_reset(&b);
		if (v->type != VALUE_NULL)
			field_show(&b, run, field, v);
		cells(g, buf_cstr(&b));
	}
	run_say(run, "\n");
	buf_release(&b);
}

static void
text_row(struct giving *g, const struct read_row *row)
{
	struct run *run = g->x.run;
	struct buf b = { 0 };

	run_say(run, "\n%s\n", row->table->name);
	for (size_t i = 0; i < row->table->field_count; i++) {
		const struct field *field = &row->table->fields[i];
		const struct value *v = &row->values[field->number];

		if (v->type == VALUE_NULL ||
		    field->number >= REGISTRY_ROW_STATE)
			continue;
		buf_reset(&b);
		field_show(&b, run, field, v);
		run_say(run, "  %-20s %s\n", field->name, buf_cstr(&b));
	}
	buf_release(&b);
}

static bool
on_show(void *context, const struct read_row *row)
{
	struct giving *g = context;

	if (!is_given(g, row))
		return true;
	if (g->csv)
		csv_row(g, row);
	else
		text_row(g, row);
	return true;
}

static void
say(struct giving *g, const char *text)
{
	if (g->csv)
		csv_cell(&g->x.run->out, text);
	else
		run_say(g->x.run, "%s", text);
	run_say(g->x.run, "\n");
}

/* 42 CFR 2.32(b): a copy of the consent, or a clear explanation of its scope. */
static void
say_consent(struct giving *g, struct buf *b)
{
	const struct policy_consent *c = g->x.a.consent;
	char day[POLICY_DAY_CHARS];

	buf_printf(b, "Disclosed under a consent (%02x%02x%02x%02x) to ",
	    c->id.b[0], c->id.b[1], c->id.b[2], c->id.b[3]);
	for (size_t k = 0; k < c->scope_count; k++)
		buf_printf(b, "%s%s", k > 0 ? ", " : "", c->scope[k].category);
	buf_printf(b, " for");
	for (int k = 0; k < POLICY_PURPOSE_COUNT; k++)
		if ((c->purposes & POLICY_BIT(k)) != 0)
			buf_printf(b, " %s", policy_word(LIST_PURPOSE, k));
	if (c->expires != POLICY_NO_DAY) {
		policy_day_text(day, c->expires);
		buf_printf(b, ", until %s", day);
	}
	buf_printf(b, ". Copy of it, hash ");
	for (size_t k = 0; k < DISCLOSED_HASH_BYTES; k++)
		buf_printf(b, "%02x", g->x.hash[k]);
	say(g, buf_cstr(b));
}

static void
say_head(struct giving *g)
{
	const struct policy_answer *a = &g->x.a;
	const char *text =
	    a->notice != NULL ? pack_notice_text(g->x.pack, a->notice) : NULL;
	const char *to = cli_get(g->x.run->cli, "to");
	char today[POLICY_DAY_CHARS], id[ID_TEXT_BYTES];
	struct buf b = { .limit = 8192 };

	if (a->notice != NULL) {
		buf_printf(&b, "%s: %s", a->notice, text != NULL ? text : "");
		say(g, buf_cstr(&b));
		buf_reset(&b);
	}
	if (a->consent != NULL && a->ground == GROUND_CONSENT) {
		say_consent(g, &b);
		buf_reset(&b);
	}
	policy_day_text(today, g->x.q.today);
	buf_printf(&b, "%s, from %s to %s, for %s, %s. Rule: %s, %s %s.",
	    g->x.category, name_of_agency(g->x.run, &g->x.q.from.agency, id),
	    to != NULL ? to : cli_get(g->x.run->cli, "to-person"),
	    policy_word(LIST_PURPOSE, (int)g->x.q.purpose), today, a->cite,
	    g->x.pack->name, g->x.pack->version);
	if ((a->duties & DUTY_NO_ONWARD) != 0)
		buf_printf(&b, " It must not be disclosed further.");
	if (!g->x.approved)
		buf_printf(&b, " Sample rules, not approved by counsel.");
	say(g, buf_cstr(&b));
	buf_reset(&b);
	if (g->left > 0) {
		buf_printf(&b,
		    "%zu record%s of this kind %s left out: %s days are not in "
		    "what it is disclosed under.",
		    g->left, run_s((int64_t)g->left),
		    g->left == 1 ? "is" : "are",
		    g->left == 1 ? "its" : "their");
		say(g, buf_cstr(&b));
	}
	buf_release(&b);
}

/* ---- the command --------------------------------------------------------------------------------- */

static enum err
give_one(struct giving *g, const char *category, struct fail *f)
{
	enum err e;

	ask_about(&g->x, category);
	g->count = g->left = 0;
	g->item = NULL;
	g->head = NULL;
	e = each_row(g, on_collect, f);
	if (e == OK)
		e = put_in_account(g, f);
	if (e != OK)
		return e;
	say_head(g);
	return each_row(g, on_show, f);
}

static enum err
give_all(struct giving *g, struct fail *f)
{
	struct run *run = g->x.run;
	const char *category;
	enum err e = OK;

	for (size_t k = 1; e == OK && (category = run_word(run, k)); k++) {
		ask_about(&g->x, category);
		if (g->x.a.reason != POLICY_PERMIT)
			return ask_refuse(&g->x,
			    g->csv ? "exported" : "printed", f);
	}
	e = replica_begin(run->replica, f);
	if (e != OK)
		return e;
	for (size_t k = 1; e == OK && (category = run_word(run, k)); k++)
		e = give_one(g, category, f);
	if (e == OK)
		e = replica_commit(run->replica, f);
	else
		replica_rollback(run->replica);
	/* what is not in the account is not given */
	if (e != OK)
		buf_reset(&run->out);
	run->wrote = run->wrote || e == OK;
	return e;
}

/* The same text in one document. */
static enum err
wrap(struct run *run, bool csv, struct fail *f)
{
	json_t *text = json_stringn((const char *)run->out.p, run->out.n);

	if (run->out.err != OK || text == NULL) {
		json_decref(text);
		return fail_set(f, ERR_LIMIT,
		    "that is too much for one answer: ask for fewer "
		    "categories");
	}
	buf_reset(&run->out);
	return run_json(run,
	    json_pack("{s:s, s:o}", "type", csv ? "text/csv" : "text/plain",
		"text", text),
	    f);
}

static enum err
give(struct run *run, bool csv, struct fail *f)
{
	struct giving g = { .csv = csv };
	enum err e = category_check(run, 1, csv ? "exported" : "printed", f);

	if (e == OK)
		e = ask_begin(&g.x, run, csv ? CHANNEL_EXPORT_ : CHANNEL_PRINT_,
		    f);
	if (e != OK)
		return e;
	e = view_begin(&g.view, run, f);
	if (e == OK) {
		e = give_all(&g, f);
		view_end(&g.view);
	}
	if (e == OK && run->cli->json)
		e = wrap(run, csv, f);
	arena_release(&g.arena);
	ask_end(&g.x);
	return e;
}

enum err
cmd_print(struct run *run, struct fail *f)
{
	return give(run, false, f);
}

enum err
cmd_export(struct run *run, struct fail *f)
{
	return give(run, true, f);
}
