#include "node/view.h"

#include <stdlib.h>
#include <string.h>

#include "node/actor.h"
#include "node/name.h"
#include "node/party.h"
#include "node/policy/active.h"
#include "node/policy/case.h"
#include "node/policy/closed.h"
#include "node/policy/gate_view.h"
#include "node/policy/ground.h"
#include "node/policy/notice.h"
#include "node/role.h"
#include "sync/grant.h"

enum err
view_open(struct view *v, struct replica *r, uint32_t roles, struct fail *f)
{
	struct policy_party own = { .kind = PARTY_HUB };
	bool approved;
	enum err e;

	*v = (struct view){ .r = r,
		.roles = roles,
		.gate = calloc(1, sizeof(*v->gate)) };
	e = v->gate != NULL ? gate_view_begin(v->gate, r, f)
			    : fail_code(f, ERR_NOMEM);
	if (e == OK)
		e = closed_load(&v->closed, r, f);
	if (e == OK)
		e = policy_active(&v->pack, &approved, r, policy_today(r), f);
	if (e == OK)
		e = party_find(&own, r, &replica_identity(r)->agency, f);
	if (e != OK) {
		view_end(v);
		return e;
	}
	v->own = own.kind;
	for (size_t k = 0; k < v->pack->need_count; k++)
		if (strcmp(v->pack->need[k].label, "AUD") == 0)
			v->account = (v->pack->need[k].roles & roles) != 0;
	v->seals = role_knows_seals(roles, true, r);
	v->openings = role_knows_openings(roles, true, r);
	return OK;
}

enum err
view_begin(struct view *v, struct run *run, struct fail *f)
{
	const struct member_node *self =
	    members_node(replica_members(run->replica),
		&replica_identity(run->replica)->node);
	bool set_up = false, have = false;
	struct row_id staff;
	uint32_t roles = 0;
	enum err e = role_of(&roles, &staff, &have, &set_up, run, f);

	if (e == OK)
		e = view_open(v, run->replica, roles, f);
	if (e != OK)
		return e;
	v->run = run;
	v->before = run->view;
	run->view = v;
	v->staff = staff;
	v->has_staff = have;
	v->by_role = set_up;
	/* roles of staff stay on servers */
	v->account = v->account ||
	    (!set_up && self != NULL && (self->roles & MEMBER_REGISTRAR) != 0);
	v->seals = role_knows_seals(roles, set_up, run->replica);
	v->openings = role_knows_openings(roles, set_up, run->replica);
	return OK;
}

void
view_end(struct view *v)
{
	if (v->gate != NULL)
		gate_view_end(v->gate);
	free(v->gate);
	closed_free(v->closed);
	pack_free(v->pack);
	v->gate = NULL;
	v->closed = NULL;
	v->pack = NULL;
	if (v->run != NULL)
		v->run->view = v->before;
	v->run = NULL;
}

static bool
is_note(const char *category)
{
	return category != NULL && strncmp(category, "CNS", 3) == 0 &&
	    (category[3] == '\0' || category[3] == '.');
}

static bool
is_opening(const char *category)
{
	return category != NULL && strcmp(category, "ADM.emergency") == 0;
}

/* Does this column name whoever acts? */
static bool
is_own(const struct view *v, const struct read_row *row, const char *column)
{
	const struct field *field = table_field(row->table, column);
	const struct value *who =
	    field != NULL ? &row->values[field->number] : NULL;

	return v->has_staff && who != NULL && who->type == VALUE_ID &&
	    memcmp(who->p, v->staff.b, ID_BYTES) == 0;
}

/* Who only looks after others' work (auditor, security officer, administrator) has no
 * relation to anybody: of the labels what the pack says that the role needs. */
static bool
is_needed(const struct view *v, const char *category)
{
	static const uint32_t looking = POLICY_BIT(ROLE_AUDITOR) |
	    POLICY_BIT(ROLE_SECURITY_OFFICER) | POLICY_BIT(ROLE_ADMINISTRATOR);
	size_t n = category != NULL ? strcspn(category, ".") : 0;

	if (n == 0 || v->roles == 0 || (v->roles & ~looking) != 0)
		return true;
	for (size_t k = 0; k < v->pack->need_count; k++)
		if (strlen(v->pack->need[k].label) == n &&
		    memcmp(v->pack->need[k].label, category, n) == 0 &&
		    (v->pack->need[k].roles & v->roles) != 0)
			return true;
	return false;
}

