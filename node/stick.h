/*
 * The files of a bundle: parts that are written, one that is read.
 *
 * Called with the engine's lock, which is given up while the disk works.
 */
#ifndef FOOTBRIDGE_NODE_STICK_H
#define FOOTBRIDGE_NODE_STICK_H

#include "node/run.h"
#include "sync/bundle.h"

/* Parts go to temporary names first; they get their own when all is written. */
struct stick_parts {
	struct run *run;
	const char *name; /* as typed */
	bool split;
	unsigned count;
	int fd; /* begin with -1 */
};
/* A bundle may be replaced by a newer one, nothing else may: ERR_EXISTS. */
enum err stick_parts_check(const struct stick_parts *p, struct fail *f);
struct bundle_writer stick_parts_writer(struct stick_parts *p);
/* All parts get their names when e is OK, or all are taken away. Returns e, or
 * ERR_IO. */
enum err stick_parts_finish(struct stick_parts *p, enum err e, struct fail *f);

struct stick_source {
	struct run *run;
	int fd; /* begin with -1 */
};
enum err stick_source_open(struct stick_source *s, const char *name,
    struct fail *f);
struct bundle_reader stick_source_reader(struct stick_source *s);
void stick_source_close(struct stick_source *s);

#endif
