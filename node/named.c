#include "node/named.h"

#include "node/name.h"
#include "node/view.h"

struct naming {
	struct view *view;
	enum err err;
	bool is_read;
};

static bool
on_row(void *context, const struct read_row *row)
{
	struct naming *x = context;

	x->is_read = view_reads(x->view, row, &x->err, NULL);
	return false;
}

static bool
is_read(const struct run *run, const struct table *t, const struct row_id *id)
{
	struct naming x = { .view = run->view };

	return run->view != NULL &&
	    read_get(run->replica, t, id, 0, on_row, &x, NULL) == OK &&
	    x.is_read;
}

void
named_show(struct buf *out, const struct run *run, const struct table *t,
    const struct row_id *id)
{
	bool open =
	    t == NULL || t->subject != SUBJECT_PERSON || is_read(run, t, id);

	/* a name of no table is its digits */
	name_show_row(out, run, open ? t : NULL, id);
}
