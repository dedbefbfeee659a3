/*
 * The simulator: a region of whole nodes in one process, played from a seed.
 *
 * The engine is the real one; clock, network, disk and randomness are made up
 * here. Everything that happens is an event with a time; the earliest is played
 * next, so a seed is one history, whenever and wherever it is played. A run has
 * two parts: people and faults at work, with what must never happen checked as
 * it goes; then the world heals, and everybody entitled must come to the same.
 *
 * What goes wrong in the harness itself aborts (sim_must); what the engine did
 * wrong is told once (sim_wrong) and ends the seed.
 */
#ifndef FOOTBRIDGE_TESTS_SIM_H
#define FOOTBRIDGE_TESTS_SIM_H

#include "sync/attachment.h"
#include "sync/compartment.h"
#include "sync/db.h"
#include "sync/exchange.h"
#include "sync/read.h"
#include "tests/support/env_test.h"

#define SIM_START_MS 1767600000000LL
#define SIM_MINUTE_MS 60000LL
#define SIM_HOUR_MS (60 * SIM_MINUTE_MS)
#define SIM_DAY_MS (24 * SIM_HOUR_MS)

#define SIM_PLACES 40 /* nodes of the largest world */
#define SIM_SPARE 4   /* computers that join late */
#define SIM_COPIES 3  /* machines that are copies of another */
#define SIM_NODES (SIM_PLACES + SIM_SPARE + SIM_COPIES)
#define SIM_AGENCIES 16
#define SIM_PEOPLE 3
#define SIM_ROWS 32
#define SIM_NOTES 1024
#define SIM_NOTE_SEGMENTS 4
#define SIM_EDGES (4 * SIM_NODES)
#define SIM_CONTACTS 64
#define SIM_SEGMENTS 4096 /* of a replica, that are looked into */
#define SIM_SCHEMAS 2
#define SIM_STICKS 16
#define SIM_DOCUMENTS 16
#define SIM_KEYS 128

/*
 * What can happen, each counted; a seed switches many of them off. A run over
 * some hundreds of seeds fails when one never happened. tests/README.md says what
 * each means.
 */
#define SIM_CLASSES(X) \
	/* on the wire */ \
	X(LOSS, "message lost") \
	X(DUPLICATE, "message doubled") \
	X(LATE, "message overtaken") \
	X(TRUNCATE, "message cut") \
	X(FLIP, "message with a flipped bit") \
	X(PARTITION, "two nodes apart") \
	X(ONE_WAY, "one direction dead") \
	X(SWIZZLE, "links clogged one by one") \
	X(LONG_AWAY, "node away for 30 days or more") \
	/* on a machine */ \
	X(RESTART, "program ended and started") \
	X(CRASH, "program dropped") \
	X(CRASH_FENCE, "dropped before the fence was written") \
	X(POWER_CUT, "power lost in the middle of a write") \
	X(DISK_LOST, "... and what was not synced lost, torn or reordered") \
	X(JUMP, "clock wrong by hours") \
	X(YEARS, "clock wrong by years") \
	X(UPGRADE, "newer schema") \
	X(REBUILD, "tables made again") \
	/* old states and copies */ \
	X(BACKUP, "restored from a backup") \
	X(ROLLED_BACK, "database put back, fence not") \
	X(PUT_BACK, "whole directory put back") \
	X(CLONE, "exact copy of a machine at work") \
	X(MOVED, "copy that knows it is one") \
	X(REVIVED, "old disk started beside the new one") \
	/* bundles */ \
	X(STICK, "bundle by courier") \
	X(STICK_LOST, "bundle lost") \
	X(STICK_LATE, "bundle days late") \
	X(STICK_TWICE, "bundle taken twice") \
	X(STICK_TORN, "bundle damaged") \
	X(RESCUE, "stick from a computer that is out") \
	/* what is large, and bounds */ \
	X(DOCUMENT, "document added") \
	X(DOCUMENT_ASKED, "document asked for") \
	X(METERED, "link that costs") \
	X(COMPACT, "relay cut segments to stubs") \
	X(SNAPSHOT, "rows shown before their history") \
	X(FULL_CONTROL, "more decisions than there is room for") \
	X(FULL_DATA, "more records than there is room for") \
	X(FULL_PARKED, "more waits unverified than there is room for") \
	/* who may */ \
	X(SHARE, "granted to an agency") \
	X(SHARE_FROM_NOW, "granted without its past") \
	X(CARRY, "granted to a laptop") \
	X(REMOVE, "somebody removed") \
	X(GRANT_AGAIN, "granted again") \
	X(REVOKE, "node revoked") \
	X(ROTATE, "agency key replaced") \
	X(JOIN, "new member") \
	X(TRANSFER, "handed over") \
	X(ADOPT, "work of a lost node adopted") \
	X(JUDGE, "two histories judged") \
	X(SHRED, "records ordered destroyed") \
	/* members that mean harm */ \
	X(EVIL_JUNK, "signed junk") \
	X(EVIL_FORK, "two histories shown to two halves") \
	X(EVIL_WITHHOLD, "built on what is never shown") \
	X(EVIL_GRANT, "granted by who may not") \
	X(EVIL_CONTROL, "another's decision signed again") \
	X(EVIL_PLACE, "wrong place, wrong author") \
	X(EVIL_FAN_IN, "all named that a header holds") \
	X(EVIL_REPLAY, "old segments shown again") \
	X(EVIL_FLOOD, "decisions without end") \
	/* the policy tier's: what people sign, and what follows from it */ \
	X(CONSENT, "consent signed") \
	X(CONSENT_NARROWED, "consent narrowed") \
	X(CONSENT_REVOKED, "consent revoked") \
	X(CONSENT_ASKED, "end of a consent asked for") \
	X(AGREEMENT, "agreement offered") \
	X(AGREEMENT_SIGNED, "agreement signed") \
	X(AGREEMENT_ENDED, "agreement ended, suspended or left") \
	X(TEAM_JOINED, "somebody joined a team") \
	X(TEAM_LEFT, "somebody left a team") \
	X(REFERRAL, "person referred, or not any more") \
	X(COURT_ORDER, "order to disclose entered") \
	X(COURT_ORDER_ENDED, "order to disclose quashed or cut short") \
	X(SEAL, "order to seal entered") \
	X(SEAL_VACATED, "order to seal vacated") \
	X(POLICY_GRANTS, "key granted by policy") \
	X(POLICY_REMOVES, "key taken away by policy") \
	X(POLICY_DAY, "... because a day had come") \
	X(POLICY_CUT_OFF, "policy cut off in the middle") \
	X(SHUT_BY_DAY, "rows shut where nobody heard of an end")

