/* sync, reopen. */
#include "node/cmd.h"

#include <string.h>

#include "node/contact.h"
#include "node/journal.h"
#include "node/show.h"
#include "node/show_taken.h"
#include "sync/remove.h"

/* ---- sync ---- */

static json_t *
result_json(const char *name, const struct net_result *n, enum err e,
    const struct fail *why)
{
	json_t *outcome = json_object();

	for (int i = 0; i < OUTCOME_COUNT; i++)
		(void)show_set(outcome, outcome_name((enum outcome)i),
		    json_integer((json_int_t)n->outcome[i]));
	return json_pack("{s:s, s:b, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
			 "s:I, s:I, s:b, s:s, s:I, s:I, s:b, s:o}",
	    "peer", name, "ok", e == OK, "error", e == OK ? "" : why->text,
	    "sent_bytes", (json_int_t)n->sent_bytes, "received_bytes",
	    (json_int_t)n->received_bytes, "head_bytes",
	    (json_int_t)n->head_bytes, "round_trips",
	    (json_int_t)n->round_trips, "sent_items", (json_int_t)n->sent_items,
	    "sealed", (json_int_t)n->sealed, "took_ms", (json_int_t)n->took_ms,
	    "wire_sent_bytes", (json_int_t)n->wire_sent_bytes,
	    "wire_received_bytes", (json_int_t)n->wire_received_bytes,
	    "over_budget", n->over_budget, "note", n->note, "sweep_rounds",
	    (json_int_t)n->sweep_rounds, "sweep_found",
	    (json_int_t)n->sweep_found, "sweep_equal", n->sweep_equal,
	    "received", outcome);
}

static void
sweep_text(struct run *run, const struct net_result *n)
{
	if (n->sweep_rounds == 0)
		return;
	run_say(run, "  compared: ");
	if (n->sweep_found > 0)
		run_say(run, "%lld entr%s missing there, ",
		    (long long)n->sweep_found,
		    n->sweep_found == 1 ? "y was" : "ies were");
	run_say(run,
	    n->sweep_equal ? "both hold the same\n"
			   : "not the same yet; footbridge held may say why, "
			     "and it is done again tomorrow\n");
}

static void
result_text(struct run *run, const char *name, const struct net_result *n,
    enum err e, const struct fail *why)
{
	int64_t received = 0;

	for (int i = 0; i < OUTCOME_COUNT; i++)
		received += n->outcome[i];
	if (e != OK && n->round_trips == 0) {
		run_say(run, "%s: not reached\n", name);
		return;
	}
	if (e != OK)
		run_say(run, "%s: broke off: %s\n  what arrived is kept; ",
		    name, why->text);
	else
		run_say(run, "%s: ", name);
	run_say(run, "%lld sent, ", (long long)n->sent_items);
	show_received(run, received, n->outcome);
	run_say(run, "\n  %lld bytes on the wire, %lld round trip%s, %.1f s\n",
	    (long long)n->wire_sent_bytes + n->wire_received_bytes,
	    (long long)n->round_trips, run_s((int64_t)n->round_trips),
	    (double)n->took_ms / 1000);
	if (n->over_budget)
		run_say(run,
		    "  stopped at its byte budget; the rest goes at "
		    "the next contact\n");
	if (e == OK)
		sweep_text(run, n);
	if (n->note[0] != '\0')
		run_say(run, "  %s\n", n->note);
}

struct syncing {
	struct run *run;
	json_t *array; /* NULL: text */
	size_t good, bad;
	struct fail first;
};

/* What this node wrote in earlier lives and is here; and is it restored? */
struct back {
	int64_t work;
	bool restored;
};

static struct back
look_back(struct run *run)
{
	struct back b = { 0 };

	engine_lock(run->engine);
	b.restored = replica_restored(run->replica, NULL) != LIFE_NONE;
	if (replica_earlier_work(run->replica, &b.work, NULL) != OK)
		b.work = 0;
	engine_unlock(run->engine);
	return b;
}

