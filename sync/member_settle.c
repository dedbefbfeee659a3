/*
 * What counts in the set of membership records.
 *
 * Nothing here depends on the order of arrival: without revocations a version
 * counts as soon as it is held (member.c took it by any valid record). With
 * them everything is decided anew, level by level (member.h): a least fixed
 * point of the records under the revocations that stand so far, then the next
 * level's revocations. A network has tens to a few thousand records and rarely
 * a revoked steward, so this is affordable.
 */
#include <string.h>

#include "sync/member_set.h"

/* ---- who may issue --------------------------------------------------------
 */

/* Did a record give this node the role (in this agency, if named)? */
static bool
has_role(const struct node_entry *n, unsigned role,
    const struct agency_id *agency, bool counting)
{
	for (const struct member_version *v = n->versions; v != NULL;
	     v = v->next)
		if ((v->node.roles & role) != 0 && (v->counts || !counting) &&
		    (agency == NULL || id_equal(&v->node.agency, agency)))
			return true;
	return false;
}

static bool
may_certify(const struct node_entry *issuer, const struct member_node *node,
    bool counting)
{
	return has_role(issuer, MEMBER_STEWARD_NETWORK, NULL, counting) ||
	    ((node->roles & MEMBER_STEWARD_NETWORK) == 0 &&
		has_role(issuer, MEMBER_STEWARD_AGENCY, &node->agency,
		    counting));
}

/* An agency's steward over its own nodes, by any record that claims it for the
 * agency. Which one holds, and whether it is a network steward, whom only
 * equals take out, is asked when it is settled. */
static bool
may_revoke(const struct node_entry *issuer, const struct node_entry *target,
    bool counting)
{
	if (has_role(issuer, MEMBER_STEWARD_NETWORK, NULL, counting))
		return true;
	for (const struct member_version *v = target->versions; v != NULL;
	     v = v->next)
		if (has_role(issuer, MEMBER_STEWARD_AGENCY, &v->node.agency,
			counting))
			return true;
	return false;
}

bool
member_may_issue(const struct node_entry *issuer, const struct member_record *r,
    const struct node_entry *target, bool counting)
{
	switch (r->kind) {
	case MEMBER_ROOT:
	case MEMBER_AUTHOR:
		return true;
	case MEMBER_NODE:
		return may_certify(issuer, &r->node, counting);
	case MEMBER_REVOCATION:
		return may_revoke(issuer, target, counting);
	case MEMBER_AGENCY_KEY:
		return has_role(issuer, MEMBER_REGISTRAR, &r->key.agency,
		    counting);
	case MEMBER_AGENCY:
		break;
	}
	return has_role(issuer, MEMBER_STEWARD_NETWORK, NULL, counting);
}

/* ---- which version holds --------------------------------------------------
 */

/* (serial, id) of a against b */
static int
version_compare(const struct member_version *a, const struct member_version *b)
{
	if (a->serial != b->serial)
		return a->serial < b->serial ? -1 : 1;
	return memcmp(a->id, b->id, sizeof(a->id));
}

/* The smallest of those that count; of all when none does. */
static const struct member_version *
version_first(const struct member_version *versions, bool *any)
{
	const struct member_version *first = NULL, *of_all = versions;

	for (const struct member_version *v = versions; v != NULL;
	     v = v->next) {
		if (version_compare(v, of_all) < 0)
			of_all = v;
		if (v->counts &&
		    (first == NULL || version_compare(v, first) < 0))
			first = v;
	}
	*any = first != NULL;
	return first != NULL ? first : of_all;
}

/* The founding key, or the greatest (number, key) that counts. */
static void
choose_key(struct agency_entry *a)
{
	struct member_agency *now = &a->now;

	now->key_no = 0;
	now->key_forked = false;
	memcpy(now->box_key, now->founding_key, sizeof(now->box_key));
	for (const struct key_entry *k = a->keys; k != NULL; k = k->next) {
		int c =
		    memcmp(k->key.box_key, now->box_key, sizeof(now->box_key));

		if (!k->counts || k->key.number < now->key_no)
			continue;
		if (k->key.number > now->key_no)
			now->key_forked = false;
		else if (c != 0)
			now->key_forked = true;
		if (k->key.number > now->key_no || c > 0)
			memcpy(now->box_key, k->key.box_key,
			    sizeof(now->box_key));
		now->key_no = k->key.number;
	}
}

static void
choose_agency(struct agency_entry *a)
{
	bool any;
	const struct member_version *first = version_first(a->versions, &any);
	const struct member_version *best = first;

	for (const struct member_version *v = a->versions; v != NULL;
	     v = v->next)
		if ((v->counts || !any) &&
		    v->agency.kind == first->agency.kind &&
		    version_compare(v, best) > 0)
			best = v;
	a->now = best->agency;
	a->undone = !any;
	choose_key(a);
}

