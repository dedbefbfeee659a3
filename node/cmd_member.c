/* invite, join, members. */
#include "node/cmd.h"

#include <stdlib.h>
#include <string.h>

#include <qrencode.h>

#include "node/begin.h"
#include "node/contact.h"
#include "node/enrol.h"
#include "node/name.h"
#include "node/open.h"
#include "node/secret.h"
#include "sync/join.h"
#include "sync/revoke.h"

/* ---- invite ---- */

#define INVITE_DAYS 7

/* Two rows of modules in one line of text, white on the terminal's black. */
static enum err
say_qr(struct run *run, const char *text, struct fail *f)
{
	static const char *const blocks[] = { "\u2588", "\u2584", "\u2580",
		" " };
	QRcode *q = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);

	if (q == NULL)
		return fail_set(f, ERR_LIMIT, "the QR code");
	for (int y = -2; y < q->width + 2; y += 2) {
		for (int x = -2; x < q->width + 2; x++) {
			bool in = x >= 0 && x < q->width;
			int top = in && y >= 0 && y < q->width
			    ? q->data[y * q->width + x] & 1
			    : 0;
			int low = in && y + 1 >= 0 && y + 1 < q->width
			    ? q->data[(y + 1) * q->width + x] & 1
			    : 0;

			run_say(run, "%s",
			    blocks[top != 0 ? (low != 0 ? 3 : 1)
					    : (low != 0 ? 2 : 0)]);
		}
		run_say(run, "\n");
	}
	QRcode_free(q);
	return OK;
}

static enum err
invite_options_of(struct invite_options *o, struct config *config,
    struct run *run, struct fail *f)
{
	const struct cli *cli = run->cli;
	const char *kind = cli_get(cli, "kind");
	const char *days = cli_get(cli, "days");
	int64_t n = INVITE_DAYS;
	enum err e =
	    config_read(config, replica_env(run->replica), run->dir, f);

	*o = (struct invite_options){ .agency = cli_get(cli, "agency"),
		.kind = -1,
		.name = cli_get(cli, "name"),
		.address = cli_get(cli, "address"),
		.field = cli_get(cli, "field") != NULL,
		.steward = cli_get(cli, "steward") != NULL };
	if (e != OK)
		return e;
	if (o->agency == NULL)
		return fail_set(f, ERR_USAGE,
		    "invite: say for which agency: --agency A");
	if (kind != NULL) {
		o->kind = kind_of(kind, strlen(kind));
		if (o->kind < 0)
			return fail_set(f, ERR_USAGE,
			    "invite: --kind wants probation, treatment, "
			    "mental_health, social, court or hub, have %.40s",
			    kind);
	}
	o->relay = o->kind == KIND_HUB;
	if (days != NULL)
		e = cli_number(&n, days, 1, JOIN_DAYS_MAX, "--days", f);
	o->days = (int)n;
	/* an address that is everywhere is nowhere to be called */
	if (o->address == NULL && config->listen[0] != '\0' &&
	    strncmp(config->listen, "0.0.0.0", 7) != 0 &&
	    strncmp(config->listen, "[::]", 4) != 0)
		o->address = config->listen;
	return e;
}

enum err
cmd_invite(struct run *run, struct fail *f)
{
	struct invite_options o;
	struct config config;
	struct buf text = { 0 };
	enum err e = invite_options_of(&o, &config, run, f);

	if (e == OK)
		e = invite_make(run->replica, &text, &o, f);
	if (e == OK)
		run->wrote = true;
	if (e == OK && run->cli->json)
		e = run_json(run,
		    json_pack("{s:s, s:s, s:i}", "invite", buf_cstr(&text),
			"address", o.address != NULL ? o.address : "", "days",
			o.days),
		    f);
	else if (e == OK) {
		if (cli_get(run->cli, "qr") != NULL)
			e = say_qr(run, buf_cstr(&text), f);
		if (o.address == NULL && !run->cli->quiet)
			run_say(run,
			    "(no --address: join with --out FILE and carry "
			    "files)\n");
		run_say(run, "%s\n", buf_cstr(&text));
	}
	buf_release(&text);
	return e;
}

