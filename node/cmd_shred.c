/* shred, shred status: what an order would destroy, the order, the certificate. */
#include "node/cmd.h"

#include <string.h>

#include "node/category.h"
#include "node/name.h"
#include "node/out.h"
#include "node/role.h"
#include "node/show_scope.h"
#include "sync/shred.h"

/* ---- the order ------------------------------------------------------------------- */

/* The account of disclosures outlives what was disclosed (45 CFR 164.528: six
 * years); an order that means it names it. */
static const char *const kept[] = { "AUD" };

/* Where roles were given, it is for those who keep the records. */
static enum err
check_role(struct run *run, struct row_id *staff, struct fail *f)
{
	bool set_up = false;
	uint32_t roles;
	enum err e = role_of(&roles, staff, NULL, &set_up, run, f);

	if (e != OK || !set_up || (roles & ROLE_BITS_RECORDS) != 0)
		return e;
	return role_need(staff, run, ROLE_BITS_RECORDS, "destroying records",
	    f);
}

static enum err
read_request(struct run *run, struct shred_request *q, struct fail *f)
{
	enum err e = OK;

	q->reference = cli_get(run->cli, "order");
	if (q->reference == NULL || q->reference[0] == '\0')
		return fail_set(f, ERR_USAGE,
		    "shred: say by which order: --order REF (a file or court "
		    "number, no name of the person)");
	if (run->cli->word_count > 1)
		e = category_check(run, 1, "destroyed", f);
	if (e == OK)
		e = check_role(run, &q->staff, f);
	if (e == OK)
		e = read_subject(run->replica, &q->subject, run_word(run, 0),
		    f);
	q->categories = run->cli->words + 1;
	q->category_count = run->cli->word_count - 1;
	q->keep = kept;
	q->keep_count = COUNT_OF(kept);
	return e;
}

static enum err
say_ordered(struct run *run, const struct shred_request *q, int64_t count,
    bool rekeyed, const struct fail *why, struct fail *f)
{
	if (run->cli->json)
		return run_json(run,
		    json_pack("{s:s, s:I, s:b}", "order", q->reference,
			"compartments", (json_int_t)count, "rekeyed", rekeyed),
		    f);
	run_say(run,
	    "%lld record group%s destroyed on this computer. The order goes to "
	    "all who held %s with the next contact; footbridge shred status "
	    "'%s' shows who confirmed.\n",
	    (long long)count, run_s(count), count == 1 ? "it" : "them",
	    q->reference);
	if (!rekeyed)
		run_say(run,
		    "This computer's own new key is still due (%s): until then "
		    "deleted text may be found on its disk by whoever knows a "
		    "passphrase. It is made by itself at the next command.\n",
		    why->text);
	else if (why->code != OK)
		run_say(run,
		    "Its own backups still have what was destroyed: remove "
		    "them "
		    "by hand (%s)\n",
		    why->text);
	return OK;
}

enum err
cmd_shred(struct run *run, struct fail *f)
{
	struct shred_request q = { .reference = "" };
	struct fail why = { .code = OK };
	int64_t count = 0;
	bool rekeyed = false;
	enum err e = read_request(run, &q, f);

	if (e == OK && cli_get(run->cli, "dry-run") != NULL)
		return show_scope(run, &q, f);
	if (e == OK)
		e = shred_order(run->replica, &q, &count, f);
	if (e != OK)
		return e;
	run->wrote = true;
	/* what is destroyed stays so, whatever becomes of this */
	run->whole = true;
	if (out_shred(run->replica, &rekeyed, &why) == OK)
		why.code = OK; /* a text may be left of what did no harm */
	return say_ordered(run, &q, count, rekeyed, &why, f);
}

/* ---- the certificate --------------------------------------------------------------- */

struct certificate {
	struct run *run;
	json_t *array;    /* NULL: text */
	const char *only; /* record of an order or group, or its first
	                   * characters; NULL: all */
	bool unnamed;     /* those whose reference cannot be read */
	int64_t count, missing;
	int64_t standing; /* orders that count */
	bool failed;
};

static const char *
receipt_state(const struct shred_told *t, const struct shred_receipt *r)
{
	if (t->undone_ms != 0)
		return "had destroyed it";
	if (r->at_ms != 0)
		return "confirmed";
	return r->out ? "out of the network" : "missing";
}

