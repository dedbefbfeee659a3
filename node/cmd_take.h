/* What share, carry and access need of taking away (cmd_take.c). */
#ifndef FOOTBRIDGE_NODE_CMD_TAKE_H
#define FOOTBRIDGE_NODE_CMD_TAKE_H

#include "node/run.h"
#include "sync/id.h"

/* carry --off NODE: the words are people. */
enum err take_off(struct run *run, const char *off, struct fail *f);
/* After the holders: who left and what is unfinished; array NULL: as text. */
enum err take_say_left(struct run *run, const struct row_id *subject,
    json_t *array, struct fail *f);

#endif
