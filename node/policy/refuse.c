/* One function a table: what it must hold beyond what each field says. */
#include "node/policy/refuse.h"

#include <string.h>

#include "node/policy/active.h"
#include "node/policy/case.h"
#include "node/policy/form.h"
#include "node/policy/refuse_i.h"
#include "node/policy/held.h"
#include "node/policy/rows.h"
#include "sync/audit.h"

/* ---- saying no ------------------------------------------------------------------ */

enum err
refuse(struct refusing *x, const char *code, const char *text)
{
	x->q->code = code;
	return fail_set(x->f, ERR_DENIED, "%s; nothing was written", text);
}

enum err
refuse_lacks(struct refusing *x, const char *what, uint32_t elements)
{
	struct buf words = { 0 };

	buf_init(&words, 1024);
	policy_say_elements(&words, elements);
	(void)fail_set(x->f, ERR_DENIED, "%s lacks %s; nothing was written",
	    what, buf_cstr(&words));
	buf_release(&words);
	return ERR_DENIED;
}

bool
refuse_set(const struct refusing *x, const char *column)
{
	const struct field *field = table_field(x->q->table, column);

	return field != NULL &&
	    (x->q->set & (UINT64_C(1) << field->number)) != 0;
}

/* ---- categories ------------------------------------------------------------------- */

static bool
is_category(const struct refusing *x, const char *p, size_t n)
{
	const struct registry *g = replica_registry(x->r);

	for (size_t k = 0; k < g->category_count; k++)
		if (strncmp(g->categories[k], p, n) == 0 &&
		    (g->categories[k][n] == 0 || g->categories[k][n] == '.'))
			return true;
	return false;
}

static enum err
category_known(struct refusing *x, const char *column)
{
	const struct value *v = row_value(&x->will, column);

	if (!refuse_set(x, column) || v->type != VALUE_TEXT ||
	    is_category(x, (const char *)v->p, v->n))
		return OK;
	x->q->code = "category";
	return fail_set(x->f, ERR_DENIED,
	    "no record is of the category \"%.*s\": want a label such as TX2, "
	    "or label and item such as TX2.attendance; nothing was written",
	    (int)(v->n < 64 ? v->n : 64), (const char *)v->p);
}

static bool
is_of_label(const struct value *v, const char *label)
{
	size_t n = strlen(label);

	return v->type == VALUE_TEXT && v->n >= n &&
	    memcmp(v->p, label, n) == 0 && (v->n == n || v->p[n] == '.');
}

static enum err
scope_rule(struct refusing *x)
{
	return category_known(x, "category");
}

/* A list with commas. */
static enum err
break_glass_rule(struct refusing *x)
{
	const struct value *v = row_value(&x->will, "categories");
	size_t at = 0;

	if (!refuse_set(x, "categories") || v->type != VALUE_TEXT)
		return OK;
	while (at < v->n) {
		const char *p = (const char *)v->p + at;
		size_t n = 0;

		while (at + n < v->n && p[n] != ',' && p[n] != ' ')
			n++;
		if (n > 0 && !is_category(x, p, n))
			return refuse(x, "category",
			    "categories names something that no record is of");
		if (n >= 3 && memcmp(p, "CNS", 3) == 0 &&
		    (n == 3 || p[3] == '.'))
			return refuse(x, "label",
			    "no emergency opens counseling notes: they are for "
			    "their author alone (42 CFR 2.11)");
		at += n + 1;
	}
	return OK;
}

/* ---- agreements -------------------------------------------------------------------- */

static enum err
mou_rule_dates(struct refusing *x)
{
	policy_day from = row_day(&x->will, "starts_on");
	policy_day to = row_day(&x->will, "ends_on");

	if ((refuse_set(x, "starts_on") || refuse_set(x, "ends_on")) &&
	    from != POLICY_NO_DAY && to != POLICY_NO_DAY && to <= from)
		return refuse(x, "agreement",
		    "the agreement contradicts itself: it would end before it "
		    "begins");
	if (refuse_set(x, "status") && row_is(&x->will, "status", "offered") &&
	    to != POLICY_NO_DAY && to <= x->today)
		return refuse(x, "agreement",
		    "the agreement is over: it ends on or before today, and "
		    "nobody can agree to what has been");
	return OK;
}

