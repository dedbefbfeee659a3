/*
 * Keeping backups: serve writes one a day into a folder, opens the newest once a
 * week and verifies all in it, and removes the oldest. What came of it is noted
 * in the replica and said by status.
 *
 * When an order to destroy takes all of them a new one is made at once.
 *
 * The folder is [backup] folder, else DIR/backup, which is made. One that was
 * named in the settings is not made: it may be a disk that is not mounted. A
 * name holds the node's first digits, so several nodes may use one folder; only
 * own ones are ever removed, and only after a newer one is good.
 *
 * A failed try is repeated after an hour. The lock is held to begin, to end and
 * to note, not while pages are copied.
 */
#ifndef FOOTBRIDGE_NODE_KEEP_H
#define FOOTBRIDGE_NODE_KEEP_H

#include "node/config.h"
#include "node/engine.h"
#include "sync/backup.h"

#define KEEP_PATH_BYTES 4096
#define KEEP_CHECK_MS ((int64_t)7 * 86400 * 1000)
#define KEEP_RETRY_MS ((int64_t)3600 * 1000)
/* without a good one for so many intervals a person is told */
#define KEEP_LATE 3

/* ---- what is known, in the replica's meta ------------------------------------
 *
 * A note is of the author that this replica was then: what a restored backup, or
 * a copy, says of backups of its own is about another computer.
 */

struct keep_state {
	/* wall clock; 0: never */
	int64_t good_ms;    /* the last good one, wherever it was written */
	int64_t own_ms;     /* the last good one of serve's own */
	int64_t checked_ms; /* one was opened and verified */
	int64_t failed_ms;  /* the last try failed; 0 after a good one */
	bool used;      /* some were made, here or in a life before this one */
	char file[512]; /* of the last good one, cut */
	char why[320];  /* of the last failure */
};

/* Lock held, all of these. */
enum err keep_read(struct keep_state *k, struct replica *r, struct fail *f);
enum err keep_note_good(struct replica *r, const char *file, int64_t at_ms,
    bool own, struct fail *f);
enum err keep_note_checked(struct replica *r, int64_t at_ms, struct fail *f);
/* None is left. */
enum err keep_note_none(struct replica *r, struct fail *f);
enum err keep_note_failed(struct replica *r, const char *why, int64_t at_ms,
    struct fail *f);

/* ---- when; pure ---------------------------------------------------------------*/

enum keep_act { KEEP_NOTHING, KEEP_WRITE, KEEP_CHECK };
/* What is due, and *wait_ms how long until something is (at least a second, at
 * most a day). A clock that was set back makes what lies ahead of it due. */
enum keep_act keep_due(int64_t *wait_ms, const struct keep_state *k,
    int64_t every_ms, int64_t now_ms);
/* Should a person be told: none for KEEP_LATE intervals, or the last failed?
 * Never while none was ever tried. */
bool keep_is_late(const struct keep_state *k, int64_t every_ms, int64_t now_ms);

/* ---- the folder ---------------------------------------------------------------*/

/* Name of a backup made at this time. */
void keep_name(char *out, size_t room, const char *folder,
    const struct node_id *node, int64_t at_ms);
/* The newest own one: its path; ERR_NOTFOUND. */
enum err keep_newest(char path[static KEEP_PATH_BYTES], const char *folder,
    const struct node_id *node, struct fail *f);
/* Remove all but the newest `keep` own ones. */
enum err keep_thin(const char *folder, const struct node_id *node,
    unsigned keep, struct fail *f);
/* The folder by the settings, borrowed from them or made in room. */
const char *keep_folder(char room[static KEEP_PATH_BYTES],
    const struct config *c, const char *dir);

/*
 * Remove every own backup of the folder and forget that there was a good one:
 * what was destroyed here could still be read in them with the same passphrase.
 * A folder that is not there is told in *why (a line for a person), which is no
 * failure. Copies that were taken elsewhere stay; whoever made them must know.
 */
enum err keep_forget(struct replica *r, struct fail *why, struct fail *f);

/* ---- the thread ---------------------------------------------------------------*/

struct keep;
/* c and dir must outlive it. Nothing runs with c->backup_every_s 0: *out NULL. */
enum err keep_start(struct keep **out, struct engine *e, const struct config *c,
    const char *dir, struct fail *f);
/* After engine_stop(): waits for what it is at. NULL is fine. */
void keep_stop(struct keep *k);

#endif