static void
say_receipt(struct certificate *c, const struct shred_told *t,
    const struct shred_receipt *r)
{
	const struct env *env = replica_env(c->run->replica);
	char at[NAME_TIME_BYTES], id[ID_TEXT_BYTES];

	at[0] = '\0';
	if (r->at_ms != 0)
		name_time(at, r->at_ms, env->offset_min(env->self));
	run_say(c->run, "  %-20s %s (%s)%s%s\n", receipt_state(t, r),
	    r->node->name, name_of_agency(c->run, &r->node->agency, id),
	    at[0] != '\0' ? ", known here since " : "", at);
}

static json_t *
receipts_json(const struct shred_told *t)
{
	json_t *a = json_array();

	for (size_t i = 0; a != NULL && i < t->receipt_count; i++)
		(void)json_array_append_new(a,
		    json_pack("{s:s, s:s, s:I}", "node",
			t->receipts[i].node->name, "state",
			receipt_state(t, &t->receipts[i]), "at_ms",
			(json_int_t)t->receipts[i].at_ms));
	return a;
}

/* Below this come those who had obeyed. */
static void
say_undone(struct certificate *c, const struct shred_told *t)
{
	const struct env *env = replica_env(c->run->replica);
	char at[NAME_TIME_BYTES];

	name_time(at, t->undone_ms, env->offset_min(env->self));
	run_say(c->run,
	    "  THIS ORDER DOES NOT COUNT, known here since %s: whoever gave it "
	    "was taken out of the network or cut off from before it, or a "
	    "judgement voids it. No confirmation of it stands. What it "
	    "destroyed comes back from computers that still have it",
	    at);
	if (t->lacking > 0)
		run_say(c->run, "; %lld segment%s not come back here yet",
		    (long long)t->lacking, t->lacking == 1 ? " has" : "s have");
	run_say(c->run,
	    ". If it is to be destroyed all the same, a registrar orders it "
	    "again.\n");
}

static void
say_told(struct certificate *c, const struct shred_told *t, const char *order)
{
	const struct env *env = replica_env(c->run->replica);
	char at[NAME_TIME_BYTES], group[2 * ID_BYTES + 1];

	hex_encode(group, t->compartment.b, ID_BYTES);
	name_time(at, t->at_ms, env->offset_min(env->self));
	if (c->standing == 1 && t->undone_ms == 0)
		run_say(c->run, "CERTIFICATE OF DESTRUCTION\n");
	run_say(c->run,
	    "\nRecord group %s\n"
	    "  order:               %s\n"
	    "  ordered by:          %s\n"
	    "  record of the order: %s\n"
	    "  obeyed here since:   %s\n",
	    group,
	    t->reference[0] != '\0' ? t->reference
				    : "(its reference is not readable here)",
	    t->issuer != NULL ? t->issuer->name : "?", order, at);
	if (t->undone_ms != 0)
		say_undone(c, t);
	for (size_t i = 0; i < t->receipt_count; i++)
		say_receipt(c, t, &t->receipts[i]);
}

/* One line for an order whose certificate nobody can ask for by its name. */
static void
say_unnamed(struct certificate *c, const struct shred_told *t,
    const char *order)
{
	const struct env *env = replica_env(c->run->replica);
	char at[NAME_TIME_BYTES];

	if (c->count == 1)
		run_say(c->run,
		    "No order is known here by the name \"%s\". But there are "
		    "orders whose names cannot be read on this computer: the "
		    "name went with the keys of what was destroyed. It may be "
		    "one of these; footbridge shred status RECORD says who "
		    "confirmed it.\n",
		    run_word(c->run, 0));
	name_time(at, t->at_ms, env->offset_min(env->self));
	run_say(c->run, "  %s  ordered by %s, known here since %s\n", order,
	    t->issuer != NULL ? t->issuer->name : "?", at);
}

/* Is it asked for? */
static bool
is_wanted(const struct certificate *c, const struct shred_told *t,
    const char *order, const char *group)
{
	size_t n;

	if (c->unnamed)
		return t->reference[0] == '\0';
	if (c->only == NULL)
		return true;
	n = strlen(c->only);
	return n >= 8 &&
	    (strncmp(order, c->only, n) == 0 ||
		strncmp(group, c->only, n) == 0);
}

