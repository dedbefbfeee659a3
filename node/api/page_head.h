/*
 * Headers of a request to the page, read so that no two readers can disagree.
 */
#ifndef FOOTBRIDGE_NODE_API_PAGE_HEAD_H
#define FOOTBRIDGE_NODE_API_PAGE_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include <microhttpd.h>

/* A header, borrowed from the request; NULL: none. One that is there twice sets
 * *bad, which is left alone else. */
const char *page_header(struct MHD_Connection *c, const char *name, bool *bad);

/* The announced length of a body, at most twelve digits; NULL text: 0. False
 * where it is no number. */
bool page_length(size_t *out, const char *text);

#endif
