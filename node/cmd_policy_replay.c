/* policy replay: a decision that was written down, decided again by the pack of
 * its day and by the one of today. */
#include "node/cmd.h"

#include <string.h>

#include "node/party.h"
#include "node/name.h"
#include "node/policy/active.h"
#include "node/policy/case.h"
#include "node/policy/rows.h"

/* What a disclosure or a barrier says of the decision. */
struct decision {
	bool is_barrier, was_permitted;
	policy_day day;
	struct row_id person;
	bool has_person, has_to, has_from, has_purpose;
	struct agency_id from, to;
	int purpose, channel;
	char category[LIMIT_CATEGORY_BYTES + 1];
	char version[LIMIT_NAME_BYTES + 1];
	char code[LIMIT_CATEGORY_BYTES + 1];
};

static void
copy_text(char *to, size_t room, const struct read_row *row, const char *column)
{
	const struct value *v = row_value(row, column);
	size_t n = v->type == VALUE_TEXT ? v->n : 0;

	if (n >= room)
		n = 0;
	if (n > 0)
		memcpy(to, v->p, n);
	to[n] = 0;
}

static bool
on_row(void *context, const struct read_row *row)
{
	struct decision *d = context;

	d->is_barrier = strcmp(row->table->name, "barrier_log") == 0;
	d->was_permitted = !d->is_barrier;
	d->day = row_day(row, d->is_barrier ? "happened_on" : "sent_at");
	d->has_person = !d->is_barrier;
	if (d->has_person)
		d->person = row->subject;
	d->has_to = row_id_of(row, "to_agency_id", d->to.b);
	d->has_from = row_id_of(row, "from_agency_id", d->from.b);
	if (!d->is_barrier) {
		d->from = row->owner;
		d->has_from = true;
	}
	d->purpose = row_number(row, "purpose", LIST_PURPOSE);
	d->channel = d->is_barrier ? (int)CHANNEL_SYNC_
				   : row_number(row, "channel", LIST_CHANNEL);
	copy_text(d->category, sizeof(d->category), row, "category");
	copy_text(d->version, sizeof(d->version), row, "policy_version");
	copy_text(d->code, sizeof(d->code), row, "code");
	return false;
}

static enum err
find(struct decision *d, struct run *run, struct fail *f)
{
	static const char *const tables[] = { "disclosure", "barrier_log" };
	struct replica *r = run->replica;
	const char *word = run_word(run, 0);
	struct row_id id;
	enum err e = ERR_NOTFOUND;

	for (size_t k = 0; k < COUNT_OF(tables); k++) {
		const struct table *t =
		    registry_table(replica_registry(r), tables[k]);

		e = name_row(&id, run, t, word, f);
		if (e == OK)
			e = read_get(r, t, &id, 0, on_row, d, f);
		if (e != ERR_NOTFOUND && e != ERR_INPUT)
			break;
	}
	if (e == ERR_NOTFOUND || e == ERR_INPUT)
		return fail_set(f, ERR_NOTFOUND,
		    "no decision begins with %.40s: want the id of a "
		    "disclosure or of an entry of barrier_log",
		    word);
	if (e == OK &&
	    (!d->has_to || !d->has_from || d->purpose < 0 || d->channel < 0 ||
		d->category[0] == 0 || d->day == POLICY_NO_DAY))
		return fail_set(f, ERR_INPUT,
		    "that entry does not say what was asked for whom, so it "
		    "cannot be decided again");
	return e;
}

/* ---- deciding again ------------------------------------------------------------------- */

struct replaying {
	struct run *run;
	const struct decision *d;
	const char *category;
	struct policy_question q;
	struct policy_case c;
	struct policy_answer a;
	struct buf why, next;
	struct policy_pack *pack;
	bool approved;
};

static enum err
decide_on(struct replaying *x, policy_day rules_of, struct fail *f)
{
	struct replica *r = x->run->replica;
	enum err e = OK;

	buf_init(&x->why, 4096);
	buf_init(&x->next, 4096);
	e = policy_active(&x->pack, &x->approved, r, rules_of, f);
	if (e != OK)
		return e;
	policy_may(&x->a, x->pack, &x->c.facts, &x->q);
	policy_say(&x->why, &x->next, &x->a, &x->q);
	return x->why.err == OK ? OK : fail_code(f, x->why.err);
}

