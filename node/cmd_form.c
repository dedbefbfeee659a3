/* form: a consent, a revocation or a notice, filled in and ready to print. */
#include "node/cmd.h"

#include <stdio.h>
#include <string.h>

#include "node/actor.h"
#include "node/form_list.h"
#include "node/informing.h"
#include "node/name.h"
#include "node/opened.h"
#include "node/policy/active.h"
#include "node/policy/case.h"
#include "node/policy/form.h"
#include "node/policy/rows.h"
#include "node/show_gate.h"
#include "node/view.h"
#include "sync/audit.h"

#define ENTRIES_MAX 64

/* ---- what it is filled with ------------------------------------------------------------ */

struct filling {
	struct run *run;
	struct arena arena;
	struct form *words;
	/* by form_blanks */
	const char *blank[24];
	const char *records[ENTRIES_MAX], *recipients[ENTRIES_MAX];
	size_t record_count, recipient_count;
	struct row_id person, consent;
	bool has_person, has_consent;
	struct view *view; /* while the person is asked for */
	enum err e;
	struct fail *fail;
};

static void
fill_blank(struct filling *x, const char *name, const char *value)
{
	for (size_t k = 0; form_blanks[k] != NULL; k++)
		if (strcmp(form_blanks[k], name) == 0 && value != NULL &&
		    value[0] != 0)
			x->blank[k] = arena_copy(&x->arena, value);
}

static void
fill_column(struct filling *x, const char *name, const struct read_row *row,
    const char *column)
{
	fill_blank(x, name, arena_text(&x->arena, row_value(row, column)));
}

static void
fill_day(struct filling *x, const char *name, policy_day day)
{
	char text[POLICY_DAY_CHARS];

	if (day == POLICY_NO_DAY)
		return;
	policy_day_text(text, day);
	fill_blank(x, name, text);
}

static void
fill_agency(struct filling *x, const char *name, const uint8_t *id)
{
	char text[ID_TEXT_BYTES];
	struct agency_id agency;

	memcpy(agency.b, id, sizeof(agency.b));
	fill_blank(x, name, name_of_agency(x->run, &agency, text));
}

static bool
on_person(void *context, const struct read_row *row)
{
	struct filling *x = context;

	if (!view_reads(x->view, row, &x->e, x->fail))
		return false;
	fill_column(x, "person", row, "legal_name");
	fill_day(x, "born", row_day(row, "birth_date"));
	return false;
}

/* Words with commas, in the words of the form's language. */
static void
fill_purposes(struct filling *x, const struct read_row *row)
{
	uint32_t bits = row_bits(row, "purposes", LIST_PURPOSE);
	struct buf b = { 0 };

	buf_init(&b, 4096);
	for (int k = 0; policy_word(LIST_PURPOSE, k) != NULL; k++) {
		char key[64];
		const char *word;

		if ((bits & POLICY_BIT(k)) == 0)
			continue;
		(void)snprintf(key, sizeof(key), "purpose.%s",
		    policy_word(LIST_PURPOSE, k));
		word = form_word(x->words, key);
		buf_printf(&b, "%s%s", b.n > 0 ? "; " : "",
		    word != NULL ? word : policy_word(LIST_PURPOSE, k));
	}
	if (row_said(row, "purpose"))
		fill_column(x, "purpose", row, "purpose");
	else
		fill_blank(x, "purpose", buf_cstr(&b));
	buf_release(&b);
}

static void
fill_basis(struct filling *x, const struct read_row *row)
{
	const char *word = form_word(x->words, "basis.consent");
	char day[POLICY_DAY_CHARS] = "", text[160];

	if (row_day(row, "signed_on") == POLICY_NO_DAY || word == NULL)
		return;
	policy_day_text(day, row_day(row, "signed_on"));
	(void)snprintf(text, sizeof(text), "%.100s %s", word, day);
	fill_blank(x, "basis", text);
}

