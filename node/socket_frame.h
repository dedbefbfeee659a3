/*
 * Frames and addresses of the local socket, used by both of its ends.
 */
#ifndef FOOTBRIDGE_NODE_SOCKET_FRAME_H
#define FOOTBRIDGE_NODE_SOCKET_FRAME_H

#include "sync/buf.h"

struct sockaddr_un;

/* Write all of p[n]; false when the other side went away. */
bool frame_write(int fd, const void *p, size_t n);
/* Read exactly n bytes; false at the end or a time-out. */
bool frame_read(int fd, void *p, size_t n);
/* Length (8 bytes, little-endian) and bytes, appended; at most max. */
bool frame_take(int fd, struct buf *out, size_t max);
bool frame_send(int fd, const void *p, size_t n);

/* The address of DIR/socket. A long DIR does not fit sun_path, so the address
 * goes through an open directory: *dir_fd, to be closed after use. */
enum err frame_address(struct sockaddr_un *out, int *dir_fd, const char *dir,
    struct fail *f);
/* Is the other side the same user (or root)? */
bool frame_same_user(int fd);

#endif
