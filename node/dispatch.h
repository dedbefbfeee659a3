/*
 * Run one parsed command, wherever it runs: in the person's own process or in
 * the daemon. Both ways give the same answers.
 */
#ifndef FOOTBRIDGE_NODE_DISPATCH_H
#define FOOTBRIDGE_NODE_DISPATCH_H

#include "node/run.h"

/*
 * Call the command's function. With run->engine set its lock is taken (unless
 * the command takes it itself) and whoever waits for news is woken after.
 * Fills f and run->out; the caller writes both and exits with run_exit().
 */
enum err dispatch_run(struct run *run, struct fail *f);

#endif