static bool
on_consent(void *context, const struct read_row *row)
{
	struct filling *x = context;
	uint8_t id[ID_BYTES];

	x->person = row->subject;
	x->has_person = true;
	memcpy(id, row->owner.b, ID_BYTES);
	(void)row_id_of(row, "discloser_id", id);
	fill_agency(x, "discloser", id);
	fill_column(x, "information", row, "info_description");
	fill_purposes(x, row);
	fill_day(x, "effective", row_day(row, "effective_on"));
	fill_column(x, "expires", row, "expires_event");
	fill_day(x, "expires", row_day(row, "expires_on"));
	fill_column(x, "duration", row, "duration_reason");
	fill_column(x, "revocable", row, "revocable_event");
	fill_day(x, "revocable", row_day(row, "revocable_on"));
	fill_column(x, "signed_by", row, "signed_by");
	fill_day(x, "signed_on", row_day(row, "signed_on"));
	if (row_said(row, "signer_capacity") &&
	    !row_is(row, "signer_capacity", "self"))
		fill_column(x, "capacity", row, "signer_capacity");
	fill_basis(x, row);
	return false;
}

static bool
is_of_consent(const struct filling *x, const struct read_row *row)
{
	struct row_id id;

	return row_id_of(row, "consent_id", id.b) &&
	    id_equal(&id, &x->consent) && !row_is(row, "state", "removed");
}

static enum err
on_scope(struct rows *rows, const struct read_row *row)
{
	struct filling *x = rows->context;
	const char *category =
	    arena_text(&x->arena, row_value(row, "category"));
	const char *word;

	if (!is_of_consent(x, row) || x->record_count == ENTRIES_MAX)
		return OK;
	if (category == NULL)
		return ERR_NOMEM;
	word = form_word(x->words, category);
	x->records[x->record_count++] = word != NULL ? word : category;
	return OK;
}

static enum err
on_recipient(struct rows *rows, const struct read_row *row)
{
	struct filling *x = rows->context;
	char text[ID_TEXT_BYTES], key[96];
	const char *name = arena_text(&x->arena, row_value(row, "class"));
	struct agency_id agency;

	if (!is_of_consent(x, row) || x->recipient_count == ENTRIES_MAX)
		return OK;
	if (name == NULL)
		return ERR_NOMEM;
	if (row_id_of(row, "agency_id", agency.b)) {
		name = name_of_agency(x->run, &agency, text);
	} else {
		(void)snprintf(key, sizeof(key), "class.%.80s", name);
		if (form_word(x->words, key) != NULL)
			name = form_word(x->words, key);
	}
	name = arena_copy(&x->arena, name);
	if (name == NULL)
		return ERR_NOMEM;
	x->recipients[x->recipient_count++] = name;
	return OK;
}

static enum err
fill_consent(struct filling *x, const char *word, struct fail *f)
{
	struct replica *r = x->run->replica;
	const struct registry *g = replica_registry(r);
	const struct table *t = registry_table(g, "consent");
	struct rows rows = { .r = r, .arena = &x->arena, .context = x };
	enum err e = name_found(&x->consent, x->run, t, word, f);

	if (e == OK)
		e = show_gate_must_read(x->run, t, &x->consent, f);
	if (e == OK)
		e = read_get(r, t, &x->consent, 0, on_consent, x, f);
	rows.each = on_scope;
	if (e == OK)
		e = rows_read(&rows, "consent_scope", &x->person, f);
	rows.each = on_recipient;
	if (e == OK)
		e = rows_read(&rows, "consent_recipient", &x->person, f);
	return e;
}

/* "TX2.attendance,SAF" as lines. */
static enum err
fill_records(struct filling *x, const char *categories)
{
	for (const char *at = categories;
	     *at != '\0' && x->record_count < ENTRIES_MAX;
	     at += strspn(at, ", ")) {
		size_t n = strcspn(at, ", ");
		const struct value part = { .type = VALUE_TEXT,
			.p = (const uint8_t *)at,
			.n = n };
		const char *one = arena_text(&x->arena, &part), *word;

		if (one == NULL)
			return ERR_NOMEM;
		word = form_word(x->words, one);
		if (n > 0)
			x->records[x->record_count++] =
			    word != NULL ? word : one;
		at += n;
	}
	return OK;
}

