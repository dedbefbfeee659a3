/*
 * The certificate of the page on an office's network. Browsers take no Ed25519
 * one, so it has a key of its own, made once and kept in the encrypted replica;
 * no authority signs it: people compare its fingerprint once.
 */
#ifndef FOOTBRIDGE_NODE_API_PAGE_CERT_H
#define FOOTBRIDGE_NODE_API_PAGE_CERT_H

#include "node/address.h"
#include "node/engine.h"

struct page_cert {
	struct buf cert; /* PEM and a NUL */
	struct buf key;  /* PEM and a NUL; secret */
};

/* hex of SHA-256, NUL */
#define PAGE_FINGERPRINT_BYTES 65
/* As browsers show it, but for the colons; "" where it cannot be read. */
void page_cert_fingerprint(char out[static PAGE_FINGERPRINT_BYTES],
    const struct page_cert *c);

/* The one that is kept, or a new one where host or name are others. Takes the
 * engine's lock. ERR_NOMEM, ERR_IO. */
enum err page_cert_get(struct page_cert *out, struct engine *engine,
    const struct address *at, const char *name, struct fail *f);
void page_cert_release(struct page_cert *c);

#endif
