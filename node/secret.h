/*
 * Passphrases: asked for at the terminal, or read from a file that the person,
 * the service manager or the environment names. Never from an argument.
 *
 * Order: --passphrase-file, FOOTBRIDGE_PASSPHRASE_FILE, the systemd credential
 * "footbridge-passphrase", the terminal. Whoever holds the buffer releases it
 * (buf_release wipes).
 */
#ifndef FOOTBRIDGE_NODE_SECRET_H
#define FOOTBRIDGE_NODE_SECRET_H

#include "node/cli.h"
#include "sync/env.h"

#define SECRET_FILE_BYTES ((size_t)64 * 1024)
#define SECRET_BYTES_MIN 8

/* Append the name of the file to read; false when there is none. */
bool secret_file(struct buf *path, const struct cli *cli);

/*
 * The secret that opens a replica: a whole file's bytes (*from_file), or what
 * was typed. A file's first line is the passphrase: secret_line().
 *
 * fails: ERR_AUTH no terminal to ask at and no file named; ERR_NOTFOUND,
 *        ERR_IO, ERR_LIMIT of the file
 */
enum err secret_get(struct buf *out, bool *from_file, const struct cli *cli,
    const struct env *env, struct fail *f);
/* Bytes of the first line of p[n], without its line end. */
size_t secret_line(const uint8_t *p, size_t n);

/* A new passphrase for a replica: from the file, else typed twice.
 * fails: ERR_INPUT too short, or the two differ; as secret_get */
enum err secret_new(struct buf *out, const struct cli *cli,
    const struct env *env, struct fail *f);
/* A new passphrase, always typed twice (keyslot add passphrase), unless there
 * is no terminal: then the first line of standard input. */
enum err secret_another(struct buf *out, struct fail *f);

/* Ask for something secret at the terminal. ERR_AUTH when there is none. */
enum err secret_ask(struct buf *out, const char *prompt, struct fail *f);

/* Ask yes or no at the terminal. ERR_USAGE when there is none; ERR_DENIED when
 * the answer is no. */
enum err secret_confirm(const char *question, struct fail *f);

#endif
