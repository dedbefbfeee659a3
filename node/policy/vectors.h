/*
 * Test vectors of a policy pack: cases that somebody who knows the law can read,
 * and what the pack must decide. They travel with the pack, and no pack is
 * signed that decides one of them otherwise.
 *
 * The text is described at the head of us_sample.vectors. It is as hostile as any
 * file: bounded, and refused with its line.
 */
#ifndef FOOTBRIDGE_NODE_POLICY_VECTORS_H
#define FOOTBRIDGE_NODE_POLICY_VECTORS_H

#include "node/policy/policy.h"

#define VECTORS_BYTES_MAX ((size_t)1024 * 1024)
#define VECTORS_PARTIES_MAX 16
#define VECTOR_FACTS_MAX 8
#define VECTOR_LIST_MAX 8

/* One case as it was played; all is borrowed. */
struct vector_told {
	const char *title;      /* its first line, with its paragraph */
	bool agrees;            /* the pack decides as the case says */
	const char *why, *next; /* the answer in words (policy_say) */
	const char *differs;    /* "want deny never, have permit"; or "" */
};
typedef void (*vectors_fn)(void *context, const struct vector_told *told);

struct vectors_result {
	size_t played, differed;
	char first[240]; /* of the cases that differed; "" */
};

/*
 * Play every case of text[n] under a pack. each may be NULL.
 *
 * fails: ERR_INPUT "line 40: want ...": a case that cannot be read; ERR_LIMIT,
 *        ERR_NOMEM. That cases differ is no failure: out->differed
 * cost:  a copy of the text, one decision a case
 */
enum err vectors_play(struct vectors_result *out,
    const struct policy_pack *pack, const char *text, size_t n, vectors_fn each,
    void *context, struct fail *f);

#endif