struct twin {
	const struct refusing *x;
	bool contradicts;
};

static bool
same(const struct read_row *a, const struct read_row *b, const char *column)
{
	return value_compare(row_value(a, column), row_value(b, column)) == 0;
}

/* The same thing allowed twice, on two different terms. */
static enum err
on_twin(struct rows *rows, const struct read_row *row)
{
	static const char *const same_thing[] = { "mou_id", "category",
		"from_agency_id", "from_kind", "to_agency_id", "to_kind",
		"purpose", "to_role" };
	struct twin *t = rows->context;
	const struct read_row *will = &t->x->will;

	if (id_equal(&row->id, t->x->q->row) || row_is(row, "state", "removed"))
		return OK;
	for (size_t k = 0; k < COUNT_OF(same_thing); k++)
		if (!same(row, will, same_thing[k]))
			return OK;
	t->contradicts = t->contradicts || !same(row, will, "basis") ||
	    !same(row, will, "redisclose");
	return OK;
}

static enum err
mou_rule_rule(struct refusing *x)
{
	const struct value *category = row_value(&x->will, "category");
	const struct value *from = row_value(&x->will, "from_agency_id");
	struct twin twin = { .x = x };
	struct rows rows = { .r = x->r, .context = &twin, .each = on_twin };
	enum err e = category_known(x, "category");

	if (e != OK || row_is(&x->will, "state", "removed"))
		return e;
	if (is_of_label(category, "CNS"))
		return refuse(x, "label",
		    "counseling notes are for their author alone: no agreement "
		    "can name them (42 CFR 2.11, 45 CFR 164.501)");
	if (is_of_label(category, "SUP.protected"))
		return refuse(x, "label",
		    "a note that quotes a clinic has the clinic's protection: "
		    "no agreement can name it");
	if (from->type == VALUE_ID &&
	    value_compare(from, row_value(&x->will, "to_agency_id")) == 0)
		return refuse(x, "agreement",
		    "the rule contradicts itself: from and to are one agency");
	e = rows_read(&rows, "mou_rule", NULL, x->f);
	if (e == OK && twin.contradicts)
		return refuse(x, "agreement",
		    "another rule of this agreement allows the same on other "
		    "terms: remove that one first");
	return e;
}

static enum err
mou_signature_rule(struct refusing *x)
{
	return !refuse_set(x, "signed_on") ||
		row_day(&x->will, "signed_on") == x->today
	    ? OK
	    : refuse(x, "agreement",
		  "a signature is given today: it cannot be dated back or "
		  "ahead");
}

/* ---- staff ------------------------------------------------------------------------------- */

#define NOT_A_SERVER \
	"roles of staff, and who is let in again, are decided on a server of " \
	"the agency, not on a computer that people carry"

static enum err
staff_role_rule(struct refusing *x)
{
	return held_is_server(x->r) ? OK : refuse(x, "other", NOT_A_SERVER);
}

/* Whose work it is that somebody sees goes by the office, too. */
static enum err
staff_rule(struct refusing *x)
{
	if (held_is_server(x->r) ||
	    (!refuse_set(x, "office_id") &&
		(!refuse_set(x, "status") ||
		    row_is(&x->will, "status", "suspended") ||
		    row_is(&x->will, "status", "terminated"))))
		return OK;
	return refuse(x, "other", NOT_A_SERVER);
}

/* ---- policy packs -------------------------------------------------------------------- */

struct holding {
	bool holds;
	const struct row_id *staff;
};

static enum err
on_role(struct rows *rows, const struct read_row *row)
{
	struct holding *h = rows->context;
	struct row_id staff;

	h->holds = h->holds ||
	    (row_is(row, "role", "privacy_officer") &&
		row_id_of(row, "staff_id", staff.b) &&
		id_equal(&staff, h->staff) && held_now(rows->r, row));
	return OK;
}

enum err
refuse_signer(struct replica *r, const struct row_id *staff, struct fail *f)
{
	struct holding h = { .staff = staff };
	struct rows rows = { .r = r, .context = &h, .each = on_role };
	enum err e =
	    staff != NULL ? rows_read(&rows, "staff_role", NULL, f) : OK;

	if (e != OK || h.holds)
		return e;
	return fail_set(f, ERR_DENIED,
	    "only the privacy officer signs policy packs, and whoever acts is "
	    "none here: an administrator gives the role (footbridge account "
	    "role NAME privacy_officer), --as STAFF says who acts");
}

