/*
 * Help and the manual page, made from the command table.
 */
#ifndef FOOTBRIDGE_NODE_HELP_H
#define FOOTBRIDGE_NODE_HELP_H

#include "node/cli.h"
#include "sync/buf.h"

/* Every command on one line, and the global options. */
void help_all(struct buf *out);
/* One command ("bundle export"), or all of a family ("bundle"); false when
 * there is none. */
bool help_command(struct buf *out, const char *name);
/* The whole manual page, in man(7). */
void help_manual(struct buf *out);

#endif
