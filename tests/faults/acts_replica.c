/* Opening, making, copying, verifying a replica. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sync/backup.h"
#include "sync/join.h"
#include "tests/faults/acts.h"

#define MUST(call) \
	do { \
		struct fail fail_ = { .code = OK }; \
		struct fail *f = &fail_; \
		if ((call) != OK) \
			fail_msg("%s: %s", #call, fail_.text); \
	} while (0)

/* ---- the replica itself ----------------------------------------------------------*/

enum err
act_open_it(struct scene *s, struct fail *f)
{
	return scene_open(s, f);
}

void
prepare_log(struct scene *s)
{
	scene_note_before(s, s->p.r[PAIR_NORTH]);
	/* closed without a checkpoint: the log is as a kill leaves it */
	disk_power_off(s->env->disk, 0);
}

enum err
act_rebuild(struct scene *s, struct fail *f)
{
	return replica_rebuild(s->r, f);
}

enum err
act_verify(struct scene *s, struct fail *f)
{
	int64_t checked;
	enum err e = db_integrity(replica_db(s->r), f);

	return e == OK ? log_verify(s->r, true, &checked, f) : e;
}

void
prepare_moved(struct scene *s)
{
	(void)pair_seal(&s->p, PAIR_NORTH);
	(void)pair_try_insert(&s->p, PAIR_NORTH, "tag", &s->person[1], "word",
	    "in work");
	scene_note_before(s, s->p.r[PAIR_NORTH]);
	replica_close(s->p.r[PAIR_NORTH]);
	s->p.r[PAIR_NORTH] = NULL;
	memset(s->env->binding, 7, sizeof(s->env->binding));
}

/* Work of the newer schema has come and waits for its tables. */
void
prepare_skew(struct scene *s)
{
	struct pair *p = &s->p;

	pair_restart(p, PAIR_CLINIC, 2);
	pair_insert(p, PAIR_CLINIC, "extra", &s->row, &s->person[0], "word",
	    "of the new table");
	assert_int_equal(pair_set(p, PAIR_CLINIC, "person", &s->person[0],
			     "later", "a new field", NULL),
	    OK);
	(void)pair_seal(p, PAIR_CLINIC);
	pair_ship_all(p, PAIR_CLINIC, PAIR_NORTH);
	s->options.schema_count = 2;
}

enum err
act_migrate(struct scene *s, struct fail *f)
{
	return scene_open(s, f);
}

enum err
act_back_up(struct scene *s, struct fail *f)
{
	struct backup_facts facts;
	struct backup_job job;
	const struct env *env = &s->env->env;
	enum err e;

	(void)env->file_remove(env->self, "dir.backup", NULL);
	e = backup_begin(&job, s->r, f);
	if (e != OK)
		return e;
	e = backup_write(&facts, &job, "dir.backup", &s->options, f);
	backup_end(&job, s->r);
	return e;
}

void
prepare_backup(struct scene *s)
{
	s->r = s->p.r[PAIR_NORTH];
	s->keys = s->p.keys[PAIR_NORTH];
	s->options.keys = &s->keys;
	MUST(act_back_up(s, f));
	s->r = NULL;
	MUST(s->env->env.dir_make(s->env, "new", f));
	s->dir = "new";
}

enum err
act_restore(struct scene *s, struct fail *f)
{
	struct backup_facts facts;
	struct slot_keys keys;
	struct backup *b = NULL;
	enum err e = backup_open(&b, &s->env->env, "dir.backup", f);

	if (e == OK)
		e = slot_unlock(&keys, NULL, backup_slots(b), &pair_secret, f);
	if (e == OK)
		e = backup_restore(&facts, b, s->dir, &keys, &s->options, f);
	backup_close(b);
	return e;
}

enum err
act_member(struct scene *s, struct fail *f)
{
	enum member_result result;

	return replica_add_member(s->r, &result, s->in[0].p, s->in[0].n, NULL,
	    f);
}

void
prepare_member(struct scene *s)
{
	struct pair *p = &s->p;

	MUST(replica_new_life(p->r[PAIR_CLINIC], LIFE_MOVED, f));
	MUST(((void)f,
	    member_make_author(scene_input(s),
		replica_identity(p->r[PAIR_CLINIC]),
		members_network(replica_members(p->r[PAIR_CLINIC])))));
}

/* ---- new replicas -------------------------------------------------------------------*/

void
prepare_machine(struct scene *s)
{
	s->other = env_test_new(99);
	env_test_on_virtual_disk(s->other);
	s->dir = "/new";
	s->env = s->other;
	s->options.env = &s->other->env;
	disk_put(s->other->disk, "/elsewhere", "", 0);
}

/* As node/open.c does it: what an earlier attempt left goes. */
enum err
act_make_replica(struct scene *s, struct fail *f)
{
	const struct env *env = &s->env->env;
	enum err e = env->dir_make(env->self, s->dir, f);

	if (e != OK && e != ERR_EXISTS)
		return e;
	(void)slot_forget(env, s->dir, NULL);
	e = slot_create(&s->keys, env, s->dir, &pair_secret, f);
	return e == OK ? replica_create(&s->r, s->dir, &s->options, f) : e;
}

enum err
act_found(struct scene *s, struct fail *f)
{
	static const struct replica_found o = { .network_name = "new",
		.node_name = "one",
		.agency_name = "One",
		.office = "",
		.agency_kind = KIND_PROBATION };

	return replica_found_network(s->r, &o, f);
}

void
prepare_join(struct scene *s)
{
	struct invite_options options = { .agency = "Court",
		.kind = KIND_COURT,
		.name = "clerk",
		.days = 7 };
	struct join_names names = { 0 };
	struct buf text = { 0 }, code = { 0 };
	struct buf *request = scene_input(s), *reply = scene_input(s);
	struct node_id joined;
	struct invite invite;

	prepare_machine(s);
	s->options.keys = &s->keys;
	MUST(s->other->env.dir_make(s->other, s->dir, f));
	MUST(slot_create(&s->keys, &s->other->env, s->dir, &pair_secret, f));
	MUST(replica_create(&s->r, s->dir, &s->options, f));
	MUST(invite_make(s->p.r[PAIR_NORTH], &text, &options, f));
	MUST(invite_parse(&invite, buf_cstr(&text), f));
	MUST(join_request_make(s->r, request, &code, &invite, &names, f));
	MUST(join_answer_make(s->p.r[PAIR_NORTH], reply, &joined, request->p,
	    request->n, f));
	buf_release(&text);
	buf_release(&code);
}

enum err
act_join_end(struct scene *s, struct fail *f)
{
	struct join_result result;

	return join_finish(s->r, &result, s->in[1].p, s->in[1].n, f);
}
