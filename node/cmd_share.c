/* share, access, carry. */
#include "node/cmd.h"

#include <stdio.h>
#include <string.h>

#include "node/actor.h"
#include "node/category.h"
#include "node/cmd_take.h"
#include "node/gate.h"
#include "node/name.h"
#include "node/policy/drive.h"
#include "node/policy/refuse.h"
#include "node/role.h"
#include "node/show.h"
#include "node/view.h"
#include "sync/grant.h"

/* ---- share ---- */

struct sharing {
	struct run *run;
	struct row_id subject; /* access: whose */
	const struct member_agency *agency;
	bool by_hand;  /* no pack was signed here */
	json_t *array; /* NULL: text */
	const char *to;
	bool writes;        /* the right to write goes with it */
	bool dry_run, many; /* many: of a list only the sum is said */
	int64_t people, fresh, known;
	char under[LIMIT_CATEGORY_BYTES + ID_TEXT_BYTES + LIMIT_NAME_BYTES];
	bool failed;
};

static void
share_words(const struct sharing *s, const struct grant_line *line)
{
	static const char *const says[2][3] = {
		{ "could read it already", "would be able to read it",
		    "can read it from now on" },
		{ "could read and write it already",
		    "would be able to read and write it",
		    "can read and write it from now on" },
	};
	bool known = line->granted_before && !line->is_new;
	const char *what = says[s->writes ? 1 : 0][known ? 0
		: s->dry_run                             ? 1
							 : 2];

	if (line->lowered)
		run_say(s->run,
		    s->dry_run
			? "%-24s %s wrote here until now; it would only read"
			  " and propose\n"
			: "%-24s %s wrote here until now; from here on it"
			  " reads and proposes\n",
		    line->category, s->to);
	else
		run_say(s->run, "%-24s %s %s\n", line->category, s->to, what);
}

static void
share_line(void *context, const struct grant_line *line)
{
	struct sharing *s = context;

	if (line->is_new)
		s->fresh++;
	else
		s->known++;
	if (s->many)
		return;
	if (s->array == NULL)
		share_words(s, line);
	else if (json_array_append_new(s->array,
		     json_pack("{s:s, s:b, s:b, s:b}", "category",
			 line->category, "granted_before", line->granted_before,
			 "is_new", line->is_new, "lowered", line->lowered)) !=
	    0)
		s->failed = true;
}

/* All of a request but the subject. */
static enum err
share_request(struct grant_request *q, const struct member_agency **to,
    struct run *run, struct fail *f)
{
	const char *agency = cli_get(run->cli, "to");
	const char *basis = cli_get(run->cli, "basis");
	enum err e;

	if (agency == NULL || basis == NULL)
		return fail_set(f, ERR_USAGE,
		    "share: say to whom and on which legal basis: --to AGENCY "
		    "--basis KIND:REF");
	e = gate_basis(basis, f);
	if (e == OK)
		e = members_find_agency(replica_members(run->replica), to,
		    agency, f);
	if (e == OK)
		e = category_check(run, 1, "shared", f);
	if (e != OK)
		return e;
	q->categories = run->cli->words + 1;
	q->category_count = run->cli->word_count - 1;
	q->kind = GRANT_AGENCY;
	memcpy(q->recipient, (*to)->id.b, ID_BYTES);
	q->right =
	    cli_get(run->cli, "write") != NULL ? GRANT_WRITE : GRANT_READ;
	q->lower = true;
	q->basis = basis;
	q->from_now = cli_get(run->cli, "from-now") != NULL;
	q->dry_run = cli_get(run->cli, "dry-run") != NULL;
	return OK;
}

/* Where the agency's privacy officer signed rules they decide, and what they say it
 * rests on is written into the grant. */
static enum err
share_one(struct sharing *s, struct grant_request *q, struct fail *f)
{
	char basis[LIMIT_BASIS_BYTES + 1];
	struct drive_word w;
	enum err e = drive_ask(&w, s->run->replica, &q->subject,
	    q->categories[0], &s->agency->id, f);

	s->by_hand = !w.approved;
	if (e == OK && w.approved && w.answer.reason == POLICY_SEALED)
		e = role_must_know_seals(s->run, f);
	if (e == OK && w.approved && w.answer.reason != POLICY_PERMIT)
		e = fail_set(f, ERR_DENIED, "share %.40s: %.*s %.*s",
		    q->categories[0], (int)w.why.n, (const char *)w.why.p,
		    (int)w.next.n, w.next.n > 0 ? (const char *)w.next.p : "");
	if (e == OK && w.approved) {
		policy_basis_text(basis, &w.basis);
		q->basis = basis;
	}
	if (e == OK)
		e = grant_share(s->run->replica, q, share_line, s, f);
	buf_release(&w.why);
	buf_release(&w.next);
	return e;
}