enum sim_class {
#define X(name, words) SIM_##name,
	SIM_CLASSES(X)
#undef X
	    SIM_CLASS_COUNT
};

/* Other things that are counted, for the reader of a run's report. */
#define SIM_COUNTS(X) \
	X(EVENTS, "events") \
	X(CONTACTS, "contacts") \
	X(CONTACTS_BROKEN, "contacts that broke") \
	X(MESSAGES, "messages") \
	X(WRITES, "writes") \
	X(REFUSED, "writes refused") \
	X(PROPOSED, "writes proposed") \
	X(SETTLED, "conflicts settled") \
	X(RECEIVED, "segments and records received") \
	X(WAITED, "received early") \
	X(QUARANTINED, "received past a cut") \
	X(NEW_LIVES, "new lives") \
	X(OBEYED, "nodes that found themselves out") \
	X(SOUND, "replicas verified") \
	X(DEEP, "replicas derived anew and compared") \
	X(ROUNDS, "rounds until all was quiet") \
	X(DIGESTS, "equal digests") \
	X(MODEL, "records that show what the model computes") \
	X(DOCUMENTS_READ, "documents read whole at the end") \
	X(NOTES_KEPT, "saved words found at the end") \
	X(NOTES_GONE, "saved words whose only disk was destroyed") \
	X(TOLD_WRONGLY, "records somebody left, told in a damaged message") \
	X(NODES, "nodes") \
	X(NODE_DAYS, "simulated node-days") \
	X(DRIVES, "passes of policy") \
	X(AGREED, "holders that are who is entitled, of a record") \
	X(KEYS_JUDGED, "keys of others' records that had a basis") \
	X(SHOWN, "records of others judged that are shown") \
	X(NOT_SHOWN, "records of others judged that are shut")

/* What a program plays: unkeyed databases and cheap cryptography; encrypted files;
 * the first with the real schema and with policy at work (tests/sim/policy). */
enum sim_tier { SIM_TIER_LOGIC, SIM_TIER_FULL, SIM_TIER_POLICY };

enum sim_count {
#define X(name, words) SIM_N_##name,
	SIM_COUNTS(X)
#undef X
	    SIM_COUNT_COUNT
};

