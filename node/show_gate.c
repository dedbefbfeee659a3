#include "node/show_gate.h"

#include <stdlib.h>

#include "node/name.h"

enum err
show_gate(bool *open, struct buf *why, struct run *run, struct gate_view *v,
    const struct read_row *row, struct fail *f)
{
	char text[ID_TEXT_BYTES];
	struct gate_answer a;
	enum err e = gate_view_ask(&a, v, row->cpt, &row->owner, f);

	*open = e == OK && a.shut == GATE_OPEN;
	if (e != OK || *open)
		return e;
	gate_view_say(why, &a);
	buf_printf(why, "%s", name_of_agency(run, &row->owner, text));
	return why->err != OK ? fail_code(f, why->err) : OK;
}

json_t *
show_gate_json(struct run *run, const struct read_row *row,
    const struct buf *why)
{
	char id[ID_TEXT_BYTES], text[ID_TEXT_BYTES];

	hex_encode(id, row->id.b, ID_BYTES);
	return json_pack("{s:s, s:s, s:s, s:s, s:s%}", "table",
	    row->table->name, "id", id, "category",
	    row->category != NULL ? row->category : "", "owner",
	    name_of_agency(run, &row->owner, text), "hidden",
	    (const char *)why->p, why->n);
}

void
show_gate_line(struct run *run, const struct read_row *row,
    const struct buf *why)
{
	char id[ID_TEXT_BYTES];

	hex_encode(id, row->id.b, ID_BYTES);
	run_say(run, "%s  %s  %.*s\n", id, row->table->name, (int)why->n,
	    (const char *)why->p);
}

struct asking {
	struct run *run;
	struct gate_view *view;
	struct buf why;
	bool open;
	enum err e;
	struct fail *fail;
};

static bool
on_row(void *context, const struct read_row *row)
{
	struct asking *x = context;

	x->e = show_gate(&x->open, &x->why, x->run, x->view, row, x->fail);
	return false;
}

enum err
show_gate_row(struct run *run, const struct table *t, const struct row_id *id,
    struct fail *f)
{
	struct asking x = { .run = run,
		.view = malloc(sizeof(*x.view)),
		.why = { .limit = 1024 },
		.open = true,
		.fail = f };
	enum err e;

	if (x.view == NULL)
		return fail_code(f, ERR_NOMEM);
	e = gate_view_begin(x.view, run->replica, f);
	if (e == OK)
		e = read_get(run->replica, t, id, 0, on_row, &x, NULL);
	if (e == ERR_NOTFOUND || e == ERR_WAIT)
		e = OK;
	if (e == OK)
		e = x.e;
	if (e == OK && !x.open)
		e = fail_set(f, ERR_DENIED, "this %s is %.*s", t->name,
		    (int)x.why.n, (const char *)x.why.p);
	gate_view_end(x.view);
	free(x.view);
	buf_release(&x.why);
	return e;
}
