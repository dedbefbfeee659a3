/*
 * Field values between what a person types, JSON and the engine.
 *
 *   type    text                         JSON
 *   int     "42"                         42
 *   bool    yes, no, true, false, 1, 0   true
 *   text    as it is                     "as it is"
 *   date    2026-03-31                   "2026-03-31"
 *   time    2026-03-31T14:05 (or a      "2026-03-31T14:05"
 *           space for the T)
 *   id      32 hex digits; for ref()     "32 hex digits"
 *           fields what name_ref() takes
 *   nothing "" (clears)                  null
 */
#ifndef FOOTBRIDGE_NODE_FIELD_H
#define FOOTBRIDGE_NODE_FIELD_H

#include "node/name.h"

/* The fields of one write. Values borrow from text[], one buffer each. */
struct field_list {
	struct write_field items[LIMIT_FIELDS];
	struct buf text[LIMIT_FIELDS];
	size_t count;
	struct row_id subject;
	json_t *json;     /* owned; texts may borrow from it */
	bool has_subject; /* the pseudo field person= was given */
};
void field_list_release(struct field_list *l);

/* Add NAME and its value as typed; "person" names the subject of a table about
 * persons. ERR_INPUT names the field and what was wanted; ERR_USAGE twice. */
enum err field_add_text(struct field_list *l, struct run *run,
    const struct table *t, const char *name, const char *text, struct fail *f);
/* "NAME=VALUE" */
enum err field_add_pair(struct field_list *l, struct run *run,
    const struct table *t, const char *pair, struct fail *f);
/* Each member of a JSON object. */
enum err field_add_json(struct field_list *l, struct run *run,
    const struct table *t, const char *text, size_t n, struct fail *f);

/* One value as typed. v borrows from scratch. */
enum err field_parse(struct value *v, struct buf *scratch, struct run *run,
    const struct field *field, const char *text, struct fail *f);

/* New reference, NULL when out of memory. field may be NULL (unknown). */
json_t *field_json(const struct field *field, const struct value *v);
/* For people: refs by name, booleans as yes and no; "-" for nothing. */
void field_show(struct buf *out, const struct run *run,
    const struct field *field, const struct value *v);

#endif
