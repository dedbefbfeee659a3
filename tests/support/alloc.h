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
/* Nothing fails any more. */
void alloc_mend(void);
uint64_t alloc_fired(void);
/* Allocations since alloc_fail. */
uint64_t alloc_seen(void);

#endif
