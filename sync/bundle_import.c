/*
 * Taking a bundle in: checked whole first, then one transaction a chunk.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/bundle_file.h"
#include "sync/bundle_heard.h"
#include "sync/db.h"
#include "sync/revoke.h"

enum err
bundle_show(struct bundle_info *out, const struct bundle_reader *from,
    struct fail *f)
{
	struct bundle_header *h = calloc(1, sizeof(*h));
	struct bundle_info *info = calloc(1, sizeof(*info));
	enum err e = h == NULL || info == NULL
	    ? fail_set(f, ERR_NOMEM, "bundle: out of memory")
	    : bundle_check(h, info, from, f);

	if (e == OK)
		*out = *info;
	free(info);
	free(h);
	return e;
}

struct importing {
	struct replica *r;
	struct exchange_stats *stats;
	struct bundle_header header;
	struct bundle_info info;
	struct bundle_in in;
	struct units_notes notes;
	bool knows_us; /* the sender has heard of the author that we are now */
	bool late;     /* the sender was taken out since, as is known here */
};

static enum err
find_place(struct importing *x, size_t *place, struct fail *f)
{
	struct members *m = replica_members(x->r);
	const struct network_id *network = members_network(m);
	const struct identity *me = replica_identity(x->r);

	if (network == NULL || !id_equal(network, &x->header.network))
		return fail_set(f, ERR_INPUT,
		    "bundle: it belongs to another network; nothing was taken"
		    " from it");
	if (id_equal(&x->header.sender, &me->node))
		return fail_set(f, ERR_INPUT,
		    "bundle: this node made it itself; carry it to another");
	if (members_node(m, &x->header.sender) == NULL)
		return fail_set(f, ERR_DENIED,
		    "bundle: its sender is no member known here; exchange with"
		    " its steward first, nothing was taken from it");
	for (size_t i = 0; i < x->header.count; i++) {
		if (id_equal(&x->header.recipient[i].node, &me->node)) {
			*place = i;
			return OK;
		}
	}
	return fail_set(f, ERR_DENIED,
	    "bundle: it is for others, not for this node (bundle show lists"
	    " them); nothing was taken from it");
}

/* In a transaction: one chunk. What one that is out says of itself in a hello is
 * not heeded. */
static enum err
take_chunk(struct importing *x, struct message *m, struct fail *f)
{
	const struct node_id *sender = &x->header.sender;
	struct lane_state state;
	int64_t peer = 0;
	enum err e = x->late ? lane_peer_late(x->r, &peer, sender, f)
			     : lane_peer(x->r, &peer, sender, f);

	if (e == OK)
		e = lane_load(x->r, &state, peer, f);
	if (e == OK && !x->late && (m->flags & MESSAGE_HELLO) != 0) {
		x->knows_us = id_equal(&m->hello.yours.tag,
		    &replica_identity(x->r)->author);
		e = units_hello(x->r, &state, &m->hello, false, x->stats, f);
	}
	if (e == OK)
		e = units_take(x->r, &x->notes, &state, sender, m, x->stats, f);
	return e;
}

static enum err
end(struct importing *x, enum err e, struct fail *f)
{
	if (e == OK)
		return replica_commit(x->r, f);
	replica_rollback(x->r);
	return e;
}

static enum err
import_chunk(struct importing *x, const struct buf *chunk, bool first,
    struct fail *f)
{
	struct message m;
	enum err e = message_open(&m, chunk->p, chunk->n, false, f);

	if (e == OK && first && (m.flags & MESSAGE_HELLO) == 0)
		e = fail_set(f, ERR_FORMAT, "bundle: it has no hello");
	if (e == OK)
		e = message_validate(&m, f);
	if (e == OK && !x->late)
		e = replica_begin(x->r, f);
	if (e != OK)
		return e;
	e = take_chunk(x, &m, f);
	x->stats->bytes_in += (int64_t)chunk->n;
	return x->late ? e : end(x, e, f);
}

static enum err
import_chunks(struct importing *x, struct fail *f)
{
	struct buf chunk = { .limit = LIMIT_MESSAGE_BYTES };
	bool last = false, first = true;
	enum err e = OK;

	while (e == OK) {
		e = bundle_next(&x->in, &chunk, &last, f);
		if (e != OK || last)
			break;
		e = import_chunk(x, &chunk, first, f);
		first = false;
	}
	buf_release(&chunk);
	return e;
}

/* It was written before its sender was taken out, or after, which nobody can
 * tell: what is in it is judged like all work of one that is out. All or
 * nothing, so that nothing is ever queued for it. */
static enum err
import_late(struct importing *x, struct fail *f)
{
	enum err e = replica_begin(x->r, f);

	if (e != OK)
		return e;
	e = import_chunks(x, f);
	if (e == OK)
		e = lane_peer_remove(x->r, &x->header.sender, f);
	if (e == OK && x->stats->note[0] == '\0')
		(void)snprintf(x->stats->note, sizeof(x->stats->note), "%s",
		    "the computer that wrote this was taken out of the"
		    " network: what does not count of it waits for a registrar"
		    " to adopt it (footbridge held, footbridge adopt)");
	return end(x, e, f);
}

static enum err
part_is_in(struct importing *x, struct fail *f)
{
	enum err e = OK;

	if (x->info.last)
		e = lane_peer_heard(x->r, &x->header.sender, x->info.made_ms,
		    f);
	return e == OK ? bundle_heard(x->r, &x->info, x->knows_us, x->stats, f)
		       : e;
}

static enum err
import_all(struct importing *x, const struct bundle_reader *from,
    struct fail *f)
{
	size_t place = 0;
	enum err e = find_place(x, &place, f);

	if (e == OK)
		e = bundle_unlock(&x->in, &x->header, place,
		    replica_identity(x->r), from, f);
	x->late = members_revocation(replica_members(x->r),
		      &x->header.sender) != NULL;
	if (e == OK)
		e = x->late ? import_late(x, f) : import_chunks(x, f);
	if (e == OK && !x->late && x->info.kind == BUNDLE_DATA)
		e = part_is_in(x, f);
	buf_release(&x->in.sealed);
	return e;
}

enum err
bundle_import(struct replica *r, struct bundle_info *info,
    struct exchange_stats *stats, const struct bundle_reader *from,
    struct fail *f)
{
	struct importing *x = calloc(1, sizeof(*x));
	enum err e;

	if (x == NULL)
		return fail_set(f, ERR_NOMEM, "bundle: out of memory");
	x->r = r;
	x->stats = stats;
	e = bundle_check(&x->header, &x->info, from, f);
	if (e == OK && info != NULL)
		*info = x->info;
	if (e == OK)
		e = import_all(x, from, f);
	/* a record in it may say that this node is out */
	if (e == OK)
		e = revoke_heed(r, f);
	sodium_memzero(x, sizeof(*x));
	free(x);
	return e;
}
