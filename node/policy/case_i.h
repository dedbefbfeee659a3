/* Between case.c and case_consent.c only: the tables of a case, one by one. */
#ifndef FOOTBRIDGE_NODE_POLICY_CASE_I_H
#define FOOTBRIDGE_NODE_POLICY_CASE_I_H

#include "node/policy/case.h"
#include "node/policy/rows.h"

/* How a consent can be ended by whom it is about. */
struct case_ending {
	struct agency_id owner;
	enum { END_ANY_TIME, END_AFTER_DATE, END_AFTER_EVENT } rule;
	policy_day from, asked, met; /* the first of each */
};

/* An order to seal. */
struct case_order {
	struct row_id id;
	struct agency_id owner;
	uint32_t readers;
};

struct case_reading {
	struct policy_case *c;
	policy_day today;
	/* as they grow; facts point to them at the end */
	struct policy_consent *consent;
	struct case_ending *ending; /* of each consent */
	size_t ending_count;
	struct policy_authority *authority;
	struct policy_emergency *emergency;
	struct policy_seal *sealed;
	struct case_order *order; /* to seal, in force */
	size_t order_count;
};

#define CASE_MORE(rows, list, count) \
	arena_more((rows)->arena, &(list), &(count), sizeof(*(list)))

/* Rows of the tables consent, consent_scope, consent_recipient, consent_event. */
enum err case_on_consent(struct rows *rows, const struct read_row *row);
enum err case_on_scope(struct rows *rows, const struct read_row *row);
enum err case_on_recipient(struct rows *rows, const struct read_row *row);
enum err case_on_consent_event(struct rows *rows, const struct read_row *row);
/* The day on which a request to end a consent counts. */
void case_settle_ending(struct policy_consent *c, const struct case_ending *e,
    policy_day today);

enum err case_add_scope(struct rows *rows, const struct read_row *row,
    const struct policy_scope **list, size_t *count);
/* Row of, read as row, names an agency other than its owner. */
enum err case_name_agency(struct rows *rows, const struct read_row *row,
    const struct row_id *of, const struct agency_id *agency, bool must);

#endif
