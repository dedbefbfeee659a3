/*
 * The target of a request, "/api/people/3f2a?limit=20": taken apart into
 * decoded segments and decoded pairs.
 *
 * Strict: what could be read two ways is refused. Everything is UTF-8 without
 * control characters; an encoded slash is part of its segment.
 */
#ifndef FOOTBRIDGE_NODE_API_TARGET_H
#define FOOTBRIDGE_NODE_API_TARGET_H

#include "sync/err.h"

#define TARGET_BYTES 4096
#define TARGET_SEGMENTS 8
#define TARGET_PAIRS 24

struct target_pair {
	const char *name, *value;
};

struct target {
	char text[TARGET_BYTES]; /* what the rest points into */
	const char *segments[TARGET_SEGMENTS];
	size_t segment_count;
	struct target_pair pairs[TARGET_PAIRS];
	size_t pair_count;
};

/*
 * in:    text  untrusted
 * out:   *out  of no meaning on failure
 * fails: ERR_INPUT with one line, ERR_LIMIT
 */
enum err target_parse(struct target *out, const char *text, struct fail *f);

#endif
