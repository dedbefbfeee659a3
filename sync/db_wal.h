/*
 * The write-ahead log, looked at before SQLite does.
 *
 * SQLite takes a log up to the first frame whose checksum does not fit, and
 * forgets the rest: after a power cut that is right, for what follows was not
 * yet saved. After a flipped bit it silently takes back saves that were answered.
 * The two can be told apart: every commit is synced before anything is written
 * behind it, so a commit behind the first bad frame, with more behind it in
 * turn, was on the disk. Only damage to the very last save looks like a cut. What
 * was torn with the power may show a salt beside noise: a commit counts where its
 * checksum fits to a neighbour's.
 */
#ifndef FOOTBRIDGE_SYNC_DB_WAL_H
#define FOOTBRIDGE_SYNC_DB_WAL_H

#include "sync/env.h"

/* The longest log that is looked at; beyond, SQLite is trusted. */
#define DB_WAL_BYTES_MAX ((size_t)256 << 20)

/*
 * Is the log of the database at path (path with "-wal") as it was written? Call
 * it before the database is opened.
 * fails:  ERR_CORRUPT  it is not: f says how many saves would be forgotten;
 *         ERR_NOMEM, ERR_IO
 * cost:   reads the log once; there is none after an orderly end
 */
enum err db_wal_check(const struct env *env, const char *path, struct fail *f);

/*
 * The log of the database at `from` as one of a copy at `to` that SQLite takes
 * to its end: damaged pages stay damaged, which SQLCipher notices when they are
 * read. Nothing is written when there is no log.
 */
enum err db_wal_mend(const struct env *env, const char *from, const char *to,
    struct fail *f);

#endif
