/* Roles and training: a few rows each, read when asked. */
#include "node/account/rights.h"

#include <string.h>

#include "node/account/rights_i.h"
#include "node/policy/held.h"
#include "node/policy/rows.h"

#define DAY_MS 86400000
#define DAYS_A_MONTH_NUM 30437 /* thousandths: 365.25 / 12 */

/* who leads; who works with people's records; and who keeps their appointments */
#define LEAD \
	(ACCOUNT_BIT(ACCOUNT_SUPERVISOR) | \
	    ACCOUNT_BIT(ACCOUNT_PRIVACY_OFFICER) | \
	    ACCOUNT_BIT(ACCOUNT_ADMINISTRATOR))
#define CASE \
	(ACCOUNT_BIT(ACCOUNT_OFFICER) | ACCOUNT_BIT(ACCOUNT_COUNSELOR) | \
	    ACCOUNT_BIT(ACCOUNT_CLINICIAN) | \
	    ACCOUNT_BIT(ACCOUNT_SOCIAL_WORKER) | \
	    ACCOUNT_BIT(ACCOUNT_SUPERVISOR) | ACCOUNT_BIT(ACCOUNT_MEDICAL) | \
	    ACCOUNT_BIT(ACCOUNT_RECORDS_OFFICER) | \
	    ACCOUNT_BIT(ACCOUNT_PRIVACY_OFFICER))
#define DESK (CASE | ACCOUNT_BIT(ACCOUNT_CLERK))

static const char *const words[ACCOUNT_ROLE_COUNT] = { "officer", "counselor",
	"clinician", "social_worker", "supervisor", "clerk", "records_officer",
	"privacy_officer", "security_officer", "administrator", "medical",
	"auditor" };

const char *
account_role_word(int role)
{
	return role >= 0 && role < ACCOUNT_ROLE_COUNT ? words[role] : NULL;
}

int
account_role_of(const char *word, size_t n)
{
	for (int i = 0; i < ACCOUNT_ROLE_COUNT; i++) {
		if (strlen(words[i]) == n && memcmp(words[i], word, n) == 0)
			return i;
	}
	return -1;
}

const char *
account_scope_word(enum account_scope scope)
{
	static const char *const names[] = { "nobody", "caseload", "office",
		"all" };

	return names[scope];
}

int64_t
account_now_ms(struct replica *r)
{
	int64_t now = env_wall_ms(replica_env(r));
	int64_t seen = replica_policy_ms(r);

	return seen > now ? seen : now;
}

int64_t
account_civil_ms(struct replica *r)
{
	const struct env *env = replica_env(r);

	return account_now_ms(r) + (int64_t)env->offset_min(env->self) * 60000;
}

int64_t
account_today(struct replica *r)
{
	int64_t ms = account_civil_ms(r);

	return (ms - (ms < 0 ? DAY_MS - 1 : 0)) / DAY_MS;
}

bool
account_names(const struct read_row *row, const char *column,
    const struct row_id *id)
{
	uint8_t found[ID_BYTES];

	return row_id_of(row, column, found) &&
	    memcmp(found, id->b, ID_BYTES) == 0;
}

/* ---- roles ---------------------------------------------------------------- */

struct reading {
	struct account_rights *rights;
	const struct account *account;
	enum account_scope other; /* of roles that work with no case */
	bool set_up;              /* the agency gave somebody a role */
};

static enum account_scope
scope_of(const struct read_row *row)
{
	if (row_is(row, "scope", "all"))
		return ACCOUNT_SCOPE_ALL;
	return row_is(row, "scope", "office") ? ACCOUNT_SCOPE_OFFICE
					      : ACCOUNT_SCOPE_CASELOAD;
}

static enum err
take_role(struct rows *rows, const struct read_row *row)
{
	struct reading *x = rows->context;
	const struct value *word = row_value(row, "role");
	enum account_scope scope = scope_of(row), *reach;
	int role;

	if ((x->set_up &&
		!account_names(row, "staff_id", &x->account->staff)) ||
	    word->type != VALUE_TEXT || !held_now(rows->r, row))
		return OK;
	x->set_up = true;
	if (!account_names(row, "staff_id", &x->account->staff))
		return OK;
	role = account_role_of((const char *)word->p, word->n);
	if (role < 0)
		return OK;
	x->rights->roles |= ACCOUNT_BIT(role);
	reach = (ACCOUNT_BIT(role) & DESK) != 0 ? &x->rights->scope : &x->other;
	if (scope > *reach)
		*reach = scope;
	if (row_id_of(row, "office_id", x->rights->office.b))
		x->rights->has_office = true;
	return OK;
}

static enum err
take_staff(struct rows *rows, const struct read_row *row)
{
	struct reading *x = rows->context;

	if (!id_equal(&row->id, &x->account->staff))
		return OK;
	if (row_is(row, "status", "terminated") ||
	    row_is(row, "status", "suspended"))
		x->rights->is_ended = true;
	if (row_id_of(row, "office_id", x->rights->office.b))
		x->rights->has_office = true;
	return OK;
}

/* ---- who writes what ------------------------------------------------------------ */

#define ORDER \
	"an order is carried out by footbridge seal, and ends by seal vacate"
#define BY_ITSELF "the program keeps this table by itself"

