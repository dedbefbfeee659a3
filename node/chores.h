/*
 * What an office's daemon does for its accounts and its journal by itself: close
 * accounts that nobody uses, throw away entries that are too old, set room aside
 * for the next ones.
 *
 * And the settings that it, a command and signing in go by.
 */
#ifndef FOOTBRIDGE_NODE_CHORES_H
#define FOOTBRIDGE_NODE_CHORES_H

#include "node/account/settings.h"
#include "node/engine.h"

/* Lock held, no transaction. Two short reads when there is nothing to do; what
 * fails is tried again in the next round. */
enum err chores_round(struct engine *e, struct fail *f);

/* [accounts] of the settings, or the defaults. Copied. */
void chores_settings(struct account_settings *out, const struct engine *e);

#endif
