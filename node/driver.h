/*
 * When policy looks at who holds which keys (policy/drive.h): after a command that
 * wrote and before one that sends; in the daemon on a thread of its own, whenever
 * something was written or received, and when a day begins in this office.
 */
#ifndef FOOTBRIDGE_NODE_DRIVER_H
#define FOOTBRIDGE_NODE_DRIVER_H

#include "node/run.h"

struct driver;

enum err driver_start(struct driver **out, struct engine *e, struct fail *f);
/* After engine_stop(). NULL is fine. */
void driver_stop(struct driver *d);

/* In the person's own process, lock held: all that is due. What goes wrong is
 * warned of and tried again the next time: the command itself was done. */
void driver_now(struct run *run);

#endif
