/* disclosures: the account of one person, as it is printed for them. */
#include "node/cmd.h"

#include <stdlib.h>
#include <string.h>

#include "node/actor.h"
#include "node/date.h"
#include "node/disclosed.h"
#include "node/ended.h"
#include "node/name.h"
#include "node/named.h"
#include "node/policy/active.h"
#include "node/policy/case.h"
#include "node/policy/rows.h"
#include "node/role.h"
#include "node/tell.h"
#include "node/view.h"

#define YEARS_PART2 3 /* 42 CFR 2.25(a) */
#define WAY_DAYS 3    /* where the pack names no revocation_answer */
#define YEARS_HIPAA 6 /* 45 CFR 164.528(a)(1) */

enum report { REPORT_ALL, REPORT_PART2, REPORT_HIPAA };

struct given_row {
	struct row_id id, to, basis_id, staff;
	bool has_to, has_basis, has_staff;
	bool before_notice; /* it flowed on a basis that had ended */
	bool on_its_way;    /* or may have arrived only then */
	policy_day day;
	int64_t minute; /* civil, from 1970 */
	int64_t items;
	const char *to_person, *to_address, *what, *category, *purpose, *basis,
	    *basis_words, *notice, *version, *channel, *way, *although;
};

struct accounting {
	struct run *run;
	struct arena arena;
	struct policy_pack *pack;
	bool approved;
	enum report report;
	enum tell_language language;
	policy_day from, to;
	struct row_id person;
	struct given_row *row;
	size_t count;
	/* an agency that asked to be left out for now, and until when */
	char suspended_by[LIMIT_NAME_BYTES + 1];
	policy_day suspended_until;
	int64_t left_out;
};

/* ---- what belongs in it ------------------------------------------------------------- */

static bool
is_label(const struct given_row *g, const char *label)
{
	return strncmp(g->category, label, 3) == 0;
}

static bool
is_one_of(const char *word, const char *const *list, size_t count)
{
	for (size_t k = 0; k < count; k++)
		if (strcmp(word, list[k]) == 0)
			return true;
	return false;
}

static bool
is_in(const struct accounting *a, const struct given_row *g)
{
	static const char *const tpo[] = { "treatment", "payment",
		"operations" };
	static const char *const own[] = { "consent", "person" };

	if (g->day < a->from || g->day > a->to)
		return false;
	if (a->report == REPORT_PART2)
		return is_label(g, "TX2");
	if (a->report == REPORT_HIPAA)
		return (is_label(g, "TX2") || is_label(g, "MHT")) &&
		    !is_one_of(g->purpose, tpo, COUNT_OF(tpo)) &&
		    !is_one_of(g->basis, own, COUNT_OF(own));
	return true;
}

static const char *
receiver(const struct accounting *a, const struct given_row *g,
    char id[static ID_TEXT_BYTES])
{
	struct agency_id agency;

	if (!g->has_to)
		return tell_line(a->language, TELL_NO_AGENCY);
	memcpy(agency.b, g->to.b, ID_BYTES);
	return name_of_agency(a->run, &agency, id);
}

/* 45 CFR 164.528(a)(2): an agency of law enforcement or oversight asked in
 * writing that what it got be left out for a time. */
static bool
is_suspended(const struct accounting *a, const struct given_row *g)
{
	char id[ID_TEXT_BYTES];

	return a->suspended_by[0] != '\0' &&
	    (strcmp(a->suspended_by, receiver(a, g, id)) == 0 ||
		strcmp(a->suspended_by, g->to_person) == 0);
}

static enum err
on_request(struct rows *rows, const struct read_row *row)
{
	struct accounting *a = rows->context;
	policy_day until = row_day(row, "suspended_until");
	const struct value *by = row_value(row, "suspended_by");

	if (until == POLICY_NO_DAY || until < policy_today(a->run->replica) ||
	    by->type != VALUE_TEXT || by->n >= sizeof(a->suspended_by))
		return OK;
	memcpy(a->suspended_by, by->p, by->n);
	a->suspended_by[by->n] = '\0';
	a->suspended_until = until;
	return OK;
}

