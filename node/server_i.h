/* Between server.c and server_listen.c only. */
#ifndef FOOTBRIDGE_NODE_SERVER_I_H
#define FOOTBRIDGE_NODE_SERVER_I_H

#include "node/server.h"

/* callers the kernel keeps waiting for us */
#define SERVER_BACKLOG 128

/* A non-blocking listening socket; the address it got. Errors as
 * server_start. */
enum err server_socket(int *out, char address[static ADDRESS_TEXT_BYTES],
    const char *where, struct fail *f);

#endif