static void
fill_minute(struct filling *x, const char *name, int64_t minute)
{
	char at[NAME_TIME_BYTES];

	name_time(at, minute * 60000, 0);
	fill_blank(x, name, at);
}

static enum err
fill_opened(struct filling *x, const struct informing *n, struct fail *f)
{
	struct opened *list = NULL;
	size_t count = 0;
	enum err e =
	    opened_load(&list, &count, x->run->replica, NULL, &x->arena, f);

	for (size_t k = 0; e == OK && k < count; k++) {
		char key[96];
		const char *word;

		if (!id_equal(&list[k].id, &n->about))
			continue;
		(void)snprintf(key, sizeof(key), "emergency.%.60s",
		    list[k].reason);
		word = form_word(x->words, key);
		fill_blank(x, "why", word != NULL ? word : list[k].reason);
		fill_minute(x, "happened", list[k].from);
		fill_minute(x, "until", list[k].to);
		return fill_records(x, list[k].categories);
	}
	return e;
}

static enum err
fill_notice(struct filling *x, const char *word, struct fail *f)
{
	const struct table *t =
	    registry_table(replica_registry(x->run->replica), "person_notice");
	struct informing *list = NULL;
	size_t count = 0;
	struct row_id id;
	enum err e = name_row(&id, x->run, t, word, f);

	if (e == OK)
		e = show_gate_must_read(x->run, t, &id, f);
	if (e == OK)
		e = informing_load(&list, &count, x->run->replica, &x->arena,
		    f);
	for (size_t k = 0; e == OK && k < count; k++) {
		if (!id_equal(&list[k].id, &id))
			continue;
		x->person = list[k].person;
		x->has_person = true;
		fill_day(x, "happened", list[k].known);
		fill_blank(x, "machine", list[k].machine);
		return list[k].breach ? fill_records(x, list[k].categories)
				      : fill_opened(x, &list[k], f);
	}
	return e != OK
	    ? e
	    : fail_set(f, ERR_NOTFOUND, "there is no such notice here");
}

/* The name stays blank where it is not for whoever acts, or is not shared with
 * this office. */
static enum err
fill_person(struct filling *x, struct fail *f)
{
	struct replica *r = x->run->replica;
	const struct table *t = registry_table(replica_registry(r), "person");
	struct view v;
	enum err e = view_begin(&v, x->run, f);

	if (e != OK)
		return e;
	x->view = &v;
	x->fail = f;
	e = read_get(r, t, &x->person, 0, on_person, x, f);
	x->view = NULL;
	view_end(&v);
	if (e == ERR_NOTFOUND)
		return OK;
	return e == OK ? x->e : e;
}

static enum err
fill(struct filling *x, struct fail *f)
{
	struct replica *r = x->run->replica;
	const char *person = cli_get(x->run->cli, "person");
	const char *consent = cli_get(x->run->cli, "consent");
	const char *notice = cli_get(x->run->cli, "notice");
	/* the name is what a form takes of somebody */
	static const char *const head[] = { "IDX" };
	struct row_id given;
	enum err e = OK;

	fill_agency(x, "discloser", replica_identity(r)->agency.b);
	fill_day(x, "today", policy_today(r));
	if (consent != NULL && notice != NULL)
		return fail_set(f, ERR_USAGE,
		    "form: want --consent or --notice, not both");
	if (consent != NULL)
		e = fill_consent(x, consent, f);
	if (notice != NULL)
		e = fill_notice(x, notice, f);
	if (e == OK && person != NULL) {
		e = actor_subject(x->run, &given, person, f);
		if (e == OK)
			e = actor_must_see_these(x->run, &given, head, 1, f);
		if (e == OK && x->has_person && !id_equal(&given, &x->person))
			e = fail_set(f, ERR_INPUT,
			    "that %s is another person's",
			    consent != NULL ? "consent" : "notice");
		x->person = given;
		x->has_person = true;
	}
	return e == OK && x->has_person ? fill_person(x, f) : e;
}

