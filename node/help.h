/*
 * Help and the manual page, made from the command table and the schema.
 */
#ifndef FOOTBRIDGE_NODE_HELP_H
#define FOOTBRIDGE_NODE_HELP_H

#include "node/cli.h"
#include "sync/buf.h"
#include "sync/registry.h"

/* Every command with its first sentence, in groups, and the global options. */
void help_all(struct buf *out);
/* One command ("bundle export"), or all of a family ("bundle"); false when
 * there is none. */
bool help_command(struct buf *out, const char *name);
/* The whole manual page, in man(7). */
void help_manual(struct buf *out);

/* Every table of the built-in schema with what it is for. */
enum err help_tables(struct buf *out, struct fail *f);
/* One table: its fields and what they take. ERR_NOTFOUND, without words. */
enum err help_table(struct buf *out, const char *name, struct fail *f);

/* Wrap text at 78 columns, each further line indented; the first one goes on
 * at column have. Ends the line. */
void help_wrap(struct buf *out, const char *text, size_t indent, size_t have);

#endif
