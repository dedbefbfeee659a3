#include "node/show_gate.h"

#include "node/actor.h"
#include "node/name.h"
#include "node/view.h"

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
	struct view view;
	struct buf why;
	bool open;
	enum err e;
	struct fail *fail;
};

static bool
on_row(void *context, const struct read_row *row)
{
	struct asking *x = context;
	const struct view_place at = view_place(row);

	x->open = view_open_still(&x->view, &at, &x->why, &x->e, x->fail);
	return false;
}

enum err
show_gate_row(struct run *run, const struct table *t, const struct row_id *id,
    struct fail *f)
{
	struct asking x = { .why = { .limit = 1024 }, .open = true, .fail = f };
	enum err e = view_begin(&x.view, run, f);

	if (e != OK)
		return e;
	e = read_get(run->replica, t, id, 0, on_row, &x, NULL);
	if (e == ERR_NOTFOUND || e == ERR_WAIT)
		e = OK;
	if (e == OK)
		e = x.e;
	if (e == OK && !x.open)
		e = fail_set(f, ERR_DENIED, "this %s is %.*s", t->name,
		    (int)x.why.n, (const char *)x.why.p);
	view_end(&x.view);
	buf_release(&x.why);
	return e;
}

enum err
show_gate_must_read(struct run *run, const struct table *t,
    const struct row_id *id, struct fail *f)
{
	enum err e = actor_must_see_row(run, t, id, f);

	if (e == OK)
		e = view_row(run, t, id, f);
	if (e == OK)
		e = show_gate_row(run, t, id, f);
	return e;
}
