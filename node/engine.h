/*
 * The replica and the one lock around it.
 *
 * sync/ has no threads: whoever calls it holds this lock, for milliseconds.
 * The network is waited for outside of it. Who waits for something to happen (a
 * peer's held request, the schedule, a call of a peer that is being called)
 * sleeps on the number of stirs.
 */
#ifndef FOOTBRIDGE_NODE_ENGINE_H
#define FOOTBRIDGE_NODE_ENGINE_H

#include <pthread.h>
#include <stdatomic.h>

#include "sync/replica.h"
#include "sync/slot.h"

/* peers being called at one time: the schedule's, and commands' */
#define ENGINE_CONTACTS 64
/* peers of which the page is told what goes on with them; of more it is told
 * what is on record alone */
#define ENGINE_LINKS 256

/* What goes on with one peer, since the program began. Nothing is kept of it. */
struct engine_link {
	struct node_id node;
	bool is_wanted;  /* a person said "sync"; no call of it began since */
	bool is_calling; /* or waits for the call of it that goes on */
	int64_t moved_bytes; /* by the call that goes on, or by the last one */
	int64_t took_ms;     /* of the last call that ended */
	int64_t next_ms; /* when it is called next by itself, by the clock on
			      * the wall; 0: not known, or not by itself */
};

struct account_settings;

struct engine {
	struct replica *replica; /* borrowed; use it only with the lock held */
	pthread_mutex_t lock;
	pthread_cond_t news;
	uint64_t generation; /* grows when there is news for peers */
	uint64_t stirs;      /* grows then, and when a waiter must look */
	uint64_t tries;      /* calls of peers that ended, whoever made them */
	uint64_t wants;      /* how often a person said "sync" on the page */
	bool stopping;       /* the process is about to end */
	bool is_lost;        /* the replica must be opened again, and that was
				told to lost() */
	void (*lost)(void);  /* lock held, once; NULL: nobody wants to know */
	/* who is being called: two contacts of one pair at a time would read
	 * each other's late hello as lost data */
	struct node_id contacts[ENGINE_CONTACTS];
	size_t contact_count;
	struct engine_link links[ENGINE_LINKS];
	size_t link_count;
	/* what it was opened with, to make more key slots; NULL: not known */
	const struct slot_keys *keys;
	bool has_opener; /* a passphrase slot opened it: that one's salt */
	uint8_t opener[SLOT_SALT_BYTES];
	/* [accounts] of the settings, borrowed; NULL: the defaults */
	const struct account_settings *accounts;
	atomic_uint waiting; /* for the lock */
	atomic_uint turns;   /* how often it was taken */
};

enum err engine_init(struct engine *e, struct replica *replica, struct fail *f);
/* Nobody may wait any more. Does not close the replica. */
void engine_release(struct engine *e);
/* After engine_stop(), when all who used it have ended: begin anew, with another
 * replica. */
void engine_again(struct engine *e, struct replica *replica);

void engine_lock(struct engine *e);
void engine_unlock(struct engine *e);

/*
 * Give the lock up for a while (a disk that is not ours, the end of a
 * transaction), lock held. Whoever waited for it has had it when
 * engine_take_back returns: a mutex alone lets the same thread win each time.
 */
unsigned engine_let_go(struct engine *e);
void engine_take_back(struct engine *e, unsigned turn);

/* Something was written that peers may want: wake whoever waits. Lock held. */
void engine_changed(struct engine *e);
/* Nothing was written, but waiters must look. Lock held. */
void engine_stir(struct engine *e);
/* Wake all, for the end of the process or of this engine. Lock not held. */
void engine_stop(struct engine *e);
/* Is it about to end? Lock not held. */
bool engine_stopping(struct engine *e);
/*
 * Wait, lock held (given up meanwhile), until the number of stirs differs from
 * seen, the process stops, or wait_ms have passed. Returns the number.
 */
uint64_t engine_wait(struct engine *e, uint64_t seen, int64_t wait_ms);

/*
 * Become the only contact with a peer; waits for the one there is. Lock not
 * held. False when the process stops meanwhile.
 */
bool engine_contact_begin(struct engine *e, const struct node_id *peer);
void engine_contact_end(struct engine *e, const struct node_id *peer);

/* What goes on with a peer, lock held; NULL: there are too many. */
struct engine_link *engine_link(struct engine *e, const struct node_id *peer);
/* A person wants this peer called now; the schedule does it. Lock held. */
void engine_want(struct engine *e, const struct node_id *peer);

#endif
