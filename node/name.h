/*
 * STAFF, NODE, AGENCY, SUBJECT and rows by what a person calls them, and the
 * other way round: names for ids in what is shown.
 */
#ifndef FOOTBRIDGE_NODE_NAME_H
#define FOOTBRIDGE_NODE_NAME_H

#include "node/run.h"
#include "sync/read.h"

/* A table by name. ERR_INPUT lists a few that there are. */
enum err name_table(const struct table **out, const struct run *run,
    const char *text, struct fail *f);
enum err name_field(const struct field **out, const struct table *t,
    const char *text, struct fail *f);

/* A row: 32 hex digits, a unique prefix, or for a person what SUBJECT may be.
 * ERR_NOTFOUND, ERR_INPUT. */
enum err name_row(struct row_id *out, const struct run *run,
    const struct table *t, const char *text, struct fail *f);
/* The same among what whoever acts can find (actor.h): where they ask for records of
 * people, and not for what their role has to look at whoever it is about. */
enum err name_found(struct row_id *out, struct run *run, const struct table *t,
    const char *text, struct fail *f);
/* A row of a table that has names (staff, program, office): its name if
 * unique, else as name_row. */
enum err name_named(struct row_id *out, const struct run *run,
    const struct table *t, const char *text, struct fail *f);
/* What a ref() field may hold, by the table it points to. */
enum err name_ref(struct row_id *out, struct run *run, const char *ref,
    const char *text, struct fail *f);

/*
 * Who acts: --as, the settings, the owner of the key slot that opened it, the
 * replica's only staff row of the own
 * agency, else the one made with the replica, else nobody (*have false: the
 * node itself).
 */
enum err name_acting(struct row_id *out, bool *have, const struct run *run,
    struct fail *f);
/* Meta name of the staff row made with the replica. */
#define NAME_OWN_STAFF "cli_staff"

/* Text for people, appended: a person's or staff member's name, else the
 * first 8 digits of the id. */
void name_show_row(struct buf *out, const struct run *run,
    const struct table *t, const struct row_id *id);
void name_show_staff(struct buf *out, const struct run *run,
    const struct row_id *id);
/* Borrowed; 8 digits of the id when it is not known. */
const char *name_of_node(const struct run *run, const struct node_id *id,
    char text[static ID_TEXT_BYTES]);
const char *name_of_agency(const struct run *run, const struct agency_id *id,
    char text[static ID_TEXT_BYTES]);

/* "2026-03-31 14:05" of a time in UTC at this minutes east. */
#define NAME_TIME_BYTES 24
void name_time(char text[static NAME_TIME_BYTES], int64_t at_ms,
    int offset_min);
/* "15 minutes", "1 day", "90 seconds": the largest unit that is whole. */
void name_span(struct buf *out, int64_t seconds);
/* "just now", "5 minutes ago", "3 days ago"; "never" for 0. */
void name_ago(struct buf *out, int64_t now_ms, int64_t at_ms);

#endif