static void
choose_node(struct node_entry *n)
{
	bool any;
	const struct member_version *first = version_first(n->versions, &any);
	const struct member_version *best = first;
	unsigned ever = 0;

	for (const struct member_version *v = n->versions; v != NULL;
	     v = v->next) {
		if ((!v->counts && any) ||
		    !id_equal(&v->node.agency, &first->node.agency))
			continue;
		ever |= v->node.roles;
		if (version_compare(v, best) > 0)
			best = v;
	}
	n->now = best->node;
	n->now.ever_roles = ever;
	if (!any)
		n->now.roles = n->now.ever_roles = 0;
}

/* ---- what revocations undo ------------------------------------------------
 */

static bool
stays(const struct revocation_entry *v,
    const uint8_t id[static MEMBER_RECORD_ID_BYTES])
{
	size_t low = 0, high = v->standing_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = memcmp(v->standing[mid], id, MEMBER_STANDING_BYTES);

		if (c == 0)
			return true;
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* The revocation, of those that stand, that undoes a record of this issuer; of
 * several the one with the smallest id. */
static const struct revocation_entry *
undone_by(const struct node_entry *issuer,
    const uint8_t id[static MEMBER_RECORD_ID_BYTES])
{
	const struct revocation_entry *by = NULL;

	if (issuer == NULL)
		return NULL;
	for (const struct revocation_entry *v = issuer->against; v != NULL;
	     v = v->next)
		if (v->stands && revocation_reason_cuts(v->reason) &&
		    !stays(v, id) &&
		    (by == NULL || memcmp(v->id, by->id, sizeof(v->id)) < 0))
			by = v;
	return by;
}

static bool
agency_counts(const struct member_version *v)
{
	return v->issuer == NULL ||
	    (has_role(v->issuer, MEMBER_STEWARD_NETWORK, NULL, true) &&
		undone_by(v->issuer, v->id) == NULL);
}

static bool
node_counts(const struct members *m, const struct member_version *v)
{
	const struct agency_entry *a =
	    member_table_get(&m->agencies, v->node.agency.b);
	bool any = false;

	(void)version_first(a->versions, &any);
	return any &&
	    (v->issuer == NULL ||
		(may_certify(v->issuer, &v->node, true) &&
		    undone_by(v->issuer, v->id) == NULL));
}

/* One round of the fixed point; true when something more counts. */
static bool
count_more(struct members *m)
{
	bool more = false;

	for (size_t k = 0; k < m->agencies.n; k++) {
		struct agency_entry *a = m->agencies.at[k];

		for (struct member_version *v = a->versions; v != NULL;
		     v = v->next)
			if (!v->counts && agency_counts(v))
				more = v->counts = true;
	}
	for (size_t k = 0; k < m->nodes.n; k++) {
		struct node_entry *n = m->nodes.at[k];

		for (struct member_version *v = n->versions; v != NULL;
		     v = v->next)
			if (!v->counts && node_counts(m, v))
				more = v->counts = true;
	}
	return more;
}

/* Keys give nobody a role: once, after the fixed point. */
static void
count_keys(struct agency_entry *a)
{
	for (struct key_entry *k = a->keys; k != NULL; k = k->next)
		k->counts =
		    has_role(k->issuer, MEMBER_REGISTRAR, &a->now.id, true) &&
		    undone_by(k->issuer, k->id) == NULL;
}

static void
count_again(struct members *m)
{
	for (size_t k = 0; k < m->agencies.n; k++)
		for (struct member_version *v =
			 ((struct agency_entry *)m->agencies.at[k])->versions;
		     v != NULL; v = v->next)
			v->counts = false;
	for (size_t k = 0; k < m->nodes.n; k++)
		for (struct member_version *v =
			 ((struct node_entry *)m->nodes.at[k])->versions;
		     v != NULL; v = v->next)
			v->counts = false;
	while (count_more(m))
		;
	for (size_t k = 0; k < m->agencies.n; k++)
		count_keys(m->agencies.at[k]);
	for (size_t k = 0; k < m->nodes.n; k++)
		choose_node(m->nodes.at[k]);
}

/* Does this one stand, of a level from 1 (network stewards) to 2? */
static bool
stands_at(const struct revocation_entry *v, int level)
{
	if (v->issuer == NULL || undone_by(v->issuer, v->id) != NULL)
		return false;
	if (level == 1)
		return has_role(v->issuer, MEMBER_STEWARD_NETWORK, NULL, true);
	return has_role(v->issuer, MEMBER_STEWARD_AGENCY,
		   &v->target->now.agency, true) &&
	    !has_role(v->target, MEMBER_STEWARD_NETWORK, NULL, true);
}

/* Equals are judged together: none of them undoes another. */
static void
stand_level(struct members *m, int level)
{
	for (size_t k = 0; k < m->revocations.n; k++) {
		struct revocation_entry *v = m->revocations.at[k];

		v->is_found = stands_at(v, level);
	}
	for (size_t k = 0; k < m->revocations.n; k++) {
		struct revocation_entry *v = m->revocations.at[k];

		v->stands |= v->is_found;
	}
}

/* ---- what is said of one node ---------------------------------------------
 */

/* worst first */
static int
badness(enum revocation_reason reason)
{
	switch (reason) {
	case REVOKED_COMPROMISED:
		return 3;
	case REVOKED_LOST:
		return 2;
	case REVOKED_MISTAKE:
		return 1;
	case REVOKED_LEFT:
		break;
	}
	return 0;
}

/* Keep of the cuts what the further revocation names as well, at the earlier
 * of the two positions; of two ids at one position the smaller. */
static size_t
meet_cuts(struct member_cut *cut, size_t n, const struct revocation_entry *v)
{
	size_t kept = 0, at = 0;

	for (size_t k = 0; k < n; k++) {
		const struct member_cut *other;
		int c = -1;

		while (at < v->cut_count &&
		    (c = id_compare(&v->cut[at].incarnation,
			 &cut[k].incarnation)) < 0)
			at++;
		if (at == v->cut_count)
			break;
		if (c != 0)
			continue;
		other = &v->cut[at];
		if (other->position < cut[k].position ||
		    (other->position == cut[k].position &&
			id_compare(&other->id, &cut[k].id) < 0))
			cut[kept] = *other;
		else
			cut[kept] = cut[k];
		kept++;
	}
	return kept;
}

static void
take_reason(struct member_revocation *out, const struct revocation_entry *v,
    bool first)
{
	int worse = badness(v->reason) - badness(out->reason);

	if (v->agency_key_no > out->agency_key_no)
		out->agency_key_no = v->agency_key_no;
	if (!first && worse < 0)
		return;
	if (!first && worse == 0 &&
	    memcmp(out->record, v->id, sizeof(out->record)) < 0)
		return;
	out->reason = v->reason;
	out->by_root = v->issuer == NULL;
	memset(&out->issuer, 0, sizeof(out->issuer));
	if (v->issuer != NULL)
		out->issuer = v->issuer->now.id;
	memcpy(out->record, v->id, sizeof(out->record));
}

static void
sum_up(struct node_entry *n)
{
	struct member_revocation *out = &n->revocation;

	memset(out, 0, sizeof(*out));
	out->node = n->now.id;
	n->revoked = false;
	for (const struct revocation_entry *v = n->against; v != NULL;
	     v = v->next) {
		if (!v->stands)
			continue;
		take_reason(out, v, !n->revoked);
		n->revoked = true;
		if (!revocation_reason_cuts(v->reason))
			continue;
		if (!out->cuts && v->cut_count > 0)
			memcpy(n->cut, v->cut, v->cut_count * sizeof(*v->cut));
		out->cut_count = out->cuts
		    ? meet_cuts(n->cut, out->cut_count, v)
		    : v->cut_count;
		out->cuts = true;
	}
	out->cut = n->cut;
}

/* Nothing that made it a member counts: who enrolled it was revoked, or who
 * enrolled that one. The record to show is the nearest that says so. */
static void
sum_up_undone(struct members *m, struct node_entry *n)
{
	const struct revocation_entry *by = NULL;
	bool any;

	(void)version_first(n->versions, &any);
	if (any || n->versions == NULL)
		return;
	for (const struct member_version *v = n->versions; v != NULL;
	     v = v->next) {
		const struct revocation_entry *u = undone_by(v->issuer, v->id);

		if (u != NULL &&
		    (by == NULL || memcmp(u->id, by->id, sizeof(u->id)) < 0))
			by = u;
	}
	for (size_t k = 0; by == NULL && k < m->revocations.n; k++) {
		const struct revocation_entry *v = m->revocations.at[k];

		if (v->stands && revocation_reason_cuts(v->reason))
			by = v;
	}
	if (by == NULL)
		return;
	if (!n->revoked)
		take_reason(&n->revocation, by, true);
	n->revocation.reason = REVOKED_COMPROMISED;
	n->revocation.undone = !n->revoked;
	n->revocation.cuts = true;
	n->revocation.cut_count = 0;
	n->revoked = true;
}

/* ---- settling -------------------------------------------------------------
 */

void
member_settle(struct members *m)
{
	for (size_t k = 0; k < m->revocations.n; k++) {
		struct revocation_entry *v = m->revocations.at[k];

		v->stands = v->issuer == NULL;
	}
	count_again(m);
	for (int level = 1; level <= 2; level++) {
		stand_level(m, level);
		count_again(m);
	}
	for (size_t k = 0; k < m->agencies.n; k++)
		choose_agency(m->agencies.at[k]);
	for (size_t k = 0; k < m->nodes.n; k++) {
		sum_up(m->nodes.at[k]);
		sum_up_undone(m, m->nodes.at[k]);
	}
	m->unsettled = false;
}

/* Without a revocation every version counts. */
void
member_settle_agency(struct members *m, struct agency_entry *a)
{
	m->unsettled |= m->revocations.n > 0;
	choose_agency(a);
}

void
member_settle_node(struct members *m, struct node_entry *n)
{
	m->unsettled |= m->revocations.n > 0;
	choose_node(n);
}
