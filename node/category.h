/* Categories as they are typed. */
#ifndef FOOTBRIDGE_NODE_CATEGORY_H
#define FOOTBRIDGE_NODE_CATEGORY_H

#include "node/run.h"

/* The words of a command from number first on are categories of the schema; a
 * typing mistake is told with what was probably meant. done: "shared", to say
 * that nothing was. ERR_INPUT */
enum err category_check(const struct run *run, size_t first, const char *done,
    struct fail *f);

#endif
