#include "node/show_scope.h"

#include "node/name.h"

struct preview {
	struct run *run;
	json_t *array; /* NULL: text */
	bool failed;
	int64_t ours, others, rows;
};

static json_t *
tables_json(const struct shred_scope *s)
{
	json_t *o = json_object();

	for (size_t i = 0; o != NULL && i < s->table_count; i++)
		(void)json_object_set_new(o, s->tables[i].table,
		    json_integer((json_int_t)s->tables[i].rows));
	return o;
}

static json_t *
nodes_json(const struct shred_scope *s)
{
	json_t *a = json_array();

	for (size_t i = 0; a != NULL && i < s->node_count; i++)
		(void)json_array_append_new(a, json_string(s->nodes[i]->name));
	return a;
}

static void
say_scope(struct preview *p, const struct shred_scope *s, const char *owner)
{
	struct run *run = p->run;

	if (!s->ours) {
		run_say(run,
		    "%s of %s: not for this computer to destroy; ask a "
		    "registrar of %s\n",
		    s->category, owner, owner);
		return;
	}
	run_say(run, "%s of %s: %lld segments, %lld not sent yet\n",
	    s->category, owner, (long long)s->segments, (long long)s->unsealed);
	for (size_t i = 0; i < s->table_count; i++)
		run_say(run, "  %-24s %lld row%s\n", s->tables[i].table,
		    (long long)s->tables[i].rows, run_s(s->tables[i].rows));
	run_say(run, "  held by");
	for (size_t i = 0; i < s->node_count; i++)
		run_say(run, "%s %s", i > 0 ? "," : "", s->nodes[i]->name);
	run_say(run, "\n");
}

static enum err
preview_scope(void *context, const struct shred_scope *s, struct fail *f)
{
	struct preview *p = context;
	char id[ID_TEXT_BYTES];
	const char *owner = name_of_agency(p->run, s->owner, id);

	(void)f;
	p->ours += s->ours ? 1 : 0;
	p->others += s->ours ? 0 : 1;
	for (size_t i = 0; s->ours && i < s->table_count; i++)
		p->rows += s->tables[i].rows;
	if (p->array == NULL)
		say_scope(p, s, owner);
	else if (json_array_append_new(p->array,
		     json_pack("{s:s, s:s, s:b, s:I, s:I, s:o, s:o}",
			 "category", s->category, "owner", owner, "ours",
			 s->ours, "segments", (json_int_t)s->segments, "unsent",
			 (json_int_t)s->unsealed, "rows", tables_json(s),
			 "nodes", nodes_json(s))) != 0)
		p->failed = true;
	return OK;
}

enum err
show_scope(struct run *run, const struct shred_request *q, struct fail *f)
{
	struct preview p = { .run = run };
	enum err e;

	if (run->cli->json && (p.array = json_array()) == NULL)
		return fail_set(f, ERR_NOMEM, "the JSON answer");
	e = shred_look(run->replica, q, preview_scope, &p, f);
	if (e == OK && p.failed)
		e = fail_set(f, ERR_NOMEM, "the JSON answer");
	if (e != OK || p.array == NULL) {
		json_decref(p.array);
		if (e == OK)
			run_say(run,
			    "In all %lld record group%s with %lld row%s; "
			    "drafts "
			    "and documents of theirs go with them.\n",
			    (long long)p.ours, run_s(p.ours), (long long)p.rows,
			    run_s(p.rows));
		return e;
	}
	return run_json(run, p.array, f);
}
