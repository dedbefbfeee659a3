/* judge: computers that wrote two histories, what is in each, what stands. */
#include "node/cmd.h"

#include <string.h>

#include "node/show.h"
#include "sync/fork.h"

struct judging {
	struct run *run;
	json_t *array;      /* NULL: text */
	size_t count, open; /* open: there is something to decide */
};

static json_t *
branch_json(const struct run *run, const struct fork_branch *b)
{
	char id[2 * sizeof(b->id.b) + 1];
	struct buf staff = { 0 };
	json_t *v;

	hex_encode(id, b->id.b, sizeof(b->id.b));
	if (b->changes > 0)
		name_show_staff(&staff, run, &b->staff);
	v = json_pack("{s:I, s:s, s:I, s:b, s:b, s:b, s:I, s:I, s:I, s:s, s:s}",
	    "branch", (json_int_t)b->segment, "id", id, "position",
	    (json_int_t)b->position, "signature_fits", b->proven, "void",
	    b->voided, "readable", b->readable, "changes",
	    (json_int_t)b->changes, "first_ms", (json_int_t)b->first_ms,
	    "last_ms", (json_int_t)b->last_ms, "by",
	    staff.n > 0 ? buf_cstr(&staff) : "", "table",
	    b->table != NULL ? b->table : "");
	buf_release(&staff);
	return v;
}

static void
branch_text(struct run *run, const struct fork_branch *b)
{
	const struct env *env = replica_env(run->replica);
	char id[2 * sizeof(b->id.b) + 1], at[NAME_TIME_BYTES];
	struct buf staff = { 0 };

	hex_encode(id, b->id.b, sizeof(b->id.b));
	run_say(run, "      branch %lld, %.16s, %s%s\n", (long long)b->segment,
	    id,
	    b->proven ? "signed by that computer"
		      : "its signature does not verify: run verify --deep",
	    b->voided ? "; void" : "");
	if (!b->readable) {
		run_say(run, "        this office has no key to it\n");
		return;
	}
	if (b->changes == 0) {
		run_say(run, "        no changes in it\n");
		return;
	}
	name_show_staff(&staff, run, &b->staff);
	name_time(at, b->first_ms, env->offset_min(env->self));
	run_say(run, "        %zu change%s, the first by %s at %s in %s\n",
	    b->changes, run_s((int64_t)b->changes), buf_cstr(&staff), at,
	    b->table != NULL ? b->table : "a table not known here");
	buf_release(&staff);
}

static void
fork_text(struct run *run, const struct fork *k)
{
	const struct env *env = replica_env(run->replica);
	char name[ID_TEXT_BYTES], at[NAME_TIME_BYTES], cpt[9];

	name_time(at, k->at_ms, env->offset_min(env->self));
	hex_encode(cpt, k->compartment.b, 4);
	run_say(run, "%lld  %s wrote two histories; found here %s\n",
	    (long long)k->no, name_of_node(run, &k->node, name), at);
	if (k->place)
		run_say(run,
		    "      they part at entry %llu of compartment %s; %s\n",
		    (unsigned long long)k->at, cpt,
		    k->judged ? "judged" : "both count until somebody judges");
	else
		run_say(run,
		    "      number %llu was given twice, in different places; "
		    "both are kept and count\n",
		    (unsigned long long)k->at);
	for (size_t i = 0; i < k->count; i++)
		branch_text(run, &k->branch[i]);
}

static json_t *
fork_json(const struct run *run, const struct fork *k)
{
	json_t *branches = json_array();
	char name[ID_TEXT_BYTES], cpt[ID_TEXT_BYTES] = "";

	for (size_t i = 0; i < k->count; i++)
		(void)json_array_append_new(branches,
		    branch_json(run, &k->branch[i]));
	if (k->place)
		hex_encode(cpt, k->compartment.b, ID_BYTES);
	return json_pack("{s:I, s:b, s:s, s:s, s:I, s:I, s:o}", "no",
	    (json_int_t)k->no, "judged", k->judged, "node",
	    name_of_node(run, &k->node, name), "compartment", cpt, "at",
	    (json_int_t)k->at, "found_ms", (json_int_t)k->at_ms, "branches",
	    branches);
}

static bool
one_fork(void *context, const struct fork *k)
{
	struct judging *j = context;

	j->count++;
	j->open += k->place;
	if (j->array != NULL)
		return json_array_append_new(j->array, fork_json(j->run, k)) ==
		    0;
	fork_text(j->run, k);
	run_flush(j->run);
	return true;
}

/* judge N --void BRANCH..., judge N --all-stand */
static enum err
decide(struct run *run, struct fail *f)
{
	int64_t no, branch[FORK_BRANCHES];
	const char *word;
	size_t n = 0;
	enum err e =
	    cli_number(&no, run_word(run, 0), 1, INT64_MAX, "the number", f);

	for (; e == OK && (word = cli_get_at(run->cli, "void", n)) != NULL;
	     n++) {
		if (n == FORK_BRANCHES)
			return fail_set(f, ERR_INPUT, "at most %d branches",
			    FORK_BRANCHES);
		e = cli_number(&branch[n], word, 1, INT64_MAX, "the branch", f);
	}
	if (e == OK && (n > 0) == (cli_get(run->cli, "all-stand") != NULL))
		e = fail_set(f, ERR_USAGE,
		    "either --void BRANCH, for each that does not count, or "
		    "--all-stand");
	if (e == OK)
		e = fork_judge(run->replica, no, branch, n, f);
	if (e != OK)
		return e;
	run->wrote = true;
	if (run->cli->json)
		return run_json(run,
		    json_pack("{s:I, s:I}", "judged", (json_int_t)no, "void",
			(json_int_t)n),
		    f);
	run_say(run,
	    n == 0 ? "all of them count; nobody is asked again\n"
		   : "that history and what builds on it does not count any "
		     "more, on every computer that hears of it; nothing of it "
		     "is deleted, and a later judgement can let it count\n");
	return OK;
}

enum err
cmd_judge(struct run *run, struct fail *f)
{
	struct judging j = { .run = run };
	enum err e;

	if (run_word(run, 0) != NULL)
		return decide(run, f);
	if (run->cli->json)
		j.array = json_array();
	e = fork_list(run->replica, one_fork, &j, f);
	if (e == OK && j.array != NULL)
		return run_json(run, j.array, f);
	json_decref(j.array);
	if (e == OK && j.count == 0)
		run_say(run,
		    "no computer is known to have written two histories\n");
	else if (e == OK)
		run_say(run,
		    "\nThat computer was copied, an old copy of it was put "
		    "back, or it lies: ask who uses it. Where the histories "
		    "disagree, footbridge conflicts shows both values.%s\n",
		    j.open > 0 ? " If one is false: footbridge judge N --void "
				 "BRANCH"
			       : "");
	return e;
}
