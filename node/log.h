/*
 * What the daemon writes to its log: the only way there is (tools/lint/code.awk
 * looks for any other).
 *
 * An allow-list: each line is one of the events below, and the only things that
 * vary in it are the fields below. So no name of a person, no value, no key, no
 * text of a peer and no path of somebody's file can get into a log, whatever is
 * added to the daemon later.
 */
#ifndef FOOTBRIDGE_NODE_LOG_H
#define FOOTBRIDGE_NODE_LOG_H

#include "node/run.h"

enum log_event {
	LOG_SERVING,      /* dir, address */
	LOG_CALLING,      /* dir: without an address of its own */
	LOG_OPENED_AGAIN, /* after a save that failed; to standard error */
	LOG_PAGE_TLS,     /* address, fingerprint: of the page, over HTTPS */
	LOG_PAGE,         /* address: of the page for staff */
	LOG_STOPPING,     /* asked to */
};
struct log_fields {
	const char *dir; /* the replica's directory */
	const char
	    *address; /* HOST:PORT that it listens on, or the page's URL */
	const char *fingerprint; /* of the page's certificate */
	const char *page;        /* of the page, for the document; NULL: none */
};

/* The fields alone, for serve --json. */
enum err log_document(struct run *run, const struct log_fields *fields,
    struct fail *f);
/* One line, written at once; with --json only to standard error. */
void log_event(struct run *run, enum log_event event,
    const struct log_fields *fields);

#endif