struct sim_counts {
	uint64_t seeds, failed;
	uint64_t fired[SIM_CLASS_COUNT];
	uint64_t seeds_with[SIM_CLASS_COUNT];
	uint64_t pair[SIM_CLASS_COUNT][SIM_CLASS_COUNT]; /* seeds with both */
	uint64_t n[SIM_COUNT_COUNT];
};

/* One machine. A copy is a machine of its own with another's identity. */
struct sim_node {
	bool used;
	bool joined;   /* is a member */
	bool out;      /* was revoked, as far as the world knows */
	bool put_back; /* lacks what it had, until that comes back */
	bool obeyed;   /* and found out */
	bool hub;      /* relay; nothing of it is put back or copied */
	bool evil;     /* makes segments by hand as well */
	bool field;    /* a laptop that gets keys by name */
	unsigned agency, steward; /* whom it joined through */
	struct env_test *env;
	struct replica *r;
	char dir[32];
	struct node_id id;
	size_t schemas;
	int64_t skew_ms;      /* its clock against the world's */
	int64_t asleep_until; /* away: calls nobody, answers nobody */
	/* an image of its disk, to be put back */
	struct env_test *kept;
	size_t kept_schemas, kept_notes;
	/* what it knew when it was last looked at, so that it forgets nothing */
	int64_t members, segments, forks;
	bool shows; /* rows before their history, when last looked at */
	uint64_t scanned[SIM_SEGMENTS / 64]; /* own segments looked into */
};

/* Who calls whom. */
struct sim_edge {
	unsigned caller, server; /* server: the node, not one of its copies */
	int64_t every_ms;
	bool dead[2];     /* towards the server; towards the caller */
	int64_t until[2]; /* when that ends */
};

struct sim_contact {
	uint64_t id; /* 0: free */
	unsigned edge, caller, server;
	struct exchange *x;
	unsigned message; /* the request that waits for its answer */
};

/* What somebody saved, and where it went. Its number is the staff id. */
struct sim_note {
	unsigned maker; /* machine */
	struct compartment_id compartment;
	bool saved;
	bool gone;    /* every disk that held it was destroyed */
	bool offered; /* in an offer that only the owner opens */
	size_t segment_count;
	struct segment_id segment[SIM_NOTE_SEGMENTS];
};

/* Its content follows from its seed. */
struct sim_document {
	unsigned maker, person;
	uint64_t seed;
	struct attachment a; /* cpt: as its maker numbers it */
};

/* A key of an agency that some machine had once. */
struct sim_key {
	struct agency_id agency;
	struct identity_key key;
};

struct sim_row {
	unsigned table, person;
	struct row_id id;
};

struct sim_person {
	bool used;
	bool shredded;   /* an order was made somewhere: no word is promised */
	unsigned agency; /* that founded the record */
	struct row_id id;
	struct compartment_id compartment;
};

enum sim_kind {
	SIM_EVENT_ACT,     /* somebody does something at a node */
	SIM_EVENT_CALL,    /* a node calls along an edge */
	SIM_EVENT_REQUEST, /* bytes arrive */
	SIM_EVENT_ANSWER,
	SIM_EVENT_GIVE_UP, /* the caller waits no more */
	SIM_EVENT_STICK,   /* a courier arrives */
	SIM_EVENT_FAULT,   /* something goes wrong somewhere */
	SIM_EVENT_POWER,   /* a registrar decides something */
	SIM_EVENT_COUNT
};

struct sim_event {
	int64_t at_ms;
	uint64_t no; /* of two at one time the first made is the first */
	enum sim_kind kind;
	unsigned node;  /* where; of a call: the edge */
	unsigned other; /* the caller, of a message; the sender, of a stick */
	uint64_t contact;
	unsigned message;
	struct buf bytes;
};

#define SIM_HISTORY 40
#define SIM_LINE 160

struct sim {
	uint64_t seed, dice;
	int64_t now_ms;
	enum sim_tier tier;
	bool full;                 /* encrypted files, else in memory */
	struct sim_policy *policy; /* NULL in the other tiers; owned */
	struct sim_node node[SIM_NODES];
	unsigned places; /* nodes of the founded network */
	unsigned agencies;
	struct agency_id agency[SIM_AGENCIES];
	struct sim_edge edge[SIM_EDGES];
	unsigned edge_count;
	struct sim_contact contact[SIM_CONTACTS];
	uint64_t contacts;
	bool any_evil;
	struct sim_person person[SIM_PEOPLE];
	struct sim_row row[SIM_ROWS];
	size_t row_count;
	unsigned hot[4];
	struct sim_note note[SIM_NOTES];
	size_t note_count;
	struct sim_document document[SIM_DOCUMENTS];
	size_t document_count;
	struct sim_key key[SIM_KEYS];
	size_t key_count;

