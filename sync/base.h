/*
 * The few words every file needs: attributes and small macros.
 *
 * Nothing here allocates, calls or decides. Ground floor: may be included by
 * schema-less, database-less code and by fuzz targets.
 */
#ifndef FOOTBRIDGE_SYNC_BASE_H
#define FOOTBRIDGE_SYNC_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* the result of this call must be looked at */
#define MUST_USE __attribute__((warn_unused_result))

/* argument f is a printf format, its arguments start at a */
#define PRINTF(f, a) __attribute__((format(printf, f, a)))

/* number of elements of an array (not of a pointer) */
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

#endif