/* The row says what its text says, and the text is a pack. */
static enum err
policy_pack_rule(struct refusing *x)
{
	const struct value *body = row_value(&x->will, "body");
	const struct value *hash = row_value(&x->will, "body_hash");
	uint8_t is[POLICY_HASH_BYTES];
	struct policy_pack *pack = NULL;
	bool fits;
	enum err e;

	if (body->type != VALUE_TEXT)
		return OK;
	e = pack_parse(&pack, (const char *)body->p, body->n, x->f);
	if (e != OK) {
		x->q->code = "policy";
		(void)fail_in(x->f, e, "the policy pack");
		x->f->code = ERR_DENIED;
		return ERR_DENIED;
	}
	policy_hash(is, body->p, body->n);
	fits = hash->type == VALUE_BYTES && hash->n == sizeof(is) &&
	    memcmp(hash->p, is, sizeof(is)) == 0 &&
	    row_is(&x->will, "jurisdiction", pack->name) &&
	    row_is(&x->will, "version", pack->version) &&
	    row_day(&x->will, "effective_on") == pack->effective;
	pack_free(pack);
	return fits ? OK
		    : refuse(x, "policy",
			  "name, version, day or hash are not those of the "
			  "policy pack's text");
}

struct finding {
	const struct refusing *x;
	bool found, fits;
};

static bool
on_signed_pack(void *context, const struct read_row *row)
{
	const struct value *body = row_value(row, "body");
	struct finding *s = context;
	const struct value *hash = row_value(&s->x->will, "body_hash");
	uint8_t is[POLICY_HASH_BYTES];

	policy_hash(is, body->p, body->n);
	s->found = true;
	s->fits = hash->type == VALUE_BYTES && hash->n == sizeof(is) &&
	    memcmp(hash->p, is, sizeof(is)) == 0;
	return false;
}

static enum err
policy_signature_rule(struct refusing *x)
{
	const struct table *t =
	    registry_table(replica_registry(x->r), "policy_pack");
	struct finding s = { .x = x };
	struct row_id id;
	enum err e = OK;

	if (x->q->exists)
		return OK;
	if (row_day(&x->will, "signed_on") != x->today)
		return refuse(x, "policy",
		    "a signature is given today: it cannot be dated back or "
		    "ahead");
	if (row_id_of(&x->will, "pack_id", id.b))
		e = read_get(x->r, t, &id, 0, on_signed_pack, &s, x->f);
	if (e != OK && e != ERR_NOTFOUND)
		return e;
	if (!s.found || !s.fits)
		return refuse(x, "policy",
		    s.found ? "the signature is for another text than the "
			      "policy pack that it names"
			    : "the signature names no policy pack that is "
			      "known here");
	e = refuse_signer(x->r, x->q->staff, x->f);
	if (e == ERR_DENIED)
		x->q->code = "policy";
	return e;
}

/* A form of a consent holds what the rules ask of that consent. */
static enum err
form_fits(struct refusing *x, const struct form *form)
{
	struct policy_pack *pack;
	uint32_t must = 0;
	bool approved;
	enum err e;

	if (!row_is(&x->will, "code", form->name) ||
	    !row_is(&x->will, "language", form->language) ||
	    !row_is(&x->will, "version", form->version))
		return refuse(x, "policy",
		    "code, language or version are not those of the form's "
		    "text");
	e = policy_active(&pack, &approved, x->r, x->today, x->f);
	if (e != OK)
		return e;
	for (size_t k = 0; k < pack->require_count; k++)
		if ((int)pack->require[k].kind == form->consent)
			must |= pack->require[k].elements;
	pack_free(pack);
	if ((must & ~form->elements) == 0)
		return OK;
	x->q->code = "policy";
	return refuse_lacks(x, "the form", must & ~form->elements);
}

