/*
 * Import a CSV file into a table, and take an import back.
 *
 * Good rows are written in transactions of IMPORT_STEP rows, bad ones are
 * handed to a sink with their line and reason. A row whose source id is here
 * already with the same values is a duplicate; with other values it is bad, so
 * that nothing is dropped silently. What was added is kept as a batch.
 */
#ifndef FOOTBRIDGE_NODE_IMPORT_H
#define FOOTBRIDGE_NODE_IMPORT_H

#include "node/date.h"
#include "node/map.h"
#include "node/run.h"
#include "sync/hash.h"

#define IMPORT_STEP 500

struct import {
	struct run *run;
	const struct table *table;
	const struct map *map;
	struct csv *csv;
	const char *source;
	enum date_order order;
	const struct row_id *staff; /* NULL: the node itself */
	bool dry_run;
	const uint8_t *file_hash; /* 32 bytes */
	/* a row that was not taken; ERR_* stops the import */
	enum err (*reject)(void *context, const struct csv_row *row,
	    const char *reason, struct fail *f);
	void *context;

	/* what it came to */
	int64_t batch, added, duplicate, rejected;
};

/* fails: ERR_IO, ERR_NOMEM ...: rows of committed steps stay, and stand in the
 * batch, so that running it again adds only what is missing. */
enum err import_run(struct import *m, struct fail *f);

/* Has this very file been imported before and not been undone? */
enum err import_seen(int64_t *batch, struct run *run, const struct table *t,
    const uint8_t hash[static 32], struct fail *f);

struct import_undo {
	int64_t sealed;  /* rows taken out of every list */
	int64_t changed; /* kept, because somebody changed them since */
	int64_t already; /* were out of the lists before */
};
/* ERR_NOTFOUND: no such batch; ERR_EXISTS: undone before. */
enum err import_undo(struct import_undo *out, struct run *run, int64_t batch,
    const struct row_id *staff, struct fail *f);

#endif
