/*
 * Which row a write means: its id, its compartment, and what stands there.
 */
#include "sync/hash.h"
#include "sync/write_i.h"

static const struct row_id *
agency_as_row(const struct agency_id *a)
{
	return (const struct row_id *)(const void *)a->b;
}

/* Whose rows of this table are: the subject of a new row. */
static enum err
subject_of_new(const struct writing *w, struct row_id *subject, struct fail *f)
{
	const struct identity *i = &w->r->identity;

	switch (w->t->subject) {
	case SUBJECT_PERSON:
		if (w->t->self) {
			*subject = w->row;
			return OK;
		}
		if (w->q->subject == NULL)
			return fail_set(f, ERR_INPUT,
			    "%s belongs to a person: say whose with person=ID",
			    w->t->name);
		*subject = *w->q->subject;
		return OK;
	case SUBJECT_AGENCY:
		*subject = *agency_as_row(&i->agency);
		return OK;
	case SUBJECT_NETWORK:
		memcpy(subject->b, members_network(w->r->members)->b,
		    sizeof(subject->b));
		return OK;
	}
	return fail_set(f, ERR_INPUT, "%s has no subject", w->t->name);
}

/* A new row in another agency's record: the caller says in which. */
static enum err
compartment_given(struct writing *w, struct fail *f)
{
	const char *category;
	enum err e = compartment_get(w->r, &w->c, w->q->cpt, f);

	if (e != OK)
		return e;
	category = table_category(w->t, replica_owner_kind(w->r, w->c));
	if (!w->c->has_subject || category == NULL ||
	    strcmp(category, w->c->category) != 0)
		return fail_set(f, ERR_INPUT, "no %s records are kept there",
		    w->t->name);
	w->subject = w->c->subject;
	if (w->t->self)
		w->row = w->c->subject;
	w->cpt = w->c->no;
	return OK;
}

static enum err
compartment_of_new(struct writing *w, struct fail *f)
{
	int kind = replica_kind(w->r);
	const char *category = table_category(w->t, kind);
	enum err e;

	if (w->q->cpt != 0)
		return compartment_given(w, f);
	if (category == NULL)
		return fail_set(f, ERR_DENIED,
		    "a %s agency keeps no %s records", kind_name(kind),
		    w->t->name);
	if (w->t->subject == SUBJECT_AGENCY && w->t->self)
		w->row = *agency_as_row(&w->r->identity.agency);
	e = subject_of_new(w, &w->subject, f);
	if (e == OK)
		e = compartment_home(w->r, &w->c, &w->subject, category, f);
	if (e == ERR_NOTFOUND || (e == OK && !w->c->has_subject)) {
		w->c = NULL;
		return OK;
	}
	if (e == OK)
		w->cpt = w->c->no;
	return e;
}

enum err
write_make_place(struct writing *w, struct fail *f)
{
	const char *category = table_category(w->t, replica_kind(w->r));
	enum err e;

	if (w->c != NULL)
		return OK;
	e = compartment_own(w->r, &w->c, &w->subject, category, f);
	if (e == OK)
		w->cpt = w->c->no;
	return e;
}

/* Where rows with this id stand: numbers of compartments. */
static enum err
find_places(struct writing *w, struct buf *places, struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e = db_stmt(&s, w->r->db,
	    replica_table_sql(w->r, w->t)->select_places, f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, w->row.b, sizeof(w->row.b));
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		int64_t no = stmt_col_int(s, 0);

		buf_put(places, &no, sizeof(no));
	}
	stmt_reset(s);
	return e == OK && places->err != OK ? fail_code(f, places->err) : e;
}

struct choice {
	size_t count;    /* that come into question */
	size_t own;      /* of them the own agency's */
	int64_t any, at; /* the last of all, and of the own ones */
};

static enum err
weigh_place(struct choice *x, const struct writing *w, int64_t no,
    struct fail *f)
{
	struct compartment *c;
	enum err e = compartment_get(w->r, &c, no, f);

	if (e != OK || (w->q->cpt != 0 && no != w->q->cpt))
		return e;
	/* a set's rows have one id for everybody: the person tells whose */
	if (w->q->subject != NULL && w->t->subject == SUBJECT_PERSON &&
	    (!c->has_subject || !id_equal(&c->subject, w->q->subject)))
		return OK;
	x->count++;
	x->any = no;
	if (c->has_owner && id_equal(&c->owner, &w->r->identity.agency)) {
		x->own++;
		x->at = no;
	}
	return OK;
}

/* Among the compartments that hold a row with this id: the one asked for, the
 * person's who is named, else our own agency's, else the only one. 0: none. What
 * could be two people's is refused, never guessed. */
static enum err
choose_compartment(struct writing *w, struct fail *f)
{
	struct buf places = { .limit = (size_t)1 << 20 };
	struct choice x = { .count = 0 };
	enum err e = find_places(w, &places, f);

	for (size_t at = 0; e == OK && at < places.n; at += sizeof(int64_t)) {
		int64_t no;

		memcpy(&no, places.p + at, sizeof(no));
		e = weigh_place(&x, w, no, f);
	}
	if (e == OK && x.count == 0 && places.n > 0 && w->q->subject != NULL)
		e = fail_set(f, ERR_INPUT,
		    "the %s with this id is another person's; nothing was "
		    "saved",
		    w->t->name);
	buf_release(&places);
	if (e != OK)
		return e;
	w->cpt = x.own == 1 ? x.at : x.count == 1 ? x.any : 0;
	if (x.own > 1)
		return fail_set(f, ERR_INPUT,
		    "several people have a %s with this id: say whose with "
		    "person=SUBJECT; nothing was saved",
		    w->t->name);
	if (w->cpt == 0 && x.count > 1)
		return fail_set(f, ERR_INPUT,
		    "several agencies keep a %s with this id; say which",
		    w->t->name);
	return OK;
}

