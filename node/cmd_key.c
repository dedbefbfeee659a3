/* root export, root forget, keyslot. */
#include "node/cmd.h"

#include <string.h>

#include <sodium.h>

#include "node/actor.h"
#include "node/journal.h"
#include "node/name.h"
#include "node/open.h"
#include "node/policy/held.h"
#include "node/prove.h"
#include "node/secret.h"
#include "sync/code.h"

/* ---- root ---- */

static enum err
no_root(struct fail *f)
{
	return fail_set(f, ERR_NOTFOUND,
	    "this node does not hold the network's root key: it was forgotten "
	    "here, or another node founded the network");
}

/* The code line by line, as it goes onto paper. */
static enum err
root_text(struct buf *out, const struct run *run)
{
	const struct identity *me = replica_identity(run->replica);
	const char *name = members_network_name(replica_members(run->replica));

	buf_printf(out,
	    "The root key of the network \"%s\".\n"
	    "Whoever has this paper can appoint stewards. Lock it away.\n\n",
	    name != NULL ? name : "");
	code_encode(out, CODE_ROOT, me->root_secret, MEMBER_SECRET_BYTES);
	buf_printf(out, "\n");
	return out->err;
}

enum err
cmd_root_export(struct run *run, struct fail *f)
{
	const struct env *env = replica_env(run->replica);
	struct buf text = { 0 }, path = { 0 };
	const char *name;
	enum err e;

	if (!replica_identity(run->replica)->has_root_secret)
		return no_root(f);
	name = run_path(run, &path, run_word(run, 0));
	e = env_is_free(env, name, f);
	if (e == ERR_EXISTS)
		e = fail_set(f, e,
		    "%.200s is there already; nothing was written",
		    run_word(run, 0));
	if (e == OK)
		e = root_text(&text, run);
	if (e == OK)
		e = env->file_write(env->self, name, text.p, text.n, f);
	if (e == OK)
		e = replica_meta_set(run->replica, "root_exported", "1", 1, f);
	if (e == OK && !run->cli->json)
		run_say(run,
		    "The root key is in %s. Print it, check the paper, delete "
		    "the file, then: footbridge root forget\n",
		    run_word(run, 0));
	if (e == OK && run->cli->json)
		e = run_json(run, json_pack("{s:b}", "exported", 1), f);
	buf_release(&text);
	buf_release(&path);
	return e;
}

enum err
cmd_root_forget(struct run *run, struct fail *f)
{
	struct identity me = *replica_identity(run->replica);
	struct buf exported = { 0 };
	enum err e = OK;

	if (!me.has_root_secret)
		e = no_root(f);
	else if (replica_meta_get(run->replica, &exported, "root_exported",
		     NULL) != OK)
		e = fail_set(f, ERR_DENIED,
		    "the root key was never exported from here: without it no "
		    "steward can ever be replaced. First: footbridge root "
		    "export FILE");
	if (e == OK) {
		me.has_root_secret = false;
		sodium_memzero(me.root_secret, sizeof(me.root_secret));
		e = replica_save_identity(run->replica, &me, f);
	}
	identity_wipe(&me);
	buf_release(&exported);
	if (e != OK)
		return e;
	if (run->cli->json)
		return run_json(run, json_pack("{s:b}", "forgotten", 1), f);
	run_say(run, "The root key is no longer on this machine.\n");
	return OK;
}

/* ---- keyslot ---- */

static json_t *
slot_json(const struct slot *s)
{
	char at[NAME_TIME_BYTES];

	name_time(at, s->made_ms, 0);
	return json_pack("{s:i, s:s, s:s}", "n", (int)s->number, "kind",
	    slot_kind_name((enum slot_kind)s->kind), "made", at);
}

enum err
cmd_keyslot_list(struct run *run, struct fail *f)
{
	json_t *array = run->cli->json ? json_array() : NULL;
	char at[NAME_TIME_BYTES];
	struct slot_set set;
	enum err e = slot_load(&set, env_posix(), run->dir, f);

	for (size_t i = 0; e == OK && i < set.count; i++) {
		const struct slot *s = &set.slots[i];

		name_time(at, s->made_ms, 0);
		if (array != NULL)
			(void)json_array_append_new(array, slot_json(s));
		else
			run_say(run, "%u  %-14s made %s UTC\n", s->number,
			    slot_kind_name((enum slot_kind)s->kind), at);
	}
	if (e == OK && run->cli->json)
		return run_json(run, array, f);
	json_decref(array);
	return e;
}

static enum err
say_added(struct run *run, uint8_t number, const struct buf *code,
    struct fail *f)
{
	if (run->cli->json)
		return run_json(run,
		    code->n > 0 ? json_pack("{s:i, s:s#}", "n", (int)number,
				      "recovery_code", code->p, (int)code->n)
				: json_pack("{s:i}", "n", (int)number),
		    f);
	run_say(run, "key slot %u is added\n", number);
	if (code->n > 0)
		run_say(run,
		    "Write this recovery code on paper; it is shown only "
		    "now:\n    %.*s\n",
		    (int)code->n, (const char *)code->p);
	return OK;
}