/* ---- join ---- */

/* What join has at hand; released in one place. */
struct joining {
	struct run *run;
	struct open_with with;
	struct replica *replica;
	struct invite invite;
	struct buf code;   /* of the replica, when it was made now */
	struct buf agency; /* of the agency, when it is new */
	struct buf request;
};

/* A replica whose join was cut off is taken up again. */
static enum err
get_replica(struct joining *j, struct fail *f)
{
	const struct cli *cli = j->run->cli;
	struct buf path = { 0 };
	bool there;
	enum err e;

	buf_printf(&path, "%s/footbridge.db", j->run->dir);
	there = env_exists(env_posix(), buf_cstr(&path));
	buf_release(&path);
	if (!there)
		return open_create(&j->replica, &j->with, &j->code, cli,
		    j->run->dir, f);
	e = open_replica(&j->replica, &j->with, cli, j->run->dir, f);
	if (e == OK && members_network(replica_members(j->replica)) != NULL)
		e = fail_set(f, ERR_EXISTS,
		    "this replica is a member already; nothing was changed");
	return e;
}

static enum err
make_request(struct joining *j, struct fail *f)
{
	const struct cli *cli = j->run->cli;
	const char *staff = cli_get(cli, "staff");
	struct join_names names = { .node = cli_get(cli, "name") };
	struct buf code = { 0 };
	enum err e = OK;

	if (!j->invite.new_agency &&
	    (j->invite.roles & MEMBER_REGISTRAR) != 0) {
		e = enrol_agency_code(&code, f);
		names.agency_code = buf_cstr(&code);
	}
	if (e == OK)
		e = join_request_make(j->replica, &j->request, &j->agency,
		    &j->invite, &names, f);
	if (e == OK)
		e = enrol_remember(j->replica, &j->invite, staff, f);
	buf_release(&code);
	return e;
}

static enum err
write_request(struct joining *j, const char *out, struct fail *f)
{
	const struct env *env = env_posix();
	struct buf path = { 0 };
	enum err e = env->file_write(env->self, run_path(j->run, &path, out),
	    j->request.p, j->request.n, f);

	buf_release(&path);
	if (e == OK && !j->run->cli->json)
		run_say(j->run,
		    "Take %s to the steward: footbridge bundle import %s. It "
		    "writes %s.answer; bring that back and import it here.\n",
		    out, out, out);
	return e;
}

static enum err
over_https(struct joining *j, struct fail *f)
{
	struct buf answer = { .limit = JOIN_ANSWER_BYTES };
	enum err e;

	if (j->invite.address[0] == '\0')
		return fail_set(f, ERR_USAGE,
		    "this invite names no address: use --out FILE and carry "
		    "the file to the steward");
	e = net_join(&answer, replica_identity(j->replica), j->invite.address,
	    j->invite.tls_key, j->request.p, j->request.n, f);
	if (e == OK)
		e = enrol_finish(j->run, j->replica, answer.p, answer.n, f);
	buf_release(&answer);
	return e;
}

/* The codes exist from here on, whatever else failed: they are shown. */
static enum err
say_codes(struct joining *j, bool joined, struct fail *f)
{
	struct run *run = j->run;

	run->whole = true;
	if (!run->cli->json) {
		if (j->code.n > 0)
			begin_say_codes(run, &j->code, &j->agency);
		return OK;
	}
	return run_json(run,
	    json_pack("{s:b, s:s#, s:s#}", "joined", joined, "recovery_code",
		j->code.n > 0 ? (const char *)j->code.p : "", (int)j->code.n,
		"agency_recovery_code",
		j->agency.n > 0 ? (const char *)j->agency.p : "",
		(int)j->agency.n),
	    f);
}

