/* The command's output is kept, parsed, and handed on. */
#include "node/api/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/actor.h"
#include "node/dispatch.h"

static const struct cli_command *
command(const char *name)
{
	for (size_t i = 0; i < cli_table_count; i++) {
		if (strcmp(cli_table[i].name, name) == 0)
			return &cli_table[i];
	}
	return NULL;
}

void
call_init(struct call *c, const struct api_turn *t, const char *name)
{
	memset(c, 0, sizeof(*c));
	c->cli.command = command(name);
	assert(c->cli.command != NULL);
	c->cli.json = c->cli.yes = c->cli.quiet = true;
	c->cli.as = t->staff;
	c->cli.words = c->words;
	c->kept = json_array();
	c->failed = c->kept == NULL;
	buf_init(&c->input, API_BODY_BYTES * 2);
}

void
call_release(struct call *c)
{
	json_decref(c->kept);
	buf_release(&c->input);
}

void
call_word(struct call *c, const char *word)
{
	if (c->cli.word_count < CALL_WORDS)
		c->words[c->cli.word_count++] = word;
	else
		c->failed = true;
}

void
call_option(struct call *c, const char *option, const char *value)
{
	const struct cli_option *o = c->cli.command->options;

	while (o != NULL && o->name != NULL && strcmp(o->name, option) != 0)
		o++;
	/* the table of routes names options of the table of commands */
	assert(o != NULL && o->name != NULL);
	if (c->cli.set_count == CLI_SET_MAX)
		return;
	c->cli.set[c->cli.set_count].option = o;
	c->cli.set[c->cli.set_count++].value = value;
}

static int
dump(const char *p, size_t n, void *data)
{
	struct buf *out = data;

	buf_put(out, p, n);
	return out->err == OK ? 0 : -1;
}

void
call_input(struct call *c, const json_t *value)
{
	buf_reset(&c->input);
	c->has_input = true;
	/* a password, say: what would be typed */
	if (json_is_string(value)) {
		buf_put(&c->input, json_string_value(value),
		    json_string_length(value));
		return;
	}
	(void)json_dump_callback(value, dump, &c->input, JSON_COMPACT);
}

/* ---- running ---- */

static enum err
check_words(const struct call *c, struct fail *f)
{
	const struct cli_command *k = c->cli.command;

	if (c->cli.word_count < k->min_words ||
	    c->cli.word_count > k->max_words)
		return fail_set(f, ERR_INPUT, "want %u to %u words, have %zu",
		    k->min_words, k->max_words, c->cli.word_count);
	if (c->failed)
		return fail_code(f, ERR_NOMEM);
	return c->input.err != OK ? fail_code(f, c->input.err) : OK;
}

static void
prepare(struct call *c, struct api_turn *t, struct run *run)
{
	run_init(run, &c->cli);
	run->out.limit = API_ANSWER_BYTES;
	run->dir = t->api->dir;
	run->session = &t->who;
	run->origin = t->origin;
	run->engine = t->api->engine;
	run->replica = t->api->engine->replica;
	if (c->has_input) {
		run->input = c->input.p;
		run->input_n = c->input.n;
	}
}

static enum err
take_output(struct run *run, struct api_turn *t, json_t **out, enum err e)
{
	t->decide = t->decide || run->decide;
	if (e == OK && run->out.err != OK)
		e = fail_code(&t->fail, run->out.err);
	if (e == OK) {
		*out = run->out.n > 0 ? json_loadb((const char *)run->out.p,
					    run->out.n, JSON_DECODE_ANY, NULL)
				      : json_object();
		if (*out == NULL)
			e = fail_code(&t->fail, ERR_NOMEM);
	}
	run_release(run);
	return e;
}

enum err
call_run(struct call *c, struct api_turn *t, json_t **out)
{
	struct run run;
	enum err e = check_words(c, &t->fail);

	if (e != OK)
		return e;
	prepare(c, t, &run);
	return take_output(&run, t, out, dispatch_run(&run, &t->fail));
}

enum err
call_run_held(struct call *c, struct api_turn *t, json_t **out)
{
	struct run run;
	enum err e = check_words(c, &t->fail);

	if (e != OK)
		return e;
	prepare(c, t, &run);
	/* who it is and whose records: as dispatch finds out for one command */
	e = actor_begin(&run, &t->fail);
	if (e == OK)
		e = c->cli.command->run(&run, &t->fail);
	actor_end(&run);
	if (e == OK && run.wrote)
		engine_changed(t->api->engine);
	return take_output(&run, t, out, e);
}

/* ---- what a route says ---- */

/* A value as a person would type it, or NAME=VALUE; lives as long as the call. */
static const char *
keep(struct call *c, const char *name, const json_t *v)
{
	const char *value = json_is_string(v) ? json_string_value(v)
	    : json_is_true(v)                 ? "yes"
	    : json_is_false(v)                ? "no"
					      : "";
	json_t *text;

	if (name == NULL && json_is_string(v))
		return value;
	if (json_is_integer(v))
		text = json_sprintf("%s%s%lld", name != NULL ? name : "",
		    name != NULL ? "=" : "", (long long)json_integer_value(v));
	else
		text = json_sprintf("%s%s%s", name != NULL ? name : "",
		    name != NULL ? "=" : "", value);
	if (json_array_append_new(c->kept, text) == 0)
		return json_string_value(text);
	c->failed = true;
	return "";
}

static void
add_pairs(struct call *c, const json_t *row)
{
	const char *name;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)row, name, v)
	    call_word(c, keep(c, name, v));
}

static void
add_option(struct call *c, const struct api_field *field, const json_t *v)
{
	const char *name = field->option != NULL ? field->option : field->name;

	if (json_is_true(v))
		call_option(c, name, "");
	else if (!json_is_false(v))
		call_option(c, name, keep(c, NULL, v));
}

static void
add_field(struct call *c, const struct api_field *field, const json_t *v)
{
	switch (field->to) {
	case API_BY_HAND:
		break;
	case API_ARG:
		if (field->type != API_WORDS)
			call_word(c, keep(c, NULL, v));
		for (size_t i = 0;
		     field->type == API_WORDS && i < json_array_size(v); i++)
			call_word(c, json_string_value(json_array_get(v, i)));
		break;
	case API_OPTION:
		add_option(c, field, v);
		break;
	case API_INPUT:
		call_input(c, v);
		break;
	case API_PAIRS:
		add_pairs(c, v);
		break;
	}
}

static void
add_fields(struct call *c, const struct api_field *fields, const json_t *from)
{
	for (; fields != NULL && fields->name != NULL; fields++) {
		const json_t *v = json_object_get(from, fields->name);

		if (v != NULL)
			add_field(c, fields, v);
	}
}

enum api_error
call_route(struct api_turn *t, json_t **data)
{
	struct call *c = malloc(sizeof(*c));
	enum err e;

	if (c == NULL)
		return API_FAILED;
	call_init(c, t, t->route->command);
	for (size_t i = 0; i < ROUTE_VALUES && t->values[i] != NULL; i++)
		call_word(c, t->values[i]);
	add_fields(c, t->route->query, t->query);
	add_fields(c, t->route->body, t->body);
	e = call_run(c, t, data);
	call_release(c);
	free(c);
	return api_error_of(e);
}
