/* unshare, carry --off, adopt, and what access says of who left. */
#include "node/cmd.h"

#include <stdio.h>
#include <string.h>

#include "node/cmd_take.h"
#include "node/category.h"
#include "node/journal.h"
#include "node/name.h"
#include "node/policy/withheld.h"
#include "node/view.h"
#include "sync/grant.h"

/* ---- unshare, carry --off ---- */

struct taking {
	struct run *run;
	json_t *array; /* NULL: text */
	const char *from;
	bool many;    /* of several people only the sum is said */
	bool by_hand; /* unshare: it stays so */
	int64_t removed, rekeyed, had_not;
	bool failed;
};

static void
take_line(void *context, const struct remove_line *line)
{
	struct taking *t = context;
	char id[ID_TEXT_BYTES];

	t->removed += line->removed ? 1 : 0;
	t->rekeyed += line->rekeyed ? 1 : 0;
	t->had_not += line->had ? 0 : 1;
	if (t->array != NULL) {
		if (json_array_append_new(t->array,
			json_pack("{s:s, s:s, s:b, s:b, s:b, s:b}", "category",
			    line->category, "owner",
			    name_of_agency(t->run, line->owner, id), "had",
			    line->had, "removed", line->removed, "rekeyed",
			    line->rekeyed, "stays", false)) != 0)
			t->failed = true;
		return;
	}
	if (t->many)
		return;
	if (!line->had)
		run_say(t->run, "%-24s %s could not read it\n", line->category,
		    t->from);
	else
		run_say(t->run, "%-24s %s gets nothing more of it%s\n",
		    line->category, t->from,
		    line->rekeyed ? ""
				  : "; its owner makes the new key, until "
				    "then new records still reach it");
}

static enum err
say_taken(struct taking *t, struct fail *f)
{
	t->run->wrote = t->removed > 0;
	if (t->failed)
		return fail_set(f, ERR_NOMEM, "the JSON answer");
	if (t->array != NULL)
		return run_json(t->run, t->array, f);
	if (t->many)
		run_say(t->run, "%zu %s off %s (%lld %s)\n",
		    t->run->cli->word_count,
		    t->run->cli->word_count == 1 ? "person" : "people", t->from,
		    (long long)t->removed,
		    t->removed == 1 ? "category" : "categories");
	if (t->removed > 0)
		run_say(t->run,
		    "What was read stays read: ask for written confirmation "
		    "that copies were destroyed.\n");
	if (t->removed > 0 && t->by_hand)
		run_say(t->run,
		    "No rule gives it to them again; footbridge share does.\n");
	return OK;
}

/* What the agency was given it on; "": nothing that can be read here. */
struct basis {
	const struct agency_id *agency;
	const char *category;
	char words[LIMIT_BASIS_BYTES + 1];
};

static void
on_basis(void *context, const struct grant_access *a)
{
	struct basis *b = context;

	if (a->node == NULL && a->agency != NULL && a->basis != NULL &&
	    id_equal(&a->agency->id, b->agency) &&
	    strcmp(a->category, b->category) == 0)
		(void)snprintf(b->words, sizeof(b->words), "%.*s",
		    (int)strcspn(a->basis, " "), a->basis);
}

/* The person's reason, and what ends with it. */
static void
words_of(char out[static LIMIT_BASIS_BYTES + 1], const char *reason,
    const struct basis *b)
{
	int n = snprintf(out, LIMIT_BASIS_BYTES + 1, "%s", reason);

	if (b->words[0] != '\0' && n < LIMIT_BASIS_BYTES)
		(void)snprintf(out + n, (size_t)(LIMIT_BASIS_BYTES + 1 - n),
		    "; it rested on %s", b->words);
}

/* Whoever looks at the journal sees of whom, from whom, what it rested on. */
static enum err
note_unshared(struct taking *t, const struct row_id *person,
    const struct basis *b, struct fail *f)
{
	struct buf note = { .limit = LIMIT_NAME_BYTES + LIMIT_BASIS_BYTES };
	struct audit_entry what = { .act = "unshare",
		.subject = person,
		.decision = "by hand" };
	enum err e;

	buf_printf(&note, "%s from %.40s%s%s", b->category, t->from,
	    b->words[0] != '\0' ? ", was " : "", b->words);
	what.note = buf_cstr(&note);
	e = audit_run(t->run, &what, f);
	buf_release(&note);
	return e;
}