static enum err
share_person(struct sharing *s, struct grant_request *q, const char *subject,
    struct fail *f)
{
	enum err e = actor_subject(s->run, &q->subject, subject, f);

	for (size_t k = 0; e == OK && k < q->category_count; k++) {
		struct grant_request one = *q;

		one.categories = &q->categories[k];
		one.category_count = 1;
		e = share_one(s, &one, f);
	}
	if (e == OK)
		s->people++;
	return e;
}

/* The lines of standard input; what was shared before a bad one is taken back
 * by the caller's transaction. */
static enum err
share_lines(struct sharing *s, struct grant_request *q, struct fail *f)
{
	const char *p = (const char *)s->run->input;
	const char *end = p + s->run->input_n;
	char line[LIMIT_NAME_BYTES + 1];
	enum err e = OK;

	for (int64_t at = 1; e == OK && p < end; at++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((nl != NULL ? nl : end) - p);

		if (n >= sizeof(line) || memchr(p, '\0', n) != NULL)
			return fail_set(f, ERR_INPUT,
			    "share: line %lld of standard input is no person; "
			    "nothing was shared",
			    (long long)at);
		memcpy(line, p, n);
		line[n] = '\0';
		p = nl != NULL ? nl + 1 : end;
		if (line[0] == '\0')
			continue;
		e = share_person(s, q, line, f);
		if (e != OK)
			e = fail_in(f, e,
			    "share: line %lld of standard input, nothing was "
			    "shared",
			    (long long)at);
	}
	return e;
}

static enum err
share_many(struct sharing *s, struct grant_request *q, struct fail *f)
{
	enum err e = replica_begin(s->run->replica, f);

	if (e != OK)
		return e;
	s->many = true;
	e = share_lines(s, q, f);
	if (e == OK && !q->dry_run)
		return replica_commit(s->run->replica, f);
	replica_rollback(s->run->replica);
	return e;
}

/* All of its categories or none. */
static enum err
share_alone(struct sharing *s, struct grant_request *q, const char *subject,
    struct fail *f)
{
	enum err e = replica_begin(s->run->replica, f);

	if (e != OK)
		return e;
	e = share_person(s, q, subject, f);
	if (e == OK && !q->dry_run)
		return replica_commit(s->run->replica, f);
	replica_rollback(s->run->replica);
	return e;
}

static enum err
say_many(const struct sharing *s, struct fail *f)
{
	if (s->run->cli->json)
		return run_json(s->run,
		    json_pack("{s:I, s:I, s:I}", "people",
			(json_int_t)s->people, "new", (json_int_t)s->fresh,
			"granted_before", (json_int_t)s->known),
		    f);
	run_say(s->run,
	    "%lld %s: %s %s %lld categor%s, could read %lld already\n",
	    (long long)s->people, s->people == 1 ? "person" : "people", s->to,
	    s->dry_run ? "would read" : "reads from now on",
	    (long long)s->fresh, s->fresh == 1 ? "y" : "ies",
	    (long long)s->known);
	return OK;
}

static void
note_refused(struct run *run, const struct grant_request *q)
{
	struct row_id staff;
	bool have = false;

	if (name_acting(&staff, &have, run, NULL) != OK)
		return;
	refuse_note(run->replica, have ? &staff : NULL, "share", "label",
	    q->categories[0]);
	run->wrote = true;
}

enum err
cmd_share(struct run *run, struct fail *f)
{
	struct grant_request q = { 0 };
	const struct member_agency *to;
	struct sharing s = { .run = run };
	enum err e = share_request(&q, &to, run, f);

	if (e != OK)
		return e;
	s.to = to->name;
	s.agency = to;
	s.dry_run = q.dry_run;
	s.writes = q.right == GRANT_WRITE;
	if (cli_wants_input(run->cli))
		e = share_many(&s, &q, f);
	else if (run->cli->json && (s.array = json_array()) == NULL)
		e = fail_set(f, ERR_NOMEM, "the JSON answer");
	else
		e = share_alone(&s, &q, run_word(run, 0), f);
	if (e == OK && s.failed)
		e = fail_set(f, ERR_NOMEM, "the JSON answer");
	if (e != OK) {
		json_decref(s.array);
		if (e == ERR_DENIED && !q.dry_run)
			note_refused(run, &q);
		return e;
	}
	run->wrote = s.fresh > 0 && !q.dry_run;
	if (s.many)
		e = say_many(&s, f);
	else if (run->cli->json)
		e = run_json(run, s.array, f);
	if (e == OK && s.by_hand && !run->cli->json)
		run_say(run,
		    "By hand: no rules were signed here, so nobody checked"
		    " this.\n");
	return e;
}

/* ---- access ---- */

