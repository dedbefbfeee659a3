/*
 * A replica directory from the outside: find it, unlock it, open it, make it.
 */
#ifndef FOOTBRIDGE_NODE_OPEN_H
#define FOOTBRIDGE_NODE_OPEN_H

#include "node/config.h"
#include "node/cli.h"
#include "sync/replica.h"
#include "sync/slot.h"

#define OPEN_SCHEMA_MAX 128

/* Options of the replica with everything they borrow. */
struct open_with {
	struct replica_options options;
	struct registry_source schema[OPEN_SCHEMA_MAX];
	struct slot_keys keys; /* wiped by open_forget */
	bool has_opener;       /* a passphrase slot was opened: its salt */
	uint8_t opener[SLOT_SALT_BYTES];
	struct config config;
};

/* The directory: --dir, FOOTBRIDGE_DIR. ERR_USAGE when neither is given. */
enum err open_dir(const char **dir, const struct cli *cli, struct fail *f);

/* Read the settings and the embedded schema; no key yet. */
enum err open_prepare(struct open_with *w, const char *dir, struct fail *f);
/* Ask for the secret and unlock the key slots into w->keys. ERR_NOTFOUND when
 * dir holds no replica. */
enum err open_unlock(struct open_with *w, const struct cli *cli,
    const char *dir, struct fail *f);
/* Ask for the secret and try it on a set of slots: a replica's, a backup's.
 * number: of the slot that opened; NULL: nobody asks. */
enum err open_set(struct slot_keys *keys, uint8_t *number,
    const struct slot_set *set, const struct cli *cli, const struct env *env,
    struct fail *f);
/* Open what was prepared and unlocked; w must outlive the replica. */
enum err open_unlocked(struct replica **out, struct open_with *w,
    const char *dir, struct fail *f);
/* All of it. Waits a moment for another short command to finish before it says
 * ERR_BUSY. */
enum err open_replica(struct replica **out, struct open_with *w,
    const struct cli *cli, const char *dir, struct fail *f);

/* open_unlocked, for so long waiting for whoever uses it. */
enum err open_waiting(struct replica **out, struct open_with *w,
    const char *dir, int patience_ms, struct fail *f);

/* How long another command may take to end, and how often one looks. */
#define OPEN_BUSY_MS 3000
#define OPEN_STEP_MS 10
/* a daemon waits for a gap between the commands of a busy script */
#define OPEN_SERVE_MS 30000
void open_pause(void); /* one step */

/* Make the directory of a new replica, or check that one is empty but for a
 * configuration file; the rest of a making that was cut off is taken away. */
enum err open_new_dir(const struct env *env, const char *dir, struct fail *f);

/*
 * Make a replica in dir (made when absent, else empty but for a configuration
 * file): passphrase slot, recovery slot, database. *code gets the replica's
 * recovery code, to be shown once and released. One that was made so and got no
 * further (no member, nothing asked) is taken up again, with a new code.
 */
enum err open_create(struct replica **out, struct open_with *w,
    struct buf *code, const struct cli *cli, const char *dir, struct fail *f);

/* Take away what open_create made, when what follows failed: nothing of value
 * is in it yet. The directory stays. */
void open_destroy(const struct env *env, const char *dir);

void open_forget(struct open_with *w);

#endif
