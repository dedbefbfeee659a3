/*
 * JSON from outside, strictly: one object of bounded size and depth, no key
 * twice, no key that the route does not declare, each value of its type.
 */
#ifndef FOOTBRIDGE_NODE_API_JSON_H
#define FOOTBRIDGE_NODE_API_JSON_H

#include <jansson.h>

#include "node/api/target.h"

/* objects and arrays in each other; ours are at most 4 deep */
#define API_JSON_DEPTH 8
/* one field's text; a longer one is no value of any table either */
#define API_TEXT_BYTES ((size_t)256 * 1024)
/* rows or words of one array */
#define API_ROWS 500

enum api_type {
	API_TEXT,  /* "...", at most API_TEXT_BYTES */
	API_WORD,  /* "...", at most 128 bytes: an id, a name, a number */
	API_FILE,  /* "...", base64 as long as a body may be */
	API_INT,   /* a whole number of at least 0 */
	API_BOOL,  /* true or false */
	API_WORDS, /* ["...", ...], at least one */
	API_ROW,   /* {"field": value, ...} of a table: texts, numbers, true,
		      false, null */
	API_LIST,  /* [{...}, ...], at least one, each by the fields below */
};

/* Where a value goes in the command that a route runs (call.h). */
enum api_to {
	API_BY_HAND, /* the handler reads it */
	API_ARG,     /* a word after those of the path; WORDS: all of them */
	API_OPTION,  /* the option with the field's name; BOOL: a flag */
	API_INPUT,   /* standard input */
	API_PAIRS,   /* a row's fields as NAME=VALUE words */
};

struct api_field {
	const char *name; /* NULL ends the array */
	enum api_type type;
	enum api_to to;
	bool must;
	const char *option;            /* its name, where it differs */
	const struct api_field *items; /* of API_LIST */
};

/*
 * A request's body.
 *
 * in:    text[n]  untrusted; fields NULL: there must be none
 * out:   *out     a reference, an object that fits the fields
 * fails: ERR_FORMAT it is not JSON, or not of that shape; ERR_INPUT it does
 *        not fit the fields, f names which; ERR_LIMIT; ERR_NOMEM
 * cost:  two passes
 */
enum err api_json_parse(json_t **out, const void *text, size_t n,
    const struct api_field *fields, struct fail *f);
/* The pairs behind the ? as such an object. */
enum err api_json_query(json_t **out, const struct target *t,
    const struct api_field *fields, struct fail *f);

#endif
