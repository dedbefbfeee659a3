#include "node/show_offer.h"

#include "node/name.h"
#include "sync/offer.h"

static void
count_own(void *context, const struct agency_id *owner, int64_t changes)
{
	struct show_offer *t = context;

	(void)owner;
	t->own += changes;
}

static enum err
count_other(void *context, const struct offer_pending *o, struct fail *f)
{
	struct show_offer *t = context;

	(void)f;
	t->other += o->changes;
	return OK;
}

enum err
show_offer_count(struct show_offer *out, struct run *run, struct fail *f)
{
	enum err e;

	*out = (struct show_offer){ 0 };
	e = offer_own_each(run->replica, count_own, out, f);
	return e == OK ? offer_pending_each(run->replica, count_other, out, f)
		       : e;
}

static void
say_own(void *context, const struct agency_id *owner, int64_t changes)
{
	struct run *run = context;
	char text[ID_TEXT_BYTES];

	run_say(run,
	    "offered: %lld change%s to %s, which alone can take %s up; about "
	    "records that were taken off this computer, still shown here\n",
	    (long long)changes, run_s(changes),
	    name_of_agency(run, owner, text), changes == 1 ? "it" : "them");
}

/* The offers of one computer, summed up. */
struct offerer {
	const struct member_node *node;
	int64_t changes, typed_ms;
};
#define OFFERERS 64
struct offerers {
	struct offerer of[OFFERERS];
	size_t count;
};

static enum err
sum_up(void *context, const struct offer_pending *o, struct fail *f)
{
	struct offerers *k = context;
	size_t i = 0;

	(void)f;
	while (i < k->count && k->of[i].node != o->node)
		i++;
	if (i == OFFERERS)
		return OK; /* the others' turn comes when these are done */
	if (i == k->count)
		k->of[k->count++] = (struct offerer){ .node = o->node,
			.typed_ms = o->typed_ms };
	if (o->typed_ms < k->of[i].typed_ms)
		k->of[i].typed_ms = o->typed_ms;
	k->of[i].changes += o->changes;
	return OK;
}

enum err
show_offer_say(struct run *run, struct fail *f)
{
	const struct env *env = replica_env(run->replica);
	struct offerers k = { .count = 0 };
	char at[NAME_TIME_BYTES];
	enum err e = offer_own_each(run->replica, say_own, run, f);

	if (e == OK)
		e = offer_pending_each(run->replica, sum_up, &k, f);
	for (size_t i = 0; e == OK && i < k.count; i++) {
		const struct offerer *o = &k.of[i];

		name_time(at, o->typed_ms, env->offset_min(env->self));
		run_say(run,
		    "offers: %lld change%s by %s, typed from %s on, about "
		    "records that were taken off it; footbridge adopt %s takes "
		    "%s up\n",
		    (long long)o->changes, run_s(o->changes), o->node->name, at,
		    o->node->name, o->changes == 1 ? "it" : "them");
	}
	return e;
}
