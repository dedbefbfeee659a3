/*
 * Memory that forgets: what jansson frees is overwritten first. Passwords and
 * codes come as JSON, and records go as it; a copy in a freed block would be
 * there until something else happens to need the room.
 */
#ifndef FOOTBRIDGE_NODE_WIPE_H
#define FOOTBRIDGE_NODE_WIPE_H

/* Before jansson is used for the first time. */
void wipe_json(void);

#endif
