/*
 * A laptop is lost: new keys for every compartment that it carried. The laptop
 * is enrolled, given 300 people of three categories' worth, revoked; then the
 * clock runs until every new key is granted, applied and sealed.
 *
 * usage: bench-rekey [PEOPLE]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/grant.h"
#include "sync/remove.h"
#include "tests/support/bench.h"

#define PEOPLE 300
#define ROWS 3000

#define MUST(call) \
	do { \
		struct fail f_ = { .code = OK }; \
		struct fail *f = &f_; \
		enum err e_ = (call); \
		bench_must(e_, &f_, #call); \
	} while (0)

static void
take_in(struct bench_node *n, struct buf *record)
{
	enum member_result result;

	MUST(replica_add_member(n->r, &result, record->p, record->n, NULL, f));
	if (result != MEMBER_ADDED)
		abort();
	buf_reset(record);
}

/* A field laptop of the founder's agency. */
static void
enrol(struct bench_node *n, struct node_id *laptop)
{
	const struct identity *own = replica_identity(n->r);
	const struct network_id *network =
	    members_network(replica_members(n->r));
	struct buf b = { .limit = LIMIT_MEMBER_BYTES };
	struct identity i;
	struct member_node m = { .serial = 1, .roles = MEMBER_FIELD };

	identity_make(&i, replica_env(n->r));
	i.agency = own->agency;
	m.id = i.node;
	m.agency = i.agency;
	memcpy(m.sign_key, i.sign_key, sizeof(m.sign_key));
	memcpy(m.box_key, i.box_key, sizeof(m.box_key));
	memcpy(m.tls_key, i.tls_key, sizeof(m.tls_key));
	(void)snprintf(m.name, sizeof(m.name), "laptop");
	member_node_consent(&m, &i, network);
	MUST(((void)f, member_make_node(&b, own, network, false, &m)));
	take_in(n, &b);
	MUST(((void)f, member_make_author(&b, &i, network)));
	take_in(n, &b);
	*laptop = i.node;
	identity_wipe(&i);
	buf_release(&b);
}

static int64_t
carry(struct bench_node *n, const struct node_id *laptop, unsigned people)
{
	const struct member_node *node =
	    members_node(replica_members(n->r), laptop);
	int64_t granted, sum = 0;

	bench_begin(n);
	for (unsigned i = 0; i < people; i++) {
		struct row_id person = bench_person(i);

		MUST(grant_carry(n->r, &person, node, &granted, f));
		sum += granted;
	}
	bench_commit(n);
	return sum;
}

static void
revoke(struct bench_node *n, const struct node_id *laptop)
{
	const struct member_revoke q = { .node = *laptop,
		.reason = REVOKED_LOST };
	struct buf b = { .limit = LIMIT_MEMBER_BYTES };

	MUST(((void)f,
	    member_make_revocation(&b, replica_identity(n->r),
		members_network(replica_members(n->r)), false, &q)));
	take_in(n, &b);
	buf_release(&b);
}

int
main(int argc, char **argv)
{
	unsigned people = PEOPLE;
	int64_t granted, rekeyed = 0, open = 0;
	struct bench_node n;
	struct node_id laptop;
	double begun, noticed, made, sealed;

	if (argc > 1)
		people = (unsigned)strtoul(argv[1], NULL, 10);
	bench_found(&n);
	bench_prepare(&n, people);
	bench_fill(&n, 0, ROWS, people);
	enrol(&n, &laptop);
	granted = carry(&n, &laptop, people);
	(void)bench_seal(&n);
	begun = bench_now();
	revoke(&n, &laptop);
	noticed = bench_now();
	MUST(remove_open_count(n.r, &open, f));
	MUST(remove_maintain(n.r, &rekeyed, f));
	made = bench_now();
	(void)bench_seal(&n);
	sealed = bench_now();
	/* and the agency's part of the directory */
	if (open < granted || rekeyed != open)
		abort();
	printf("{\n  \"rekeyed_compartments\": %lld,\n"
	       "  \"revocation_s\": %.3f, \"new_keys_s\": %.3f,"
	       " \"seal_s\": %.3f,\n"
	       "  \"rekey_s\": {\"measured\": %.3f, \"reach\": 2}\n}\n",
	    (long long)rekeyed, noticed - begun, made - noticed, sealed - made,
	    sealed - begun);
	bench_end(&n);
	return 0;
}