/* Copy what a column says: it must outlive the statement. */
static void
keep_value(struct buf *keep, struct value *v)
{
	size_t at = keep->n;

	if (v->type != VALUE_TEXT && v->type != VALUE_BYTES &&
	    v->type != VALUE_ID)
		return;
	buf_put(keep, v->p, v->n);
	v->p = (const uint8_t *)at; /* an offset until keep stops growing */
}

static enum err
load_now(struct writing *w, struct fail *f)
{
	const uint8_t *p;
	struct stmt *s;
	bool row;
	size_t n;
	enum err e;

	e = db_stmt(&s, w->r->db, replica_table_sql(w->r, w->t)->select_row, f);
	if (e != OK)
		return e;
	stmt_int(s, 1, w->cpt);
	stmt_blob(s, 2, w->row.b, sizeof(w->row.b));
	e = stmt_step(s, &row, f);
	w->exists = e == OK && row;
	if (!w->exists)
		return e;
	p = stmt_col_blob(s, 0, &n);
	buf_put(&w->clock, p, n);
	for (size_t i = 0; i < w->t->field_count; i++) {
		const struct field *field = &w->t->fields[i];
		struct value *v = &w->now[field->number];

		replica_col_value(v, s, (int)i + 1, field);
		keep_value(&w->keep, v);
	}
	stmt_reset(s);
	for (unsigned i = 0; i <= REGISTRY_FIELD_MAX; i++) {
		struct value *v = &w->now[i];

		if (v->type == VALUE_TEXT || v->type == VALUE_BYTES ||
		    v->type == VALUE_ID)
			v->p = w->keep.p + (size_t)v->p;
	}
	if (w->keep.err != OK || w->clock.err != OK)
		return fail_code(f, ERR_NOMEM);
	return OK;
}

static enum err
name_row(struct writing *w, struct fail *f)
{
	if (w->q->row != NULL) {
		w->row = *w->q->row;
		return OK;
	}
	if (w->t->set_count > 0)
		return write_set_id(&w->row, w->r, w->t, w->q->fields,
		    w->q->field_count, f);
	env_random(w->r->env, w->row.b, sizeof(w->row.b));
	return OK;
}

enum err
write_locate(struct writing *w, struct fail *f)
{
	bool fresh = w->q->row == NULL || w->q->insert;
	enum err e = name_row(w, f);

	if (e != OK)
		return e;
	if (fresh) {
		e = compartment_of_new(w, f);
	} else {
		e = choose_compartment(w, f);
		if (e == OK && w->cpt == 0)
			return fail_set(f, ERR_NOTFOUND,
			    "there is no %s with this id on this computer",
			    w->t->name);
		if (e == OK)
			e = compartment_get(w->r, &w->c, w->cpt, f);
	}
	/* a random id cannot exist */
	if (e == OK && w->c != NULL &&
	    (!fresh || w->q->row != NULL || w->t->set_count > 0 || w->t->self))
		e = load_now(w, f);
	if (e == OK && w->q->insert && w->exists)
		return fail_set(f, ERR_EXISTS, "this %s exists already",
		    w->t->name);
	return e;
}

/* ---- derived row ids ---- */

void
write_import_id(struct row_id *out, struct replica *r, const char *source,
    const struct table *table, const char *source_id)
{
	const struct identity *i = &r->identity;
	struct hash h;

	hash_init(&h, LABEL_IMPORT_ROW, sizeof(out->b), i->agency_name_key,
	    sizeof(i->agency_name_key));
	hash_put(&h, i->agency.b, sizeof(i->agency.b));
	hash_bytes(&h, source, strlen(source));
	hash_u64(&h, table->number);
	hash_bytes(&h, source_id, strlen(source_id));
	hash_final(&h, out->b);
}

enum err
write_set_id(struct row_id *out, struct replica *r, const struct table *table,
    const struct write_field *fields, size_t count, struct fail *f)
{
	const struct identity *i = &r->identity;
	struct buf b = { .limit = LIMIT_VALUE_BYTES };
	struct hash h;

	hash_init(&h, LABEL_SET_ROW, sizeof(out->b), i->agency_name_key,
	    sizeof(i->agency_name_key));
	hash_put(&h, i->agency.b, sizeof(i->agency.b));
	hash_u64(&h, table->number);
	for (size_t k = 0; k < table->set_count; k++) {
		static const struct value none = { .type = VALUE_NULL };
		const struct field *at = table->by_number[table->set_fields[k]];
		const struct value *v = &none;

		for (size_t n = 0; n < count; n++) {
			if (fields[n].field->number == table->set_fields[k])
				v = &fields[n].value;
		}
		if (v->type == VALUE_NULL && at->required) {
			buf_release(&b);
			return fail_set(f, ERR_INPUT, "%s needs %s",
			    table->name, at->name);
		}
		buf_reset(&b);
		value_encode(&b, v);
		hash_bytes(&h, b.p, b.n);
	}
	hash_final(&h, out->b);
	buf_release(&b);
	return OK;
}
