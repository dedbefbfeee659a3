#include "node/form_list.h"

#include <string.h>

#include "node/policy/case.h"
#include "node/policy/form.h"
#include "node/policy/rows.h"

static const char *
keep_text(struct arena *arena, const char *text, size_t n)
{
	struct value v = { .type = VALUE_TEXT,
		.p = (const uint8_t *)text,
		.n = n };

	return arena_text(arena, &v);
}

/* "part2_general.en" */
static enum err
add_shipped(struct forms *x, const struct shipped *s, const char *name,
    size_t n)
{
	struct known_form *k =
	    arena_more(&x->arena, &x->list, &x->count, sizeof(*k));
	size_t dot = 0;

	while (dot < n && name[dot] != '.')
		dot++;
	if (k == NULL || dot == n)
		return ERR_NOMEM;
	*k = (struct known_form){ .text = *s,
		.name = keep_text(&x->arena, name, dot),
		.language = keep_text(&x->arena, name + dot + 1, n - dot - 1),
		.effective = POLICY_NO_DAY,
		.sample = true };
	return k->name != NULL && k->language != NULL ? OK : ERR_NOMEM;
}

static enum err
on_own(struct rows *rows, const struct read_row *row)
{
	struct forms *x = rows->context;
	const struct value *body = row_value(row, "body");
	policy_day from = row_day(row, "effective_on");
	struct known_form *k;

	if (!id_equal(&row->owner,
		&replica_identity(x->run->replica)->agency) ||
	    body->type != VALUE_TEXT ||
	    (from != POLICY_NO_DAY && from > x->today))
		return OK;
	k = arena_more(&x->arena, &x->list, &x->count, sizeof(*k));
	if (k == NULL)
		return ERR_NOMEM;
	*k = (struct known_form){
		.name = arena_text(&x->arena, row_value(row, "code")),
		.language = arena_text(&x->arena, row_value(row, "language")),
		.text = { arena_text(&x->arena, body), body->n },
		.effective = from,
		.sample = row_yes(row, "sample"),
		.own = true,
	};
	return k->name != NULL && k->language != NULL && k->text.text != NULL
	    ? OK
	    : ERR_NOMEM;
}

enum err
form_list_load(struct forms *x, struct fail *f)
{
	struct rows rows = { .r = x->run->replica,
		.arena = &x->arena,
		.context = x,
		.each = on_own };
	struct shipped s;
	const char *name;
	size_t n;
	enum err e = OK;

	x->today = policy_today(x->run->replica);
	for (size_t k = 0; e == OK && shipped_at(&s, &name, &n, ".form", k);
	     k++)
		e = add_shipped(x, &s, name, n);
	return e == OK ? rows_read(&rows, "policy_form", NULL, f)
		       : fail_code(f, e);
}

const struct known_form *
form_list_find(const struct forms *x, const char *name, const char *language)
{
	const struct known_form *best = NULL;

	for (size_t k = 0; k < x->count; k++) {
		const struct known_form *at = &x->list[k];

		if (strcmp(at->name, name) != 0 ||
		    strcmp(at->language, language) != 0)
			continue;
		if (best == NULL || (at->own && !best->own) ||
		    at->effective >= best->effective)
			best = at;
	}
	return best;
}

enum err
form_list_say(const struct forms *x, struct fail *f)
{
	json_t *array = x->run->cli->json ? json_array() : NULL;
	enum err e = OK;

	for (size_t k = 0; e == OK && k < x->count; k++) {
		const struct known_form *at = &x->list[k];
		struct form *form;

		if (strcmp(at->name, "words") == 0 ||
		    form_list_find(x, at->name, at->language) != at)
			continue;
		e = form_parse(&form, at->text.text, at->text.n, f);
		if (e != OK)
			return fail_in(f, e, "form %.40s %.8s", at->name,
			    at->language);
		if (array != NULL)
			(void)json_array_append_new(array,
			    json_pack("{s:s, s:s, s:s, s:s, s:b}", "name",
				at->name, "language", at->language, "title",
				form->title, "version", form->version, "sample",
				at->sample));
		else
			run_say(x->run, "%-16s %s  %s%s\n", at->name,
			    at->language, form->title,
			    at->sample ? " (sample)" : "");
		form_free(form);
	}
	return array != NULL ? run_json(x->run, array, f) : e;
}