static enum err
unshare_one(struct taking *t, struct remove_request *q,
    const struct agency_id *agency, const char *category, const char *reason,
    struct fail *f)
{
	char words[LIMIT_BASIS_BYTES + 1];
	struct basis b = { .agency = agency, .category = category };
	int64_t before = t->removed;
	enum err e =
	    grant_access_list(t->run->replica, &q->subject, on_basis, &b, f);

	words_of(words, reason, &b);
	q->words = words;
	q->categories = &category;
	q->category_count = 1;
	if (e == OK)
		e = remove_from(t->run->replica, q, take_line, t, f);
	if (e == OK && t->removed > before)
		e = note_unshared(t, &q->subject, &b, f);
	return e;
}

/* All of its categories or none. */
static enum err
unshare_all(struct taking *t, struct remove_request *q,
    const struct agency_id *agency, const char *reason, struct fail *f)
{
	struct replica *r = t->run->replica;
	const char *category;
	enum err e = replica_begin(r, f);

	if (e != OK)
		return e;
	for (size_t k = 1; e == OK && (category = run_word(t->run, k)); k++)
		e = unshare_one(t, q, agency, category, reason, f);
	if (e == OK)
		return replica_commit(r, f);
	replica_rollback(r);
	return e;
}

/* What the agency goes on reading about this person. */
struct staying {
	struct taking *t;
	const struct row_id *subject;
	const struct agency_id *agency;
	bool said;
};

static void
on_stays(void *context, const struct grant_access *a)
{
	struct staying *x = context;
	struct taking *t = x->t;
	const char *basis = a->basis != NULL ? a->basis : "";
	int n = (int)strcspn(basis, " ");

	if (a->node != NULL || a->agency == NULL || a->owner == NULL ||
	    !id_equal(&a->agency->id, x->agency) ||
	    id_equal(&a->owner->id, x->agency) ||
	    !view_tells(t->run->view, x->subject, a->category, &a->owner->id))
		return;
	if (t->array != NULL) {
		if (json_array_append_new(t->array,
			json_pack("{s:s, s:s, s:b, s:b, s:b, s:s%, s:b}",
			    "category", a->category, "owner", a->owner->name,
			    "had", true, "removed", false, "rekeyed", false,
			    "basis", basis, (size_t)n, "stays", true)) != 0)
			t->failed = true;
		return;
	}
	if (!x->said)
		run_say(t->run, "%s still reads of this person:\n", t->from);
	x->said = true;
	run_say(t->run, "  %s of %s%s%.*s\n", a->category, a->owner->name,
	    n > 0 ? ", " : "", n, basis);
}

static enum err
read_unshare(struct remove_request *q, const struct member_agency **agency,
    struct run *run, struct fail *f)
{
	const char *from = cli_get(run->cli, "from");
	const char *reason = cli_get(run->cli, "reason");
	enum err e;

	if (from == NULL || reason == NULL || reason[0] == '\0')
		return fail_set(f, ERR_USAGE,
		    "unshare: say from whom and why: --from AGENCY --reason "
		    "WORDS");
	if (strlen(reason) > LIMIT_BASIS_BYTES)
		return fail_set(f, ERR_INPUT,
		    "--reason: want at most %d bytes; nothing was unshared",
		    LIMIT_BASIS_BYTES);
	if (strncmp(reason, WITHHELD_POLICY, strlen(WITHHELD_POLICY)) == 0)
		return fail_set(f, ERR_INPUT,
		    "--reason: \"policy: \" is how the rules sign what they "
		    "take away; say why you do. Nothing was unshared");
	e = members_find_agency(replica_members(run->replica), agency, from, f);
	if (e == OK)
		e = category_check(run, 1, "unshared", f);
	if (e == OK)
		e = read_subject(run->replica, &q->subject, run_word(run, 0),
		    f);
	if (e == OK)
		memcpy(q->recipient, (*agency)->id.b, ID_BYTES);
	return e;
}

static enum err
say_stays(struct staying *stays, struct fail *f)
{
	struct run *run = stays->t->run;
	struct view v;
	enum err e = view_begin(&v, run, f);

	if (e != OK)
		return e;
	e = grant_access_list(run->replica, stays->subject, on_stays, stays, f);
	view_end(&v);
	return e;
}

