/* What was read of one person's case: between law.c and law_read.c only. */
#ifndef FOOTBRIDGE_TESTS_SIM_POLICY_LAW_I_H
#define FOOTBRIDGE_TESTS_SIM_POLICY_LAW_I_H

#include "tests/sim/policy/law.h"

#define ROOM 192

/* Purposes, bits. */
enum {
	TREATMENT = 1,
	COORDINATION = 2,
	SUPERVISION = 4,
	COURT = 8,
	SAFETY = 16,
	ANY_PURPOSE = 31,
	PURPOSES = 5
};

/* Kinds of agency, bits. */
#define OF(kind) (1u << KIND_##kind)
#define JUSTICE (OF(PROBATION) | OF(COURT))
#define CARE (OF(TREATMENT) | OF(MENTAL_HEALTH))
#define ALL 0xffu

struct consent {
	struct row_id id;
	unsigned owner, discloser;
	char kind[24];
	bool draft, active;
	unsigned purposes;
	int32_t from, end;  /* in force from <= day < end */
	int32_t asked, met; /* its end was asked for; what it waits for came */
	int32_t not_before;
	char rule[16];
};

struct order {
	struct row_id id;
	char kind[24];
	unsigned owner, discloser, recipient;
	int32_t from, end;
	bool quashed;
};

/* A category that a consent, an order or a seal covers. */
struct scope {
	struct row_id of;
	char category[LIMIT_CATEGORY_BYTES + 1];
	int32_t from, end;
};

struct recipient {
	struct row_id of;
	unsigned agency; /* or of a class of kinds */
	unsigned kinds;
};

struct agreement {
	struct row_id id;
	unsigned owner, parties;
	unsigned signed_by, left; /* bits of agencies */
	int32_t from, end, last_signed;
	bool offered;
};

struct term {
	struct row_id of;
	char category[LIMIT_CATEGORY_BYTES + 1];
	unsigned from_kinds, to_kinds;
	unsigned purpose;
	bool wants_consent, wants_order;
};

/* A row of an owner's that names an agency: it is for them. */
struct naming {
	struct row_id row;
	const char *category;
	unsigned owner, agency;
	bool must;
};

struct law {
	struct sim *s;
	unsigned n;
	int32_t today;
	struct consent consent[ROOM];
	struct order order[ROOM];
	struct scope scope[ROOM], seal[ROOM];
	struct recipient recipient[ROOM];
	struct agreement agreement[ROOM];
	struct term rule[ROOM];
	struct naming naming[2 * ROOM];
	struct row_id sealing[ROOM]; /* orders to seal in force */
	char own[ROOM]
		[LIMIT_CATEGORY_BYTES + 1]; /* records that n's agency has */
	size_t consents, orders, scopes, seals, recipients, agreements, rules,
	    namings, sealings, owns;
	unsigned tied; /* bits of agencies that work with the person */
};

unsigned law_bit(unsigned agency);
/* The sooner of two ends; NO_DAY: never. */
int32_t law_earlier(int32_t a, int32_t b);
/* start <= day < end */
bool law_begun(int32_t from, int32_t day);
bool law_is_over(int32_t end, int32_t day);
bool law_in_force(const struct consent *c, int32_t day);

#endif