static enum err
on_disclosure(struct rows *rows, const struct read_row *row)
{
	struct accounting *a = rows->context;
	struct given_row g = { .day = row_day(row, "sent_at"),
		.minute = row_value(row, "sent_at")->i,
		.items = row_value(row, "item_count")->i,
		.id = row->id,
		.before_notice = row_yes(row, "before_notice") };
	const struct {
		const char **to, *column;
	} texts[] = { { &g.to_person, "to_person" },
		{ &g.to_address, "to_address" }, { &g.what, "what" },
		{ &g.category, "category" }, { &g.purpose, "purpose" },
		{ &g.basis, "basis" }, { &g.basis_words, "basis_words" },
		{ &g.notice, "notice_code" }, { &g.version, "policy_version" },
		{ &g.channel, "channel" }, { &g.way, "way" },
		{ &g.although, "although" } };
	struct given_row *to;

	for (size_t k = 0; k < COUNT_OF(texts); k++) {
		*texts[k].to =
		    arena_text(rows->arena, row_value(row, texts[k].column));
		if (*texts[k].to == NULL)
			return ERR_NOMEM;
	}
	g.has_to = row_id_of(row, "to_agency_id", g.to.b);
	g.has_basis = row_id_of(row, "basis_id", g.basis_id.b);
	g.has_staff = row_id_of(row, "staff_id", g.staff.b);
	if (!is_in(a, &g))
		return OK;
	if (is_suspended(a, &g)) {
		a->left_out++;
		return OK;
	}
	to = arena_more(rows->arena, &a->row, &a->count, sizeof(*to));
	if (to == NULL)
		return ERR_NOMEM;
	*to = g;
	return OK;
}

static int
by_time(const void *a, const void *b)
{
	const struct given_row *x = a, *y = b;

	if (x->minute != y->minute)
		return x->minute < y->minute ? -1 : 1;
	return memcmp(x->id.b, y->id.b, ID_BYTES);
}

/* Where an agency is, as the directory has it: of its offices the first. */
struct office {
	struct row_id agency;
	const char *address;
};

static enum err
on_office(struct rows *rows, const struct read_row *row)
{
	struct office *o = rows->context;

	if (memcmp(row->owner.b, o->agency.b, ID_BYTES) == 0 &&
	    o->address[0] == '\0')
		o->address = arena_text(rows->arena, row_value(row, "address"));
	return o->address != NULL ? OK : ERR_NOMEM;
}

static enum err
find_address(struct accounting *a, struct given_row *g, struct fail *f)
{
	struct office o = { .agency = g->to, .address = "" };
	struct rows rows = { .r = a->run->replica,
		.arena = &a->arena,
		.context = &o,
		.each = on_office };
	enum err e;

	if (g->to_address[0] != '\0' || !g->has_to)
		return OK;
	e = rows_read(&rows, "office", NULL, f);
	g->to_address = o.address;
	return e;
}

/* How long what goes by a hub or on a stick is taken to be on its way. */
static int64_t
way_minutes(const struct accounting *a)
{
	int32_t days = pack_deadline(a->pack, "revocation_answer");

	return (int64_t)(days >= 0 ? days : WAY_DAYS) * 24 * 60;
}

static void
judge(const struct accounting *a, const struct ended *ended,
    struct given_row *g)
{
	struct agency_id agency = { { 0 } };
	struct ended_row q = { .basis = g->has_basis ? &g->basis_id : NULL,
		.words = g->basis_words,
		.category = g->category,
		.agency = g->has_to ? &agency : NULL,
		.minute = g->minute };
	bool carried = g->way[0] != '\0' || strcmp(g->channel, "bundle") == 0;
	int64_t end;

	/* by hand it was given on the spot, on what stood then */
	if (!carried && strcmp(g->channel, "sync") != 0)
		return;
	memcpy(agency.b, g->to.b, ID_BYTES);
	end = ended_minute(ended, &q);
	g->before_notice = g->before_notice || g->minute >= end;
	g->on_its_way = !g->before_notice && carried && end != ENDED_NEVER &&
	    end - g->minute <= way_minutes(a);
}

