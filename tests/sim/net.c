/*
 * The network: contacts as the program makes them (node/net.c), message by
 * message, over links that lose, double, delay, cut and flip. TLS keeps flips
 * from an honest pair; here they stand for a peer that says anything.
 */
#include "tests/sim/sim.h"

#include <string.h>

#include "sync/revoke.h"

/* ---- who is there -------------------------------------------------------- */

static bool
is_awake(const struct sim *s, unsigned n)
{
	const struct sim_node *m = &s->node[n];

	return m->used && m->joined && m->r != NULL &&
	    (s->healing || m->asleep_until <= s->now_ms);
}

/* The machines that are this node: itself and its copies. */
static unsigned
machine_of(struct sim *s, unsigned n)
{
	unsigned at[SIM_COPIES + 1] = { n }, count = 1;

	for (unsigned k = SIM_PLACES + SIM_SPARE; k < SIM_NODES; k++)
		if (s->node[k].used && id_equal(&s->node[k].id, &s->node[n].id))
			at[count++] = k;
	return at[count == 1 ? 0 : sim_draw(s, count)];
}

static struct sim_contact *
contact_find(struct sim *s, uint64_t id)
{
	for (unsigned i = 0; i < SIM_CONTACTS; i++)
		if (s->contact[i].id == id)
			return &s->contact[i];
	return NULL;
}

static void
contact_end(struct sim *s, struct sim_contact *c, bool broke)
{
	const struct exchange_stats *t = exchange_stats(c->x);
	int64_t sum = 0;

	for (int i = 0; i < OUTCOME_COUNT; i++)
		sum += t->outcome[i];
	if (sum != t->received)
		sim_wrong(s, "received %lld is not the sum %lld of outcomes",
		    (long long)t->received, (long long)sum);
	sim_count(s, SIM_N_RECEIVED, (uint64_t)t->received);
	sim_count(s, SIM_N_WAITED, (uint64_t)t->outcome[OUTCOME_WAITING]);
	sim_count(s, SIM_N_QUARANTINED,
	    (uint64_t)t->outcome[OUTCOME_QUARANTINED]);
	sim_count(s, SIM_N_NEW_LIVES, t->new_life);
	sim_count(s, SIM_N_CONTACTS_BROKEN, broke);
	if (broke || t->received + t->sent_segments + t->sent_members > 0 ||
	    t->new_life || t->recovered)
		sim_say(s, "node %u with %u: %lld in, %lld+%lld out%s%s%s",
		    c->caller, c->server, (long long)t->received,
		    (long long)t->sent_segments, (long long)t->sent_members,
		    t->new_life ? ", new life" : "",
		    t->recovered ? ", recovered" : "", broke ? ", broken" : "");
	exchange_free(c->x);
	*c = (struct sim_contact){ 0 };
}

void
sim_hang_up(struct sim *s, unsigned n)
{
	for (unsigned i = 0; i < SIM_CONTACTS; i++)
		if (s->contact[i].id != 0 && s->contact[i].caller == n)
			contact_end(s, &s->contact[i], true);
}

/* ---- messages ------------------------------------------------------------ */

static bool
hits(struct sim *s, enum sim_class c)
{
	if (!s->may[c] || s->healing || !sim_chance(s, s->percent[c]))
		return false;
	sim_fired(s, c);
	return true;
}

static void
spoil(struct sim *s, struct buf *b)
{
	if (b->n > 0 && hits(s, SIM_TRUNCATE))
		b->n = sim_draw(s, b->n);
	if (b->n > 0 && hits(s, SIM_FLIP))
		b->p[sim_draw(s, b->n)] ^= (uint8_t)(1u << sim_draw(s, 8));
}

/* A message leaves; whether and when it arrives is the network's affair. */
static void
post(struct sim *s, struct sim_event e, unsigned edge, int direction)
{
	int64_t way = sim_around(s, s->latency_ms);

	sim_count(s, SIM_N_MESSAGES, 1);
	sim_trace(s, e.bytes.p, e.bytes.n);
	if (s->edge[edge].dead[direction] || hits(s, SIM_LOSS)) {
		buf_release(&e.bytes);
		return;
	}
	if (hits(s, SIM_DUPLICATE)) {
		struct sim_event twice = e;

		twice.bytes = (struct buf){ 0 };
		buf_put(&twice.bytes, e.bytes.p, e.bytes.n);
		sim_later(s, sim_around(s, 3 * s->latency_ms), twice);
	}
	if (hits(s, SIM_LATE))
		way += sim_around(s,
		    sim_chance(s, 50) ? s->latency_ms * 4 : SIM_HOUR_MS * 3);
	spoil(s, &e.bytes);
	sim_later(s, way, e);
}

