/* What an order about records would reach, before it is carried out: tables, rows
 * and computers. */
#ifndef FOOTBRIDGE_NODE_SHOW_SCOPE_H
#define FOOTBRIDGE_NODE_SHOW_SCOPE_H

#include "node/run.h"
#include "sync/shred.h"

/* As text or JSON. ERR_NOTFOUND: nothing of it is held here. */
enum err show_scope(struct run *run, const struct shred_request *q,
    struct fail *f);

#endif