enum err
cmd_unshare(struct run *run, struct fail *f)
{
	struct taking t = { .run = run, .by_hand = true };
	struct remove_request q = { .kind = GRANT_AGENCY,
		.reason = REMOVE_ENDED };
	const struct member_agency *agency = NULL;
	struct staying stays = { .t = &t };
	enum err e = read_unshare(&q, &agency, run, f);

	if (e != OK)
		return e;
	t.from = agency->name;
	stays.agency = &agency->id;
	stays.subject = &q.subject;
	if (run->cli->json && (t.array = json_array()) == NULL)
		return fail_set(f, ERR_NOMEM, "the JSON answer");
	e = unshare_all(&t, &q, &agency->id, cli_get(run->cli, "reason"), f);
	if (e == OK)
		e = say_stays(&stays, f);
	if (e == OK)
		return say_taken(&t, f);
	json_decref(t.array);
	return e;
}

static enum err
take_people(struct taking *t, struct remove_request *q, struct fail *f)
{
	struct run *run = t->run;
	const char *word;
	enum err e = replica_begin(run->replica, f);

	if (e != OK)
		return e;
	for (size_t k = 0; e == OK && (word = run_word(run, k)); k++) {
		e = read_subject(run->replica, &q->subject, word, f);
		if (e == OK)
			e = remove_from(run->replica, q, take_line, t, f);
		run_progress(run, "%zu of %zu", k + 1, run->cli->word_count);
	}
	run_progress(run, "%s", "");
	if (e == OK)
		return replica_commit(run->replica, f);
	replica_rollback(run->replica);
	return e;
}

enum err
take_off(struct run *run, const char *off, struct fail *f)
{
	struct taking t = { .run = run, .many = true };
	struct remove_request q = { .kind = GRANT_NODE,
		.reason = REMOVE_OFF,
		.words = "" };
	const struct member_node *node;
	enum err e;

	e = members_find_node(replica_members(run->replica), &node, off, f);
	if (e != OK)
		return e;
	t.from = node->name;
	memcpy(q.recipient, node->id.b, ID_BYTES);
	if (run->cli->json && (t.array = json_array()) == NULL)
		return fail_set(f, ERR_NOMEM, "the JSON answer");
	e = take_people(&t, &q, f);
	if (e == OK)
		return say_taken(&t, f);
	json_decref(t.array);
	return e;
}

/* ---- adopt ---- */

static json_t *
adopted_json(const struct member_node *node, const struct remove_adopted *a)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "node",
	    node->name, "compartments", (json_int_t)a->compartments, "segments",
	    (json_int_t)a->segments, "offers", (json_int_t)a->offers.offers,
	    "written", (json_int_t)a->offers.written, "drafts",
	    (json_int_t)a->offers.drafts, "invalid",
	    (json_int_t)a->offers.invalid);
}

static void
say_offers(struct run *run, const struct member_node *node,
    const struct offer_sum *o)
{
	if (o->offers > 0)
		run_say(run,
		    "%lld change%s that %s offered %s in the records now, with "
		    "who typed them and when\n",
		    (long long)o->written, run_s(o->written), node->name,
		    o->written == 1 ? "is" : "are");
	if (o->drafts > 0)
		run_say(run,
		    "%lld of them had a field that was changed meanwhile: both "
		    "values are kept (footbridge drafts)\n",
		    (long long)o->drafts);
	if (o->invalid > 0)
		run_say(run, "%lld that %s may not write at all %s left out\n",
		    (long long)o->invalid, node->name,
		    o->invalid == 1 ? "was" : "were");
}

enum err
cmd_adopt(struct run *run, struct fail *f)
{
	const struct member_node *node;
	struct remove_adopted a;
	enum err e;

	e = members_find_node(replica_members(run->replica), &node,
	    run_word(run, 0), f);
	if (e == OK)
		e = remove_adopt(run->replica, node, &a, f);
	if (e != OK)
		return e;
	run->wrote = a.compartments > 0;
	if (run->cli->json)
		return run_json(run, adopted_json(node, &a), f);
	if (a.segments == 0 && a.offers.offers == 0)
		run_say(run, "nothing of %s waits to be adopted here\n",
		    node->name);
	if (a.segments > 0)
		run_say(run, "%lld segment%s by %s count%s from now on\n",
		    (long long)a.segments, run_s(a.segments), node->name,
		    a.segments == 1 ? "s" : "");
	say_offers(run, node, &a.offers);
	return OK;
}