/* The caller's next message, or the end. */
static void
ask(struct sim *s, struct sim_contact *c)
{
	struct buf request = { .limit = LIMIT_MESSAGE_BYTES };
	struct fail f = { 0 };
	bool done = false;
	enum err e;

	sim_tell_time(s, c->caller);
	e = exchange_ask(c->x, &request, &done, &f);
	sim_check(s, c->caller);
	if (e != OK || done) {
		buf_release(&request);
		/* a restored replica, or one that obeys, says so */
		if (e != OK && e != ERR_FENCE && e != ERR_REVOKED)
			sim_wrong(s, "asking at node %u: %s: %s", c->caller,
			    err_name(e), f.text);
		contact_end(s, c, e != OK);
		return;
	}
	c->message++;
	post(s,
	    (struct sim_event){ .kind = SIM_EVENT_REQUEST,
		.node = c->server,
		.other = c->caller,
		.contact = c->id,
		.message = c->message,
		.bytes = request },
	    c->edge, 0);
	sim_later(s, s->patience_ms,
	    (struct sim_event){ .kind = SIM_EVENT_GIVE_UP,
		.contact = c->id,
		.message = c->message });
}

static struct sim_contact *
contact_begin(struct sim *s, unsigned edge)
{
	const struct sim_edge *d = &s->edge[edge];
	struct sim_contact *c = contact_find(s, 0);
	unsigned caller = machine_of(s, d->caller);
	struct fail f = { 0 };
	enum err e;

	if (!is_awake(s, caller) || s->node[caller].obeyed || c == NULL)
		return NULL;
	/* one contact of a pair at a time */
	for (unsigned i = 0; i < SIM_CONTACTS; i++)
		if (s->contact[i].id != 0 && s->contact[i].edge == edge &&
		    s->contact[i].caller == caller)
			return NULL;
	sim_tell_time(s, caller);
	e = exchange_new(&c->x, s->node[caller].r, &s->node[d->server].id,
	    (size_t)LIMIT_UNIT_MIN_BYTES << sim_draw(s, 6), &f);
	if (e != OK) {
		if (e != ERR_DENIED && e != ERR_REVOKED)
			sim_wrong(s, "calling: %s: %s", err_name(e), f.text);
		return NULL;
	}
	sim_count(s, SIM_N_CONTACTS, 1);
	c->id = ++s->contacts;
	c->edge = edge;
	c->caller = caller;
	c->server = machine_of(s, d->server);
	return c;
}

void
sim_call(struct sim *s, unsigned edge)
{
	struct sim_contact *c = contact_begin(s, edge);

	if (c != NULL)
		ask(s, c);
}

/* Too much waited there already; the rest comes with another contact. */
static void
was_full(struct sim *s, enum err e)
{
	if (e == ERR_BUSY && s->bounds.parked != 0)
		sim_fired(s, SIM_FULL_PARKED);
}

/* The server's side. ERR_NET: it does not answer. */
static enum err
serve(struct sim *s, unsigned server, unsigned caller, struct buf *answer,
    const struct buf *request)
{
	struct exchange_stats stats = { 0 };
	const struct sim_node *m = &s->node[server];
	struct node_id peer = s->node[caller].id;
	struct fail f = { 0 };
	int64_t sum = 0;
	enum err e;

	if (!is_awake(s, server))
		return ERR_NET;
	/* as the TLS key is looked up before anything is read */
	if (members_node(replica_members(m->r), &peer) == NULL)
		return ERR_NET;
	sim_tell_time(s, server);
	e = exchange_answer(m->r, answer, &peer, request->p, request->n, &stats,
	    &f);
	for (int i = 0; i < OUTCOME_COUNT; i++)
		sum += stats.outcome[i];
	if (sum != stats.received)
		sim_wrong(s, "node %u: received %lld, outcomes %lld", server,
		    (long long)stats.received, (long long)sum);
	sim_count(s, SIM_N_NEW_LIVES, stats.new_life);
	was_full(s, e);
	s->moved |= stats.received != stats.outcome[OUTCOME_DUPLICATE] ||
	    stats.sealed != 0 || stats.new_life || stats.recovered;
	switch (e) {
	case OK:
	case ERR_REVOKED: /* the proof is in the answer */
		break;
	case ERR_FORMAT:
	case ERR_LIMIT:
	case ERR_VERSION:
	case ERR_INPUT:
	case ERR_BUSY:
	case ERR_FENCE:
	case ERR_DENIED:
	case ERR_NET:
		sim_say(s, "node %u refuses node %u: %.90s", server, caller,
		    f.text);
		break;
	default:
		sim_wrong(s, "node %u answers node %u: %s: %s", server, caller,
		    err_name(e), f.text);
	}
	sim_check(s, server);
	return e;
}

void
sim_request(struct sim *s, struct sim_event *e)
{
	const struct sim_contact *c = contact_find(s, e->contact);
	struct buf answer = { .limit = LIMIT_MESSAGE_BYTES };
	enum err r = serve(s, e->node, e->other, &answer, &e->bytes);

	if ((r != OK && r != ERR_REVOKED) || c == NULL ||
	    c->message != e->message) {
		buf_release(&answer);
		return;
	}
	/* the first byte of what travels says which status it has */
	buf_u8(&answer, r == ERR_REVOKED);
	post(s,
	    (struct sim_event){ .kind = SIM_EVENT_ANSWER,
		.node = c->caller,
		.contact = e->contact,
		.message = e->message,
		.bytes = answer },
	    c->edge, 1);
}