static void
forget(struct replaying *x)
{
	pack_free(x->pack);
	buf_release(&x->why);
	buf_release(&x->next);
	x->pack = NULL;
}

static void
say(const struct replaying *x, const char *when)
{
	run_say(x->run, "%s (%s %s%s): %s\n    rule: %s\n", when, x->pack->name,
	    x->pack->version, x->approved ? "" : ", sample",
	    buf_cstr((struct buf *)&x->why), x->a.cite);
}

static json_t *
as_json(struct replaying *x)
{
	return json_pack("{s:b, s:s, s:s, s:s, s:s, s:s, s:b}", "permit",
	    x->a.reason == POLICY_PERMIT, "reason",
	    policy_reason_word(x->a.reason), "why", buf_cstr(&x->why), "rule",
	    x->a.cite, "pack", x->pack->name, "version", x->pack->version,
	    "sample", !x->approved);
}

static enum err
ask(struct replaying *x, struct fail *f)
{
	const struct decision *d = x->d;
	struct replica *r = x->run->replica;
	static const struct row_id nobody;
	enum err e;

	x->category = d->category;
	x->q = (struct policy_question){ .category = &x->category,
		.category_count = 1,
		.purpose = (enum policy_purpose)d->purpose,
		.channel = (enum policy_channel)d->channel,
		.today = d->day,
		.row_day = POLICY_NO_DAY,
		.word_age = -1 };
	e = party_find(&x->q.from, r, &d->from, f);
	if (e == OK)
		e = party_find(&x->q.to, r, &d->to, f);
	if (e != OK)
		return e;
	x->q.role = party_usual_role(x->q.to.kind);
	e = policy_case_load(&x->c, r, d->has_person ? &d->person : &nobody,
	    &d->to, d->day, f);
	x->q.relations = x->c.relations | POLICY_BIT(RELATION_ASSIGNED);
	x->q.episode = x->c.episode;
	return e;
}

static enum err
compare(struct replaying *x, struct fail *f)
{
	json_t *then = NULL, *now = NULL;
	bool json = x->run->cli->json;
	char day[POLICY_DAY_CHARS];
	enum err e = decide_on(x, x->d->day, f);

	policy_day_text(day, x->d->day);
	if (e == OK && json)
		then = as_json(x);
	else if (e == OK)
		say(x, "By the rules of that day");
	if (e == OK && !json && x->d->version[0] != 0 &&
	    strcmp(x->d->version, x->pack->version) != 0)
		run_say(x->run,
		    "    the entry names version %s, which is not in force "
		    "here on that day\n",
		    x->d->version);
	forget(x);
	if (e == OK)
		e = decide_on(x, policy_today(x->run->replica), f);
	if (e == OK && json)
		now = as_json(x);
	else if (e == OK)
		say(x, "By the rules of today");
	forget(x);
	if (e == OK && json)
		return run_json(x->run,
		    json_pack("{s:s, s:s, s:b, s:s, s:o, s:o}", "day", day,
			"category", x->d->category, "was_permitted",
			x->d->was_permitted, "version", x->d->version, "then",
			then, "today", now),
		    f);
	json_decref(then);
	json_decref(now);
	return e;
}

enum err
cmd_policy_replay(struct run *run, struct fail *f)
{
	const char *person = cli_get(run->cli, "person");
	struct decision d = { 0 };
	struct replaying x = { .run = run, .d = &d };
	char day[POLICY_DAY_CHARS];
	enum err e = find(&d, run, f);

	if (e == OK && person != NULL && !d.has_person) {
		e = read_subject(run->replica, &d.person, person, f);
		d.has_person = e == OK;
	}
	if (e == OK)
		e = ask(&x, f);
	if (e != OK)
		return e;
	policy_day_text(day, d.day);
	if (!run->cli->json)
		run_say(run, "%s: %s, %s%s%s\n", day, d.category,
		    d.was_permitted ? "disclosed" : "refused",
		    d.code[0] != 0 ? ": " : "", d.code);
	if (!run->cli->json && !d.has_person)
		run_say(run,
		    "The entry names no person: what their consents say is "
		    "not weighed (--person says whose).\n");
	e = compare(&x, f);
	policy_case_release(&x.c);
	return e;
}
