/*
 * Inside the set of membership records. Private to member*.c.
 *
 * Every version of an agency or node that was ever valid is kept, and which of
 * them count is decided anew when something may have changed it (member_settle
 * .c), so that the order of arrival cannot matter.
 *
 * Tables are arrays of pointers sorted by the key that each entry begins with:
 * entries never move, look-ups are a binary search.
 */
#ifndef FOOTBRIDGE_SYNC_MEMBER_SET_H
#define FOOTBRIDGE_SYNC_MEMBER_SET_H

#include "sync/member_i.h"

struct member_table {
	void **at;
	size_t n, room;
	size_t key_bytes;
};

struct node_entry;

/* One accepted record about an agency or a node. */
struct member_version {
	uint8_t id[MEMBER_RECORD_ID_BYTES];
	uint64_t serial;
	struct node_entry *issuer; /* NULL: the root */
	bool counts;               /* not undone by a revocation */
	struct member_version *next;
	struct member_agency agency; /* one of the two is used */
	struct member_node node;
};

/* One accepted revocation. */
struct revocation_entry {
	uint8_t id[MEMBER_RECORD_ID_BYTES]; /* first: the key */
	struct node_entry *issuer;          /* NULL: the root */
	struct node_entry *target;
	struct revocation_entry *next; /* against the same node */
	bool stands;
	bool is_found; /* while a level is judged */
	enum revocation_reason reason;
	uint64_t agency_key_no;
	size_t cut_count, standing_count;
	struct member_cut *cut;                     /* owned */
	uint8_t (*standing)[MEMBER_STANDING_BYTES]; /* owned, ascending */
};

/* One accepted record of an agency's key. */
struct key_entry {
	uint8_t id[MEMBER_RECORD_ID_BYTES];
	struct node_entry *issuer;
	bool counts;
	struct key_entry *next;
	uint8_t *bytes; /* owned; key borrows from it */
	struct member_agency_key key;
};

struct agency_entry {
	struct member_agency now; /* first: the key is its id */
	struct member_version *versions;
	struct key_entry *keys; /* ascending by record id */
	bool undone;            /* no version counts */
};

struct node_entry {
	struct member_node now; /* first: the key is its id */
	struct member_version *versions;
	struct revocation_entry *against;
	bool revoked;
	struct member_revocation revocation; /* when revoked */
	struct member_cut *cut; /* owned; room for LIMIT_REVOCATION_CUTS, or
				 * NULL while no revocation names the node */
};

struct members {
	bool has_network, has_root, training;
	bool stored;    /* records come from our own database */
	bool unsettled; /* records came since the last settling */
	struct network_id network;
	uint8_t root_key[MEMBER_KEY_BYTES];
	uint8_t root_id[MEMBER_RECORD_ID_BYTES]; /* the one that names it */
	char name[LIMIT_NAME_BYTES + 1];
	const char *why;
	struct member_table records, agencies, nodes, authors, revocations;
};

/* Position of key, or where it belongs. */
bool member_table_find(const struct member_table *t, size_t *at,
    const void *key);
void *member_table_get(const struct member_table *t, const void *key);
bool member_table_reserve(struct member_table *t);
/* entry begins with its key, which is not in the table; room was reserved */
void member_table_insert(struct member_table *t, void *entry);

/* May this node have issued this record, by any version of its own; with
 * counting by those that count only. */
bool member_may_issue(const struct node_entry *issuer,
    const struct member_record *r, const struct node_entry *target,
    bool counting);
/* What counts, and which version holds, from all that is held. */
void member_settle(struct members *m);
/* The same after one record came that undoes nothing, if nothing is undone:
 * only its own entry is looked at. */
void member_settle_agency(struct members *m, struct agency_entry *a);
void member_settle_node(struct members *m, struct node_entry *n);

#endif
