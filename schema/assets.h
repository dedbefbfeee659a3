/*
 * The schema's files as bytes inside the program.
 *
 * `make` writes the arrays from schema/migrations/ with tools/embed.c. They
 * are their own archive, libfootbridge-schema.a: sync/ knows the type only and
 * is handed the assets, so that another schema can be dropped in.
 */
#ifndef FOOTBRIDGE_SCHEMA_ASSETS_H
#define FOOTBRIDGE_SCHEMA_ASSETS_H

#include <stddef.h>
#include <stdint.h>

struct asset {
	const char *name; /* path in the repository; NULL ends an array */
	const uint8_t *p; /* n bytes, then a NUL that n does not count */
	size_t n;         /* bytes */
};

/* In the order of their names, so migrations are in the order of numbers. */
extern const struct asset schema_assets[];
extern const size_t schema_asset_count;

#endif
