/*
 * Saying again who one is, at the command line: before keys or rights are given
 * away, something closed is opened or anything is destroyed (CLI_PROVES), as the
 * page asks with confirm_password and confirm_code (DOMAIN 4, IA-5).
 *
 * Who opened the replica in this process has just given the password; a daemon
 * opened it long ago and asks for it. Where the account has a second factor its
 * code, or a recovery code, is asked for either way, each good for once. Nobody by
 * name (a key file, the recovery code of the replica) proves nothing more: who has
 * that has the safe's key.
 */
#ifndef FOOTBRIDGE_NODE_PROVE_H
#define FOOTBRIDGE_NODE_PROVE_H

#include "node/run.h"

/*
 * Is it still that person? Lock not held; Argon2id where a password was said.
 * Failures are counted as on the page, and stand in the journal.
 *
 * fails: ERR_AUTH  with run->wants: something was not said yet, nothing was
 *                  counted; without: it is not that person
 */
enum err prove_again(struct run *run, struct fail *f);

/* What was asked for at this end. */
struct prove_said {
	struct buf password, code;
};
/* Ask for what is wanted: the password from where the passphrase is read, the code
 * at the terminal. fails: ERR_AUTH there is nobody to ask */
enum err prove_ask(struct prove_said *out, unsigned wants,
    const struct cli *cli, struct fail *f);
void prove_forget(struct prove_said *said);

#endif
