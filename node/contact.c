/* Copies are taken under the lock, the network is used without it. */
#include "node/contact.h"

#include <stdio.h>
#include <string.h>

enum err
contact_at(struct engine *e, struct contact *out, size_t at, struct fail *f)
{
	struct lane_peer_info info;
	const struct member_node *n;
	enum err r;

	engine_lock(e);
	r = lane_peer_at(e->replica, &info, at, f);
	if (r == OK) {
		*out = (struct contact){ .node = info.node,
			.every_s = info.every_s,
			.budget = info.budget,
			.spent = info.spent,
			.last_ok_ms = info.last_ok_ms,
			.last_try_ms = info.last_try_ms,
			.failed = info.last_error[0] != '\0' };
		memcpy(out->address, info.address, sizeof(out->address));
		n = members_node(replica_members(e->replica), &info.node);
		if (n != NULL)
			(void)snprintf(out->name, sizeof(out->name), "%s",
			    n->name);
		else
			hex_encode(out->name, info.node.b, 4);
	}
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

enum err
contact_call(struct engine *e, struct net_result *out, const struct contact *c,
    struct fail *f)
{
	struct fail why = { 0 };
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
		r = net_call(e, out, &c->node, c->address,
		    c->budget > 0 ? c->budget - c->spent : 0, &why);
	engine_lock(e);
	(void)lane_peer_tried(e->replica, &c->node,
	    r == OK                   ? NULL
		: why.text[0] != '\0' ? why.text
				      : err_text(r),
	    out->wire_sent_bytes + out->wire_received_bytes, NULL);
	engine_changed(e);
	engine_unlock(e);
	if (r != OK && f != NULL) {
		*f = why;
		f->code = r;
	}
	return r;
}
