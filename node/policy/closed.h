/*
 * What orders close today, which emergency openings run, and whom a restriction
 * keeps out of a case: read once for a
 * command, asked for each row. The one place where a seal and an emergency decide
 * about display.
 *
 * An order closes the categories in its scope, from its day on until it is
 * vacated, of the agency that entered it; one that probation or a court entered
 * closes everybody's. What it closes is shown to the roles that it names and to
 * nobody else; no emergency opens it.
 */
#ifndef FOOTBRIDGE_NODE_POLICY_CLOSED_H
#define FOOTBRIDGE_NODE_POLICY_CLOSED_H

#include "sync/replica.h"

/* Does an order that one agency entered bind records that another keeps? Its own
 * always, everybody's if it is a court or probation. */
bool closed_binds(struct replica *r, const struct agency_id *by,
    const struct agency_id *owner);

struct closed;
/* cost: the rows of five small tables. fails: ERR_NOMEM, what reading fails with */
enum err closed_load(struct closed **out, struct replica *r, struct fail *f);
void closed_free(struct closed *c);

/* Is this closed to somebody with these roles (bits of policy_role)? */
bool closed_seals(const struct closed *c, const struct row_id *person,
    const char *category, const struct agency_id *owner, uint32_t roles);
/*
 * Does an emergency opening of this member of staff run now, to the minute, that
 * names this category (NULL: any), and that its reason opens of this owner (NULL: the
 * own agency)? Of the own agency's openings only: nobody opens here for another's; for whom a restriction keeps out, only their own review as
 * a supervisor. *until: the civil minute at which the last one ends; may be
 * NULL. What an order closes is not opened by it: closed_seals is asked too.
 */
bool closed_opens(const struct closed *c, int64_t *until,
    const struct row_id *staff, const struct row_id *person,
    const char *category, const struct agency_id *owner);
/* Does a restriction (access_restriction) keep this member of staff out of the
 * person's records, whatever their scope? */
bool closed_keeps_out(const struct closed *c, const struct row_id *staff,
    const struct row_id *person);
/* closed_opens for one question. cost: closed_load */
enum err closed_opened(bool *yes, struct replica *r, const struct row_id *staff,
    const struct row_id *person, const char *category, struct fail *f);

#endif
