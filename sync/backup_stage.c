/*
 * A directory beside the replica where a copy of it is made or taken apart. What
 * is in it is encrypted under the backup's key; it is emptied before and after.
 */
#include "sync/backup_i.h"

#include <stdio.h>
#include <string.h>

#include "sync/db.h"
#include "sync/log.h"

static enum err
empty(const struct backup_stage *s, struct fail *f)
{
	char lock[BACKUP_DIR_BYTES + 16];
	enum err e = db_remove(s->env, s->database, f);

	(void)snprintf(lock, sizeof(lock), "%s/lock", s->dir);
	if (e == OK)
		e = env_forget(s->env, lock, f);
	return e;
}

enum err
backup_stage_make(struct backup_stage *s, const struct env *env,
    const char *dir, const char *name, struct fail *f)
{
	int n = snprintf(s->dir, sizeof(s->dir), "%s/%s", dir, name);
	enum err e;

	s->env = env;
	if (n < 0 || (size_t)n >= sizeof(s->dir))
		return fail_set(f, ERR_INPUT, "the path %.60s... is too long",
		    dir);
	(void)snprintf(s->database, sizeof(s->database), "%s/footbridge.db",
	    s->dir);
	e = env->dir_make(env->self, s->dir, f);
	return e == ERR_EXISTS ? empty(s, f) : e;
}

void
backup_stage_drop(struct backup_stage *s)
{
	(void)empty(s, NULL);
	(void)s->env->dir_remove(s->env->self, s->dir, NULL);
}

enum err
backup_stage_open(struct replica **out, const struct backup_stage *s,
    const struct slot_keys *keys, const struct replica_options *o,
    struct fail *f)
{
	struct replica_options apart = *o;
	struct replica *r = NULL;
	enum err e;

	apart.env = s->env;
	apart.keys = keys;
	apart.apart = true;
	e = replica_open(&r, s->dir, &apart, f);
	if (e == OK)
		e = db_integrity(replica_db(r), f);
	if (e != OK) {
		replica_close(r);
		return e;
	}
	*out = r;
	return OK;
}

static enum err
count(uint64_t *out, struct replica *r, const char *sql, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	if (e == OK)
		e = stmt_step(s, &row, f);
	if (e != OK)
		return e;
	*out = row ? (uint64_t)stmt_col_int(s, 0) : 0;
	stmt_reset(s);
	return OK;
}

enum err
backup_stage_facts(struct backup_facts *facts, struct replica *r,
    struct fail *f)
{
	const struct identity *me = replica_identity(r);
	const struct network_id *network = members_network(replica_members(r));
	enum err e;

	memset(facts, 0, sizeof(*facts));
	if (network != NULL)
		facts->network = *network;
	facts->node = me->node;
	memcpy(facts->sign_key, me->sign_key, sizeof(facts->sign_key));
	facts->incarnation = me->incarnation;
	members_head(replica_members(r), facts->member_head);
	e = log_author_top(r, &me->author, &facts->position, &facts->segment,
	    f);
	if (e == ERR_NOTFOUND)
		e = OK;
	if (e == OK)
		e = count(&facts->members, r, "SELECT count(*) FROM _member",
		    f);
	if (e == OK)
		e = count(&facts->segments, r, "SELECT count(*) FROM _segment",
		    f);
	if (e == OK)
		e = count(&facts->compartments, r,
		    "SELECT count(*) FROM _compartment", f);
	return e;
}
