/*
 * Allocations that fail on demand: those of this program's code (linked with
 * --wrap) and SQLite's (its own configuration).
 */
#ifndef FOOTBRIDGE_TESTS_ALLOC_H
#define FOOTBRIDGE_TESTS_ALLOC_H

#include "sync/base.h"

/* Before anything uses SQLite. */
void alloc_install(void);
/* Fail the nth allocation (from 0) from now on, once or all after it too. */
void alloc_fail(uint64_t nth, bool for_ever);
/* Ask at each allocation, by its number from now on, whether it fails: at the
 * first yes it does, once or with all after it, and nothing is asked any more. */
typedef bool (*alloc_ask_fn)(void *self, uint64_t nth);
void alloc_ask(alloc_ask_fn ask, void *self, bool for_ever);
/* Nothing fails any more. */
void alloc_mend(void);
uint64_t alloc_fired(void);
/* Allocations since alloc_fail. */
uint64_t alloc_seen(void);

#endif