static const char *
access_who(const struct grant_access *a)
{
	if (a->node != NULL)
		return a->node->name;
	return a->agency != NULL ? a->agency->name : "an unknown agency";
}

/* The lines of one category stand under it. */
static void
access_head(struct sharing *s, const char *category, const char *owner)
{
	char head[sizeof(s->under)];

	(void)snprintf(head, sizeof(head), "%s of %s", category, owner);
	if (strcmp(head, s->under) == 0)
		return;
	memcpy(s->under, head, sizeof(head));
	run_say(s->run, "%s\n", head);
}

static void
access_line(void *context, const struct grant_access *a)
{
	struct sharing *s = context;
	char at[NAME_TIME_BYTES];
	static const struct agency_id nobody;
	const char *right = a->right == GRANT_WRITE ? "write" : "read";
	const char *owner = a->owner != NULL ? a->owner->name : "?";
	const char *basis = a->basis != NULL ? a->basis : "";

	if (!view_tells(s->run->view, &s->subject, a->category,
		a->owner != NULL ? &a->owner->id : &nobody))
		return;
	name_time(at, a->at_ms,
	    replica_env(s->run->replica)
		->offset_min(replica_env(s->run->replica)->self));
	if (s->array == NULL) {
		access_head(s, a->category, owner);
		run_say(s->run, "  %s%s %s, known here since %s, %s%s\n",
		    access_who(a), a->node != NULL ? " (one node)" : "",
		    a->right == GRANT_WRITE ? "reads and writes" : "reads", at,
		    basis[0] != '\0' ? basis : "basis not readable here",
		    a->whole_history ? "" : ", not the history before");
		return;
	}
	if (json_array_append_new(s->array,
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b}",
		    "state", "reads", "category", a->category, "owner", owner,
		    "kind", a->node != NULL ? "node" : "agency", "who",
		    access_who(a), "right", right, "since", at, "basis", basis,
		    "whole_history", a->whole_history)) != 0)
		s->failed = true;
}

enum err
cmd_access(struct run *run, struct fail *f)
{
	struct sharing s = { .run = run };
	struct view v;
	enum err e = actor_find(run, &s.subject, run_word(run, 0), f);

	if (e == OK)
		e = actor_must_see(run, &s.subject, f);
	if (e == OK)
		e = view_begin(&v, run, f);
	if (e != OK)
		return e;
	if (run->cli->json)
		s.array = json_array();
	e = grant_access_list(run->replica, &s.subject, access_line, &s, f);
	if (e == OK)
		e = take_say_left(run, &s.subject, s.array, f);
	view_end(&v);
	if (e == OK && s.failed)
		e = fail_set(f, ERR_NOMEM, "the JSON answer");
	if (e == OK && run->cli->json)
		return run_json(run, s.array, f);
	json_decref(s.array);
	return e;
}

/* ---- carry ---- */

static enum err
carry_all(struct run *run, const struct member_node *node, int64_t *granted,
    struct fail *f)
{
	struct row_id subject;
	const char *word;
	enum err e = OK;

	for (size_t k = 0; e == OK && (word = run_word(run, k)); k++) {
		int64_t now = 0;

		e = actor_subject(run, &subject, word, f);
		if (e == OK)
			e = grant_carry(run->replica, &subject, node, &now, f);
		*granted += now;
		run_progress(run, "%zu of %zu", k + 1, run->cli->word_count);
	}
	run_progress(run, "%s", "");
	return e;
}

enum err
cmd_carry(struct run *run, struct fail *f)
{
	const char *on = cli_get(run->cli, "on");
	const struct member_node *node;
	const char *off = cli_get(run->cli, "off");
	int64_t granted = 0;
	enum err e;

	if ((on == NULL) == (off == NULL))
		return fail_set(f, ERR_USAGE,
		    "carry: say on or off which machine: --on NODE or --off "
		    "NODE");
	if (off != NULL)
		return take_off(run, off, f);
	e = members_find_node(replica_members(run->replica), &node, on, f);
	if (e == OK)
		e = replica_begin(run->replica, f);
	if (e != OK)
		return e;
	e = carry_all(run, node, &granted, f);
	if (e == OK)
		e = replica_commit(run->replica, f);
	else
		replica_rollback(run->replica);
	if (e != OK)
		return e;
	run->wrote = granted > 0;
	if (run->cli->json)
		return run_json(run,
		    json_pack("{s:i, s:I}", "people", (int)run->cli->word_count,
			"granted", (json_int_t)granted),
		    f);
	run_say(run, "%zu %s with %s (%lld new key%s)\n", run->cli->word_count,
	    run->cli->word_count == 1 ? "person goes" : "people go", node->name,
	    (long long)granted, run_s(granted));
	return OK;
}
