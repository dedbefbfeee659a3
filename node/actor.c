#include "node/actor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/account/account.h"
#include "node/account/unused.h"
#include "node/chores.h"
#include "node/journal.h"
#include "node/policy/closed.h"
#include "node/policy/held.h"
#include "sync/read.h"
#include "sync/repair.h"

/* Who comes after so long that the account is closed is not let in; who is let
 * in uses it. Only for what is written down anyhow: status and the like answer
 * on a full disk, too. */
static enum err
note_use(struct account *acc, struct run *run, int64_t unused_days,
    struct fail *f)
{
	const unsigned written = CLI_READS | CLI_WRITES | CLI_ACTS | CLI_PROVES;
	enum err e;

	if ((run->cli->command->flags & written) == 0)
		return OK;
	e = unused_close(run->replica, unused_days, f);
	if (e == OK)
		e = account_get(acc, run->replica, acc->no, f);
	if (e != OK || acc->unused_ms != 0 || acc->disabled_ms != 0)
		return e;
	return unused_seen(run->replica, acc, f);
}

static enum err
find(struct actor *a, struct run *run, struct fail *f)
{
	struct account_settings set;
	struct account acc = { 0 };
	enum err e =
	    account_of_slot(&acc, run->replica, run->engine->opener, f);

	chores_settings(&set, run->engine);
	if (e == OK)
		e = note_use(&acc, run, set.unused_days, f);
	if (e == OK)
		e = account_rights(&a->rights, run->replica, &acc,
		    set.grace_days, f);
	/* a replica that was restored shows no record, roles neither: what may
	 * be done then (status, sync) is for all who open it */
	if (e == ERR_FENCE) {
		*f = (struct fail){ 0 };
		e = OK;
	}
	a->account = acc.no;
	a->staff = acc.staff;
	memcpy(a->name, acc.name, sizeof(a->name));
	a->administrator = acc.administrator;
	a->unused = acc.unused_ms != 0;
	account_wipe(&acc);
	return e;
}

static enum err
judge(const struct actor *a, const struct run *run, struct fail *f)
{
	unsigned flags = run->cli->command->flags;

	if (a->unused)
		return fail_set(f, ERR_DENIED,
		    "the account that this password belongs to was closed "
		    "because nobody used it for long; an administrator of this "
		    "computer opens it again (footbridge account release)");
	if (a->rights.is_ended)
		return fail_set(f, ERR_DENIED,
		    "the account that this password belongs to was disabled or "
		    "has ended; ask an administrator of this computer");
	if (a->rights.read_only && (flags & CLI_WRITES) != 0)
		return fail_set(f, ERR_DENIED, ACCOUNT_READ_ONLY_WORDS);
	if ((flags & CLI_ADMINISTERS) != 0 && !a->administrator)
		return fail_set(f, ERR_DENIED,
		    "only an administrator of this computer may do this");
	return OK;
}

/* Who is signed in on the page, with what that person may do. */
static void
of_session(struct actor *a, const struct account_who *who)
{
	a->account = who->account;
	a->staff = who->staff;
	memcpy(a->name, who->name, sizeof(a->name));
	a->administrator = who->is_administrator;
	a->rights = who->rights;
}

/* A slot of no account is a service's; but when accounts were lost in a repair
 * it may be of somebody who could see little. */
static enum err
nobodys_slot(const struct run *run, struct fail *f)
{
	if ((run->cli->command->flags & CLI_OUT) != 0 ||
	    !repair_lost_own(run->replica))
		return OK;
	return fail_set(f, ERR_DENIED,
	    "this password belongs to no account; accounts of this computer "
	    "were lost when it was repaired. An administrator, the recovery "
	    "code or a key file opens it: footbridge account add");
}

enum err
actor_begin(struct run *run, struct fail *f)
{
	struct actor *a;
	enum err e;

	run->actor = NULL;
	if (run->engine == NULL ||
	    (run->session == NULL && !run->engine->has_opener))
		return OK;
	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return fail_code(f, ERR_NOMEM);
	if (run->session != NULL) {
		of_session(a, run->session);
		run->actor = a;
		return judge(a, run, f);
	}
	e = find(a, run, f);
	if (e == ERR_NOTFOUND) {
		free(a);
		return nobodys_slot(run, f);
	}
	run->actor = a;
	return e == OK ? judge(a, run, f) : e;
}

void
actor_end(struct run *run)
{
	if (run->actor == NULL)
		return;
	account_view_free(run->actor->view);
	free(run->actor);
	run->actor = NULL;
}

bool
actor_sees(struct run *run, const struct row_id *subject)
{
	struct actor *a = run->actor;

	if (a == NULL)
		return true;
	if (a->view == NULL && run->journal.err == OK)
		run->journal.err = account_view_of(&a->view, run->replica,
		    &a->staff, &a->rights, &run->journal.fail);
	return a->view != NULL && account_view_has(a->view, subject);
}

static bool
actor_sees_all(struct run *run)
{
	static const struct row_id nobody;

	/* reads the view */
	(void)actor_sees(run, &nobody);
	return run->actor->view != NULL &&
	    account_view_is_all(run->actor->view);
}

enum err
actor_sees_nothing(struct fail *f)
{
	return fail_set(f, ERR_DENIED,
	    "there is nothing about this person that you may see here; a "
	    "supervisor can say why");
}

enum err
actor_must_see(struct run *run, const struct row_id *subject, struct fail *f)
{
	if (actor_sees(run, subject))
		return OK;
	if (run->journal.err != OK)
		return fail_set(f, run->journal.err, "%s",
		    run->journal.fail.text);
	return actor_sees_nothing(f);
}

