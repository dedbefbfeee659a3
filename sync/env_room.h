/* Room on the disks of the real machine: these functions of struct env (env.h). */
#ifndef FOOTBRIDGE_SYNC_ENV_ROOM_H
#define FOOTBRIDGE_SYNC_ENV_ROOM_H

#include "sync/env.h"

int64_t env_room_bytes(void *self, const char *path);
int64_t env_file_bytes(void *self, const char *path);
enum err env_file_room(void *self, const char *path, int64_t bytes,
    struct fail *f);

#endif