	/* the seed's own odds */
	bool may[SIM_CLASS_COUNT];
	unsigned percent[SIM_CLASS_COUNT]; /* of messages, for the wire's */
	int64_t act_every_ms, fault_every_ms, power_every_ms, end_ms;
	int64_t latency_ms, patience_ms;
	struct replica_bounds bounds; /* everybody's */

	/* the events to come: a heap, the earliest at 0 */
	struct sim_event **heap;
	size_t heap_count, heap_room;
	uint64_t events, made;
	bool dying;   /* a disk was told to fail: errors are no fault */
	bool moved;   /* a server took something new */
	bool healing; /* nothing goes wrong any more */
	bool metered; /* ... but some links still cost */

	/* what came of it */
	uint64_t trace; /* a hash over all that happened */
	char line[SIM_HISTORY][SIM_LINE];
	uint64_t lines;
	bool fired[SIM_CLASS_COUNT];
	struct sim_counts *counts;
	char wrong[400];
};

/* ---- sim.c: dice, trace, history ---- */

uint64_t sim_draw(struct sim *s, uint64_t below);
bool sim_chance(struct sim *s, unsigned percent);
/* Around a mean, never 0. */
int64_t sim_around(struct sim *s, int64_t mean_ms);
/* A line of the history; it goes into the trace as well. */
void sim_say(struct sim *s, const char *format, ...) PRINTF(2, 3);
void sim_trace(struct sim *s, const void *p, size_t n);
/* The class happened: counted for the seed and the run. */
void sim_fired(struct sim *s, enum sim_class c);
void sim_count(struct sim *s, enum sim_count c, uint64_t add);
/* The engine did what it must not; the first one is kept. */
void sim_wrong(struct sim *s, const char *format, ...) PRINTF(2, 3);
/* Abort unless OK: the harness is wrong. */
void sim_must(struct sim *s, enum err e, const struct fail *f,
    const char *what);
void sim_show(const struct sim *s);
/* The same from a signal handler, of the seed that is played. */
void sim_show_playing(void);
/* One of those that may happen in this seed; each may stand there twice. */
enum sim_class sim_choose(struct sim *s, const enum sim_class *all,
    size_t count, enum sim_class otherwise);
const char *sim_class_name(enum sim_class c);
const char *sim_class_words(enum sim_class c);
const char *sim_count_words(enum sim_count c);

/* Play one seed; counts are added to. *trace may be NULL. False: s->wrong was
 * printed. */
bool sim_play(uint64_t seed, enum sim_tier tier, struct sim_counts *counts,
    uint64_t *trace);
const char *sim_tier_name(enum sim_tier tier);
/* Can it happen in this tier at all? Memory has no fence and loses no power. */
bool sim_class_plays(enum sim_tier tier, enum sim_class c);
void sim_end(void);

/* ---- haste.c ---- */

/* Before anything else: how SQLite runs in this process. */
void sim_make_haste(void);

/* ---- event.c ---- */

/* A new event after so long; it takes the bytes over. */
void sim_later(struct sim *s, int64_t in_ms, struct sim_event what);
/* The earliest, taken out; NULL: none. Freed with sim_event_free. */
struct sim_event *sim_next(struct sim *s);
void sim_event_free(struct sim_event *e);

/* ---- machine.c ---- */

/* Founding is done once for each size of world; a world is copies of it. */
void sim_found(struct sim *s, unsigned places);
void sim_stop(struct sim *s);
void sim_founded_end(void);
/* Let the machine's clocks say what they say now. */
void sim_tell_time(struct sim *s, unsigned n);
/* May it be used now: member, running, not restored? */
bool sim_ready(const struct sim *s, unsigned n);
void sim_restart(struct sim *s, unsigned n, size_t schemas);
/* Drop the program: what was committed is there, nothing else is done. */
void sim_crash(struct sim *s, unsigned n);
/* Its power comes back, after this was done to what was not durable. */
void sim_power_back(struct sim *s, unsigned n, enum disk_damage damage);
void sim_close(struct sim *s, unsigned n);
void sim_open(struct sim *s, unsigned n);
/* A machine with the state of another's disk. */
struct env_test *sim_image(struct sim *s, struct env_test *from);
/* A computer that is new joins through a steward; UINT_MAX: no room. */
unsigned sim_join_new(struct sim *s, unsigned steward);
void sim_edge_add(struct sim *s, unsigned caller, unsigned server);