static enum err
judge_all(struct accounting *a, struct fail *f)
{
	struct ended *ended = NULL;
	enum err e =
	    ended_load(&ended, a->run->replica, &a->person, &a->arena, f);

	for (size_t k = 0; e == OK && k < a->count; k++)
		judge(a, ended, &a->row[k]);
	return e;
}

static enum err
load(struct accounting *a, struct fail *f)
{
	struct rows rows = { .r = a->run->replica,
		.arena = &a->arena,
		.context = a,
		.each = on_request };
	enum err e = rows_read(&rows, "privacy_request", &a->person, f);

	rows.each = on_disclosure;
	if (e == OK)
		e = rows_read(&rows, "disclosure", &a->person, f);
	if (e == OK && a->count > 0)
		qsort(a->row, a->count, sizeof(*a->row), by_time);
	for (size_t k = 0; e == OK && k < a->count; k++)
		e = find_address(a, &a->row[k], f);
	return e == OK && a->count > 0 ? judge_all(a, f) : e;
}

/* ---- how it is said -------------------------------------------------------------------- */

#define LINE(a, line) tell_line((a)->language, TELL_##line)

static void
say_line(const struct accounting *a, enum tell_line line, const char *text)
{
	run_say(a->run, "   %-20s %s\n", tell_line(a->language, line), text);
}

static void
say_basis(const struct accounting *a, const struct given_row *g, struct buf *b)
{
	buf_printf(b, "%s", tell_word(a->language, g->basis));
	if (g->has_basis)
		buf_printf(b, " (%02x%02x%02x%02x)", g->basis_id.b[0],
		    g->basis_id.b[1], g->basis_id.b[2], g->basis_id.b[3]);
	if (g->basis_words[0] != '\0')
		buf_printf(b, ", %.*s", (int)strcspn(g->basis_words, " "),
		    g->basis_words);
	if (strcmp(g->basis, "hand") == 0 && g->has_staff) {
		buf_printf(b, ", ");
		name_show_staff(b, a->run, &g->staff);
	}
}

static void
say_what(const struct accounting *a, const struct given_row *g, struct buf *b)
{
	tell_category(b, a->language, g->category);
	if (a->language == TELL_ENGLISH)
		buf_printf(b, " (%s)", g->what);
	else if (g->items > 0)
		buf_printf(b, " (%lld %s)", (long long)g->items,
		    LINE(a, ENTRIES));
}

static void
say_row(const struct accounting *a, const struct given_row *g, size_t n)
{
	char at[NAME_TIME_BYTES], id[ID_TEXT_BYTES];
	struct buf b = { .limit = 8192 };

	name_time(at, g->minute * 60000, 0);
	run_say(a->run, "\n%zu. %s\n", n, at);
	buf_printf(&b, "%s%s%s%s%s", receiver(a, g, id),
	    g->to_person[0] != '\0' ? ", " : "", g->to_person,
	    g->to_address[0] != '\0' ? ", " : "", g->to_address);
	say_line(a, TELL_TO, buf_cstr(&b));
	buf_reset(&b);
	say_what(a, g, &b);
	say_line(a, TELL_WHAT, buf_cstr(&b));
	say_line(a, TELL_PURPOSE, tell_word(a->language, g->purpose));
	buf_reset(&b);
	say_basis(a, g, &b);
	say_line(a, TELL_BASIS, buf_cstr(&b));
	buf_reset(&b);
	buf_printf(&b, "%s%s%s", tell_word(a->language, g->channel),
	    g->way[0] != '\0' && a->language == TELL_ENGLISH ? ", " : "",
	    a->language == TELL_ENGLISH ? g->way : "");
	say_line(a, TELL_HOW, buf_cstr(&b));
	buf_reset(&b);
	buf_printf(&b, "%s%s%s", g->version, g->notice[0] != '\0' ? ", " : "",
	    g->notice);
	say_line(a, TELL_RULES, buf_cstr(&b));
	if (g->before_notice)
		run_say(a->run, "   %s\n", LINE(a, BEFORE_NOTICE));
	if (g->on_its_way)
		run_say(a->run, "   %s\n", LINE(a, ON_ITS_WAY));
	if (g->although[0] != '\0')
		run_say(a->run, "   %s: %s\n", LINE(a, ALTHOUGH), g->although);
	buf_release(&b);
}