static enum err
is_opened(bool *yes, struct run *run, const struct row_id *subject,
    const char *category, struct fail *f)
{
	*yes = false;
	if (run->actor == NULL || category == NULL)
		return OK;
	return closed_opened(yes, run->replica, &run->actor->staff, subject,
	    category, f);
}

enum err
actor_must_see_these(struct run *run, const struct row_id *subject,
    const char *const *categories, size_t count, struct fail *f)
{
	bool opened = count > 0;
	enum err e = OK;

	if (actor_sees(run, subject))
		return OK;
	for (size_t k = 0; e == OK && opened && k < count; k++)
		e = is_opened(&opened, run, subject, categories[k], f);
	if (e != OK || opened)
		return e;
	return actor_must_see(run, subject, f);
}

struct place {
	struct row_id subject;
	char category[LIMIT_CATEGORY_BYTES + 1];
};

static bool
take_place(void *context, const struct read_row *row)
{
	struct place *at = context;

	at->subject = row->subject;
	(void)snprintf(at->category, sizeof(at->category), "%s",
	    row->category != NULL ? row->category : "");
	return false;
}

enum err
actor_must_see_row(struct run *run, const struct table *t,
    const struct row_id *id, struct fail *f)
{
	struct place at = { .category = "" };
	const char *category = at.category;
	enum err e = read_get(run->replica, t, id, 0, take_place, &at, NULL);

	e = e == OK ? actor_must_see_these(run, &at.subject, &category, 1, f)
		    : OK;
	if (e == OK)
		journal_saw(run, t, id, &at.subject);
	return e;
}

enum err
actor_must_administer(const struct run *run, struct fail *f)
{
	if (run->actor == NULL || run->actor->administrator)
		return OK;
	return fail_set(f, ERR_DENIED,
	    "only an administrator of this computer may do this");
}

struct writer {
	struct node_id self;
	bool here, elsewhere;
};

static bool
on_writer(void *context, const struct node_id *node)
{
	struct writer *w = context;

	if (id_equal(node, &w->self))
		w->here = true;
	else
		w->elsewhere = true;
	return true;
}

struct origin {
	struct replica *r;
	struct writer writer;
};

static bool
on_staff(void *context, const struct read_row *row)
{
	struct origin *x = context;
	const struct field *name = table_field(row->table, "name");

	(void)read_writers(x->r, row, UINT64_C(1) << name->number, on_writer,
	    &x->writer, NULL);
	return false;
}

enum err
actor_may_be(const struct run *run, const struct row_id *staff, struct fail *f)
{
	struct replica *r = run->replica;
	struct origin x = { .r = r, .writer.self = replica_identity(r)->node };
	const struct table *t = registry_table(replica_registry(r), "staff");
	enum err e;

	if (run->actor == NULL || held_is_server(r) ||
	    id_equal(&run->actor->staff, staff))
		return OK;
	e = read_get(r, t, staff, 0, on_staff, &x, NULL);
	if (e == OK && x.writer.here && !x.writer.elsewhere)
		return OK;
	return fail_set(f, ERR_DENIED,
	    "on a computer that people carry nobody becomes somebody else of "
	    "the staff: whoever has its recovery code or a key file does this "
	    "(--passphrase-file)");
}

enum err
actor_may_write(struct run *run, const struct table *t,
    const struct row_id *subject, struct fail *f)
{
	const struct actor *a = run->actor;

	if (a == NULL)
		return OK;
	if (!a->rights.leads &&
	    (a->rights.roles & account_writers(NULL, t)) == 0)
		return fail_set(f, ERR_DENIED,
		    "nothing was written: %s records are not for your role "
		    "here (footbridge account role gives one)",
		    t->name);
	if (t->subject != SUBJECT_PERSON || subject == NULL)
		return OK;
	return actor_must_see(run, subject, f);
}

enum err
actor_may_write_row(struct run *run, const struct table *t,
    const struct row_id *id, struct fail *f)
{
	struct place at = { .category = "" };
	enum err e = read_get(run->replica, t, id, 0, take_place, &at, NULL);

	return actor_may_write(run, t, e == OK ? &at.subject : NULL, f);
}

bool
actor_finds(struct run *run, const struct row_id *subject)
{
	bool opened = false;

	if (run->actor == NULL || actor_sees(run, subject))
		return true;
	return closed_opened(&opened, run->replica, &run->actor->staff, subject,
		   NULL, NULL) == OK &&
	    opened;
}

static bool
is_asked_for(const char *text)
{
	return strncmp(text, "number:", 7) == 0 ||
	    text[strspn(text, "0123456789abcdefABCDEF")] == '\0';
}

enum err
actor_find(struct run *run, struct row_id *subject, const char *text,
    struct fail *f)
{
	static const struct row_id nobody;
	struct fail why = { 0 };
	enum err e = read_subject(run->replica, subject, text, &why);
	bool found = e == OK;

	if (run->actor == NULL || actor_sees_all(run) ||
	    (!found && !is_asked_for(text)) ||
	    (!found && e != ERR_NOTFOUND && e != ERR_INPUT)) {
		if (!found && f != NULL)
			*f = why;
		return e;
	}
	/* the same is asked about nobody as about somebody */
	if (actor_finds(run, found ? subject : &nobody) && found)
		return OK;
	if (run->journal.err != OK)
		return fail_set(f, run->journal.err, "%s",
		    run->journal.fail.text);
	return actor_sees_nothing(f);
}

enum err
actor_subject(struct run *run, struct row_id *subject, const char *text,
    struct fail *f)
{
	enum err e = actor_find(run, subject, text, f);

	return e == OK ? actor_must_see(run, subject, f) : e;
}