static const char *
on_blank(void *context, const char *name)
{
	const struct filling *x = context;

	for (size_t k = 0; form_blanks[k] != NULL; k++)
		if (strcmp(form_blanks[k], name) == 0)
			return x->blank[k];
	return NULL;
}

static const char *
on_entry(void *context, const char *list, size_t k)
{
	const struct filling *x = context;

	if (strcmp(list, "records") == 0)
		return k < x->record_count ? x->records[k] : NULL;
	return k < x->recipient_count ? x->recipients[k] : NULL;
}

/* ---- printing --------------------------------------------------------------------------- */

/* What is printed of a person stands in the journal. */
static enum err
note_print(const struct filling *x, const char *name, struct fail *f)
{
	struct row_id staff;
	struct audit_entry entry = { .act = "print",
		.row = x->has_consent ? &x->consent : NULL,
		.subject = &x->person,
		.note = name };
	bool have = false;
	enum err e = name_acting(&staff, &have, x->run, f);

	entry.staff = have ? &staff : NULL;
	if (e != OK || !x->has_person)
		return e;
	return audit_write(x->run->replica, &entry, f);
}

static enum err
print(struct filling *x, const struct form *form, bool sample, struct fail *f)
{
	const char *mark = form_word(x->words, "sample");
	struct form_fill how = { on_blank, on_entry, x, NULL, NULL };
	struct policy_pack *pack;
	struct buf out = { 0 };
	bool approved;
	enum err e = policy_active(&pack, &approved, x->run->replica,
	    policy_today(x->run->replica), f);

	if (e != OK)
		return e;
	how.pack = pack;
	if (sample || !approved)
		how.mark = mark != NULL ? mark : POLICY_SAMPLE_WORDS;
	buf_init(&out, (size_t)4 * 1024 * 1024);
	if (cli_get(x->run->cli, "html") != NULL)
		form_html(&out, form, &how);
	else
		form_text(&out, form, &how);
	e = out.err != OK ? fail_code(f, out.err)
			  : note_print(x, form->name, f);
	if (e == OK && x->run->cli->json)
		e = run_json(x->run,
		    json_pack("{s:s, s:s, s:s, s:b, s:s%}", "name", form->name,
			"language", form->language, "version", form->version,
			"sample", how.mark != NULL, "text", (const char *)out.p,
			out.n),
		    f);
	else if (e == OK)
		run_say(x->run, "%.*s", (int)out.n, (const char *)out.p);
	buf_release(&out);
	pack_free(pack);
	return e;
}

static enum err
print_form(const struct forms *forms, const char *name, struct fail *f)
{
	struct run *run = forms->run;
	const char *language = cli_get(run->cli, "language");
	const struct known_form *k, *words;
	struct filling x = { .run = run };
	struct form *form = NULL;
	enum err e;

	if (language == NULL)
		language = "en";
	k = form_list_find(forms, name, language);
	words = form_list_find(forms, "words", language);
	if (k == NULL)
		return fail_set(f, ERR_NOTFOUND,
		    "no form %.40s in language %.8s; footbridge form lists "
		    "them",
		    name, language);
	e = form_parse(&form, k->text.text, k->text.n, f);
	if (e == OK && words != NULL)
		e = form_parse(&x.words, words->text.text, words->text.n, f);
	if (e != OK)
		e = fail_in(f, e, "form %.40s %.8s", name, language);
	x.has_consent = cli_get(run->cli, "consent") != NULL;
	if (e == OK)
		e = fill(&x, f);
	if (e == OK)
		e = print(&x, form, k->sample, f);
	form_free(form);
	form_free(x.words);
	arena_release(&x.arena);
	return e;
}

enum err
cmd_form(struct run *run, struct fail *f)
{
	struct forms x = { .run = run };
	const char *name = run_word(run, 0);
	enum err e = form_list_load(&x, f);

	if (e == OK)
		e = name == NULL || strcmp(name, "list") == 0
		    ? form_list_say(&x, f)
		    : print_form(&x, name, f);
	arena_release(&x.arena);
	return e;
}
