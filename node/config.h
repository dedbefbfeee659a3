/*
 * DIR/footbridge.conf: settings of this node, read once at the start.
 *
 *	[serve]
 *	listen = 0.0.0.0:7443      where peers reach this node
 *	[sync]
 *	every = 15m                how often a peer is called that has no
 *	                           schedule of its own
 *	hold = near                who is asked to say at once when it has news:
 *	                           near (peers on the local network), all, none
 *	[backup]
 *	every = 1d                 how often serve writes a backup; off: never
 *	folder = /mnt/nas          where to; else DIR/backup, which is on the
 *	                           same disk as what it is to save
 *	keep = 7                   how many of them
 *	[relay]
 *	day = 256MB                what one node of another agency may have
 *	                           stored here in a day, where this node relays;
 *	                           off: as much as it likes
 *	entries = 250000           the same, counted in entries
 *	[replica]
 *	cache = 8MB                page cache of the database
 *	[page]
 *	listen = 127.0.0.1:7480    where staff reach this office's page
 *	name = page.example        one more name by which they do
 *	[accounts]
 *	lock = 15m                 and others: account/settings.h
 *	[staff]
 *	as = NAME                  who acts when --as is not given
 *
 * A key that is not known is refused with its line number, so that a typing
 * mistake is not a setting silently ignored. No file: the defaults hold.
 */
#ifndef FOOTBRIDGE_NODE_CONFIG_H
#define FOOTBRIDGE_NODE_CONFIG_H

#include "node/account/settings.h"
#include "node/schedule.h"
#include "sync/env.h"
#include "sync/limits.h"

#define CONFIG_FILE_BYTES ((size_t)64 * 1024)
#define CONFIG_LISTEN_BYTES 256
#define CONFIG_FOLDER_BYTES 1024

struct config {
	struct account_settings accounts;    /* account/settings.h */
	char listen[CONFIG_LISTEN_BYTES];    /* "" = do not listen */
	int64_t every_s;                     /* 1 s .. 7 days */
	char page[CONFIG_LISTEN_BYTES];      /* "" = no page */
	char page_name[CONFIG_LISTEN_BYTES]; /* "" = by its address alone */
	enum schedule_hold hold;
	int64_t backup_every_s;                  /* 0: never */
	char backup_folder[CONFIG_FOLDER_BYTES]; /* "": DIR/backup */
	unsigned backup_keep;                    /* 1..1000 */
	uint64_t relay_bytes, relay_entries; /* 0 = the engine's; UINT64_MAX */
	int cache_kib;                       /* 0 = the engine's default */
	char as[LIMIT_NAME_BYTES + 1];       /* "" = not set */
};

void config_defaults(struct config *c);
/*
 * Settings from text[n]; name is for messages.
 * out:   *out untouched on failure
 * fails: ERR_INPUT "footbridge.conf:3: no setting is called [serve] lisen"
 *        ERR_LIMIT, ERR_NOMEM
 */
enum err config_parse(struct config *out, const char *name, const char *text,
    size_t n, struct fail *f);
/* DIR/footbridge.conf, or the defaults when there is none. */
enum err config_read(struct config *out, const struct env *env, const char *dir,
    struct fail *f);

#endif
