/*
 * unshare and carry --off: one recipient leaves what is held about a subject.
 */
#include "sync/remove_i.h"

#include <stdlib.h>
#include <string.h>

#define NUMBERS_MAX 4096 /* compartments of one subject */

struct taking {
	struct replica *r;
	const struct remove_request *q;
	struct control_who who;
	bool own; /* the recipient is of this agency */
	remove_line_fn line;
	void *context;
	int64_t looked_at;
	int64_t ours;       /* of those, this agency's own */
	int64_t of_another; /* which only another agency can take away */
	char category[LIMIT_CATEGORY_BYTES + 1]; /* of the first of these */
};

static enum err
check_recipient(struct taking *t, struct fail *f)
{
	const struct identity *i = &t->r->identity;
	const struct member_node *node;
	struct node_id id;

	if (t->q->kind == GRANT_AGENCY) {
		t->own = memcmp(t->q->recipient, i->agency.b, ID_BYTES) == 0;
		return OK;
	}
	memcpy(id.b, t->q->recipient, ID_BYTES);
	node = members_node(t->r->members, &id);
	if (node == NULL)
		return fail_set(f, ERR_NOTFOUND,
		    "this node is no member of the network");
	t->own = id_equal(&node->agency, &i->agency);
	if ((node->ever_roles & MEMBER_REGISTRAR) != 0)
		return fail_set(f, ERR_INPUT,
		    "%s holds its agency's key and reads whatever the "
		    "agency reads. Unshare from the agency, or revoke the node",
		    node->name);
	return OK;
}

static bool
is_self(const struct taking *t)
{
	return t->q->kind == GRANT_NODE &&
	    memcmp(t->q->recipient, t->r->identity.node.b, ID_BYTES) == 0;
}

/* Has the recipient any key of the compartment now? */
static enum err
holds(const struct taking *t, int64_t cpt, bool *yes, struct fail *f)
{
	unsigned right = 0;
	enum err e =
	    grant_best_right(t->r, &right, cpt, t->q->kind, t->q->recipient, f);

	*yes = e == OK && right != 0;
	return e;
}

/* What another agency shares with it too stays that agency's affair. */
static void
leave_to_owner(struct taking *t, const struct compartment *c)
{
	if (t->of_another++ == 0)
		memcpy(t->category, c->category, sizeof(t->category));
}

static enum err
refuse(const char *category, struct fail *f)
{
	return fail_set(f, ERR_DENIED,
	    "%s belongs to another agency, or this node is no "
	    "registrar; ask the agency that keeps these records",
	    category);
}

static enum err
take_from(struct taking *t, struct compartment *c, struct remove_line *line,
    struct fail *f)
{
	bool registrar = remove_is_registrar(t->r), owns;
	struct removal q = { .reason = t->q->reason,
		.who = &t->who,
		.who_count = 1,
		.words = t->q->words };
	enum err e = holds(t, c->no, &line->had, f);

	owns = remove_owns(t->r, c);
	t->ours += owns ? 1 : 0;
	if (e != OK || !line->had)
		return e;
	if (t->q->kind == GRANT_AGENCY && owns && t->own)
		return fail_set(f, ERR_INPUT,
		    "an agency cannot leave its own records; hand them "
		    "over or shred them");
	if (!is_self(t) && !registrar)
		return refuse(c->category, f);
	if (!is_self(t) && !owns && !t->own) {
		leave_to_owner(t, c);
		return OK;
	}
	q.by_owner = owns && registrar;
	e = remove_issue(t->r, c, &q, f);
	line->removed = e == OK;
	line->rekeyed = e == OK && q.by_owner;
	return e;
}

static bool
is_wanted(const struct taking *t, const struct compartment *c)
{
	for (size_t k = 0; k < t->q->category_count; k++)
		if (strcmp(t->q->categories[k], c->category) == 0)
			return true;
	return t->q->category_count == 0;
}

static enum err
look_at(struct taking *t, int64_t no, struct fail *f)
{
	struct remove_line line = { 0 };
	struct compartment *c;
	enum err e = compartment_get(t->r, &c, no, f);

	if (e != OK || !c->has_owner || !c->has_subject || !is_wanted(t, c))
		return e;
	t->looked_at++;
	line.category = c->category;
	line.owner = &c->owner;
	e = take_from(t, c, &line, f);
	if (e == OK && t->line != NULL && (!line.had || line.removed))
		t->line(t->context, &line);
	return e;
}

static enum err
numbers_of(struct taking *t, int64_t **out, size_t *count, struct fail *f)
{
	int64_t *no = calloc(NUMBERS_MAX, sizeof(*no));
	struct stmt *s;
	bool row = false;
	enum err e;

	*count = 0;
	*out = no;
	if (no == NULL)
		return fail_set(f, ERR_NOMEM, "out of memory");
	e = db_stmt(&s, t->r->db,
	    "SELECT no FROM _compartment WHERE subject = ?1"
	    " ORDER BY category, no",
	    f);
	if (e != OK)
		return e;
	stmt_blob(s, 1, t->q->subject.b, sizeof(t->q->subject.b));
	while (*count < NUMBERS_MAX && (e = stmt_step(s, &row, f)) == OK && row)
		no[(*count)++] = stmt_col_int(s, 0);
	stmt_reset(s);
	return e;
}

static enum err
take_all(struct taking *t, struct fail *f)
{
	int64_t *no = NULL;
	size_t count = 0;
	enum err e = numbers_of(t, &no, &count, f);

	for (size_t k = 0; e == OK && k < count; k++)
		e = look_at(t, no[k], f);
	free(no);
	if (e == OK && t->looked_at == 0)
		e = fail_set(f, ERR_NOTFOUND, "nothing of this is held here");
	if (e == OK && t->ours == 0 && t->of_another > 0)
		e = refuse(t->category, f);
	return e;
}

enum err
remove_from(struct replica *r, const struct remove_request *q,
    remove_line_fn line, void *context, struct fail *f)
{
	struct taking t = { .r = r, .q = q, .line = line, .context = context };
	bool own = false;
	enum err e;

	if (strlen(q->words) > LIMIT_BASIS_BYTES)
		return fail_set(f, ERR_INPUT, "want at most %d bytes of reason",
		    LIMIT_BASIS_BYTES);
	e = check_recipient(&t, f);
	if (e == OK)
		e = replica_enter(r, &own, f);
	if (e != OK)
		return e;
	t.who.kind = q->kind;
	memcpy(t.who.id, q->recipient, ID_BYTES);
	e = take_all(&t, f);
	return replica_leave(r, own, e, f);
}
