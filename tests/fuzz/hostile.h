/*
 * Segments as members with real keys, or copies of them, might make them to do
 * harm: every field is the input's, and signature, chain, seal and body are made
 * to fit unless the input says otherwise.
 */
#ifndef FOOTBRIDGE_TESTS_FUZZ_HOSTILE_H
#define FOOTBRIDGE_TESTS_FUZZ_HOSTILE_H

#include "tests/fuzz/world.h"

#define HOSTILE_MAX 10

struct hostile_made {
	enum pair_who by;
	struct world_ref ref;
	struct buf bytes;
};

struct hostile {
	struct world *w;
	size_t count;
	struct hostile_made made[HOSTILE_MAX];
};

/* Take the next recipe; false when it gives no segment at all. */
bool hostile_segment(struct hostile *h, struct fuzz_in *in);
void hostile_release(struct hostile *h);

/* A segment that is held everywhere, or one made before. */
const struct world_ref *hostile_ref(const struct hostile *h, unsigned which);
/* Operations as a recipe says, packed. false: they cannot be packed. */
bool hostile_payload(const struct hostile *h, struct buf *payload,
    struct fuzz_in *in);
/* Body of a control segment. */
void hostile_control(struct hostile *h, struct buf *body,
    const struct identity *by, enum segment_kind kind, struct fuzz_in *in);

#endif