/* ---- access: who left, what is unfinished ---- */

static const char *
reason_words(enum remove_reason reason)
{
	switch (reason) {
	case REMOVE_ENDED:
		return "no longer shared";
	case REMOVE_OFF:
		return "taken off that computer";
	case REMOVE_LEFT:
		return "left";
	case REMOVE_MISTAKE:
		return "granted by mistake";
	case REMOVE_LOST:
		return "lost";
	case REMOVE_COMPROMISED:
		return "in wrong hands";
	}
	return "?";
}

struct saying {
	struct run *run;
	const struct row_id *subject;
	json_t *array; /* NULL: text */
	bool failed, headed;
};

static const char *
left_who(const struct run *run, const struct remove_left *l,
    char text[static ID_TEXT_BYTES])
{
	struct agency_id agency;
	struct node_id node;

	memcpy(agency.b, l->recipient, ID_BYTES);
	memcpy(node.b, l->recipient, ID_BYTES);
	return l->kind == GRANT_NODE ? name_of_node(run, &node, text)
				     : name_of_agency(run, &agency, text);
}

static void
say_left(void *context, const struct remove_left *l)
{
	struct saying *s = context;
	const struct env *env = replica_env(s->run->replica);
	char at[NAME_TIME_BYTES], who[ID_TEXT_BYTES], owner[ID_TEXT_BYTES];
	const char *by = l->issuer != NULL ? l->issuer->name : "?";

	if (!view_tells(s->run->view, s->subject, l->category, l->owner))
		return;
	name_time(at, l->at_ms, env->offset_min(env->self));
	if (s->array != NULL) {
		if (json_array_append_new(s->array,
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, "
				  "s:s, "
				  "s:b, s:b}",
			    "state", "left", "category", l->category, "owner",
			    name_of_agency(s->run, l->owner, owner), "kind",
			    l->kind == GRANT_NODE ? "node" : "agency", "who",
			    left_who(s->run, l, who), "left", at, "by", by,
			    "reason", reason_words(l->reason), "words",
			    l->words, "again", l->again, "by_hand",
			    withheld_is(l))) != 0)
			s->failed = true;
		return;
	}
	if (!s->headed)
		run_say(s->run, "left (what was read stays read)\n");
	s->headed = true;
	run_say(s->run,
	    "  %s of %s: %s, known here since %s, by %s: %s%s%s%s\n",
	    l->category, name_of_agency(s->run, l->owner, owner),
	    left_who(s->run, l, who), at, by, reason_words(l->reason),
	    l->words[0] != '\0' ? ", " : "", l->words,
	    l->again             ? "; reads it again"
		: withheld_is(l) ? "; until somebody shares it again"
				 : "");
}

static void
say_open(void *context, const struct remove_open *o)
{
	struct saying *s = context;
	char owner[ID_TEXT_BYTES];
	const char *name = name_of_agency(s->run, &o->owner, owner);

	if (!view_tells(s->run->view, s->subject, o->category, &o->owner))
		return;
	if (s->array != NULL) {
		if (json_array_append_new(s->array,
			json_pack("{s:s, s:s, s:s, s:b, s:I}", "state", "open",
			    "category", o->category, "owner", name, "rekey",
			    o->rekey, "quarantined",
			    (json_int_t)o->quarantined)) != 0)
			s->failed = true;
		return;
	}
	if (o->rekey)
		run_say(s->run,
		    "%s of %s waits for a new key from %s; new work is kept "
		    "here until then\n",
		    o->category, name, name);
	if (o->quarantined > 0)
		run_say(s->run,
		    "%s of %s: %lld segment%s %s not count (footbridge held)\n",
		    o->category, name, (long long)o->quarantined,
		    run_s(o->quarantined), o->quarantined == 1 ? "does" : "do");
}

enum err
take_say_left(struct run *run, const struct row_id *subject, json_t *array,
    struct fail *f)
{
	struct saying s = { .run = run, .subject = subject, .array = array };
	enum err e = remove_list(run->replica, subject, say_left, &s, f);

	if (e == OK)
		e = remove_open_list(run->replica, subject, say_open, &s, f);
	if (e == OK && s.failed)
		e = fail_set(f, ERR_NOMEM, "the JSON answer");
	return e;
}
