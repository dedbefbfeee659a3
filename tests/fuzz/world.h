/*
 * A small network of replicas for targets that fuzz the engine: made once, and
 * put back to how it was before each input.
 *
 * North owns a person's compartment; South, its laptop and the clinic hold its
 * key and write in it; the hub relays. All of them hold the same when an input
 * begins. North and South take what comes and are put back; the others are only
 * names with keys.
 */
#ifndef FOOTBRIDGE_TESTS_FUZZ_WORLD_H
#define FOOTBRIDGE_TESTS_FUZZ_WORLD_H

#include "sync/join.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/pair.h"

#define WORLD_REFS 32

/* A sealed segment of the compartment that everybody holds. */
struct world_ref {
	struct author_tag author;
	int chain;
	uint64_t seq, position;
	struct segment_id id;
};

struct world {
	struct pair p;
	struct row_id person;
	const struct network_id *network;
	struct compartment_id compartment;
	struct agency_id owner;
	uint8_t name[16];
	uint8_t key[SEGMENT_KEY_BYTES];
	struct key_id key_id;
	struct invite invite; /* of North's, into a new agency */
	size_t ref_count;
	struct world_ref ref[WORLD_REFS];
};

/* Made at the first call; never released. */
struct world *world_get(void);
/* Note in ref[] what North holds of the compartment, as it may be named. */
void world_note(struct world *w);
/* North or South as at the beginning, when anything was committed there. */
void world_reset(struct world *w, enum pair_who who);
/* Close it: it is opened again by the next world_reset. */
void world_close(struct world *w, enum pair_who who);
/* A replica that lives on while inputs come and go, or does no more: what hangs
 * on it is not lost. */
void fuzz_hold(const struct replica *r, bool is);
/* A number that changes with every commit of that replica. */
int64_t world_version(struct world *w, enum pair_who who);

#endif