static enum err
certify(void *context, const struct shred_told *t, struct fail *f)
{
	struct certificate *c = context;
	char order[2 * SEGMENT_ID_BYTES + 1] = "not sealed yet";
	char group[2 * ID_BYTES + 1];

	(void)f;
	if (t->sealed)
		hex_encode(order, t->order.b, SEGMENT_ID_BYTES);
	hex_encode(group, t->compartment.b, ID_BYTES);
	if (!is_wanted(c, t, order, group))
		return OK;
	c->count++;
	for (size_t i = 0; i < t->receipt_count; i++)
		c->missing += t->receipts[i].at_ms == 0 && !t->receipts[i].out;
	c->standing += t->undone_ms == 0;
	if (c->array == NULL && c->unnamed)
		say_unnamed(c, t, order);
	else if (c->array == NULL)
		say_told(c, t, order);
	else if (json_array_append_new(c->array,
		     json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:o}",
			 "group", group, "reference", t->reference, "order",
			 order, "by", t->issuer != NULL ? t->issuer->name : "",
			 "at_ms", (json_int_t)t->at_ms, "undone_ms",
			 (json_int_t)t->undone_ms, "lacking",
			 (json_int_t)t->lacking, "receipts",
			 receipts_json(t))) != 0)
		c->failed = true;
	return OK;
}

/* Honest about what a program cannot see. */
static void
say_limits(struct run *run, const struct shred_counts *n, int64_t missing)
{
	if (missing > 0)
		run_say(run,
		    "\nNot complete: %lld confirmation%s missing. A computer "
		    "that was away destroys its copy at its next contact, "
		    "before "
		    "it shows anything.\n",
		    (long long)missing, missing == 1 ? " is" : "s are");
	if (n->rekey)
		run_say(run,
		    "\nNot complete here: this computer's new key is still "
		    "due; it is made by itself at the next command or by "
		    "serve.\n");
	run_say(run,
	    "\nEach computer listed as confirmed signed that its rows, keys "
	    "and documents are destroyed. This cannot promise it of: paper, "
	    "exports and screenshots; copies of disks; backups that were "
	    "taken elsewhere, which lie closed until they are gone, and when "
	    "they are restored destroy the records again at their first "
	    "contact, before anything can be read (unless an administrator "
	    "there opens them though nobody can be reached: then it is in "
	    "that computer's journal, and the first contact still destroys "
	    "them); remnants that flash memory keeps; computers taken out of "
	    "the network.\n");
}

/* By its name; else by its record; else those that have no name here. */
static enum err
certify_asked(struct certificate *c, struct fail *f)
{
	struct replica *r = c->run->replica;
	const char *asked = run_word(c->run, 0);
	enum err e = shred_list(r, asked, certify, c, f);

	if (e != OK || c->count > 0 || asked == NULL)
		return e;
	c->only = asked;
	e = shred_list(r, NULL, certify, c, f);
	if (e != OK || c->count > 0)
		return e;
	c->unnamed = true;
	e = shred_list(r, "", certify, c, f);
	if (e == OK && c->count == 0)
		e = fail_set(f, ERR_NOTFOUND,
		    "shred: nothing was destroyed here by the order \"%s\"",
		    asked);
	/* somebody must look which it is */
	c->run->decide = e == OK;
	return e;
}

enum err
cmd_shred_status(struct run *run, struct fail *f)
{
	struct certificate c = { .run = run };
	struct shred_counts n;
	enum err e = shred_count(run->replica, &n, f);

	if (e == OK && run->cli->json && (c.array = json_array()) == NULL)
		return fail_set(f, ERR_NOMEM, "the JSON answer");
	if (e == OK)
		e = certify_asked(&c, f);
	if (e == OK && c.failed)
		e = fail_set(f, ERR_NOMEM, "the JSON answer");
	if (e != OK) {
		json_decref(c.array);
		return e;
	}
	if (c.array != NULL)
		return run_json(run, c.array, f);
	if (c.count == 0)
		run_say(run, "nothing was ordered to be destroyed\n");
	else if (c.standing > 0 && !c.unnamed)
		say_limits(run, &n, c.missing);
	return OK;
}
