/* init: make a replica and found a network. */
#include "node/cmd.h"

#include <string.h>

#include "node/begin.h"
#include "node/open.h"

static enum err
read_kind(int *kind, const char *text, bool hub, struct fail *f)
{
	if (text == NULL)
		text = hub ? "hub" : "";
	*kind = kind_of(text, strlen(text));
	if (*kind < 0)
		return fail_set(f, ERR_USAGE,
		    "init: --kind wants probation, treatment, mental_health, "
		    "social, court or hub, have %.40s",
		    text[0] != '\0' ? text : "nothing");
	return OK;
}

static enum err
read_found(struct replica_found *o, const struct cli *cli, struct fail *f)
{
	bool hub = cli_get(cli, "hub") != NULL;

	*o = (struct replica_found){
		.node_name = cli_get(cli, "name"),
		.agency_name = cli_get(cli, "agency"),
		.relay = hub,
		.training = cli_get(cli, "training") != NULL,
	};
	if (o->node_name == NULL || o->node_name[0] == '\0')
		return fail_set(f, ERR_USAGE,
		    "init: give this node a name with --name N");
	if (o->agency_name == NULL || o->agency_name[0] == '\0')
		return fail_set(f, ERR_USAGE,
		    "init: name the agency with --agency A");
	if (strlen(o->node_name) > LIMIT_NAME_BYTES ||
	    strlen(o->agency_name) > LIMIT_NAME_BYTES)
		return fail_set(f, ERR_USAGE,
		    "init: a name has at most %d characters", LIMIT_NAME_BYTES);
	o->network_name = o->agency_name;
	o->office = o->node_name;
	return read_kind(&o->agency_kind, cli_get(cli, "kind"), hub, f);
}

/* The words of what was founded, as JSON. */
static enum err
say_json(struct run *run, struct replica *r, const struct buf *code,
    const struct buf *agency, struct fail *f)
{
	const struct identity *me = replica_identity(r);
	const struct network_id *net = members_network(replica_members(r));
	char node[ID_TEXT_BYTES], own[ID_TEXT_BYTES], network[ID_TEXT_BYTES];

	hex_encode(node, me->node.b, ID_BYTES);
	hex_encode(own, me->agency.b, ID_BYTES);
	hex_encode(network, net->b, ID_BYTES);
	return run_json(run,
	    json_pack("{s:s, s:s, s:s, s:s#, s:s#}", "network", network, "node",
		node, "agency", own, "recovery_code", code->p, (int)code->n,
		"agency_recovery_code", agency->p, (int)agency->n),
	    f);
}

static enum err
finish(struct run *run, struct replica *r, const struct replica_found *o,
    const struct buf *code, struct fail *f)
{
	struct buf agency = { 0 };
	enum err e;

	e = identity_agency_code(&agency, replica_identity(r));
	if (e != OK)
		return fail_set(f, e, "the agency's recovery code");
	if (run->cli->json) {
		e = say_json(run, r, code, &agency, f);
	} else {
		run_say(run, "%s founded the network of %s%s.\n", o->node_name,
		    o->agency_name,
		    o->training ? " (training: for ever apart from real ones)"
				: "");
		begin_say_codes(run, code, &agency);
		run_say(run,
		    "This machine holds the root key. When the network stands: "
		    "footbridge root export FILE, then root forget.\n");
		e = OK;
	}
	buf_release(&agency);
	return e;
}

/* All of it or nothing: what is left of an init that was cut off is no member
 * of anything, and the next one takes it up. */
static enum err
found(struct replica *r, const struct replica_found *o, const char *staff,
    struct fail *f)
{
	enum err e = replica_begin(r, f);

	if (e != OK)
		return e;
	e = replica_found_network(r, o, f);
	if (e == OK)
		e = begin_directory(r, o->agency_name, o->agency_kind, staff,
		    f);
	if (e == OK)
		return replica_commit(r, f);
	replica_rollback(r);
	return e;
}

enum err
cmd_init(struct run *run, struct fail *f)
{
	struct replica_found o;
	struct open_with w;
	struct replica *r = NULL;
	struct buf code = { 0 };
	enum err e = read_found(&o, run->cli, f);

	if (e != OK)
		return e;
	e = open_create(&r, &w, &code, run->cli, run->dir, f);
	if (e == OK)
		e = found(r, &o, cli_get(run->cli, "staff"), f);
	if (e == OK)
		e = finish(run, r, &o, &code, f);
	replica_close(r);
	if (e != OK && r != NULL)
		open_destroy(env_posix(), run->dir);
	open_forget(&w);
	buf_release(&code);
	return e;
}