/* The secret of the new slot, by its kind. */
static enum err
new_secret(struct slot_secret *secret, struct buf *bytes, struct run *run,
    struct fail *f)
{
	const struct env *env = env_posix();
	const char *kind = run_word(run, 0), *file = run_word(run, 1);
	struct buf path = { 0 };
	enum err e = OK;

	if (strcmp(kind, "keyfile") == 0 && file != NULL) {
		secret->kind = SLOT_KEYFILE;
		e = env->file_read(env->self, bytes, run_path(run, &path, file),
		    SLOT_KEYFILE_BYTES_MAX, f);
		buf_release(&path);
	} else if (strcmp(kind, "passphrase") == 0 && file == NULL) {
		secret->kind = SLOT_PASSPHRASE;
		e = secret_another(bytes, f);
	} else if (strcmp(kind, "recovery") == 0 && file == NULL) {
		secret->kind = SLOT_RECOVERY;
		slot_recovery_make(bytes, env);
		e = bytes->err;
	} else {
		return fail_set(f, ERR_USAGE,
		    "keyslot add: want passphrase, recovery, or keyfile FILE");
	}
	secret->p = bytes->p;
	secret->n = bytes->n;
	return e;
}

/* On a computer that people carry, another key would give its administrator more
 * than the agency did. */
static enum err
may_be_nobody(const struct run *run, struct fail *f)
{
	if (run->actor == NULL || run->actor->rights.leads ||
	    held_is_server(run->replica))
		return OK;
	return fail_set(f, ERR_DENIED,
	    "on a computer that people carry key slots are changed by whoever "
	    "has its recovery code or a key file (--passphrase-file)");
}

/* Who opened it by the password of an account is an administrator, and says again
 * who that is: another slot would be nobody's by name, and see all. A key file and
 * the recovery code are asked for nothing. */
static enum err
may_change(struct run *run, struct open_with *w, struct fail *f)
{
	struct replica *r = NULL;
	struct engine engine;
	enum err e;

	if (!w->has_opener)
		return OK;
	e = open_waiting(&r, w, run->dir, OPEN_BUSY_MS, f);
	if (e == ERR_BUSY)
		return fail_set(f, e,
		    "nothing was changed: while a daemon runs, key slots are "
		    "changed by who opens with a key file or the recovery code "
		    "(--passphrase-file); or stop it first");
	if (e == OK)
		e = engine_init(&engine, r, f);
	if (e != OK) {
		replica_close(r);
		return e;
	}
	engine.accounts = &w->config.accounts;
	engine.has_opener = true;
	memcpy(engine.opener, w->opener, sizeof(engine.opener));
	/* cppcheck-suppress autoVariables ; taken back below */
	run->engine = &engine;
	run->replica = r;
	run->with = w;
	e = prove_again(run, f);
	engine_lock(&engine);
	if (e == OK)
		e = actor_begin(run, f);
	if (e == OK)
		e = actor_must_administer(run, f);
	if (e == OK)
		e = may_be_nobody(run, f);
	if (e == OK)
		e = journal_act(run, OK, f);
	actor_end(run);
	engine_unlock(&engine);
	run->engine = NULL;
	run->replica = NULL;
	run->with = NULL;
	engine_release(&engine);
	replica_close(r);
	return e;
}

enum err
cmd_keyslot_add(struct run *run, struct fail *f)
{
	struct slot_secret secret = { 0 };
	struct buf bytes = { 0 }, none = { 0 };
	struct open_with w;
	uint8_t number;
	enum err e;

	e = open_prepare(&w, run->dir, f);
	if (e == OK)
		e = open_unlock(&w, run->cli, run->dir, f);
	if (e == OK)
		e = may_change(run, &w, f);
	if (e == OK)
		e = new_secret(&secret, &bytes, run, f);
	if (e == OK)
		e = slot_add(&number, env_posix(), run->dir, &w.keys, &secret,
		    f);
	if (e == OK)
		e = say_added(run, number,
		    secret.kind == SLOT_RECOVERY ? &bytes : &none, f);
	open_forget(&w);
	buf_release(&bytes);
	return e;
}

enum err
cmd_keyslot_remove(struct run *run, struct fail *f)
{
	struct open_with w;
	int64_t number;
	enum err e;

	e = cli_number(&number, run_word(run, 0), 1, 255, "the slot's number",
	    f);
	if (e == OK)
		e = open_prepare(&w, run->dir, f);
	if (e != OK)
		return e;
	/* whoever cannot open the replica may not lock others out of it */
	e = open_unlock(&w, run->cli, run->dir, f);
	if (e == OK)
		e = may_change(run, &w, f);
	if (e == OK)
		e = slot_remove(env_posix(), run->dir, (uint8_t)number, f);
	open_forget(&w);
	if (e != OK)
		return e;
	if (run->cli->json)
		return run_json(run, json_pack("{s:i}", "removed", (int)number),
		    f);
	run_say(run, "key slot %d is removed\n", (int)number);
	return OK;
}
