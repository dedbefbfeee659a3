/*
 * What somebody is typing and has not saved: kept here at each pause, so that a
 * locked screen, a lost battery or a closed window takes nothing of it.
 *
 * Not a record: local, in no segment, read back by the one who typed it. The
 * text is the caller's; the engine only keeps it, says since when, and destroys
 * it where an order destroys any record of the same person.
 */
#ifndef FOOTBRIDGE_SYNC_TYPED_H
#define FOOTBRIDGE_SYNC_TYPED_H

#include "sync/replica.h"

#define TYPED_FORM_MAX 120
#define TYPED_TEXT_MAX ((size_t)256 * 1024)
/* forms begun by one member of staff */
#define TYPED_FORMS 200

struct typed {
	const char *form;             /* which form, the caller's word */
	const struct row_id *subject; /* the person; NULL: about nobody */
	int64_t at_ms;                /* typed_put: not read */
	const char *text;             /* UTF-8 without NUL, untrusted */
	size_t n;
};

/* Keep it in place of what was kept for this form. In the caller's transaction
 * or one of its own, as all here.
 * fails: ERR_LIMIT the form's name or the text is too long, or too many forms
 *        are begun */
enum err typed_put(struct replica *r, const struct row_id *staff,
    const struct typed *t, struct fail *f);
/* It was saved, or thrown away. What is not there is fine. */
enum err typed_drop(struct replica *r, const struct row_id *staff,
    const char *form, struct fail *f);
/* All of one person's, whoever typed it. */
enum err typed_drop_subject(struct replica *r, const struct row_id *subject,
    struct fail *f);

/* Everything that this member of staff has begun, by form. Borrowed, valid during
 * the call, which must not write. false stops. */
typedef bool (*typed_fn)(void *context, const struct typed *t);
enum err typed_each(struct replica *r, const struct row_id *staff,
    typed_fn each, void *context, struct fail *f);

#endif