static bool
is_open_to(const struct view *v, const struct row_id *subject,
    const char *category, const struct agency_id *owner)
{
	if (category == NULL)
		return true;
	return is_needed(v, category) &&
	    !closed_seals(v->closed, subject, category, owner, v->roles) &&
	    (strcmp(category, "AUD") != 0 || v->account) &&
	    (strcmp(category, "ADM.seal") != 0 || v->seals);
}

/* What is for few: notes for their author, openings for who reviews or made them. */
static bool
is_for(const struct view *v, const struct read_row *row)
{
	if (is_note(row->category))
		return is_own(v, row, "author_id");
	return v->openings || !is_opening(row->category) ||
	    is_own(v, row, "staff_id");
}

bool
view_shows(struct view *v, const struct read_row *row)
{
	if (is_open_to(v, &row->subject, row->category, &row->owner) &&
	    is_for(v, row))
		return true;
	v->hidden++;
	return false;
}

bool
view_tells(const struct view *v, const struct row_id *subject,
    const char *category, const struct agency_id *owner)
{
	return is_open_to(v, subject, category, owner) &&
	    (v->openings || !is_opening(category));
}

struct view_place
view_place(const struct read_row *row)
{
	return (struct view_place){ .cpt = row->cpt,
		.subject = &row->subject,
		.category = row->category,
		.owner = &row->owner };
}

bool
view_in_emergency(struct view *v, const struct row_id *subject,
    const char *category, const struct agency_id *owner)
{
	int64_t until;

	if (!v->has_staff ||
	    !closed_opens(v->closed, &until, &v->staff, subject, category,
		owner))
		return false;
	v->emergency = until;
	return true;
}

bool
view_sees(struct view *v, const struct row_id *subject, const char *category,
    const struct agency_id *owner)
{
	return actor_sees(v->run, subject) ||
	    (category != NULL &&
		view_in_emergency(v, subject, category, owner));
}

bool
view_open_still(struct view *v, const struct view_place *at, struct buf *why,
    enum err *e, struct fail *f)
{
	char text[ID_TEXT_BYTES];
	struct gate_answer a;

	if (*e != OK)
		return false;
	*e = gate_view_ask(&a, v->gate, at->cpt, at->owner, f);
	if (*e != OK)
		return false;
	if (a.shut == GATE_OPEN && v->by_role && a.roles != 0 &&
	    (a.roles & v->roles) == 0)
		a.shut = GATE_ROLE;
	if (a.shut == GATE_OPEN ||
	    (at->category != NULL &&
		view_in_emergency(v, at->subject, at->category, at->owner)))
		return true;
	if (why == NULL)
		return false;
	gate_view_say(why, &a);
	buf_printf(why, "%s", name_of_agency(v->run, at->owner, text));
	if (why->err != OK)
		*e = fail_code(f, why->err);
	return false;
}

bool
view_reads(struct view *v, const struct read_row *row, enum err *e,
    struct fail *f)
{
	const struct view_place at = view_place(row);

	return view_shows(v, row) &&
	    view_sees(v, &row->subject, row->category, &row->owner) &&
	    view_open_still(v, &at, NULL, e, f);
}

static bool
on_one(void *context, const struct read_row *row)
{
	(void)view_shows(context, row);
	return false;
}

struct about {
	struct view *view;
	bool shown;
};

static bool
on_about(void *context, const struct read_row *row)
{
	struct about *x = context;

	x->shown = view_shows(x->view, row);
	return false;
}

static bool
reads_place(struct view *v, const struct view_place *at, enum err *e,
    struct fail *f)
{
	if (is_open_to(v, at->subject, at->category, at->owner))
		return view_sees(v, at->subject, at->category, at->owner) &&
		    view_open_still(v, at, NULL, e, f);
	v->hidden++;
	return false;
}

bool
view_reads_at(struct view *v, const struct view_place *at, enum err *e,
    struct fail *f)
{
	return !is_note(at->category) &&
	    (v->openings || !is_opening(at->category)) &&
	    reads_place(v, at, e, f);
}

