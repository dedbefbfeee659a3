/* help and the manual page: both read the command table and the schema. */
#include "node/cmd.h"

#include <string.h>

#include "node/api/route.h"
#include "node/help.h"
#include "node/near.h"

static void
offer_commands(struct near *near)
{
	for (size_t i = 0; i < cli_table_count; i++)
		near_offer(near, cli_table[i].name);
}

static enum err
find_help(struct buf *out, const char *name, struct fail *f)
{
	struct near near = { .typed = name };
	enum err e;

	if (strcmp(name, "routes") == 0) {
		route_list(out);
		return OK;
	}
	if (strcmp(name, "tables") == 0)
		return help_tables(out, f);
	if (help_command(out, name))
		return OK;
	e = help_table(out, name, f);
	if (e != ERR_NOTFOUND)
		return e;
	if (cli_meant(name) != NULL)
		return fail_set(f, ERR_USAGE, "no command is called %s; %s",
		    name, cli_meant(name));
	offer_commands(&near);
	return fail_set(f, ERR_USAGE,
	    "no command or table is called %.80s%s%s%s; footbridge help lists "
	    "the commands, footbridge help tables the tables",
	    name, near.best != NULL ? "; did you mean " : "",
	    near.best != NULL ? near.best : "", near.best != NULL ? "?" : "");
}

/* Under --json it is one document, too. */
static enum err
say_text(struct run *run, struct buf *text, struct fail *f)
{
	enum err e = OK;

	if (run->cli->json)
		e = run_json(run, json_pack("{s:s}", "text", buf_cstr(text)),
		    f);
	else
		buf_put(&run->out, text->p, text->n);
	buf_release(text);
	return e;
}

enum err
cmd_help(struct run *run, struct fail *f)
{
	const char *first = run_word(run, 0), *second = run_word(run, 1);
	struct buf text = { 0 };
	char name[128];
	enum err e = OK;

	(void)snprintf(name, sizeof(name), "%s%s%s", first != NULL ? first : "",
	    second != NULL ? " " : "", second != NULL ? second : "");
	if (cli_get(run->cli, "man") != NULL)
		help_manual(&text);
	else if (first == NULL)
		help_all(&text);
	else
		e = find_help(&text, name, f);
	if (e == OK)
		return say_text(run, &text, f);
	buf_release(&text);
	return e;
}

enum err
cmd_manual(struct run *run, struct fail *f)
{
	struct buf text = { 0 };

	help_manual(&text);
	return say_text(run, &text, f);
}
