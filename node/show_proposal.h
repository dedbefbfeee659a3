/*
 * Proposals as JSON and as text for people; show.h hands them over.
 */
#ifndef FOOTBRIDGE_NODE_SHOW_PROPOSAL_H
#define FOOTBRIDGE_NODE_SHOW_PROPOSAL_H

#include "node/show.h"

/* Add {field, shown, rule, state, values, who_decides, agency_decides,
 * decided_here, answer} of a proposal or an answer; false: no memory. */
bool show_proposal_set(struct run *run, json_t *j, const struct conflict *c);
/* Four lines or more. */
void show_proposal_text(struct run *run, const struct conflict *c);

/* A row's proposals: [{proposed:{}, staff, node, at, state, answer}]. NULL and
 * f filled on failure. */
json_t *show_proposals_json(struct run *run, const struct table *t,
    const struct row_id *row, int64_t cpt, struct fail *f);
/* Those of a row that were answered, two lines each. */
enum err show_proposals_text(struct run *run, const struct table *t,
    const struct row_id *row, int64_t cpt, struct fail *f);

/* {proposed_to, proposed:[]} of a write; nothing when it stands. */
bool show_told_set(struct run *run, json_t *j, const struct table *t,
    const struct write_told *told);
/* One line; nothing when it stands. */
void show_told_text(struct run *run, const struct table *t,
    const struct write_told *told);

#endif
