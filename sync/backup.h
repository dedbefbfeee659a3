/*
 * Backups: one file that holds a whole replica as it was at one moment, under a
 * key of its own, opened by the passphrases, codes and key files that opened the
 * replica then. FORMAT.md "Backup".
 *
 * Writing one is a read of the database on a connection of its own: saves and
 * contacts go on. It is made under a temporary name, read back whole and only
 * then given its own, so a file with the name is a good backup.
 *
 * A backup is older than the computer it came from, which may also still be
 * running. So what is restored is no continuation: it opens in the state
 * RESTORED under a new incarnation (replica.h), and shows and takes nothing
 * until a contact has brought what was revoked, removed and shredded since.
 */
#ifndef FOOTBRIDGE_SYNC_BACKUP_H
#define FOOTBRIDGE_SYNC_BACKUP_H

#include "sync/replica.h"
#include "sync/slot.h"

#define BACKUP_DIR_BYTES 4096

/* What a backup says of itself; sealed in it and signed by its node. */
struct backup_facts {
	struct network_id network; /* zeros: it was no member yet */
	struct node_id node;
	uint8_t sign_key[MEMBER_KEY_BYTES];
	int64_t made_ms; /* that computer's clock */
	struct incarnation incarnation;
	uint64_t position; /* the author's last, sealed under it; 0 none */
	struct segment_id segment;
	uint64_t members; /* membership records */
	uint8_t member_head[32];
	uint64_t segments, compartments;
	uint64_t bytes; /* of the database in it */
	uint8_t hash[32];
};

/* ---- making and checking, beside a running replica --------------------------*/

/* What is needed of the replica while nobody holds it. */
struct backup_job {
	const struct env *env;
	struct slot_keys keys;
	char dir[BACKUP_DIR_BYTES];
};

/*
 * Begin and end with the replica in hand; in between it may be used, but not
 * closed, and replica_rekey answers ERR_BUSY. What is unsealed is sealed first:
 * in a backup it would be sealed a second time, under another name, by whoever
 * restores it. One job at a time: ERR_BUSY;
 * ERR_UNAVAILABLE in memory. backup_end wipes the job.
 */
enum err backup_begin(struct backup_job *job, struct replica *r,
    struct fail *f);
void backup_end(struct backup_job *job, struct replica *r);

/*
 * Write a backup; needs no lock and no replica, only the begun job. o gives the
 * schema; its keys are ignored.
 *
 * fails:  ERR_EXISTS  path is there already; ERR_IO; ERR_CORRUPT the database
 *         is damaged: earlier backups are worth keeping. Nothing is left then.
 * cost:   every page read, written, checked and read back: 3 s for 94 MB
 */
enum err backup_write(struct backup_facts *facts, const struct backup_job *job,
    const char *path, const struct replica_options *o, struct fail *f);
/*
 * Open a backup of this replica as a restore would, and verify all in it: every
 * page, chain and signature, every table against the log. Leaves nothing.
 *
 * fails:  ERR_AUTH it is another replica's; as backup_open; ERR_CORRUPT
 * cost:   as verify --deep
 */
enum err backup_check(struct backup_facts *facts, const struct backup_job *job,
    const char *path, const struct replica_options *o, struct fail *f);

/* ---- restoring ---------------------------------------------------------------*/

struct backup;

/*
 * Open the file and read what needs no key.
 * fails: ERR_NOTFOUND; ERR_CORRUPT cut off, damaged or no backup at all;
 *        ERR_VERSION; as slot_decode
 */
enum err backup_open(struct backup **out, const struct env *env,
    const char *path, struct fail *f);
void backup_close(struct backup *b);
/* The ways to open it, for slot_unlock; the replica key that comes out is the
 * backup's. Borrowed. */
const struct slot_set *backup_slots(const struct backup *b);
/* fails: ERR_AUTH keys are another file's; ERR_CORRUPT */
enum err backup_read(struct backup_facts *facts, const struct backup *b,
    const struct slot_keys *keys, struct fail *f);
/*
 * Make a replica of it in dir, an empty directory. Every byte, chain and
 * signature is checked before anything in dir could be opened; on failure dir
 * is as it was. Uses up b.
 *
 * in:    keys  from slot_unlock with backup_slots
 *        o     schema; its keys are ignored
 * fails: ERR_EXISTS dir holds a replica; ERR_CORRUPT, ERR_VERSION, ERR_IO
 */
enum err backup_restore(struct backup_facts *facts, struct backup *b,
    const char *dir, const struct slot_keys *keys,
    const struct replica_options *o, struct fail *f);

#endif
