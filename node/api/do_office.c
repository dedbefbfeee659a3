/* What the whole office asks: how far the others are, who has an account, who
 * looked at what. */
#include "node/api/handlers.h"

#include <stdio.h>
#include <string.h>

#include "node/api/call.h"
#include "node/api/sight.h"
#include "node/contact.h"
#include "node/waiting.h"
#include "sync/audit.h"
#include "sync/read.h"

struct strip {
	struct waiting own;
	int64_t decisions, notices, held;
};

static bool
count_held(void *context, const struct held_item *h)
{
	struct strip *s = context;

	s->held += h->can_retry;
	return true;
}

static enum err
take_strip(struct strip *s, struct api_turn *t)
{
	struct replica *r;
	enum err e;

	engine_lock(t->api->engine);
	r = t->api->engine->replica;
	e = waiting_count(&s->own, r, &t->fail);
	if (e == OK)
		e = waiting_queued(&s->own, r, &t->fail);
	if (e == OK)
		e = conflict_count(r, &s->decisions, &s->notices, &t->fail);
	if (e == OK)
		e = held_list(r, count_held, s, &t->fail);
	engine_unlock(t->api->engine);
	return e;
}

static int64_t
since(const struct waiting *w)
{
	if (w->oldest_ms == 0 || w->queued_ms == 0)
		return w->oldest_ms + w->queued_ms;
	return w->oldest_ms < w->queued_ms ? w->oldest_ms : w->queued_ms;
}

/* What goes on with each of them right now. */
static void
put_links(struct api_turn *t, json_t *peers)
{
	json_t *peer;
	size_t i;

	engine_lock(t->api->engine);
	json_array_foreach(peers, i, peer)
	{
		const char *text =
		    json_string_value(json_object_get(peer, "node"));
		const struct engine_link *l = NULL;
		struct node_id node;

		if (text != NULL && hex_decode(node.b, ID_BYTES, text) == OK)
			l = engine_link(t->api->engine, &node);
		if (l == NULL)
			continue;
		(void)json_object_set_new(peer, "calling",
		    json_boolean(l->is_calling || l->is_wanted));
		(void)json_object_set_new(peer, "moved_bytes",
		    json_integer((json_int_t)l->moved_bytes));
		(void)json_object_set_new(peer, "took_ms",
		    json_integer((json_int_t)l->took_ms));
		(void)json_object_set_new(peer, "next_ms",
		    json_integer((json_int_t)l->next_ms));
	}
	engine_unlock(t->api->engine);
}

/* What the strip at the top of the page shows, in one request that is asked
 * often: not the whole of status. */
enum api_error
do_sync(struct api_turn *t, json_t **data)
{
	struct strip s = { .held = 0 };
	json_t *peers = NULL;
	struct call c;
	enum err e = take_strip(&s, t);

	call_init(&c, t, "peers");
	if (e == OK)
		e = call_run(&c, t, &peers);
	call_release(&c);
	if (e == OK)
		put_links(t, peers);
	if (e == OK)
		*data =
		    json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:O}", "waiting",
			(json_int_t)s.own.unsealed + (json_int_t)s.own.queued,
			"waiting_since_ms", (json_int_t)since(&s.own),
			"decisions", (json_int_t)s.decisions, "notices",
			(json_int_t)s.notices, "held", (json_int_t)s.held,
			"drafts", (json_int_t)s.own.drafts, "peers", peers);
	json_decref(peers);
	if (e != OK)
		return api_error_of(e);
	return *data != NULL ? API_OK : API_FAILED;
}

/* ---- a contact now ---- */

struct wanting {
	struct api_turn *t;
	const char *only; /* NULL: all that have an address */
	json_t *names;
};

/* Lock held. */
static bool
is_meant(const struct wanting *w, const struct contact *c)
{
	const struct member_node *n;

	if (w->only == NULL)
		return c->address[0] != '\0';
	return members_find_node(replica_members(w->t->api->engine->replica),
		   &n, w->only, NULL) == OK &&
	    id_equal(&n->id, &c->node);
}

static enum err
want_each(struct wanting *w)
{
	struct engine *engine = w->t->api->engine;
	struct contact c;
	enum err e = OK;

	for (size_t at = 0; e == OK; at++) {
		e = contact_read(engine, &c, at, &w->t->fail);
		if (e != OK || !is_meant(w, &c))
			continue;
		if (c.address[0] == '\0')
			return fail_set(&w->t->fail, ERR_INPUT,
			    "%s has no address here: it calls this computer",
			    c.name);
		engine_want(engine, &c.node);
		(void)json_array_append_new(w->names, json_string(c.name));
	}
	return e == ERR_NOTFOUND ? OK : e;
}

/* Other computers are called by the schedule's own threads: the page has few, and
 * none of them waits for a network. What comes of it, GET /api/sync says. */
enum api_error
do_sync_now(struct api_turn *t, json_t **data)
{
	struct wanting w = { t, turn_text(t, "peer"), json_array() };
	enum err e;

	engine_lock(t->api->engine);
	e = want_each(&w);
	engine_unlock(t->api->engine);
	if (e == OK && json_array_size(w.names) == 0)
		e = w.only == NULL
		    ? fail_set(&t->fail, ERR_NOTFOUND,
			  "no peer has an address yet; footbridge peer add "
			  "NODE "
			  "HOST:PORT")
		    : fail_set(&t->fail, ERR_NOTFOUND,
			  "%.60s is no peer with an address; see footbridge "
			  "peers",
			  w.only);
	if (e == OK)
		*data = json_pack("{s:O}", "calling", w.names);
	json_decref(w.names);
	return api_error_of(e);
}

