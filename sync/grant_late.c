/*
 * What a computer began that is out of the network: its grants have no effect, so
 * nobody learns from them what the compartment is or how to open it. A registrar of
 * the agency that they were for has the key of their boxes, and can begin the same
 * compartment itself, with the keys in them.
 */
#include "sync/grant_i.h"

#include <stdlib.h>
#include <string.h>

struct late {
	struct replica *r;
	const struct compartment *c;
	const struct node_id *node; /* that is out */
	struct grant_secret secret; /* of any box; all say the same subject */
	struct grant_keys keys;
};

/* Is it this compartment that the box speaks of? */
static bool
names_it(const struct late *l, const struct grant_secret *s)
{
	struct compartment_id id;
	uint8_t name[16];

	compartment_own_name(name, &l->r->identity, &s->subject, s->category);
	compartment_make_id(&id, members_network(l->r->members),
	    &l->r->identity.agency, name);
	return id_equal(&id, &l->c->id);
}

static void
take_key(struct late *l, const struct key_id *id, const struct grant_secret *s)
{
	struct grant_keys *k = &l->keys;

	for (size_t i = 0; i < k->count; i++)
		if (id_equal(&k->key[i].id, id))
			return;
	if (k->count == LIMIT_GRANT_EPOCHS)
		return;
	k->key[k->count].id = *id;
	memcpy(k->key[k->count++].key, s->key, SEGMENT_KEY_BYTES);
	l->secret = *s;
}

static enum err
open_entries(void *context, int64_t segment, const struct member_node *issuer,
    const struct grant_body *body, struct fail *f)
{
	struct late *l = context;
	const struct identity *i = &l->r->identity;
	struct grant_place place = { .compartment = l->c->id,
		.issuer = issuer->id };

	(void)segment;
	(void)f;
	if (!id_equal(&issuer->id, l->node) ||
	    !id_equal(&body->owner, &i->agency))
		return OK;
	for (size_t n = 0; n < body->count; n++) {
		const struct grant_entry *e = &body->entry[n];
		const struct identity_key *k;
		struct grant_secret got;

		if (e->kind != GRANT_AGENCY ||
		    memcmp(e->recipient, i->agency.b, ID_BYTES) != 0)
			continue;
		for (size_t at = 0;
		     (k = identity_key_at(i, e->serial, at)) != NULL; at++)
			if (grant_box_open(&got, e, &place, k->box_key,
				k->box_secret) == OK &&
			    names_it(l, &got)) {
				take_key(l, &e->key_id, &got);
				break;
			}
		sodium_memzero(&got, sizeof(got));
	}
	return OK;
}

/* Its keys open, for every registrar of this agency; nothing new is sealed under
 * them, since they came from outside (control_settle_ended.c). */
static enum err
grant_keys(struct late *l, struct compartment *c, struct fail *f)
{
	struct grant_making m;
	bool is_new;
	enum err e = grant_making_start(&m, l->r, c, f);

	m.parts = true;
	for (size_t k = 0; e == OK && k < l->keys.count; k++) {
		const struct grant_key *key = &l->keys.key[k];

		e = grant_key_store(l->r, c->no, &key->id, key->key, &is_new,
		    f);
		if (e == OK)
			e = grant_making_add(&m, l->r, key, GRANT_AGENCY,
			    l->r->identity.agency.b, GRANT_WRITE, f);
	}
	if (e == OK)
		e = grant_making_issue(&m, l->r, "", GRANT_AGENCY, NULL, f);
	grant_making_release(&m);
	return e;
}

enum err
grant_late(struct replica *r, int64_t cpt, const struct node_id *node,
    struct fail *f)
{
	struct late *l = calloc(1, sizeof(*l));
	struct compartment *c;
	enum err e = l != NULL ? compartment_get(r, &c, cpt, f)
			       : fail_set(f, ERR_NOMEM, "adopt: out of memory");

	if (e != OK || c->has_subject ||
	    (c->flags & COMPARTMENT_SHREDDED) != 0 ||
	    !r->identity.has_agency_secret)
		goto out;
	l->r = r;
	l->c = c;
	l->node = node;
	e = grant_each(r, cpt, open_entries, l, f);
	if (e != OK || l->keys.count == 0)
		goto out;
	e = compartment_own(r, &c, &l->secret.subject, l->secret.category, f);
	if (e == OK)
		e = grant_keys(l, c, f);
out:
	if (l != NULL)
		sodium_memzero(l, sizeof(*l));
	free(l);
	return e;
}
