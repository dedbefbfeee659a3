/* held, held retry: what was received and not applied. */
#include "node/cmd.h"

#include <string.h>

#include "node/show.h"

struct holding {
	struct run *run;
	json_t *array;
	int64_t only; /* 0: all */
	size_t count;
};

static bool
one_held(void *context, const struct held_item *h)
{
	struct holding *k = context;
	char from[ID_TEXT_BYTES], at[NAME_TIME_BYTES];
	const char *name;
	const struct env *env = replica_env(k->run->replica);

	if (k->only != 0 && h->no != k->only)
		return true;
	k->count++;
	name = name_of_node(k->run, &h->from, from);
	name_time(at, h->at_ms, env->offset_min(env->self));
	if (k->array != NULL)
		return json_array_append_new(k->array,
			   json_pack("{s:I, s:s, s:s, s:s, s:s, s:I, s:b}",
			       "id", (json_int_t)h->no, "what", h->what, "why",
			       h->why, "from", name, "since", at, "bytes",
			       (json_int_t)h->bytes, "can_retry",
			       h->can_retry)) == 0;
	run_say(k->run, "%lld  %s, %zu bytes, from %s since %s\n      %s\n",
	    (long long)h->no, h->what, h->bytes, name, at, h->why);
	if (h->can_retry)
		run_say(k->run,
		    "      footbridge held retry %lld tries it "
		    "again\n",
		    (long long)h->no);
	run_flush(k->run);
	return true;
}

enum err
cmd_held(struct run *run, struct fail *f)
{
	struct holding k = { .run = run };
	enum err e = OK;

	if (run_word(run, 0) != NULL)
		e = cli_number(&k.only, run_word(run, 0), 1, INT64_MAX,
		    "the number", f);
	if (e == OK && run->cli->json)
		k.array = json_array();
	if (e == OK)
		e = held_list(run->replica, one_held, &k, f);
	if (e == OK && k.only != 0 && k.count == 0)
		e = fail_set(f, ERR_NOTFOUND,
		    "nothing held has this number; footbridge held lists what "
		    "there is");
	if (e == OK && run->cli->json)
		return run_json(run, k.array, f);
	json_decref(k.array);
	if (e == OK && k.count == 0)
		run_say(run, "nothing is held: all that arrived is applied\n");
	return e;
}

static bool
find_held(void *context, const struct held_item *h)
{
	struct holding *k = context;

	if (h->no == k->only)
		k->count++;
	return k->count == 0;
}

static enum err
is_held(bool *yes, struct run *run, int64_t no, struct fail *f)
{
	struct holding k = { .run = run, .only = no };
	enum err e = held_list(run->replica, find_held, &k, f);

	*yes = k.count > 0;
	return e;
}

enum err
cmd_held_retry(struct run *run, struct fail *f)
{
	bool held = false;
	int64_t no;
	enum err e =
	    cli_number(&no, run_word(run, 0), 0, INT64_MAX, "the number", f);

	if (e == OK)
		e = is_held(&held, run, no, f);
	if (e == OK && !held)
		return fail_set(f, ERR_NOTFOUND,
		    "nothing held has this number; footbridge held lists what "
		    "there is");
	if (e == OK)
		e = held_retry(run->replica, no, f);
	if (e == OK)
		e = is_held(&held, run, no, f);
	if (e != OK)
		return e;
	run->wrote = true;
	if (run->cli->json)
		return run_json(run, json_pack("{s:b}", "applied", !held), f);
	run_say(run,
	    held ? "tried again: it still waits; footbridge held %lld says "
		   "why\n"
		 : "tried again: %lld is not held any more\n",
	    (long long)no);
	return OK;
}
