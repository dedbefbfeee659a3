/*
 * Documents as files of a person: what they are called and are, and where they
 * are written.
 *
 * A file is written under a name of its own, readable by its owner alone, and
 * gets the wanted name only when all of it is on the disk; what is there already
 * is replaced only when that was said.
 */
#ifndef FOOTBRIDGE_NODE_DOCUMENT_H
#define FOOTBRIDGE_NODE_DOCUMENT_H

#include "node/run.h"
#include "sync/attachment.h"

/* The type of a content, by its first n bytes (512 tell); never by its name. */
const char *document_mime(const uint8_t *p, size_t n);
/* A title from a path: its last part, as UTF-8 without control characters, cut
 * to LIMIT_NAME_BYTES. Appended; never empty. */
void document_title(struct buf *out, const char *path);

struct document_file {
	struct run *run;
	const char *name; /* as typed */
	struct buf path, temporary;
	int fd; /* begin with -1 */
};
/* ERR_EXISTS when something is there and may not be replaced. */
enum err document_file_begin(struct document_file *d, struct run *run,
    const char *name, struct fail *f);
/* An attachment_write_fn; the engine is given up while the disk works. */
enum err document_file_write(void *context, const uint8_t *p, size_t n,
    struct fail *f);
/* The file gets its name when e is OK, or is taken away. Returns e, or what went
 * wrong here. Releases d. */
enum err document_file_finish(struct document_file *d, enum err e,
    struct fail *f);

#endif
