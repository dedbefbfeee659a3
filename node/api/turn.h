/* One request on its way through the API. Between the files of node/api. */
#ifndef FOOTBRIDGE_NODE_API_TURN_H
#define FOOTBRIDGE_NODE_API_TURN_H

#include "node/api/api.h"
#include "node/api/route.h"
#include "node/api/session.h"

struct api_turn {
	struct api *api;
	const struct api_request *request;
	struct api_reply *reply;
	const struct api_route *route;
	struct target target;
	const char *values[ROUTE_VALUES]; /* of the path's :names */
	json_t *query, *body;             /* owned; fit the route's fields */
	char token[ACCOUNT_TOKEN_BYTES];  /* of the session; "" */
	bool has_token;
	struct account_who who;    /* where the route wants somebody */
	char staff[ID_TEXT_BYTES]; /* who.staff in hex */
	char origin[ACCOUNT_ORIGIN_MAX + 1];
	struct row_id subject; /* the one person that it is about */
	bool has_subject;
	bool decide;    /* a person must decide something */
	json_t *stands; /* owned; what stands, where a save was stale */
	json_t *next;   /* owned; where the next page begins */
	struct fail fail;
};

/* What the body or, where it takes none, the query has under this name. */
const json_t *turn_get(const struct api_turn *t, const char *name);
/* Its text, or NULL. */
const char *turn_text(const struct api_turn *t, const char *name);
bool turn_flag(const struct api_turn *t, const char *name);
json_int_t turn_int(const struct api_turn *t, const char *name,
    json_int_t otherwise);
/* :name of the path */
const char *turn_path(const struct api_turn *t, const char *name);

/* An error and a line of its own. */
enum api_error turn_bad(struct api_turn *t, enum api_error e,
    const char *format, ...) PRINTF(3, 4);

#endif
