/* peer add, peer remove, peers. */
#include "node/cmd.h"

#include <string.h>

#include "node/contact.h"
#include "node/show.h"
#include "sync/lane.h"

/* "HOST:PORT" with a port; anything else would fail only at night. */
static enum err
check_address(const char *text, struct fail *f)
{
	const char *colon = strrchr(text, ':');
	int64_t port;

	if (colon == NULL || colon == text ||
	    strlen(text) > LANE_ADDRESS_BYTES || strpbrk(text, " /@") != NULL)
		return fail_set(f, ERR_USAGE,
		    "want HOST:PORT such as hub.example:7443, have %.60s",
		    text);
	return cli_number(&port, colon + 1, 1, 65535, "the port", f);
}

static enum err
bulk_rule(enum lane_bulk_rule *out, const char *text, struct fail *f)
{
	*out = LANE_BULK_BUDGET;
	if (text == NULL)
		return OK;
	if (strcmp(text, "always") == 0)
		*out = LANE_BULK_ALWAYS;
	else if (strcmp(text, "asked") == 0)
		*out = LANE_BULK_ASKED;
	else
		return fail_set(f, ERR_USAGE,
		    "--bulk: want always or asked, have %.40s", text);
	return OK;
}

enum err
cmd_peer_add(struct run *run, struct fail *f)
{
	const struct cli *cli = run->cli;
	const char *every = cli_get(cli, "every");
	const char *budget = cli_get(cli, "budget");
	const struct member_node *node;
	int64_t every_s = 0, bytes = 0;
	enum lane_bulk_rule rule;
	struct buf span = { 0 };
	enum err e = contact_every(&every_s, run, f);

	if (e != OK)
		return e;
	e = members_find_node(replica_members(run->replica), &node,
	    run_word(run, 0), f);
	if (e == OK)
		e = check_address(run_word(run, 1), f);
	if (e == OK && every != NULL)
		e = cli_seconds(&every_s, every, f);
	if (e == OK && budget != NULL)
		e = cli_bytes(&bytes, budget, f);
	if (e == OK)
		e = bulk_rule(&rule, cli_get(cli, "bulk"), f);
	if (e == OK && every_s < 1)
		e = fail_set(f, ERR_USAGE, "--every: want at least 1s");
	if (e == OK)
		e = lane_peer_set(run->replica, &node->id, run_word(run, 1),
		    every_s, bytes, f);
	if (e == OK)
		e = lane_bulk_set(run->replica, &node->id, rule, f);
	if (e != OK)
		return e;
	run->wrote = true;
	if (cli->json)
		return run_json(run,
		    json_pack("{s:s, s:s, s:I}", "peer", node->name, "address",
			run_word(run, 1), "every_s", (json_int_t)every_s),
		    f);
	name_span(&span, every_s);
	run_say(run,
	    "%s is called at %s every %s while footbridge serve runs, and by "
	    "footbridge sync\n",
	    node->name, run_word(run, 1), buf_cstr(&span));
	buf_release(&span);
	return OK;
}

enum err
cmd_peer_remove(struct run *run, struct fail *f)
{
	const struct member_node *node;
	enum err e = members_find_node(replica_members(run->replica), &node,
	    run_word(run, 0), f);

	if (e == OK)
		e = lane_peer_remove(run->replica, &node->id, f);
	if (e == ERR_NOTFOUND)
		return fail_set(f, e, "%s is no peer of this node",
		    run_word(run, 0));
	if (e != OK)
		return e;
	run->wrote = true;
	if (run->cli->json)
		return run_json(run, json_pack("{s:s}", "removed", node->name),
		    f);
	run_say(run, "%s is not called any more; nothing of the log is lost\n",
	    node->name);
	return OK;
}

/* ---- peers ---- */

static int64_t
pending(const struct lane_peer_info *p)
{
	uint64_t n = 0;

	for (size_t i = 0; i < LANE_COUNT; i++)
		n += p->pending[i];
	return (int64_t)n;
}

static json_t *
peer_json(struct run *run, const struct lane_peer_info *p)
{
	char name[ID_TEXT_BYTES], id[ID_TEXT_BYTES];

	hex_encode(id, p->node.b, ID_BYTES);
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:s, s:I, s:b, "
			 "s:I, s:I, s:I}",
	    "name", name_of_node(run, &p->node, name), "node", id, "address",
	    p->address, "every_s", (json_int_t)p->every_s, "budget",
	    (json_int_t)p->budget, "last_ok_ms", (json_int_t)p->last_ok_ms,
	    "last_try_ms", (json_int_t)p->last_try_ms, "last_error",
	    p->last_error, "pending", (json_int_t)pending(p), "receipt",
	    p->receipt, "sweep_equal_ms", (json_int_t)p->sweep_equal_ms,
	    "no_room", (json_int_t)p->aside, "room_again_ms",
	    (json_int_t)p->again_ms);
}

static void
peer_text(struct run *run, const struct lane_peer_info *p)
{
	const struct env *env = replica_env(run->replica);
	char name[ID_TEXT_BYTES];
	struct buf text = { 0 };

	show_peer(&text, p, env_wall_ms(env));
	run_say(run, "%-20s %-28s %s\n", name_of_node(run, &p->node, name),
	    p->address[0] != '\0' ? p->address : "(calls us, or by stick)",
	    buf_cstr(&text));
	buf_release(&text);
}

enum err
cmd_peers(struct run *run, struct fail *f)
{
	json_t *array = run->cli->json ? json_array() : NULL;
	struct lane_peer_info p;
	enum err e = OK;
	size_t at = 0;

	for (; (e = lane_peer_at(run->replica, &p, at, f)) == OK; at++) {
		if (array == NULL)
			peer_text(run, &p);
		else if (json_array_append_new(array, peer_json(run, &p)) != 0)
			return fail_set(f, ERR_NOMEM, "the JSON answer");
	}
	if (e != ERR_NOTFOUND) {
		json_decref(array);
		return e;
	}
	if (run->cli->json)
		return run_json(run, array, f);
	if (at == 0)
		run_say(run,
		    "no contact with another node yet; footbridge peer add "
		    "NODE HOST:PORT, or footbridge bundle export\n");
	return OK;
}