static bool
is_first(const struct accounting *a, size_t at)
{
	for (size_t k = 0; k < at; k++)
		if (strcmp(a->row[k].notice, a->row[at].notice) == 0)
			return false;
	return a->row[at].notice[0] != '\0';
}

static void
say_notices(const struct accounting *a)
{
	bool any = false;

	for (size_t k = 0; k < a->count; k++) {
		const char *code = a->row[k].notice;
		const char *text = pack_notice_text(a->pack, code);

		if (!is_first(a, k))
			continue;
		if (!any)
			run_say(a->run, "\n%s\n", LINE(a, NOTICES));
		any = true;
		run_say(a->run, "  %s: %s\n", code, text != NULL ? text : "?");
	}
}

static void
say_head(const struct accounting *a)
{
	const struct table *t =
	    registry_table(replica_registry(a->run->replica), "person");
	char from[POLICY_DAY_CHARS], to[POLICY_DAY_CHARS];
	char today[POLICY_DAY_CHARS], id[ID_TEXT_BYTES];
	struct buf b = { .limit = 4096 };

	policy_day_text(from, a->from);
	policy_day_text(to, a->to);
	policy_day_text(today, policy_today(a->run->replica));
	run_say(a->run, "%s\n%s\n\n", LINE(a, TITLE),
	    a->report == REPORT_PART2       ? LINE(a, PART2)
		: a->report == REPORT_HIPAA ? LINE(a, HIPAA)
					    : LINE(a, ALL));
	named_show(&b, a->run, t, &a->person);
	say_line(a, TELL_PERSON, buf_cstr(&b));
	say_line(a, TELL_BY,
	    name_of_agency(a->run, &replica_identity(a->run->replica)->agency,
		id));
	say_line(a, TELL_MADE, today);
	buf_reset(&b);
	buf_printf(&b, "%s, %s", from, to);
	say_line(a, TELL_COVERS, buf_cstr(&b));
	buf_release(&b);
	if (!a->approved)
		run_say(a->run, "   %s\n", LINE(a, SAMPLE));
}

static void
say_account(const struct accounting *a)
{
	char until[POLICY_DAY_CHARS];

	say_head(a);
	for (size_t k = 0; k < a->count; k++)
		say_row(a, &a->row[k], k + 1);
	if (a->count == 0)
		run_say(a->run, "\n%s\n", LINE(a, NONE));
	say_notices(a);
	run_say(a->run, "\n%s\n", LINE(a, CLOSING));
	if (a->left_out == 0)
		return;
	policy_day_text(until, a->suspended_until);
	/* for staff: not for the page that the person gets */
	run_warn("disclosures to an agency that asked for it in writing are "
		 "left out of this account for now: footbridge list "
		 "privacy_request says until when");
}

/* ---- JSON -------------------------------------------------------------------------------- */

static json_t *
row_json(const struct accounting *a, const struct given_row *g)
{
	char at[NAME_TIME_BYTES], id[ID_TEXT_BYTES], basis[ID_TEXT_BYTES] = "";

	name_time(at, g->minute * 60000, 0);
	if (g->has_basis)
		hex_encode(basis, g->basis_id.b, ID_BYTES);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, "
			 "s:s, s:s, s:s, s:s, s:b, s:b, s:s, s:I}",
	    "at", at, "to", g->has_to ? receiver(a, g, id) : "", "to_person",
	    g->to_person, "address", g->to_address, "what", g->what, "category",
	    g->category, "purpose", g->purpose, "basis", g->basis, "basis_id",
	    basis, "basis_words", g->basis_words, "channel", g->channel, "way",
	    g->way, "pack", g->version, "notice", g->notice,
	    "sent_before_notice", g->before_notice, "maybe_on_its_way",
	    g->on_its_way, "although", g->although, "items",
	    (json_int_t)g->items);
}