/* Somebody whose computer was put back wants to know one thing. */
static void
say_back(struct run *run, const struct back *was, const char *name)
{
	struct back now = look_back(run);
	int64_t n = now.work - was->work;

	/* a new life in this very contact makes what was its own earlier work,
	 * which did not come from anybody */
	if (!was->restored || (now.restored && n <= 0))
		return;
	run_say(run,
	    "  This computer was restored or copied. Your work is safe; it "
	    "goes on under a new number.");
	if (n > 0)
		run_say(run, " %lld entr%s of yours %s fetched back from %s.",
		    (long long)n, n == 1 ? "y" : "ies", n == 1 ? "was" : "were",
		    name);
	run_say(run,
	    " What was typed after the copy was made and had reached nobody "
	    "is not here: look on the computer it was typed on.\n");
}

static void
sync_one(struct syncing *s, const struct contact *c)
{
	struct net_result n = { 0 };
	struct fail why = { 0 };
	struct back was = look_back(s->run);
	enum err e = OK;

	if (cli_get(s->run->cli, "sweep") != NULL)
		e = contact_sweep(s->run->engine, c, &why);
	if (e == OK)
		e = contact_call(s->run->engine, &n, c, &why);
	if (e == OK)
		s->good++;
	else if (s->bad++ == 0)
		s->first = why;
	if (s->array != NULL)
		(void)json_array_append_new(s->array,
		    result_json(c->name, &n, e, &why));
	else
		result_text(s->run, c->name, &n, e, &why);
	if (s->array == NULL)
		say_back(s->run, &was, c->name);
}

static enum err
sync_all(struct syncing *s, const char *only, struct fail *f)
{
	struct contact c;
	enum err e;

	for (size_t at = 0;; at++) {
		e = contact_at(s->run->engine, &c, at, f);
		if (e == ERR_NOTFOUND)
			break;
		if (e != OK)
			return e;
		if (only != NULL ? contact_is(s->run->engine, &c, only)
				 : c.address[0] != '\0')
			sync_one(s, &c);
	}
	if (s->good + s->bad == 0)
		return fail_set(f, ERR_NOTFOUND,
		    only != NULL
			? "%s%.60s is no peer with an address; see footbridge "
			  "peers"
			: "%s%sno peer has an address yet; footbridge peer "
			  "add NODE HOST:PORT",
		    "", only != NULL ? only : "");
	return OK;
}

static enum err
count_decisions(struct run *run, int64_t *decisions, struct fail *f)
{
	int64_t notices;
	enum err e;

	engine_lock(run->engine);
	e = conflict_count(run->replica, decisions, &notices, f);
	engine_unlock(run->engine);
	return e;
}

static size_t
count_copies(struct run *run)
{
	size_t n;

	engine_lock(run->engine);
	n = replica_copies(run->replica);
	engine_unlock(run->engine);
	return n;
}

/* A restored replica that nobody answered stays as it is, and says so. */
static void
say_closed(struct syncing *s)
{
	struct run *run = s->run;
	enum life_reason reason;

	engine_lock(run->engine);
	reason = replica_restored(run->replica, NULL);
	engine_unlock(run->engine);
	if (reason == LIFE_NONE || s->good > 0 || run->cli->json)
		return;
	run_say(run,
	    "records stay closed until a contact: %s. If nobody can be "
	    "reached any more, for good, an administrator may open them: "
	    "footbridge help reopen\n",
	    life_words(reason));
}

static enum err
mark_end(struct run *run, int64_t *mark, struct fail *f)
{
	enum err e;

	engine_lock(run->engine);
	e = remove_mark(run->replica, mark, f);
	engine_unlock(run->engine);
	return e;
}

/* What somebody else took back since then, and what is gone by an order. */
static enum err
say_gone(struct run *run, int64_t mark, int64_t since_ms, struct fail *f)
{
	enum err e;

	engine_lock(run->engine);
	e = show_taken_since(&run->out, run, mark, f);
	if (e == OK)
		e = show_destroyed(&run->out, run, since_ms, f);
	engine_unlock(run->engine);
	return e;
}

