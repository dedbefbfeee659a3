/*
 * Does a row of staff_role hold now? The one place that says so: for what an
 * account sees, for what a command asks, and for who signs.
 *
 * A role of another agency is none here, and neither is one that a computer wrote
 * which people carry: roles are given on the agency's servers, whatever the program
 * of a laptop says. valid_from and valid_to are its first and
 * last day; temporary_until is the minute at which it is over. By the later of the
 * clock and the latest time that anybody signed.
 */
#ifndef FOOTBRIDGE_NODE_POLICY_HELD_H
#define FOOTBRIDGE_NODE_POLICY_HELD_H

#include "sync/read.h"

bool held_now(struct replica *r, const struct read_row *row);
/* Only this: was it given by nodes that are or were registrars of the agency? */
bool held_is_given(struct replica *r, const struct read_row *row);
/* Is this replica no computer that people carry? One that belongs to no network yet
 * is none either. */
bool held_is_server(struct replica *r);

#endif
