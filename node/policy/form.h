/*
 * Printed forms: consents, a revocation, notices. The text is data, so that counsel
 * changes it without a programmer; what is shipped is a sample.
 *
 * Text, one item a line, a line that begins with a blank goes on with the one before
 * it, # begins a comment line:
 *
 *   form NAME LANGUAGE VERSION   first
 *   title TEXT
 *   consent KIND                 it is the form of that kind of consent
 *   cite TEXT                    where its parts come from
 *   element ELEMENTS             what follows says that (words.h); a consent form
 *                                holds every element that the pack requires
 *   heading TEXT, text TEXT      a paragraph; {NAME} is a blank to fill
 *   list records|recipients      one line each
 *   box TEXT                     to be ticked
 *   line LABEL|{NAME}            a line to write on
 *   notice CODE                  the notice's text, from the pack, as it stands
 *   word KEY TEXT                what a word of the rules is called on paper
 *
 * Blanks are those of form_blanks; a blank that nothing is known for is a line to
 * write on. Bounded, and refused with its line. Immutable once parsed.
 */
#ifndef FOOTBRIDGE_NODE_POLICY_FORM_H
#define FOOTBRIDGE_NODE_POLICY_FORM_H

#include "node/policy/pack.h"
#include "sync/buf.h"

#define FORM_BYTES_MAX ((size_t)64 * 1024)
#define FORM_ITEMS_MAX 400

extern const char *const form_blanks[]; /* ends with NULL */

enum form_kind {
	FORM_HEADING,
	FORM_TEXT,
	FORM_LIST,
	FORM_BOX,
	FORM_LINE,
	FORM_NOTICE,
	FORM_WORD,
};

struct form_item {
	enum form_kind kind;
	const char *text;  /* of a word its key, of a line its label */
	const char *value; /* of a word and a line; else NULL */
};

struct form {
	const char *name, *language, *version;
	const char *title, *cite; /* "" when it says none */
	int consent;              /* policy_consent_kind; -1: none */
	uint32_t elements;        /* that it says it holds */
	struct form_item *item;
	size_t item_count;
	void *memory;
};

/* fails: ERR_INPUT "line 12: want ..., have ..."; ERR_LIMIT, ERR_NOMEM */
enum err form_parse(struct form **out, const char *text, size_t n,
    struct fail *f);
void form_free(struct form *form);

/* What a word of the rules is called there; NULL: it does not say. */
const char *form_word(const struct form *words, const char *key);

/* What the blanks are filled with; all texts are UTF-8 and may be anything. */
struct form_fill {
	/* NULL or "": a line to write on */
	const char *(*blank)(void *context, const char *name);
	/* the k-th entry of records or recipients; NULL beyond the end */
	const char *(*entry)(void *context, const char *list, size_t k);
	void *context;
	const struct policy_pack *pack; /* of the notices */
	const char *mark;               /* above and below: a sample; or NULL */
};

/* Appended: plain text of at most 76 columns, or one HTML page with everything in
 * it (no script, no address of anything else), the mark on every printed page. */
void form_text(struct buf *out, const struct form *form,
    const struct form_fill *fill);
void form_html(struct buf *out, const struct form *form,
    const struct form_fill *fill);

#endif
