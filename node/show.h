/*
 * Rows and conflicts as JSON and as text for people.
 */
#ifndef FOOTBRIDGE_NODE_SHOW_H
#define FOOTBRIDGE_NODE_SHOW_H

#include "node/field.h"
#include "sync/lane.h"

/* {table, id, category, owner, seen, fields:{}, conflicts:[]} (DESIGN 10), and
 * proposals:[] where there are any (show_proposal.h).
 * owner is the agency's name; NULL and f filled on failure. */
json_t *show_row_json(struct run *run, const struct read_row *row,
    struct fail *f);
/* The row field by field, with its conflicts and seen token. */
enum err show_row_text(struct run *run, const struct read_row *row,
    struct fail *f);
/* The row on one line. */
void show_row_line(struct run *run, const struct read_row *row);

/* {field, rule, shown, values:[...], who_decides}; with_row adds no, table,
 * id, category and kind for a listing of its own. */
json_t *show_conflict_json(struct run *run, const struct conflict *c,
    bool with_row);
/* Two or three lines. */
void show_conflict_text(struct run *run, const struct conflict *c);
/* "hearing of Sample 0417" */
void show_what(struct buf *out, const struct run *run, const struct table *t,
    const struct row_id *row, const struct row_id *subject);

/* "9 received (5 new, 4 were here already, 1 waits)": what came, in words. */
void show_received(struct run *run, int64_t received,
    const int64_t outcome[static OUTCOME_COUNT]);

/* "as of 5 minutes ago; 3 to send": how far a peer is, on one line. */
void show_peer(struct buf *out, const struct lane_peer_info *p, int64_t now_ms);

/* The merge rule's name. */
const char *show_rule(enum rule rule);

/* Set text under a key; false when out of memory. */
bool show_set(json_t *object, const char *key, json_t *value);

#endif