static enum err
policy_form_rule(struct refusing *x)
{
	const struct value *body = row_value(&x->will, "body");
	struct form *form;
	enum err e;

	if (body->type != VALUE_TEXT)
		return OK;
	e = form_parse(&form, (const char *)body->p, body->n, x->f);
	if (e != OK) {
		x->q->code = "policy";
		(void)fail_in(x->f, e, "the form");
		x->f->code = ERR_DENIED;
		return ERR_DENIED;
	}
	e = form_fits(x, form);
	form_free(form);
	return e;
}

/* ---- the table ------------------------------------------------------------------------ */

static const struct {
	const char *table;
	enum err (*rule)(struct refusing *x);
} rules[] = {
	{ "consent", refuse_consent },
	{ "consent_scope", refuse_consent_scope },
	{ "consent_recipient", refuse_consent_recipient },
	{ "legal_authority_scope", scope_rule },
	{ "seal_scope", scope_rule },
	{ "break_glass", break_glass_rule },
	{ "staff", staff_rule },
	{ "staff_role", staff_role_rule },
	{ "mou", mou_rule_dates },
	{ "mou_rule", mou_rule_rule },
	{ "mou_signature", mou_signature_rule },
	{ "policy_pack", policy_pack_rule },
	{ "policy_signature", policy_signature_rule },
	{ "policy_form", policy_form_rule },
};

enum err
refuse_category(struct refusing *x)
{
	return category_known(x, "category");
}

static void
as_row(struct read_row *row, const struct write_question *q,
    const struct value *values)
{
	*row = (struct read_row){ .table = q->table,
		.id = *q->row,
		.owner = *q->owner,
		.subject = *q->subject };
	for (unsigned k = 1; k <= REGISTRY_FIELD_MAX; k++)
		row->values[k] = values[k];
}

static enum err
may_write(struct replica *r, struct write_question *q, struct fail *f)
{
	struct fail unused = { 0 };
	struct refusing x = { .r = r, .q = q, .f = f != NULL ? f : &unused };

	for (size_t k = 0; k < COUNT_OF(rules); k++) {
		if (strcmp(rules[k].table, q->table->name) != 0)
			continue;
		x.today = policy_today(r);
		as_row(&x.now, q, q->now);
		as_row(&x.will, q, q->will);
		return rules[k].rule(&x);
	}
	return OK;
}

/* ---- on record -------------------------------------------------------------------------- */

static void
log_barrier(struct replica *r, const struct row_id *staff, const char *code,
    const struct value *category)
{
	const struct table *t =
	    registry_table(replica_registry(r), "barrier_log");
	struct row_id made, subject;
	struct write_field fields[3];
	struct write_request request = { .table = t,
		.fields = fields,
		.field_count = 2,
		.subject = &subject,
		.staff = staff };
	int64_t draft;

	if (t == NULL)
		return;
	memcpy(subject.b, replica_identity(r)->agency.b, ID_BYTES);
	fields[0] = (struct write_field){ table_field(t, "happened_on"),
		{ .type = VALUE_DATE, .i = policy_today(r) } };
	fields[1] = (struct write_field){ table_field(t, "code"),
		{ .type = VALUE_TEXT,
		    .p = (const uint8_t *)code,
		    .n = strlen(code) } };
	if (category != NULL && category->type == VALUE_TEXT)
		fields[request.field_count++] =
		    (struct write_field){ table_field(t, "category"),
			    *category };
	(void)write_row(r, &made, &draft, &request, NULL);
}

static void
was_refused(struct replica *r, const struct write_question *q)
{
	const struct field *category = table_field(q->table, "category");

	/* what somebody typed may be anything: only a known one is kept */
	log_barrier(r, q->staff, q->code,
	    category != NULL && strcmp(q->code, "category") != 0
		? &q->will[category->number]
		: NULL);
}

void
refuse_note(struct replica *r, const struct row_id *staff, const char *act,
    const char *code, const char *category)
{
	const struct audit_entry entry = { .act = act,
		.staff = staff,
		.result = ERR_DENIED };
	const struct value what = { .type = VALUE_TEXT,
		.p = (const uint8_t *)category,
		.n = category != NULL ? strlen(category) : 0 };

	(void)audit_write(r, &entry, NULL);
	log_barrier(r, staff, code, category != NULL ? &what : NULL);
}

const struct write_rules refuse_rules = { .may = may_write,
	.refused = was_refused };
