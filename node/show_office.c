#include "node/show_office.h"

#include "node/account/store.h"
#include "node/chores.h"
#include "node/name.h"

enum err
show_office_take(struct show_office *o, struct run *run, struct fail *f)
{
	struct account_settings set;
	enum err e;

	const struct env *env = replica_env(run->replica);

	chores_settings(&set, run->engine);
	o->room_bytes = env->room_bytes != NULL
	    ? env->room_bytes(env->self, replica_dir(run->replica))
	    : -1;
	e = account_unused_count(&o->unused, run->replica, f);
	return e == OK
	    ? retain_read(&o->journal, run->replica, set.journal_days, f)
	    : e;
}

/* less than this, and a day's work with its backup may not fit */
#define ROOM_FEW_BYTES ((int64_t)200 * 1000000)

bool
show_office_is_full(const struct show_office *o)
{
	return o->room_bytes >= 0 && o->room_bytes < ROOM_FEW_BYTES;
}

void
show_office_say(struct run *run, const struct show_office *o)
{
	struct buf ago = { 0 };

	if (show_office_is_full(o))
		run_say(run,
		    "the disk of this computer is nearly full: %lld MB are "
		    "left; make room, or what is typed cannot be saved\n",
		    (long long)(o->room_bytes / 1000000));
	if (o->unused > 0)
		run_say(run,
		    "%lld account%s closed because nobody used %s for long "
		    "(footbridge account list; release opens one again, "
		    "disable ends it)\n",
		    (long long)o->unused, o->unused == 1 ? " was" : "s were",
		    o->unused == 1 ? "it" : "them");
	if (o->journal.review_due) {
		name_ago(&ago, env_wall_ms(replica_env(run->replica)),
		    o->journal.reviewed_ms != 0 ? o->journal.reviewed_ms
						: o->journal.extent.first_ms);
		run_say(run,
		    "the journal of who did what is to be looked through each "
		    "week; %s %s (footbridge audit review --done)\n",
		    o->journal.reviewed_ms != 0 ? "the last time was"
						: "nobody has yet, it begins",
		    buf_cstr(&ago));
	}
	buf_release(&ago);
}

json_t *
show_office_journal(const struct show_office *o)
{
	const struct retain_state *j = &o->journal;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "kept_days",
	    (json_int_t)j->days, "kept_from_ms", (json_int_t)j->extent.first_ms,
	    "first", (json_int_t)j->extent.base + 1, "last",
	    (json_int_t)j->extent.last, "reviewed", (json_int_t)j->reviewed,
	    "reviewed_ms", (json_int_t)j->reviewed_ms, "review_due",
	    (int)j->review_due);
}

void
show_office_json(json_t *status, const struct show_office *o)
{
	(void)json_object_set_new(status, "accounts_unused",
	    json_integer(o->unused));
	(void)json_object_set_new(status, "journal", show_office_journal(o));
	(void)json_object_set_new(status, "room_bytes",
	    json_integer(o->room_bytes));
}