static enum err
join_steps(struct joining *j, struct fail *f)
{
	const char *out = cli_get(j->run->cli, "out");
	enum err e = get_replica(j, f), shown;

	if (e != OK)
		return e;
	e = make_request(j, f);
	if (e == OK && out != NULL)
		e = write_request(j, out, f);
	else if (e == OK)
		e = over_https(j, f);
	shown = say_codes(j, e == OK && out == NULL, e == OK ? f : NULL);
	if (e != OK && e != ERR_EXISTS)
		return fail_in(f, e,
		    "not joined yet (run the same command again)");
	return e != OK ? e : shown;
}

enum err
cmd_join(struct run *run, struct fail *f)
{
	struct joining *j = calloc(1, sizeof(*j));
	enum err e;

	if (j == NULL)
		return fail_set(f, ERR_NOMEM, "joining");
	j->run = run;
	e = invite_parse(&j->invite, run_word(run, 0), f);
	if (e == OK && cli_get(run->cli, "out") == NULL &&
	    j->invite.address[0] == '\0')
		e = fail_set(f, ERR_USAGE,
		    "this invite names no address: give --out FILE and carry "
		    "the file to the steward");
	if (e == OK)
		e = join_steps(j, f);
	replica_close(j->replica);
	open_forget(&j->with);
	buf_release(&j->code);
	buf_release(&j->agency);
	buf_release(&j->request);
	free(j);
	return e;
}

/* ---- members ---- */

static void
roles_text(struct buf *out, unsigned roles)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {
		{ MEMBER_STEWARD_NETWORK, "steward" },
		{ MEMBER_STEWARD_AGENCY, "agency steward" },
		{ MEMBER_REGISTRAR, "registrar" },
		{ MEMBER_RELAY, "relay" },
		{ MEMBER_FIELD, "field" },
	};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if ((roles & names[i].bit) != 0)
			buf_printf(out, "%s%s", out->n > 0 ? ", " : "",
			    names[i].name);
	}
}

static enum err
one_member(struct run *run, json_t *array, const struct member_node *n,
    struct fail *f)
{
	const struct member_agency *a =
	    members_agency(replica_members(run->replica), &n->agency);
	const char *kind = a != NULL ? kind_name(a->kind) : NULL;
	bool own = id_equal(&n->id, &replica_identity(run->replica)->node);
	char id[ID_TEXT_BYTES], agency[ID_TEXT_BYTES];
	struct buf roles = { 0 };
	const struct member_revocation *v =
	    members_revocation(replica_members(run->replica), &n->id);
	const char *out = v != NULL ? revoke_reason_name(v->reason) : "";
	enum err e = OK;

	hex_encode(id, n->id.b, ID_BYTES);
	roles_text(&roles, n->roles);
	if (array == NULL)
		run_say(run, "%.8s  %-16s %-20s %-13s %s%s%s%s%s\n", id,
		    n->name, name_of_agency(run, &n->agency, agency),
		    kind != NULL ? kind : "", buf_cstr(&roles),
		    own ? "  (this node)" : "", v != NULL ? "  OUT: " : "", out,
		    v != NULL && v->undone ? ", as who enrolled it" : "");
	else if (json_array_append_new(array,
		     json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s}",
			 "node", id, "name", n->name, "office", n->office,
			 "agency", name_of_agency(run, &n->agency, agency),
			 "kind", kind != NULL ? kind : "", "roles",
			 buf_cstr(&roles), "this_node", own, "revoked", out)) !=
	    0)
		e = fail_set(f, ERR_NOMEM, "the JSON answer");
	buf_release(&roles);
	return e;
}

enum err
cmd_members(struct run *run, struct fail *f)
{
	struct members *m = replica_members(run->replica);
	json_t *array = run->cli->json ? json_array() : NULL;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < members_node_count(m); i++)
		e = one_member(run, array, members_node_at(m, i), f);
	if (e == OK && run->cli->json)
		return run_json(run, array, f);
	json_decref(array);
	return e;
}
