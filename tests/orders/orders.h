/*
 * Small histories, each told to honest nodes in every order of arrival.
 *
 * A history is up to six events: letters of an alphabet that has each merge rule
 * and each kind of control, and for each event which of those before it its
 * author knew. An author who did not know of its own earlier work wrote a second
 * history of itself, as a copied machine does. The segments are made by hand with
 * right keys, seals and signatures; who takes them is a real replica that wrote
 * none of them and does nothing by itself: a laptop of the owner's, a registrar of
 * another agency, and a relay without the key. Whatever the order, all that such a node shows, keeps
 * and counts must be the same.
 */
#ifndef FOOTBRIDGE_TESTS_ORDERS_H
#define FOOTBRIDGE_TESTS_ORDERS_H

#include "sync/control.h"
#include "tests/fuzz/world.h"

/* ---- scene.c: who is there -------------------------------------------------- */

/* Who writes. NORTH is the registrar that made the compartment, SECOND another
 * one of its agency, LAPTOP another laptop, CLINIC another registrar there. */
enum actor { NORTH, SECOND, LAPTOP, CLINIC, ACTORS };
/* Who takes what comes. */
enum taker { TAKER_LAPTOP, TAKER_CLINIC, TAKER_RELAY, TAKERS };

/* Made once; never released. */
struct world *scene(void);
const struct identity *scene_actor(enum actor who);
enum pair_who scene_taker(enum taker t);
const char *scene_taker_name(enum taker t);
/* The taker as it was at the beginning. */
void scene_reset(enum taker t);
/* Clock and randomness of whoever makes segments, from a number. */
const struct env *scene_maker(uint64_t number);

/* ---- letters.c: what may happen ----------------------------------------------- */

enum act {
	SET,
	INSERT,
	GRANT,   /* the compartment's first key, or a new one */
	REMOVE,  /* with a new key for who stays */
	JUDGE,   /* what somebody else did last is void */
	ADOPT,   /* what somebody else did last counts */
	OFFER,   /* the compartment to the clinic's agency */
	ACCEPT,  /* the last offer that is known */
	DESTROY, /* an order to shred */
	DESTROYED,
	REVOKE, /* a membership record, by the root */
};

struct letter {
	const char *says;
	enum actor by;
	enum act act;
	const char *table, *field, *value; /* SET, INSERT */
	/* GRANT, REMOVE, REVOKE: whom; SET of attendance: whose */
	enum grant_recipient kind;
	enum actor whom;
	bool anew;  /* GRANT: a new key */
	int reason; /* enum remove_reason, enum revocation_reason */
};
extern const struct letter letters[];
extern const size_t letter_count;

/* ---- story.c: a history ------------------------------------------------------------ */

#define STORY_MAX 6

struct event {
	size_t letter;
	unsigned knows; /* bit per earlier event; closed */
	/* filled by story_make */
	struct buf bytes;
	bool is_record; /* of membership */
	struct world_ref ref;
	bool has_key;
	uint8_t key[SEGMENT_KEY_BYTES];
	bool has_new_key[ACTORS]; /* who was given it */
};
struct story {
	size_t n;
	struct event e[STORY_MAX];
};

/* Make the segments: the same story gives the same bytes. */
void story_make(struct story *s);
void story_release(struct story *s);
/* "3/0 12/1 7/3": letter and what it knows, in words too; appended. */
void story_print(struct buf *out, const struct story *s);
/* The same numbers as typed; false: not such a text. */
bool story_parse(struct story *s, const char *text);
/* Give one event to a taker. */
void story_give(const struct story *s, size_t at, enum taker t);
/* An order to destroy, and a judgement that may undo it: what was obeyed
 * meanwhile, and how often something came, then depends on the order. */
bool story_may_undo(const struct story *s);
/* The content that a taker asks for is given to it, as a sweep would bring it. */
void story_sweep(const struct story *s, enum taker t);

/* ---- show.c: what a taker shows, keeps and counts, without local numbers ------- */

/*
 * Which keys a taker holds is no function of what it was told: of one that it was
 * given by somebody who might not, or who was taken back, it has read the box, or
 * never will. The keys that it has by right it must hold.
 */
struct shown {
	struct buf keys;
	struct buf by_keys; /* the same wherever the same keys are held */
	struct buf always;
};
/* How lines of `always` begin that name a key it has by right and not at hand. */
#define SHOWN_MISSING "missing"
/* Fills out anew. undone: what was asked for and came twice is not counted. */
void show(struct shown *out, enum taker t, bool undone);
void shown_release(struct shown *s);

#endif