/* The other says that one of the two is out; sim_check sees which. */
static void
take_refusal(struct sim *s, struct sim_contact *c, const struct buf *proof,
    size_t n)
{
	struct fail f = { 0 };
	bool self = false;

	(void)revoke_shown(s->node[c->caller].r, &self, &s->node[c->server].id,
	    proof->p, n, &f);
}

static void
take(struct sim *s, struct sim_contact *c, const struct buf *answer)
{
	struct fail f = { 0 };
	unsigned caller = c->caller;
	enum err e;

	sim_tell_time(s, caller);
	if (answer->n == 0 || answer->p[answer->n - 1] > 1) {
		contact_end(s, c, true);
		return;
	}
	if (answer->p[answer->n - 1] == 1) {
		take_refusal(s, c, answer, answer->n - 1);
		contact_end(s, c, true);
		sim_check(s, caller);
		return;
	}
	e = exchange_take(c->x, answer->p, answer->n - 1, &f);
	exchange_set_budget(c->x,
	    (size_t)LIMIT_UNIT_MIN_BYTES << sim_draw(s, 6));
	if (e == OK) {
		ask(s, c);
	} else {
		if (e == ERR_IO || e == ERR_CORRUPT || e == ERR_NOMEM ||
		    e == ERR_AUTH) {
			sim_wrong(s, "node %u takes: %s: %s", caller,
			    err_name(e), f.text);
		}
		was_full(s, e);
		sim_say(s, "node %u breaks off: %.100s", caller, f.text);
		contact_end(s, c, true);
	}
	sim_check(s, caller);
}

void
sim_answer(struct sim *s, struct sim_event *e)
{
	struct sim_contact *c = contact_find(s, e->contact);

	if (c != NULL && c->message == e->message)
		take(s, c, &e->bytes);
}

void
sim_give_up(struct sim *s, const struct sim_event *e)
{
	struct sim_contact *c = contact_find(s, e->contact);

	if (c != NULL && c->message == e->message) {
		sim_trace(s, "gave up", 7);
		contact_end(s, c, true);
	}
}

/* ---- a good line --------------------------------------------------------- */

/* One contact, its messages one after the other. */
static enum err
talk(struct sim *s, struct exchange *x, unsigned caller, unsigned server,
    struct fail *f)
{
	struct buf request = { .limit = LIMIT_MESSAGE_BYTES };
	struct buf answer = { .limit = LIMIT_MESSAGE_BYTES };
	bool done = false, self = false;
	enum err e = OK;

	for (unsigned i = 0; e == OK && !done && i < 5000; i++) {
		buf_reset(&request);
		buf_reset(&answer);
		e = exchange_ask(x, &request, &done, f);
		sim_check(s, caller);
		if (e != OK || done)
			break;
		sim_trace(s, request.p, request.n);
		e = serve(s, server, caller, &answer, &request);
		sim_trace(s, answer.p, answer.n);
		if (e == ERR_REVOKED)
			(void)revoke_shown(s->node[caller].r, &self,
			    &s->node[server].id, answer.p, answer.n, f);
		if (e == OK) {
			e = exchange_take(x, answer.p, answer.n, f);
			was_full(s, e);
		}
	}
	if (e == OK && !done)
		sim_wrong(s, "nodes %u and %u come to no end", caller, server);
	buf_release(&request);
	buf_release(&answer);
	return e;
}

enum err
sim_contact_now(struct sim *s, unsigned caller, unsigned server, bool *moved)
{
	const struct exchange_stats *t;
	struct exchange *x = NULL;
	struct fail f = { 0 };
	enum err e;

	if (!is_awake(s, caller) || !is_awake(s, server) ||
	    s->node[caller].obeyed)
		return OK;
	sim_tell_time(s, caller);
	e = exchange_new(&x, s->node[caller].r, &s->node[server].id, 65536, &f);
	if (e != OK)
		return e;
	sim_count(s, SIM_N_CONTACTS, 1);
	s->moved = false;
	e = talk(s, x, caller, server, &f);
	t = exchange_stats(x);
	*moved = s->moved || t->received != t->outcome[OUTCOME_DUPLICATE] ||
	    t->sealed != 0 || t->new_life || t->recovered ||
	    (e != OK && e != ERR_NET);
	if (*moved || t->sent_segments + t->sent_members > 0)
		sim_say(s, "node %u with %u: %lld in, %lld+%lld out%s%s %.60s",
		    caller, server, (long long)t->received,
		    (long long)t->sent_segments, (long long)t->sent_members,
		    t->new_life ? ", new life" : "",
		    t->recovered ? ", recovered" : "", e != OK ? f.text : "");
	exchange_free(x);
	sim_check(s, caller);
	return e;
}
