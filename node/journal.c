#include "node/journal.h"

#include <stdio.h>
#include <string.h>

#include "node/actor.h"
#include "node/name.h"

void
journal_saw(struct run *run, const struct table *table,
    const struct row_id *row, const struct row_id *subject)
{
	struct run_journal *j = &run->journal;

	j->count++;
	if (j->count == 1) {
		j->table = table;
		j->row = *row;
		j->subject = *subject;
		j->one_row = j->one_subject = true;
		return;
	}
	if (j->table != table)
		j->table = NULL;
	j->one_row = j->one_row && id_equal(&j->row, row);
	j->one_subject = j->one_subject && id_equal(&j->subject, subject);
}

enum err
audit_run(struct run *run, const struct audit_entry *what, struct fail *f)
{
	struct audit_entry entry = *what;
	char note[AUDIT_TEXT_MAX + 1];
	struct row_id staff;
	bool have = false;

	/* whoever cannot be named is still written down */
	if (entry.staff == NULL &&
	    name_acting(&staff, &have, run, NULL) == OK && have)
		entry.staff = &staff;
	if (run->actor != NULL &&
	    (entry.staff == NULL ||
		!id_equal(entry.staff, &run->actor->staff))) {
		(void)snprintf(note, sizeof(note), "by account %lld%s%s",
		    (long long)run->actor->account,
		    entry.note != NULL ? ": " : "",
		    entry.note != NULL ? entry.note : "");
		entry.note = note;
	}
	if (entry.origin == NULL)
		entry.origin = run->origin != NULL ? run->origin : "command";
	return audit_write(run->replica, &entry, f);
}

/* A full disk, or one that fails, said for who wanted to read. */
static enum err
nothing_shown(enum err e, struct fail *f)
{
	if (e != ERR_IO)
		return fail_in(f, e,
		    "nothing is shown that is not written down");
	return fail_set(f, e,
	    "nothing can be shown now: who reads is written down first, and "
	    "nothing could be written (the disk is full, or fails); all that "
	    "was saved is safe on this computer; make room on the disk, then "
	    "ask again");
}

enum err
journal_settle(struct run *run, enum err result, struct fail *f)
{
	struct run_journal *j = &run->journal;
	struct audit_entry entry = { .act = run->cli->command->name,
		.table = j->table,
		.row = j->one_row && j->count > 0 ? &j->row : NULL,
		.subject = j->one_subject && j->count > 0 ? &j->subject : NULL,
		.count = j->count,
		.result = result };
	enum err e;

	if (j->err != OK)
		return fail_set(f, j->err, "%s", j->fail.text);
	if (!j->wanted || (j->count == 0 && j->told))
		return OK;
	if (j->count == 0)
		entry.note = "nothing was found";
	else if (j->told)
		entry.note = "and the rest of it";
	e = audit_run(run, &entry, f);
	j->told = true;
	j->count = 0;
	return e == OK ? OK : nothing_shown(e, f);
}

enum err
journal_act(struct run *run, enum err result, struct fail *f)
{
	const struct audit_entry entry = { .act = run->cli->command->name,
		.result = result };

	return audit_run(run, &entry, f);
}