bool
view_reads_said(struct view *v, const struct conflict *c, enum err *e,
    struct fail *f)
{
	const struct view_place at = { .cpt = c->cpt,
		.subject = &c->subject,
		.category = c->category,
		.owner = &c->owner };
	struct about x = { .view = v };

	if (!is_note(c->category) && (v->openings || !is_opening(c->category)))
		return view_reads_at(v, &at, e, f);
	return read_get(v->r, c->table, &c->row, c->cpt, on_about, &x, NULL) ==
	    OK &&
	    x.shown && reads_place(v, &at, e, f);
}

enum err
view_row(struct run *run, const struct table *t, const struct row_id *id,
    struct fail *f)
{
	struct view v;
	enum err e = view_begin(&v, run, f);

	if (e != OK)
		return e;
	e = read_get(run->replica, t, id, 0, on_one, &v, f);
	if (e == OK && v.hidden > 0)
		e = fail_set(f, ERR_NOTFOUND, "no %s with this id is here",
		    t->name);
	else if (e == ERR_NOTFOUND || e == ERR_WAIT)
		e = OK;
	view_end(&v);
	return e;
}

/* ---- notices ----------------------------------------------------------------------- */

struct basis {
	const struct read_row *row;
	const struct agency_id *own;
	char words[LIMIT_BASIS_BYTES + 1];
};

static void
on_access(void *context, const struct grant_access *a)
{
	struct basis *b = context;

	if (a->owner == NULL || a->agency == NULL || a->basis == NULL ||
	    !id_equal(&a->owner->id, &b->row->owner) ||
	    !id_equal(&a->agency->id, b->own) ||
	    strcmp(a->category, b->row->category) != 0 ||
	    strlen(a->basis) >= sizeof(b->words))
		return;
	memcpy(b->words, a->basis, strlen(a->basis) + 1);
}

/* What the grant says, or what anything of this kind would carry. */
static const char *
find(struct view *v, const struct read_row *row)
{
	struct basis b = { .row = row, .own = &replica_identity(v->r)->agency };
	struct ground g;
	const char *code;

	if (row->category == NULL || id_equal(&row->owner, b.own))
		return NULL;
	code = policy_notice(v->pack, row->category, v->own, GROUND_NONE, -1);
	if (code == NULL ||
	    grant_access_list(v->r, &row->subject, on_access, &b, NULL) != OK ||
	    ground_read(&g, v->r, b.words, NULL) != OK)
		return code;
	memcpy(v->basis, b.words, sizeof(v->basis));
	for (size_t k = 0; g.notice[0] != '\0' && k < v->pack->notice_count;
	     k++)
		if (strcmp(v->pack->notice[k].code, g.notice) == 0)
			return v->pack->notice[k].code;
	return policy_notice(v->pack, row->category, v->own, g.ground, g.kind);
}

const char *
view_notice(struct view *v, const struct read_row *row)
{
	if (v->cpt != row->cpt) {
		v->basis[0] = '\0';
		v->notice = find(v, row);
		v->cpt = row->cpt;
	}
	return v->notice;
}

const char *
view_basis(const struct view *v)
{
	return v->basis;
}

const char *
view_notice_text(const struct view *v, const char *code)
{
	const char *text = pack_notice_text(v->pack, code);

	return text != NULL ? text : "";
}

static void
say_emergency(struct view *v)
{
	char until[NAME_TIME_BYTES];

	if (v->emergency == 0 || v->emergency_said)
		return;
	v->emergency_said = true;
	name_time(until, v->emergency * 60000, 0);
	run_say(v->run,
	    "EMERGENCY ACCESS until %s: shown for that reason alone; every "
	    "look is written down and reviewed.\n",
	    until);
}

void
view_say_notice(struct view *v, const struct read_row *row)
{
	const char *code = view_notice(v, row);

	say_emergency(v);
	if (code == NULL)
		return;
	for (size_t k = 0; k < v->said_count; k++)
		if (v->said[k] == code)
			return;
	if (v->said_count < VIEW_NOTICES)
		v->said[v->said_count++] = code;
	run_say(v->run, "%s: %s\n", code, view_notice_text(v, code));
}
