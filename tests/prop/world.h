/*
 * A small network in one process: real replicas, no sockets. The property tests
 * and the table's engine test play on it.
 *
 * Seven machines of two agencies. They are founded once; each world starts from
 * copies, because making keys and tables again ten thousand times would be most
 * of the run. What goes wrong in the harness itself aborts.
 */
#ifndef FOOTBRIDGE_TESTS_PROP_WORLD_H
#define FOOTBRIDGE_TESTS_PROP_WORLD_H

#include "sync/compartment.h"
#include "sync/db.h"
#include "sync/log.h"
#include "sync/read.h"
#include "tests/prop/as_model.h"
#include "tests/support/env_test.h"

#define WORLD_NODES 7
#define WORLD_COPY 7     /* a machine: a copy of one of the nodes */
#define WORLD_MACHINES 8 /* below WORLD_NODES a machine has its node's number */
#define WORLD_FIELD 4    /* of the owner agency, but no registrar */
#define WORLD_FOREIGN 5  /* this and later: the other agency */
#define WORLD_LATE 3 /* its membership records are handed over by the test */
#define WORLD_SCHEMAS 2
#define WORLD_SEGMENTS 512
#define WORLD_CATEGORY "SUP.case"
#define WORLD_START_MS 1767600000000

typedef uint64_t world_set[WORLD_SEGMENTS / 64]; /* bit per pool segment */

/* A sealed segment of the compartment that is played with. */
struct world_segment {
	struct segment_id id;
	struct buf bytes;
	unsigned node; /* its author's */
	struct author_tag tag;
	enum segment_kind kind;
	int chain;
	uint64_t seq, position;
	size_t prev; /* pool index; SIZE_MAX: the first of its chain */
	unsigned schema;
	uint8_t key_prefix[SEGMENT_PREFIX_BYTES];
	size_t deps[LIMIT_DEPS + 1]; /* pool indexes, predecessor included */
	size_t dep_count;
	world_set past; /* closure of deps */
	struct buf payload;
	struct model_op
	    *ops; /* segment member not set; values borrow payload */
	size_t op_count;
};

#define WORLD_OPS 512
/* What a node held when it made a write. */
struct world_known {
	world_set stored, readable;
};

struct history_snapshot;
struct world_node {
	struct env_test *env;
	struct replica *replica;
	char dir[160];
	unsigned self;  /* the node it is */
	size_t schemas; /* migrations in use */
	bool used;
	world_set has;    /* delivered or made here */
	world_set whole;  /* of that: with its content (world_shred.c) */
	world_set heard;  /* control: what it said is known, whole or not */
	world_set placed; /* in its log, and judged; once follows is true */
	bool follows;     /* orders are about */
	bool shredded;    /* an order counts: nothing but stubs */
	bool undone;      /* one did, and turned out to be none */
	const struct history_snapshot *shown; /* until its history is here */
	bool signs; /* and it knew by then that it was given something */
	bool obeyed_before; /* in this or a later state that was lost */
};

/* A machine's whole state, as it was once. */
struct world_kept {
	struct env_test *env; /* NULL: nothing is kept */
	size_t schemas, op_count;
	world_set has, whole, heard, placed;
	bool follows, shredded, undone, signs;
	const struct history_snapshot *shown;
};

struct world_death {
	unsigned left; /* commits until a machine dies; 0: it does not */
	bool died;
};

struct world {
	struct world_node node[WORLD_MACHINES];
	struct world_kept kept[WORLD_MACHINES];
	uint64_t copies; /* of states, made so far */
	bool on_disk;
	bool introduced;       /* everybody knows of WORLD_LATE */
	bool out[WORLD_NODES]; /* revoked; learns nothing of members */
	struct row_id subject;
	struct compartment_id compartment;
	struct world_segment *pool[WORLD_SEGMENTS];
	size_t pool_count;
	struct world_known known[WORLD_OPS];
	unsigned maker[WORLD_OPS]; /* machine */
	bool saved[WORLD_OPS];     /* answered so, and never put back since */
	bool sealed[WORLD_OPS];    /* in the pool, here: */
	size_t at[WORLD_OPS];
	bool took; /* a removal or revocation was made: keys are watched */
	/* the next that receives, seals dies at this commit of it; 0: it does not */
	unsigned dies_receiving, dies_sealing;
	struct world_death death; /* world_let_die */
	uint64_t deaths;
	size_t op_count;
	char wrong[160]; /* the engine did what it must not; "" if not */
};

/* The history being played, for the message of an abort. */
extern uint64_t world_history;

/* One line about what happens, where TEST_TRACE is set. */
void world_tell(const char *format, ...) PRINTF(1, 2);
/* Abort unless OK: the harness, not the tested, is wrong. */
void world_must(enum err e, const struct fail *f, const char *what);

/* Found the network if that was not done: ids and tags are known. */
void world_found(bool on_disk, size_t schemas);
/* Start the machines of the set (bit per node) on a first schema version. */
void world_start(struct world *w, unsigned nodes, size_t schemas, uint64_t seed,
    bool on_disk);
