/* Text is wrapped at 78 columns; the manual leaves that to roff. */
#include "node/help.h"

#include <string.h>

#define WIDTH 78

static const char intro[] =
    "Case coordination for offices that share people but not networks. Each "
    "office runs a node with an encrypted copy of what it may read; nodes "
    "exchange signed change logs over HTTPS or by file and merge them field "
    "by field.";
static const char words[] =
    "A replica is this node's encrypted copy of the records, in the directory "
    "DIR. STAFF, NODE and AGENCY are a name if unique, else an id or its first "
    "8 "
    "characters. SUBJECT is a person id, a unique prefix of one, or "
    "number:VALUE. CATEGORY is LABEL.item, such as SUP.referral: the smallest "
    "thing that is shared. An agency is an organisation, a steward a node that "
    "may invite others, a registrar one that keeps its agency's keys.";
static const char secrets[] =
    "The passphrase comes from a prompt, --passphrase-file, the variable "
    "FOOTBRIDGE_PASSPHRASE_FILE or the systemd credential "
    "footbridge-passphrase, never from an argument. A file named there may "
    "also be the key file of a key slot. The agency's recovery code, where "
    "join asks for it, comes from a prompt or the file that the variable "
    "FOOTBRIDGE_AGENCY_CODE_FILE names.";

void
help_wrap(struct buf *out, const char *text, size_t indent, size_t have)
{
	size_t column = have;
	bool first = true;

	for (; *text != '\0'; first = false) {
		size_t n = strcspn(text, " ");

		if (!first && column + 1 + n > WIDTH) {
			buf_printf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!first && column > indent) {
			buf_put(out, " ", 1);
			column++;
		}
		buf_put(out, text, n);
		column += n;
		text += n;
		text += strspn(text, " ");
	}
	buf_put(out, "\n", 1);
}

static void
one_option(struct buf *out, const struct cli_option *o)
{
	size_t at = out->n;
	size_t used;

	buf_printf(out, "  --%s%s%s", o->name, o->value != NULL ? " " : "",
	    o->value != NULL ? o->value : "");
	used = out->n - at;
	if (used > 24) {
		buf_printf(out, "\n%*s", 26, "");
	} else {
		buf_printf(out, "%*s", (int)(26 - used), "");
	}
	help_wrap(out, o->help, 26, 26);
}

static void
options(struct buf *out, const struct cli_option *o)
{
	for (; o != NULL && o->name != NULL; o++) {
		if (o->later == NULL)
			one_option(out, o);
	}
}

static void
one_command(struct buf *out, const struct cli_command *c)
{
	size_t at = out->n;

	buf_printf(out, "footbridge %s%s", c->name,
	    c->synopsis[0] != '\0' ? " " : "");
	help_wrap(out, c->synopsis, 4, out->n - at);
	buf_printf(out, "\n  ");
	help_wrap(out, c->help, 2, 2);
	if (c->run == NULL) {
		buf_printf(out, "\n  Not available yet: ");
		help_wrap(out, c->later, 2, 22);
	}
	if (c->options != NULL && c->options[0].name != NULL)
		buf_printf(out, "\n");
	options(out, c->options);
}

bool
help_command(struct buf *out, const char *name)
{
	size_t n = strlen(name);
	bool any = false;

	for (size_t i = 0; i < cli_table_count; i++) {
		const struct cli_command *c = &cli_table[i];
		bool fits = strcmp(c->name, name) == 0 ||
		    (strncmp(c->name, name, n) == 0 && c->name[n] == ' ');

		if (!fits)
			continue;
		if (any)
			buf_printf(out, "\n");
		one_command(out, c);
		any = true;
	}
	return any;
}

/* Groups begin with these commands, in the order of the table. */
static const struct {
	const char *first, *title;
} groups[] = {
	{ "init", "To begin: nodes and members" },
	{ "root export", "Keys of this machine" },
	{ "serve", "Exchange with other nodes" },
	{ "bundle export", "The same by file, on a stick" },
	{ "put", "Records" },
	{ "conflicts", "Where two people wrote two things" },
	{ "share", "Who may read what" },
	{ "import csv", "Files of other programs" },
	{ "backup", "Care" },
};

