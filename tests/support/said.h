/*
 * Histories of control segments without a log: who said what, knowing of what.
 * North owns the compartment and has three registrars and a laptop; the clinic
 * has a registrar and a laptop; the hub is a network steward. Ids follow from a
 * rank, so that a test says which of two segments is the smaller.
 */
#ifndef FOOTBRIDGE_TESTS_SAID_H
#define FOOTBRIDGE_TESTS_SAID_H

#include "sync/control.h"
#include "tests/support/network.h"

enum who { N1, N2, N3, NL, C1, CL, HUB, WHO_COUNT };
enum which { NORTH, CLINIC, HUBS, WHICH_COUNT };

#define SAID_MAX 14
#define SAID_LISTS 3
#define LATEST (-2) /* its author's latest before it */
#define NONE (-1)

struct said_who {
	enum grant_recipient kind;
	int id; /* enum who, or enum which */
};

/* A place named by the event that stands there, or nothing of an author. */
struct said_point {
	int at;        /* event, or NONE: seq 0 of author */
	enum who of;   /* with NONE */
	bool standing; /* a judgement: all at that place stand */
};

struct said {
	enum who by;
	enum segment_kind kind;
	unsigned knows; /* bits: events it names */
	int prev;       /* in its own chain: event, NONE or LATEST */
	/* grant, remove */
	size_t entry_count;
	struct {
		int key; /* 1.. */
		struct said_who to;
		enum grant_right right;
		uint64_t serial;
	} entry[SAID_LISTS];
	enum remove_reason reason;
	size_t leaver_count, point_count;
	struct said_who leaver[SAID_LISTS];
	struct said_point point[SAID_LISTS]; /* cuts, void, adopted */
	bool accept;                         /* transfer */
	enum which to;
	int offer; /* event */
	bool done; /* shred */
};

struct history {
	struct said e[SAID_MAX];
	size_t n;
	unsigned held;          /* bits: events that are here */
	uint8_t rank[SAID_MAX]; /* of their ids; all differ */
};

/* The world, made once; released by nobody. revoked: bits, who has left it, and
 * whose machine was lost after its first segment (LOST). */
#define LOST(who) (1u << (who) << WHO_COUNT)
struct members *said_members(unsigned revoked);
const struct node_id *said_node(enum who who);
const struct agency_id *said_agency(enum which which);
enum which said_works_for(enum who who);
bool said_is_registrar(enum who who);
const struct author_tag *said_author(enum who who);
void said_key(struct key_id *out, int key);

/* An empty history; one more event, all of whose other fields are zero: it
 * knows everything before it. */
void history_init(struct history *h);
struct said *history_say(struct history *h, enum who by,
    enum segment_kind kind);
/* Its predecessor (NONE: first) and number in its chain; the event's id. */
int history_prev(const struct history *h, size_t at);
uint64_t history_seq(const struct history *h, size_t at);
void history_id(struct segment_id *out, const struct history *h, size_t at);

/* Settle what is held. order: events in the order of their local numbers, NULL
 * for as they stand; the number of event k is k + 1 whatever the order. */
struct control *history_settle(const struct history *h, const struct members *m,
    const size_t *order);

/* ---- said_case.c: short words for named cases ---- */

/* the two agencies, North's laptop and second registrar, the clinic's laptop */
extern const struct said_who said_north, said_clinic, said_laptop, said_second,
    said_theirs;

/* Event 0: North's key 1 to North, the clinic and North's laptop. */
void history_begin(struct history *h);
/* One more entry, leaver or point is added to what these give. */
void said_give(struct said *e, int key, const struct said_who *to,
    enum grant_right right);
struct said *history_grant(struct history *h, enum who by, int key,
    const struct said_who *to);
struct said *history_remove(struct history *h, enum who by,
    enum remove_reason reason, const struct said_who *leaver);
struct said *history_point(struct history *h, enum who by,
    enum segment_kind kind, int at);
/* offer: NONE for an offer */
struct said *history_transfer(struct history *h, enum who by, enum which to,
    int offer);
/* history_settle with nobody revoked, in order. */
struct control *history_now(const struct history *h);
/* The claim of event at; fails the test when there is none. */
const struct control_claim *said_claim(const struct control *c, size_t at,
    int key, const struct said_who *to);
bool said_counts(const struct control *c, size_t at, int key,
    const struct said_who *to);
/* Did the removal, event by, end this key? */
bool said_ended(const struct control *c, int key, size_t by);

/* ---- said_refer.c: the reference ---- */

#define NOT_CUT (-3)
struct said_answer {
	bool entry[SAID_MAX][SAID_LISTS][3]; /* ever, counts, ended */
	bool leaver[SAID_MAX][SAID_LISTS];
	unsigned ended[SAID_MAX]; /* keys, by removal */
	unsigned voided, adopted; /* events that points name */
	int owners, accepted[SAID_MAX];
	enum which owner[SAID_MAX];
	int cut[WHO_COUNT]; /* the event it names, NONE for seq 0; NOT_CUT */
	unsigned lost;      /* nodes */
	int shred;          /* event, or NONE */
	/* and for rights */
	unsigned past[SAID_MAX];
	enum which owner_at[SAID_MAX];
	bool speaks[SAID_MAX][SAID_LISTS]; /* entries that say a right */
	bool mixed;
};
/* What a history says; revoked: nodes, as in said_members. No place in it has
 * more than eight branches. */
void said_refer(struct said_answer *a, const struct history *h,
    unsigned revoked);

/* ---- said_right.c: the reference for rights ---- */

/* After said_refer: speaks and mixed. */
void said_refer_rights(struct said_answer *a, const struct history *h);
/* What somebody has by what these events say, while that agency is the owner. */
unsigned said_right(const struct said_answer *a, const struct history *h,
    unsigned known, enum which owner, const struct said_who *who);

#endif
