/*
 * Between backup.c, backup_stage.c and backup_file.c only; repair.c has the use
 * of the stage.
 */
#ifndef FOOTBRIDGE_SYNC_BACKUP_I_H
#define FOOTBRIDGE_SYNC_BACKUP_I_H

#include "sync/backup.h"

#define BACKUP_NONCE_BYTES 24
#define BACKUP_MANIFEST_BYTES_MAX 512
#define BACKUP_HEAD_BYTES_MAX 4096

/* ---- the file, backup_file.c ----------------------------------------------*/

struct backup {
	const struct env *env;
	void *stream; /* stands at the first byte of the database */
	char *path;
	struct slot_set slots;
	struct buf ad; /* all bytes before the nonce */
	uint8_t nonce[BACKUP_NONCE_BYTES];
	struct buf sealed;
};

/* The manifest's bytes, signed. */
void backup_manifest(struct buf *out, const struct backup_facts *facts,
    const uint8_t sign_secret[static MEMBER_SECRET_BYTES]);
/* All bytes before the database. keys->replica: the backup's key; slots hold
 * it. */
enum err backup_head(struct buf *out, const struct slot_set *slots,
    const struct backup_facts *facts, const struct slot_keys *keys,
    const uint8_t sign_secret[static MEMBER_SECRET_BYTES],
    const struct env *env, struct fail *f);
/* Length and hash of a file into facts. */
enum err backup_measure(struct backup_facts *facts, const struct env *env,
    const char *path, struct fail *f);
/* Write head and the file at database to path, synced. */
enum err backup_assemble(const struct env *env, const char *path,
    const struct buf *head, const char *database, struct fail *f);
/* The database in it to a new file at `to`, checked; NULL: only checked. */
enum err backup_extract(struct backup *b, const struct backup_facts *facts,
    const char *to, struct fail *f);

/* ---- a directory to work in, backup_stage.c --------------------------------*/

struct backup_stage {
	const struct env *env;
	char dir[BACKUP_DIR_BYTES];
	char database[BACKUP_DIR_BYTES + 16];
};

/* DIR/name, empty: what an earlier one that was cut off left is removed. */
enum err backup_stage_make(struct backup_stage *s, const struct env *env,
    const char *dir, const char *name, struct fail *f);
void backup_stage_drop(struct backup_stage *s);
/* Open what is in it, apart, and check its pages. */
enum err backup_stage_open(struct replica **out, const struct backup_stage *s,
    const struct slot_keys *keys, const struct replica_options *o,
    struct fail *f);
/* What the replica is, but for bytes and hash. */
enum err backup_stage_facts(struct backup_facts *facts, struct replica *r,
    struct fail *f);

#endif
