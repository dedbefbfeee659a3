/*
 * What the API takes: one table. Dispatch, footbridge help routes, node/API.md
 * and the test that walks all of it read the same list.
 *
 * A route says who may call it, for which purpose, what it takes, and either
 * which command it runs (call.h) or its own function.
 */
#ifndef FOOTBRIDGE_NODE_API_ROUTE_H
#define FOOTBRIDGE_NODE_API_ROUTE_H

#include "node/api/error.h"
#include "node/api/json.h"
#include "sync/buf.h"

struct api_turn;

/* Roles, in the order of staff_role.role. */
enum api_role {
	ROLE_BIT_OFFICER = 1 << 0,
	ROLE_BIT_COUNSELOR = 1 << 1,
	ROLE_BIT_CLINICIAN = 1 << 2,
	ROLE_BIT_SOCIAL_WORKER = 1 << 3,
	ROLE_BIT_SUPERVISOR = 1 << 4,
	ROLE_BIT_CLERK = 1 << 5,
	ROLE_BIT_RECORDS = 1 << 6,
	ROLE_BIT_PRIVACY = 1 << 7,
	ROLE_BIT_SECURITY = 1 << 8,
	ROLE_BIT_ADMINISTRATOR = 1 << 9,
	ROLE_BIT_MEDICAL = 1 << 10,
	ROLE_BIT_AUDITOR = 1 << 11,
};
#define API_ROLE_COUNT 12

/* the whole office: whoever has an account, whatever role */
#define API_EVERYBODY ((1u << API_ROLE_COUNT) - 1)
/* nobody needs to be signed in */
#define API_PUBLIC 0u
/* who works with people's records */
#define API_CASE \
	(ROLE_BIT_OFFICER | ROLE_BIT_COUNSELOR | ROLE_BIT_CLINICIAN | \
	    ROLE_BIT_SOCIAL_WORKER | ROLE_BIT_SUPERVISOR | ROLE_BIT_MEDICAL | \
	    ROLE_BIT_RECORDS | ROLE_BIT_PRIVACY)
/* and who keeps their appointments */
#define API_DESK (API_CASE | ROLE_BIT_CLERK)

/* works while the screen is locked, or before what must be done is done */
#define API_WHILE_LOCKED 1u
#define API_BEFORE_DUTIES 2u
/* changes something: a token is wanted, and an account that may write */
#define API_WRITES 4u
/* cannot be taken back: "confirm": true is wanted */
#define API_CONFIRMED 8u
/* :person in the path is somebody whom this account may see */
#define API_PERSON 16u
/* each row of the answer is about somebody whom this account may see */
#define API_ROWS_SEEN 32u
/* the page asks by itself: no sign that somebody is there */
#define API_POLL 64u
/* a request that writes the session alone (sign out, lock): a token is wanted,
 * but no right to write */
#define API_SESSION 128u
/* :table and :id in the path are a row about somebody whom this account may
 * see */
#define API_ROW_SEEN 256u

typedef enum api_error (*api_fn)(struct api_turn *t, json_t **data);

struct api_route {
	const char *method;
	const char *path; /* "/api/records/:table/:id" */
	uint32_t roles;   /* bits; API_PUBLIC */
	const char *purpose;
	unsigned flags;
	const struct api_field *query, *body; /* NULL: none is taken */
	const char *command;                  /* NULL: handle */
	api_fn handle;
	const char *help;
};

extern const struct api_route api_routes[];
extern const size_t api_route_count;

/*
 * The route of a method and a target; values of :names point into the target.
 * API_PATH: none; API_METHOD: allow gets the methods that there are.
 */
#define ROUTE_VALUES 4
#define ROUTE_ALLOW_BYTES 48
enum api_error route_find(const struct api_route **out,
    const char *values[static ROUTE_VALUES],
    char allow[static ROUTE_ALLOW_BYTES], const char *method,
    const struct target *t);
/* The value of :name among those; NULL when the route has none. */
const char *route_value(const struct api_route *route,
    const char *const values[static ROUTE_VALUES], const char *name);

/* "officer, counselor"; "everybody with an account"; "nobody needs to sign
 * in". */
void route_roles(struct buf *out, uint32_t roles);
/* The table as text, one route a line, as node/API.md has it. */
void route_list(struct buf *out);

#endif
