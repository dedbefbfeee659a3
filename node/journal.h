/*
 * What a command shows and does, told to the journal (sync/audit.h).
 *
 * A command that reads case data (CLI_READS) notes each row that it shows. Before
 * the first byte of it leaves, what was read by then is written down; if that
 * fails, nothing is shown and the command fails. A long listing has a second
 * entry with the rest. A command that acts beyond records (CLI_ACTS: keys, peers,
 * shares, accounts) is written down before it begins, and again if it fails.
 */
#ifndef FOOTBRIDGE_NODE_JOURNAL_H
#define FOOTBRIDGE_NODE_JOURNAL_H

#include "node/run.h"
#include "sync/audit.h"

/* A row is about to be shown. Lock held. */
void journal_saw(struct run *run, const struct table *table,
    const struct row_id *row, const struct row_id *subject);
/* Write down what was shown since the last time; result: what came of the
 * command so far. Lock held. */
enum err journal_settle(struct run *run, enum err result, struct fail *f);
/* The command begins, or came to this end. Lock held. */
enum err journal_act(struct run *run, enum err result, struct fail *f);
/* An entry of the command's own: who and from where are filled in. Lock held, in
 * the caller's transaction or one of its own. */
enum err audit_run(struct run *run, const struct audit_entry *what,
    struct fail *f);

#endif