void world_stop(struct world *w);
/* Close and open again, perhaps with a newer schema. */
void world_restart(struct world *w, unsigned node, size_t schemas);
/* Hand the membership records of WORLD_LATE to a node. */
void world_introduce(struct world *w, unsigned node);
/* Remove what the founding left on disk. */
void world_end(void);

/* world_keep.c: membership, copies, old states. */

/* Every membership record that one has and the other lacks; nothing to a node
 * that is out, and nothing of WORLD_LATE before it is introduced. */
void world_members(struct world *w, unsigned from, unsigned to);
/* Keep the machine's whole state; put it back (it begins a new life); in memory
 * only. */
void world_keep(struct world *w, unsigned machine);
void world_put_back(struct world *w, unsigned machine);
/* A second machine with the state of the first, in memory only. moved: it knows
 * that it is a copy, and begins a new life. */
void world_copy(struct world *w, unsigned machine, bool moved);
/* What a contact says of the other's author before anything is sent: does `to`
 * have to begin a new life? It has begun it. */
bool world_meet(struct world *w, unsigned from, unsigned to);
bool world_restored(struct world *w, unsigned machine);
void world_forget_kept(struct world *w);
/* The machine's environment, options: for opening. */
void world_open(struct world *w, unsigned machine, size_t schemas);
bool world_is_late_record(const uint8_t *p, size_t n);

/* world_death.c: log_receive and log_seal, by a machine that may die. */

void world_receive(struct world *w, unsigned machine, enum outcome *outcome,
    const uint8_t *p, size_t size, struct fail *why);
void world_seal_log(struct world *w, unsigned machine);
/* In what it does next it dies at this commit; 0: it does not. Did it? Then it is
 * open again. */
void world_let_die(struct world *w, unsigned machine, unsigned at);
bool world_died(struct world *w, unsigned machine);

/* world_shred.c: orders to destroy. */

/* Who signed, since the pool had so many segments, that an order was obeyed, has
 * the order and nothing left. */
void world_check_receipts(struct world *w, unsigned machine, size_t first);
/* Has the machine nothing of this segment but its stub? */
bool world_only_stub(const struct world *w, unsigned machine, size_t segment);
/* Does it know what this control said? Who obeyed knows what it had. */
bool world_heard(const struct world *w, unsigned machine, size_t segment);
/* Give what `from` has of it: the stub, perhaps. */
enum outcome world_pass(struct world *w, unsigned from, unsigned to,
    size_t segment);
/* Before something comes to a machine, and after: an order may count there now,
 * or none any more. */
void world_follow(struct world *w, unsigned machine);
void world_obey(struct world *w, unsigned machine);
/* It gave an order that counts. */
void world_obeyed(struct world *w, unsigned machine);

struct replica *world_replica(struct world *w, unsigned node);
const struct agency_id *world_agency(unsigned node);
struct node_id world_node_id(unsigned node);
/* -1: none of ours */
int world_node_of(const struct node_id *id);
/* bytewise order of author tags, <0, 0, >0 */
int world_tag_compare(unsigned a, unsigned b);
const struct author_tag *world_tag(unsigned node);
struct compartment *world_compartment(struct world *w, unsigned node);

/* Before a write: remembers what the node holds. The answer goes with the
 * operation as the staff member who acts, so that sealing can find it again. */
struct row_id world_note(struct world *w, unsigned node);
/* Numbers of the notes: when there are WORLD_OPS the history must end. */

/* Is the operation of a note (from 1) in the log of the machine, not sealed
 * yet? */
bool world_logged(struct world *w, unsigned machine, size_t note);

/* Seal at node and take what is new into the pool; checks that every segment
 * names as its past what its writer held (see world_set_of). */
void world_seal(struct world *w, unsigned node);
/* Give one pool segment to a node; what log_receive answers. */
enum outcome world_give(struct world *w, unsigned node, size_t segment);
/* The same with bytes that are said; see world_shred.c for stubs. */
enum outcome world_give_bytes(struct world *w, unsigned n, size_t segment,
    const uint8_t *p, size_t size);
/* Give everything that `from` has and `to` lacks, in the pool's order or
 * shuffled by a seed that is not 0. */
void world_sync(struct world *w, unsigned from, unsigned to, uint64_t shuffle);

/* Share the compartment with the other agency; right: enum grant_right */
enum err world_share(struct world *w, unsigned by, int right, bool from_now,
    struct fail *f);
enum err world_carry(struct world *w, unsigned by, struct fail *f);

/* Print the pool: who wrote what, knowing what, and who has it. */
void world_dump(struct world *w);

static inline bool
world_has(const world_set set, size_t i)
{
	return (set[i / 64] >> (i % 64) & 1) != 0;
}

static inline void
world_put(world_set set, size_t i)
{
	set[i / 64] |= (uint64_t)1 << (i % 64);
}

static inline void
world_drop(world_set set, size_t i)
{
	set[i / 64] &= ~((uint64_t)1 << (i % 64));
}

/* Of what the node was given, what is causally complete: `stored`; and of that,
 * what is data it holds the key of: `readable`. */
void world_set_of(struct world *w, unsigned node, world_set stored,
    world_set readable);

/* splitmix64: the tests' randomness; below > 0 */
uint64_t world_draw(uint64_t *seed, uint64_t below);

#endif