enum err
cmd_sync(struct run *run, struct fail *f)
{
	struct syncing s = { .run = run };
	int64_t before = 0, after = 0, mark = 0;
	size_t copies = count_copies(run);
	int64_t began_ms = env_wall_ms(env_posix());
	enum err e = count_decisions(run, &before, f);

	if (run->cli->json)
		s.array = json_array();
	if (e == OK)
		e = mark_end(run, &mark, f);
	if (e == OK) {
		e = sync_all(&s, run_word(run, 0), f);
		if (e == OK || e == ERR_NOTFOUND)
			say_closed(&s);
	}
	if (e == OK)
		e = count_decisions(run, &after, f);
	if (e != OK) {
		json_decref(s.array);
		return e;
	}
	run->decide = after > before;
	if (!run->cli->json && (e = say_gone(run, mark, began_ms, f)) != OK)
		return e;
	if (count_copies(run) > copies && !run->cli->json)
		run_say(run,
		    "another copy of this computer writes too: footbridge "
		    "status\n");
	if (run->decide && !run->cli->json)
		run_say(run,
		    "%lld new conflict%s for a person to decide: footbridge "
		    "conflicts\n",
		    (long long)(after - before), run_s(after - before));
	if (run->cli->json)
		e = run_json(run, s.array, f);
	run->whole = e == OK;
	if (e == OK && s.bad > 0) {
		*f = s.first;
		if (s.good + s.bad == 1)
			return s.first.code;
		return fail_in(f, s.first.code,
		    "%zu of %zu peers %s not reached", s.bad, s.good + s.bad,
		    s.bad == 1 ? "was" : "were");
	}
	return e;
}

/* ---- reopen ---- */

static enum err
check_reopen(const char **reason, struct run *run, struct fail *f)
{
	bool closed;

	*reason = cli_get(run->cli, "reason");
	if (*reason == NULL || strlen(*reason) > AUDIT_TEXT_MAX)
		return fail_set(f, ERR_USAGE,
		    "reopen: say why in at most %d bytes: --reason WORDS",
		    AUDIT_TEXT_MAX);
	engine_lock(run->engine);
	closed = replica_restored(run->replica, NULL) != LIFE_NONE;
	engine_unlock(run->engine);
	return closed ? OK
		      : fail_set(f, ERR_INPUT,
			    "reopen: the records of this computer are not "
			    "closed; nothing was done");
}

/* Who did it and why is on the disk before anything can be read. */
static enum err
open_alone(struct run *run, const char *reason, struct fail *f)
{
	const struct audit_entry what = { .act = "reopen",
		.decision = "nobody was reached",
		.note = reason };
	enum err e;

	engine_lock(run->engine);
	e = audit_run(run, &what, f);
	if (e == OK)
		e = replica_open_alone(run->replica, f);
	engine_changed(run->engine);
	engine_unlock(run->engine);
	return e;
}

/* alone: nobody was reached, and the records are open all the same. */
static enum err
say_reopened(struct syncing *s, bool alone, struct fail *f)
{
	struct run *run = s->run;
	bool closed;

	engine_lock(run->engine);
	closed = replica_restored(run->replica, NULL) != LIFE_NONE;
	engine_unlock(run->engine);
	if (run->cli->json)
		return run_json(run,
		    json_pack("{s:b, s:b, s:O}", "open", !closed, "alone",
			alone, "peers", s->array),
		    f);
	if (alone)
		run_say(run,
		    "Nobody was reached. The records are open, as they were "
		    "when this copy was made: what was taken back or destroyed "
		    "since can be read here until the first contact, which "
		    "takes it away. It is in the journal who opened them and "
		    "why.\n");
	else if (closed)
		run_say(run,
		    "Somebody was reached, so this waits for them: the records "
		    "stay closed until a contact goes to its end.\n");
	else
		run_say(run,
		    "Somebody was reached: the records are open, and nothing "
		    "that was taken back or destroyed is among them.\n");
	return OK;
}

enum err
cmd_reopen(struct run *run, struct fail *f)
{
	struct syncing s = { .run = run };
	const char *reason;
	enum err e = check_reopen(&reason, run, f);

	if (e != OK)
		return e;
	if (run->cli->json && (s.array = json_array()) == NULL)
		return fail_set(f, ERR_NOMEM, "the JSON answer");
	/* whoever can be asked is asked first; an office that has no address of
	 * anybody has nobody to ask */
	e = sync_all(&s, NULL, f);
	if (e == ERR_NOTFOUND && s.good + s.bad == 0) {
		*f = (struct fail){ .code = OK };
		e = OK;
	}
	if (e == OK && s.good == 0)
		e = open_alone(run, reason, f);
	if (e == OK)
		e = say_reopened(&s, s.good == 0, f);
	json_decref(s.array);
	return e;
}
