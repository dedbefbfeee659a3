/*
 * What an office may set about its accounts and its journal: [accounts] in
 * footbridge.conf.
 *
 *	lock = 30m            a session locks after so long without an act
 *	end = 1h              and ends after so long
 *	again = 12h           password and code are asked for again
 *	failures = 5          so many in a row within 15 minutes lock an account
 *	grace = 30d           who lets the training run out may write so long
 *	unused = 90d          an account that nobody uses is closed by itself
 *	password_age = off    a password must be replaced after so long
 *	password_past = 0     and so many earlier ones must not come again
 *	journal = 2192d       entries of the journal are kept so long; off: for
 *	                      ever, while a court wants them held, say
 *
 * Each has a floor that no setting goes below (CJIS and HIPAA as DOMAIN 4 has
 * them): what is stricter is taken, what is weaker is refused with the source.
 */
#ifndef FOOTBRIDGE_NODE_ACCOUNT_SETTINGS_H
#define FOOTBRIDGE_NODE_ACCOUNT_SETTINGS_H

#include "sync/err.h"

#define ACCOUNT_BANNER_MAX 1023

struct account_settings {
	int64_t lock_ms;
	int64_t end_ms;
	int64_t again_ms;
	int64_t failures;
	int64_t grace_days;
	int64_t unused_days;
	int64_t password_days; /* 0: passwords do not expire */
	int64_t password_past;
	int64_t journal_days; /* 0: for ever */
	bool totp; /* a second factor is required; only tests do without */
	char banner[ACCOUNT_BANNER_MAX + 1];
};

void account_defaults(struct account_settings *s);
/* One setting. fails: ERR_INPUT no such key, no such value, or weaker than its
 * floor: the text says what is wanted and by which rule; *s is as before */
enum err account_set(struct account_settings *s, const char *key,
    const char *value, struct fail *f);

#endif