/* The name and the first sentence of what it does. */
static void
one_line(struct buf *out, const struct cli_command *c)
{
	const char *end = strstr(c->help, ". ");
	struct buf b = { 0 };

	buf_put(&b, c->help,
	    end != NULL ? (size_t)(end - c->help) + 1 : strlen(c->help));
	if (c->run == NULL)
		buf_printf(&b, " (Not available yet.)");
	/* a long name keeps a space behind it, and more of the line */
	buf_printf(out, "  %-15s ", c->name);
	help_wrap(out, buf_cstr(&b), 18,
	    strlen(c->name) > 15 ? strlen(c->name) + 3 : 18);
	buf_release(&b);
}

void
help_all(struct buf *out)
{
	buf_printf(out, "footbridge [--dir DIR] COMMAND\n\n");
	help_wrap(out, intro, 0, 0);
	for (size_t i = 0; i < cli_table_count; i++) {
		const struct cli_command *c = &cli_table[i];

		if ((c->flags & CLI_HIDDEN) != 0)
			continue;
		for (size_t k = 0; k < COUNT_OF(groups); k++) {
			if (strcmp(groups[k].first, c->name) == 0)
				buf_printf(out, "\n%s:\n", groups[k].title);
		}
		one_line(out, c);
	}
	buf_printf(out,
	    "\nfootbridge help COMMAND says how one is typed; footbridge help "
	    "tables\nlists the tables, footbridge help TABLE the fields of "
	    "one.\n\nOptions of every command:\n");
	options(out, cli_globals);
	buf_printf(out, "\n");
	help_wrap(out, words, 0, 0);
	buf_printf(out, "\n");
	help_wrap(out, secrets, 0, 0);
	buf_printf(out,
	    "\nExit: 0 done, 1 failed, 2 usage, 3 done but a person must "
	    "decide.\n");
}

/* ---- the manual page ---- */

/* roff: dashes as dashes, no line begins with a dot or quote by accident. */
static void
roff(struct buf *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		buf_printf(out, "\\&");
	for (; *text != '\0'; text++) {
		if (*text == '-')
			buf_put(out, "\\-", 2);
		else if (*text == '\\')
			buf_put(out, "\\e", 2);
		else
			buf_put(out, text, 1);
	}
	buf_put(out, "\n", 1);
}

static void
roff_options(struct buf *out, const struct cli_option *o)
{
	for (; o != NULL && o->name != NULL; o++) {
		if (o->later != NULL)
			continue;
		buf_printf(out, ".TP\n.B \\-\\-");
		roff(out, o->name);
		if (o->value != NULL) {
			out->n--;
			buf_printf(out, "\\fR ");
			roff(out, o->value);
		}
		roff(out, o->help);
	}
}

static void
roff_command(struct buf *out, const struct cli_command *c)
{
	buf_printf(out, ".SS \"");
	roff(out, c->name);
	out->n--;
	buf_printf(out, "\"\n.B footbridge ");
	roff(out, c->name);
	if (c->synopsis[0] != '\0')
		roff(out, c->synopsis);
	buf_printf(out, ".PP\n");
	roff(out, c->help);
	if (c->run == NULL) {
		buf_printf(out, ".PP\nNot available yet: ");
		roff(out, c->later);
	}
	roff_options(out, c->options);
}

void
help_manual(struct buf *out)
{
	buf_printf(out,
	    ".TH FOOTBRIDGE 1\n.SH NAME\nfootbridge \\- case coordination "
	    "between offices that share people\n.SH SYNOPSIS\n.B footbridge\n"
	    "[\\-\\-dir DIR] COMMAND\n.SH DESCRIPTION\n");
	roff(out, intro);
	buf_printf(out, ".PP\n");
	roff(out, words);
	buf_printf(out, ".PP\n");
	roff(out, secrets);
	buf_printf(out, ".SH OPTIONS\n");
	roff_options(out, cli_globals);
	buf_printf(out, ".SH COMMANDS\n");
	for (size_t i = 0; i < cli_table_count; i++) {
		if ((cli_table[i].flags & CLI_HIDDEN) == 0)
			roff_command(out, &cli_table[i]);
	}
	buf_printf(out,
	    ".SH EXIT STATUS\n0 done, 1 failed, 2 usage, 3 done but a person "
	    "must decide.\n.SH FILES\n.TP\nDIR/footbridge.conf\nsettings: "
	    "[serve] listen, [sync] every, [replica] cache, [staff] as\n.TP\n"
	    "DIR/footbridge.db\nthe encrypted database\n.TP\nDIR/slots\nthe "
	    "key slots\n.SH ENVIRONMENT\n.TP\nFOOTBRIDGE_DIR\nthe replica's "
	    "directory\n.TP\nFOOTBRIDGE_PASSPHRASE_FILE\na file with the "
	    "passphrase\n");
}
