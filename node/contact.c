/* Copies are taken under the lock, the network is used without it. */
#include "node/contact.h"

#include <stdio.h>
#include <string.h>

#include "node/after.h"
#include "node/config.h"
#include "node/run.h"
#include "sync/db.h"

enum err
contact_every(int64_t *every_s, const struct run *run, struct fail *f)
{
	struct config config;
	enum err r = config_read(&config, env_posix(), run->dir, f);

	if (r == OK)
		*every_s = config.every_s;
	return r;
}

static enum err
read_unsealed(struct engine *e, bool *yes, struct fail *f)
{
	struct stmt *s;
	enum err r = db_stmt(&s, replica_db(e->replica),
	    "SELECT 1 FROM _segment WHERE state <= 2 LIMIT 1", f);

	if (r != OK)
		return r;
	r = stmt_step(s, yes, f);
	stmt_reset(s);
	return r;
}

enum err
contact_read(struct engine *e, struct contact *out, size_t at, struct fail *f)
{
	struct lane_peer_info info;
	struct lane_bulk bulk;
	const struct member_node *n;
	bool unsealed = false;
	enum err r = lane_peer_at(e->replica, &info, at, f);

	if (r == OK)
		r = lane_bulk(e->replica, &bulk, info.peer, f);
	if (r == OK)
		r = read_unsealed(e, &unsealed, f);
	if (r != OK)
		return r;
	*out = (struct contact){ .node = info.node,
		.every_s = info.every_s,
		.budget = info.budget,
		.spent = info.spent,
		.last_ok_ms = info.last_ok_ms,
		.last_try_ms = info.last_try_ms,
		.failed = info.last_error[0] != '\0',
		.unsealed = unsealed };
	for (size_t i = 0; i < LANE_COUNT; i++) {
		/* what rests is not sent, whoever calls */
		if (i != LANE_BULK || !lane_bulk_rests(&bulk))
			out->queued += (int64_t)info.pending[i];
	}
	memcpy(out->address, info.address, sizeof(out->address));
	n = members_node(replica_members(e->replica), &info.node);
	if (n != NULL)
		(void)snprintf(out->name, sizeof(out->name), "%s", n->name);
	else
		hex_encode(out->name, info.node.b, 4);
	return OK;
}

enum err
contact_at(struct engine *e, struct contact *out, size_t at, struct fail *f)
{
	enum err r;

	engine_lock(e);
	r = contact_read(e, out, at, f);
	engine_unlock(e);
	return r;
}

bool
contact_is(struct engine *e, const struct contact *c, const char *text)
{
	const struct member_node *n;
	bool is;

	engine_lock(e);
	is = members_find_node(replica_members(e->replica), &n, text, NULL) ==
		OK &&
	    id_equal(&n->id, &c->node);
	engine_unlock(e);
	return is;
}

static enum err
one_call(struct engine *e, struct net_result *out, const struct contact *c,
    struct fail *f)
{
	enum err r;

	if (!engine_contact_begin(e, &c->node))
		return fail_set(f, ERR_NET,
		    "%s is not called because Footbridge is stopping. Your "
		    "work is saved on this computer and goes out at the next "
		    "contact.",
		    c->name);
	r = net_call(e, out, &c->node, c->address,
	    c->budget > 0 ? c->budget - c->spent : 0, f);
	engine_contact_end(e, &c->node);
	return r;
}

enum err
contact_sweep(struct engine *e, const struct contact *c, struct fail *f)
{
	int64_t peer = 0;
	enum err r;

	engine_lock(e);
	r = lane_peer_find(e->replica, &peer, &c->node, f);
	if (r == OK)
		r = lane_sweep_ask(e->replica, peer, NULL, f);
	engine_unlock(e);
	return r;
}

enum err
contact_call(struct engine *e, struct net_result *out, const struct contact *c,
    struct fail *f)
{
	struct fail why = { 0 };
	struct engine_link *link;
	enum err r;

	*out = (struct net_result){ 0 };
	if (c->address[0] == '\0')
		r = fail_set(&why, ERR_INPUT,
		    "%s has no address: it calls this node", c->name);
	else if (c->budget > 0 && c->spent >= c->budget)
		r = fail_set(&why, ERR_LIMIT,
		    "today's %lld bytes for %s are used up. Your work is saved"
		    " on this computer and goes out tomorrow; footbridge peer"
		    " add changes the budget",
		    (long long)c->budget, c->name);
	else
		r = one_call(e, out, c, &why);
	engine_lock(e);
	(void)lane_peer_tried(e->replica, &c->node,
	    r == OK                   ? NULL
		: why.text[0] != '\0' ? why.text
				      : err_text(r),
	    out->wire_sent_bytes + out->wire_received_bytes, NULL);
	/* what is left is done with the next contact */
	(void)after_contact(e->replica, NULL);
	link = engine_link(e, &c->node);
	if (link != NULL) {
		link->is_wanted = false;
		link->moved_bytes =
		    out->wire_sent_bytes + out->wire_received_bytes;
		link->took_ms = out->took_ms;
	}
	e->tries++;
	engine_stir(e);
	engine_unlock(e);
	if (r != OK && f != NULL) {
		*f = why;
		f->code = r;
	}
	return r;
}