static enum err
say_json(const struct accounting *a, struct fail *f)
{
	static const char *const reports[] = { "all", "part2", "hipaa" };
	char from[POLICY_DAY_CHARS], to[POLICY_DAY_CHARS], id[ID_TEXT_BYTES];
	json_t *rows = json_array(), *notices = json_object();

	policy_day_text(from, a->from);
	policy_day_text(to, a->to);
	hex_encode(id, a->person.b, ID_BYTES);
	for (size_t k = 0; k < a->count; k++) {
		const char *code = a->row[k].notice;
		const char *text = pack_notice_text(a->pack, code);

		(void)json_array_append_new(rows, row_json(a, &a->row[k]));
		if (is_first(a, k))
			(void)json_object_set_new(notices, code,
			    json_string(text != NULL ? text : ""));
	}
	return run_json(a->run,
	    json_pack("{s:s, s:s, s:s, s:s, s:b, s:I, s:o, s:o}", "person", id,
		"report", reports[a->report], "from", from, "to", to, "sample",
		!a->approved, "left_out", (json_int_t)a->left_out,
		"disclosures", rows, "notices", notices),
	    f);
}

/* ---- the command ----------------------------------------------------------------------------- */

static enum err
read_day(policy_day *out, const struct run *run, const char *option,
    struct fail *f)
{
	const char *text = cli_get(run->cli, option);
	struct value v;
	enum err e;

	if (text == NULL)
		return OK;
	e = date_parse(&v, text, DATE_YMD, f);
	if (e != OK)
		return fail_in(f, e, "--%s", option);
	*out = (policy_day)v.i;
	return OK;
}

/* The same day so many years ago; of 29 February the 28th. */
static policy_day
years_before(policy_day day, int years)
{
	int64_t days;
	int y, m, d;

	value_civil(&y, &m, &d, day);
	if (value_days(&days, y - years, m, d) != OK &&
	    value_days(&days, y - years, m, 28) != OK)
		return day;
	return (policy_day)days;
}

static enum err
read_options(struct accounting *a, struct fail *f)
{
	struct run *run = a->run;
	policy_day today = policy_today(run->replica);
	enum err e =
	    tell_language_of(&a->language, cli_get(run->cli, "language"), f);

	if (cli_get(run->cli, "part2") != NULL)
		a->report = REPORT_PART2;
	if (cli_get(run->cli, "hipaa") != NULL) {
		if (a->report != REPORT_ALL)
			return fail_set(f, ERR_USAGE,
			    "disclosures: want --part2 or --hipaa, not both");
		a->report = REPORT_HIPAA;
	}
	a->to = today;
	a->from = years_before(today,
	    a->report == REPORT_PART2 ? YEARS_PART2 : YEARS_HIPAA);
	if (e == OK)
		e = read_day(&a->from, run, "from", f);
	if (e == OK)
		e = read_day(&a->to, run, "to", f);
	if (e == OK && a->from > a->to)
		e = fail_set(f, ERR_USAGE, "disclosures: --from is after --to");
	return e;
}

enum err
cmd_disclosures(struct run *run, struct fail *f)
{
	struct accounting a = { .run = run };
	struct view v = { .run = NULL };
	struct row_id staff;
	bool more = true;
	enum err e = read_options(&a, f);

	if (e == OK)
		e = role_need(&staff, run,
		    ROLE_BITS_RECORDS | POLICY_BIT(ROLE_AUDITOR) |
			POLICY_BIT(ROLE_SECURITY_OFFICER),
		    "the account of disclosures", f);
	if (e == OK)
		e = actor_subject(run, &a.person, run_word(run, 0), f);
	while (e == OK && more) {
		e = disclosed_settle(run->replica, NULL, &more, f);
		run_yield(run);
	}
	if (e == OK)
		e = policy_active(&a.pack, &a.approved, run->replica,
		    policy_today(run->replica), f);
	if (e == OK)
		e = load(&a, f);
	if (e == OK)
		e = view_begin(&v, run, f);
	if (e == OK && run->cli->json)
		e = say_json(&a, f);
	else if (e == OK)
		say_account(&a);
	view_end(&v);
	pack_free(a.pack);
	arena_release(&a.arena);
	return e;
}
