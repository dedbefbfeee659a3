/*
 * The engine's own files as bytes: its bookkeeping tables and dictionaries.
 *
 * `make` writes the array from sync/tables.sql and sync/dict/ with
 * tools/embed.c. Assets live as long as the program and are never changed.
 */
#ifndef FOOTBRIDGE_SYNC_ASSETS_H
#define FOOTBRIDGE_SYNC_ASSETS_H

#include "schema/assets.h"

extern const struct asset sync_assets[];
extern const size_t sync_asset_count;

/* The engine's asset of that name ("sync/tables.sql"), or NULL. */
const struct asset *asset_find(const char *name);

#endif