static const struct {
	const char *table;
	uint32_t roles;
	const char *how;
} list[] = {
	{ "staff_role", 0, "roles are given with footbridge account role" },
	{ "break_glass", 0,
	    "what is closed is opened by footbridge emergency" },
	{ "break_glass_review", 0,
	    "an emergency is reviewed by footbridge emergency review" },
	{ "seal_order", 0, ORDER },
	{ "seal_scope", 0, ORDER },
	{ "seal_ack", 0, BY_ITSELF },
	{ "seal_answer", 0,
	    "another agency's order is answered by footbridge "
	    "seal execute or seal decline" },
	{ "mou_signature", 0,
	    "an agreement is signed by footbridge agreement sign" },
	{ "policy_signature", 0,
	    "a policy pack is signed by footbridge policy sign" },
	{ "disclosure", 0,
	    "what was disclosed is put in account by footbridge disclose" },
	{ "disclosure_item", 0,
	    "what was disclosed is put in account by footbridge disclose" },
	{ "person_notice", 0,
	    "that a person was told is said by footbridge notices done" },
	{ "barrier_log", 0, BY_ITSELF },
	{ "journal_head", 0, BY_ITSELF },
	{ "staff", ACCOUNT_BIT(ACCOUNT_ADMINISTRATOR), NULL },
	{ "agency", ACCOUNT_BIT(ACCOUNT_ADMINISTRATOR), NULL },
	{ "office", ACCOUNT_BIT(ACCOUNT_ADMINISTRATOR), NULL },
	{ "access_restriction", LEAD, NULL },
	/* free places are counted by whoever answers referrals */
	{ "program_capacity", CASE, NULL },
	/* whose case load somebody is in */
	{ "assignment", CASE, NULL },
	{ "team", CASE, NULL },
	{ "team_member", CASE, NULL },
	{ "tx_episode", CASE, NULL },
	/* grounds on which records are disclosed */
	{ "consent_scope", CASE, NULL },
	{ "consent_recipient", CASE, NULL },
	{ "legal_authority", CASE, NULL },
	{ "legal_authority_scope", CASE, NULL },
};

uint32_t
account_writers(const char **how, const struct table *t)
{
	for (size_t i = 0; i < COUNT_OF(list); i++) {
		if (strcmp(list[i].table, t->name) != 0)
			continue;
		if (how != NULL)
			*how = list[i].how;
		return list[i].roles;
	}
	return t->subject == SUBJECT_PERSON ? DESK : LEAD;
}

/* ---- training -------------------------------------------------------------- */

#define COURSES_MAX 64

struct training {
	struct row_id course[COURSES_MAX];
	int64_t months[COURSES_MAX];
	size_t count;
	const struct row_id *staff;
	int64_t until; /* the last day that a training holds */
	bool any;
};

static enum err
take_course(struct rows *rows, const struct read_row *row)
{
	struct training *t = rows->context;
	const struct value *months = row_value(row, "valid_months");

	if (!row_is(row, "kind", "confidentiality") ||
	    row_is(row, "active", "no") || t->count == COURSES_MAX)
		return OK;
	t->course[t->count] = row->id;
	t->months[t->count++] =
	    months->type == VALUE_INT && months->i > 0 && months->i < 1200
	    ? months->i
	    : 12;
	return OK;
}

static enum err
take_record(struct rows *rows, const struct read_row *row)
{
	struct training *t = rows->context;
	const struct value *done = row_value(row, "completed_on"),
			   *ends = row_value(row, "expires_on");

	if (!account_names(row, "staff_id", t->staff))
		return OK;
	for (size_t i = 0; i < t->count; i++) {
		int64_t until;

		if (!account_names(row, "course_id", &t->course[i]))
			continue;
		if (ends->type == VALUE_DATE)
			until = ends->i;
		else if (done->type == VALUE_DATE)
			until =
			    done->i + t->months[i] * DAYS_A_MONTH_NUM / 1000;
		else
			continue;
		if (!t->any || until > t->until)
			t->until = until;
		t->any = true;
	}
	return OK;
}

/* An agency that records no such course has no such rule. */
static enum err
judge_training(struct account_rights *out, struct replica *r,
    const struct account *a, int64_t today, int64_t grace_days, struct fail *f)
{
	struct training t = { .staff = &a->staff,
		.until = a->made_ms / DAY_MS };
	struct rows rows = { .r = r, .context = &t, .each = take_course };
	enum err e = rows_read(&rows, "training_course", NULL, f);

	if (e != OK || t.count == 0)
		return e;
	rows.each = take_record;
	e = rows_read(&rows, "training_record", NULL, f);
	out->read_only = e == OK && today > t.until + grace_days;
	return e;
}

/* ---- all of it -------------------------------------------------------------- */

enum err
account_rights(struct account_rights *out, struct replica *r,
    const struct account *a, int64_t grace_days, struct fail *f)
{
	struct reading x = { .rights = out,
		.account = a,
		.other = ACCOUNT_SCOPE_NONE };
	struct rows rows = { .r = r, .context = &x, .each = take_role };
	enum err e;

	*out = (struct account_rights){ 0 };
	out->is_ended = a->disabled_ms != 0 || a->unused_ms != 0 ||
	    (a->ends_ms != 0 && a->ends_ms <= account_now_ms(r));
	e = rows_read(&rows, "staff_role", NULL, f);
	rows.each = take_staff;
	if (e == OK)
		e = rows_read(&rows, "staff", NULL, f);
	if (e == OK)
		e = judge_training(out, r, a, account_today(r), grace_days, f);
	/* an auditor who has a case load sees no more of people by auditing */
	if (out->scope == ACCOUNT_SCOPE_NONE)
		out->scope = x.other;
	out->leads = a->administrator && (held_is_server(r) || !x.set_up);
	if (out->leads && out->roles == 0)
		out->scope = ACCOUNT_SCOPE_ALL;
	if (out->leads)
		out->roles |= ACCOUNT_BIT(ACCOUNT_ADMINISTRATOR);
	return e;
}
