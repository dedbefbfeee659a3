/*
 * Schema versions. Version k is the first k migrations; _meta remembers how
 * many a replica has. Migrating runs the missing ones in one transaction and
 * never creates operations; what waited for a newer schema is derived after.
 */
#ifndef FOOTBRIDGE_SYNC_MIGRATE_H
#define FOOTBRIDGE_SYNC_MIGRATE_H

#include "sync/replica.h"

/* ERR_VERSION when the replica was used by a newer program, ERR_CORRUPT when
 * the database is not a replica at all. Changes nothing. */
enum err migrate_check(struct replica *r, size_t program_version,
    struct fail *f);
/* Run what is missing (all of it on a new replica). */
enum err migrate_schema(struct replica *r, const struct registry_source *schema,
    size_t count, struct fail *f);

#endif