/* ---- net.c ---- */

void sim_call(struct sim *s, unsigned edge);
void sim_request(struct sim *s, struct sim_event *e);
void sim_answer(struct sim *s, struct sim_event *e);
void sim_give_up(struct sim *s, const struct sim_event *e);
/* Drop the machine's contacts: it stopped. */
void sim_hang_up(struct sim *s, unsigned n);
/* A whole contact of two machines now, on a good line. *moved: something came
 * that was not there, or had to be said. */
enum err sim_contact_now(struct sim *s, unsigned caller, unsigned server,
    bool *moved);
void sim_stick_write(struct sim *s, unsigned from);
void sim_stick_read(struct sim *s, struct sim_event *e);

/* ---- people.c ---- */

void sim_act(struct sim *s, unsigned n);
/* The first record of each person. */
void sim_people(struct sim *s);
struct compartment *sim_compartment(struct sim *s, unsigned n,
    const struct compartment_id *id);

/* ---- bulk.c ---- */

/* Somebody adds a document, or wants one that is not all there. */
void sim_document(struct sim *s, unsigned n);
void sim_document_ask(struct sim *s, unsigned n);
/* Is it whole at this machine? Then it is read, and must be the same. */
bool sim_document_at(struct sim *s, struct sim_document *d, unsigned n,
    const struct compartment *c);
void sim_meter(struct sim *s, unsigned edge);
void sim_unmeter(struct sim *s);
void sim_compact(struct sim *s, unsigned n);

/* ---- shows.c ---- */

/* Are the rows of this compartment what the reference model computes (I3), and as
 * restrictive as each of the values that stand (I8)? */
void sim_judge_rows(struct sim *s, unsigned n, const struct compartment *c);

/* ---- power.c ---- */

/* One decision about who may read what, somewhere. */
void sim_power(struct sim *s);
/* A registrar adopts what another node left. */
void sim_adopt(struct sim *s, unsigned n, unsigned whose);

/* ---- byzantine.c ---- */

/* One act of a member that means harm. */
void sim_do_evil(struct sim *s, unsigned n);

/* ---- fault.c ---- */

void sim_fault(struct sim *s);
/* End what is over: partitions. */
void sim_mend(struct sim *s, bool all);

/* ---- check.c ---- */

/* Cheap, after each event at a node. */
void sim_check(struct sim *s, unsigned n);
/* Dear: its chains, and deep: its tables against its log. */
void sim_verify(struct sim *s, unsigned n, bool deep);
int64_t sim_number(struct sim *s, unsigned n, const char *sql);
/* Once healed: nobody may know of two histories where nobody could make them. */
void sim_judge_forks(struct sim *s);
/* Forget what was compared with: its disk is another one. */
void sim_check_anew(struct sim *s, unsigned n);

/* ---- notes.c ---- */

/* Remember the agency keys that this machine holds. */
void sim_keys_keep(struct sim *s, unsigned n);
/* Where are the notes that this machine made? */
void sim_notes_find(struct sim *s, unsigned n);
/* It has obeyed: what it had not sealed is in what it offers to the owners. */
void sim_notes_offered(struct sim *s, unsigned n);
/* Its disk is about to be replaced by one with this image. */
void sim_notes_lose(struct sim *s, unsigned n, struct env_test *image);
/* Is this note, from 0, on the disk of this machine? */
bool sim_note_at(struct sim *s, size_t note, unsigned n);
/* ... or at least its stub? */
bool sim_note_place_at(struct sim *s, size_t note, unsigned n);
/* Is it of a record that was ordered destroyed? */
bool sim_note_shredded(const struct sim *s, size_t note);
/* All that was saved here is there after the program was dropped (I1). */
void sim_notes_safe(struct sim *s, unsigned n);

/* ---- heal.c ---- */

void sim_heal(struct sim *s);
/* Everybody calls everybody they call, after so long; did anything come? */
bool sim_go_round(struct sim *s, int64_t after_ms, bool *failed);
/* Is this machine a member for the others, and to end like them? */
bool sim_is_judged(struct sim *s, unsigned n);

#endif
