/* help and the manual page: both read the command table, nothing else. */
#include "node/cmd.h"

#include <string.h>

#include "node/help.h"

enum err
cmd_help(struct run *run, struct fail *f)
{
	const char *first = run_word(run, 0), *second = run_word(run, 1);
	char name[128];

	if (cli_get(run->cli, "man") != NULL) {
		help_manual(&run->out);
		return OK;
	}
	if (first == NULL) {
		help_all(&run->out);
		return OK;
	}
	(void)snprintf(name, sizeof(name), "%s%s%s", first,
	    second != NULL ? " " : "", second != NULL ? second : "");
	if (help_command(&run->out, name))
		return OK;
	return fail_set(f, ERR_USAGE,
	    "no command is called %.80s; footbridge help lists them", name);
}

enum err
cmd_manual(struct run *run, struct fail *f)
{
	(void)f;
	help_manual(&run->out);
	return OK;
}
