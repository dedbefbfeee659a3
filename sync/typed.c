/* One row a form. */
#include "sync/typed.h"

#include <string.h>

#include "sync/db.h"
#include "sync/replica_i.h"

static enum err
count_others(int64_t *n, struct replica *r, const struct row_id *staff,
    const char *form, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT count(*) FROM _typed WHERE staff = ?1 AND form <> ?2", f);

	*n = 0;
	if (e != OK)
		return e;
	stmt_blob(s, 1, staff->b, ID_BYTES);
	stmt_text(s, 2, form);
	e = stmt_step(s, &row, f);
	if (e == OK && row)
		*n = stmt_col_int(s, 0);
	stmt_reset(s);
	return e;
}

static enum err
check(struct replica *r, const struct row_id *staff, const struct typed *t,
    struct fail *f)
{
	int64_t others;
	enum err e;

	if (t->form[0] == '\0' || strlen(t->form) > TYPED_FORM_MAX)
		return fail_set(f, ERR_LIMIT,
		    "the name of a form has 1 to %d bytes", TYPED_FORM_MAX);
	if (t->n > TYPED_TEXT_MAX)
		return fail_set(f, ERR_LIMIT,
		    "this is longer than %zu bytes; save it in parts",
		    TYPED_TEXT_MAX);
	e = count_others(&others, r, staff, t->form, f);
	if (e == OK && others >= TYPED_FORMS)
		e = fail_set(f, ERR_LIMIT,
		    "%d forms are begun and not saved; finish some of them",
		    TYPED_FORMS);
	return e;
}

enum err
typed_put(struct replica *r, const struct row_id *staff, const struct typed *t,
    struct fail *f)
{
	static const struct row_id nobody;
	const struct row_id *subject =
	    t->subject != NULL ? t->subject : &nobody;
	struct stmt *s;
	enum err e = check(r, staff, t, f);

	if (e == OK)
		e = db_stmt(&s, r->db,
		    "INSERT INTO _typed (staff, form, subject, at_ms, text)"
		    " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (staff, form)"
		    " DO UPDATE SET subject = ?3, at_ms = ?4, text = ?5",
		    f);
	if (e != OK)
		return e;
	stmt_blob(s, 1, staff->b, ID_BYTES);
	stmt_text(s, 2, t->form);
	stmt_blob(s, 3, subject->b, ID_BYTES);
	stmt_int(s, 4, env_wall_ms(r->env));
	stmt_text_n(s, 5, t->text, t->n);
	return stmt_run(s, f);
}

enum err
typed_drop(struct replica *r, const struct row_id *staff, const char *form,
    struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "DELETE FROM _typed WHERE staff = ?1 AND form = ?2", f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, staff->b, ID_BYTES);
	stmt_text(s, 2, form);
	return stmt_run(s, f);
}

enum err
typed_drop_subject(struct replica *r, const struct row_id *subject,
    struct fail *f)
{
	struct stmt *s;
	enum err e =
	    db_stmt(&s, r->db, "DELETE FROM _typed WHERE subject = ?1", f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, subject->b, ID_BYTES);
	return stmt_run(s, f);
}

enum err
typed_each(struct replica *r, const struct row_id *staff, typed_fn each,
    void *context, struct fail *f)
{
	static const struct row_id nobody;
	struct stmt *s;
	bool row = false, go_on = true;
	enum err e = db_stmt(&s, r->db,
	    "SELECT form, subject, at_ms, text FROM _typed WHERE staff = ?1"
	    " ORDER BY form",
	    f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, staff->b, ID_BYTES);
	while (go_on && (e = stmt_step(s, &row, f)) == OK && row) {
		struct row_id subject = nobody;
		struct typed t = { .form = stmt_col_text(s, 0),
			.at_ms = stmt_col_int(s, 2),
			.text = stmt_col_text(s, 3) };

		(void)stmt_col_copy(s, 1, subject.b, ID_BYTES);
		t.subject = id_equal(&subject, &nobody) ? NULL : &subject;
		t.n = strlen(t.text);
		go_on = each(context, &t);
	}
	stmt_reset(s);
	return e;
}
