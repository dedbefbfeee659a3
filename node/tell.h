/*
 * What the person reads, in plain words: English, or Spanish. Names of things of
 * the schema and the rules; texts of notices are the pack's.
 */
#ifndef FOOTBRIDGE_NODE_TELL_H
#define FOOTBRIDGE_NODE_TELL_H

#include "sync/buf.h"

enum tell_language { TELL_ENGLISH, TELL_SPANISH };

/* "en", "es" or NULL; ERR_USAGE */
enum err tell_language_of(enum tell_language *out, const char *text,
    struct fail *f);

/* "Substance use treatment: attendance"; appended. */
void tell_category(struct buf *out, enum tell_language l, const char *category);
/* A word of a list of the schema (purpose, channel, basis) in plain words; the
 * word itself when there are none for it. */
const char *tell_word(enum tell_language l, const char *word);

/* Sentences and headings of the account. */
enum tell_line {
	TELL_TITLE,
	TELL_PERSON,
	TELL_BY,
	TELL_MADE,
	TELL_COVERS,
	TELL_TO,
	TELL_WHAT,
	TELL_PURPOSE,
	TELL_BASIS,
	TELL_HOW,
	TELL_RULES,
	TELL_NONE,
	TELL_BEFORE_NOTICE,
	TELL_ON_ITS_WAY,
	TELL_ALTHOUGH,
	TELL_NOTICES,
	TELL_PART2,
	TELL_HIPAA,
	TELL_ALL,
	TELL_SAMPLE,
	TELL_ENTRIES,
	TELL_NO_AGENCY,
	TELL_CLOSING,
	TELL_LINE_COUNT
};
const char *tell_line(enum tell_language l, enum tell_line line);

#endif
