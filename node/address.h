/*
 * "HOST:PORT" as people type it: where a peer is reached, where we listen.
 *
 * An IPv6 address stands in brackets: "[::1]:7443". Nothing is resolved here.
 * Whatever passes may be put into a URL: no other characters get through.
 */
#ifndef FOOTBRIDGE_NODE_ADDRESS_H
#define FOOTBRIDGE_NODE_ADDRESS_H

#include "sync/err.h"

/* a host name has at most 253 bytes */
#define ADDRESS_HOST_BYTES 256
#define ADDRESS_TEXT_BYTES (ADDRESS_HOST_BYTES + 8)

struct address {
	char host[ADDRESS_HOST_BYTES]; /* without brackets */
	char port[6];                  /* decimal, "0" .. "65535" */
	bool is_v6;                    /* stood in brackets */
};

/* in: text, untrusted. fails: ERR_INPUT, *out untouched. */
enum err address_parse(struct address *out, const char *text, struct fail *f);

/*
 * Is this numeric address (no brackets, no port) one of a local network: this
 * computer, private (RFC 1918, fc00::/7) or link-local? False for a name.
 */
bool address_is_near(const char *ip);

#endif
