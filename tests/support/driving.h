/*
 * Policy driving keys between two offices in memory, with the real schema: a clinic
 * whose privacy officer signed rules, and a probation office, North. TEST_PEOPLE
 * sets how many persons; the times are printed. What goes wrong in here fails the
 * test.
 */
#ifndef FOOTBRIDGE_TESTS_DRIVING_H
#define FOOTBRIDGE_TESTS_DRIVING_H

#include "node/policy/case.h"
#include "node/policy/drive.h"
#include "tests/support/office.h"

#define DRIVING_DAY_MS (24LL * 60 * 60 * 1000)

extern struct office *driving_clinic, *driving_north;
extern size_t driving_people;
extern struct row_id *driving_person; /* each of them, at the clinic */

struct driving_cell {
	const char *column;
	struct value value;
};

#define TEXT(s) \
	{ \
		.type = VALUE_TEXT, .p = (const uint8_t *)(s), .n = strlen(s) \
	}
#define ID(x) \
	{ \
		.type = VALUE_ID, .p = (x)->b, .n = ID_BYTES \
	}
#define DATE(d) \
	{ \
		.type = VALUE_DATE, .i = (d) \
	}
#define YES \
	{ \
		.type = VALUE_INT, .i = 1 \
	}

struct row_id driving_put(struct office *o, const char *table,
    const struct row_id *row, const struct row_id *subject,
    const struct driving_cell *cell, size_t count);

#define PUT(o, table, subject, ...) \
	driving_put(o, table, NULL, subject, \
	    (const struct driving_cell[]){ __VA_ARGS__ }, \
	    sizeof((const struct driving_cell[]){ __VA_ARGS__ }) / \
		sizeof(struct driving_cell))

const struct agency_id *driving_agency(const struct office *o);

/* Both offices, an agreement and a consent of each person, which end in so many
 * days: the agreement's row; and no more of them. */
struct row_id driving_begin(policy_day agreement_ends, policy_day consent_ends);
void driving_end(void);

struct row_id driving_consent(struct office *o, const struct row_id *p,
    policy_day expires);
/* An appointment of today. */
void driving_book(struct office *o, const struct row_id *p);
/* Attendance of person number k, by hand. */
void driving_share(struct office *by, size_t k, const struct office *to,
    bool from_now);

/* Policy, at that office; at the clinic, and what it did and took is printed. */
struct drive_result driving_at(struct office *o);
struct drive_result driving_all(const char *what);
/* Rows of a table at North that may be shown. */
int64_t driving_shown(const char *table);

#endif