/* ---- the journal ---- */

struct journal {
	struct api_turn *t;
	json_t *list;
	bool failed;
};

static bool
add_entry(void *context, const struct audit_seen *a)
{
	static const struct row_id nobody;
	struct journal *j = context;
	struct replica *r = j->t->api->engine->replica;
	const struct registry *g = replica_registry(r);
	const struct table *table = a->table > 0 && a->table <= LIMIT_TABLES
	    ? g->by_number[a->table]
	    : NULL;
	char staff[ID_TEXT_BYTES], row[ID_TEXT_BYTES], subject[ID_TEXT_BYTES];

	hex_encode(staff, a->staff.b, ID_BYTES);
	hex_encode(row, a->row.b, ID_BYTES);
	hex_encode(subject, a->subject.b, ID_BYTES);
	/* one that was left out in silence would look as if it never was */
	j->failed = json_array_append_new(j->list,
			json_pack("{s:I, s:I, s:i, s:s, s:s, s:s, s:s, s:s, "
				  "s:s, s:I, s:s, "
				  "s:s, s:s}",
			    "no", (json_int_t)a->no, "at_ms",
			    (json_int_t)a->at_ms, "offset_min", a->offset_min,
			    "act", a->act, "origin", a->origin, "staff",
			    id_equal(&a->staff, &nobody) ? "" : staff, "table",
			    table != NULL ? table->name : "", "row",
			    id_equal(&a->row, &nobody) ? "" : row, "subject",
			    id_equal(&a->subject, &nobody) ? "" : subject,
			    "count", (json_int_t)a->count, "result",
			    a->result == OK ? "ok" : err_text(a->result),
			    "decision", a->decision, "note", a->note)) != 0;
	return !j->failed;
}

static bool
id_given(struct row_id *out, const struct api_turn *t, const char *name)
{
	const char *text = turn_text(t, name);

	return text != NULL && hex_decode(out->b, ID_BYTES, text) == OK;
}

/* Looking at it is an entry of its own. */
enum api_error
do_audit(struct api_turn *t, json_t **data)
{
	json_int_t limit = turn_int(t, "limit", 100);
	struct audit_query q = { .after_no = turn_int(t, "after", 0),
		.act = turn_text(t, "act"),
		.failed_only = turn_flag(t, "failed"),
		.newest_first = turn_flag(t, "newest"),
		.limit = limit < 1 ? 1
		    : limit > 500  ? 500
				   : (size_t)limit };
	struct journal j = { .t = t, .list = json_array() };
	struct row_id staff, person;
	enum err e;

	if (id_given(&staff, t, "staff"))
		q.staff = &staff;
	else if (turn_text(t, "staff") != NULL)
		return turn_bad(t, API_FIELD, "staff: want a whole id");
	if (id_given(&person, t, "person"))
		q.subject = &person;
	else if (turn_text(t, "person") != NULL)
		return turn_bad(t, API_FIELD, "person: want a whole id");
	engine_lock(t->api->engine);
	e = audit_each(t->api->engine->replica, &q, add_entry, &j, &t->fail);
	if (e == OK && j.failed)
		e = fail_set(&t->fail, ERR_FORMAT,
		    "an entry of the journal cannot be shown");
	if (e == OK)
		e = sight_log(t, "audit", q.subject, json_array_size(j.list));
	engine_unlock(t->api->engine);
	if (e == OK && !q.newest_first && json_array_size(j.list) == q.limit)
		t->next = json_incref(
		    json_object_get(json_array_get(j.list, q.limit - 1), "no"));
	if (e == OK)
		*data = json_incref(j.list);
	json_decref(j.list);
	return api_error_of(e);
}

/* ---- accounts ---- */

/* No secret of it. */
static bool
add_account(void *context, const struct account *a)
{
	char staff[ID_TEXT_BYTES];

	hex_encode(staff, a->staff.b, ID_BYTES);
	(void)json_array_append_new(context,
	    json_pack("{s:I, s:s, s:s, s:b, s:b, s:b, s:b, s:b, s:I, s:I, s:I, "
		      "s:I, s:I, s:b}",
		"no", (json_int_t)a->no, "staff", staff, "name", a->name,
		"administrator", a->administrator, "disabled",
		a->disabled_ms != 0, "locked", a->locked_ms != 0, "has_totp",
		a->has_totp, "opens_slot", a->has_slot, "failures",
		(json_int_t)a->failures, "made_ms", (json_int_t)a->made_ms,
		"last_sign_in_ms", (json_int_t)a->sign_in_ms, "ends_ms",
		(json_int_t)a->ends_ms, "used_ms", (json_int_t)a->used_ms,
		"unused", (int)(a->unused_ms != 0)));
	return true;
}

enum api_error
do_accounts(struct api_turn *t, json_t **data)
{
	json_t *list = json_array();
	enum err e;

	engine_lock(t->api->engine);
	e = account_each(t->api->engine->replica, add_account, list, &t->fail);
	engine_unlock(t->api->engine);
	if (e == OK)
		*data = json_incref(list);
	json_decref(list);
	return api_error_of(e);
}
