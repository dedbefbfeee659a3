/*
 * Repair: a replica whose database can be read only in part.
 *
 * SQLCipher notices every flipped bit and refuses the page. Everything that can
 * still be read is taken over into a new database, the log is checked again,
 * every table is made from it, and the damaged file is kept aside, as it is.
 *
 * If anything of the log, the keys or the membership could not be read, the
 * replica begins a new life (replica.h): peers are asked for everything from
 * the beginning, and records are closed until a contact, since what was
 * withdrawn or destroyed may be among what is missing. If all of it was there
 * (the damage was in a table, an index or an unused page) it goes on as before.
 *
 * What this cannot do: read a database whose first page or list of tables is
 * damaged. Then there is the backup.
 */
#ifndef FOOTBRIDGE_SYNC_REPAIR_H
#define FOOTBRIDGE_SYNC_REPAIR_H

#include "sync/replica.h"

/* Where the damaged database is kept, beside the new one, with its log. */
#define REPAIR_ASIDE "footbridge.db.damaged"

struct repair_facts {
	uint64_t segments; /* entries of the log that were taken over */
	uint64_t unsealed; /* of them own work that was never sent */
	/* rows of the log that could be read and fit nothing any more */
	uint64_t orphans;
	bool log_lost;   /* part of log, keys or membership was not readable */
	bool local_lost; /* part of drafts, peers or settings was not */
	bool journal_lost; /* part of the journal was not (audit.h) */
	bool own_lost;     /* part of the node's own plain tables was not */
};

/*
 * Repair the replica in dir, which nobody has open. Cut off at any point, what
 * was there before is there still, at most under REPAIR_ASIDE, and repair can
 * be called again. A file that was aside before is replaced when the new
 * database is whole.
 *
 * in:     o     with keys
 * fails:  ERR_BUSY      somebody has it open
 *         ERR_AUTH, ERR_CORRUPT  too much is damaged; nothing was changed
 *         ERR_IO        nothing was changed
 * cost:   every page read, every row written once, every table derived
 */
enum err repair_replica(struct repair_facts *facts, const char *dir,
    const struct replica_options *o, struct fail *f);

/* Was a part of the plain tables of this replica's own (those of the schema that
 * are in no registry) lost in a repair, ever? Who relies on a row that is not
 * there any more must know. */
bool repair_lost_own(struct replica *r);

#endif
