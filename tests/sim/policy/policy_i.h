/* Between the files of tests/sim/policy only. */
#ifndef FOOTBRIDGE_TESTS_SIM_POLICY_I_H
#define FOOTBRIDGE_TESTS_SIM_POLICY_I_H

#include "sync/holder.h"
#include "tests/sim/policy/policy.h"

#define LEDGER_RECORDS 256
#define LEDGER_KEYS 2048
#define AGREEMENTS 32
#define HASH_BYTES 32
#define NO_DAY INT32_MIN

/* What was lent of one record to one agency, as far as any registrar of its owner
 * knew when it last ran policy: on the latest of those days, until the latest end
 * that any of them saw. */
struct ledger_loan {
	bool any, endless;
	int32_t day, until;
};

/* One compartment about a person. */
struct ledger_record {
	struct compartment_id id;
	unsigned owner;
	char category[LIMIT_CATEGORY_BYTES + 1];
	struct ledger_loan loan[SIM_AGENCIES];
	/* by machine: bits of agencies that were entitled when it last looked */
	uint32_t entitled[SIM_NODES];
	/* agencies of whose grants the machine that is judged has heard */
	uint32_t heard;
};

/* One key of a compartment, and the agencies that may hold it. */
struct ledger_key {
	struct key_id id;
	struct compartment_id record;
	uint32_t may;
};

/* An agreement as it was offered: what signatures are of. */
struct offered {
	struct row_id id;
	uint8_t hash[HASH_BYTES];
};

struct sim_policy {
	struct row_id person[POLICY_PEOPLE];
	struct offered agreement[AGREEMENTS];
	size_t agreement_count;
	struct ledger_record record[LEDGER_RECORDS];
	size_t record_count;
	struct ledger_key key[LEDGER_KEYS];
	size_t key_count;
	int64_t judged_at[SIM_NODES]; /* segments there were */
	/* what a registrar had when its holders were last judged */
	struct {
		int64_t segments, operations, day;
	} entered[SIM_NODES];
	/* the seed's own odds, percent */
	unsigned drives; /* policy is run after an act */
	unsigned cuts;   /* acts of policy left until it is cut off; 0: never */
};

/* ---- found.c ---- */

/* The agreement of all agencies in a region of so many places. */
struct offered policy_standing(unsigned places);

/* ---- write.c ---- */

struct cell {
	const char *column;
	struct value value;
};

struct value cell_text(const char *text);
struct value cell_id(const uint8_t id[static ID_BYTES]);
struct value cell_day(int32_t day);
struct value cell_yes(void);

/* Insert (row NULL, or of that id), or change a row that is there. */
struct put {
	const char *table;
	const struct row_id *row, *subject, *staff;
	bool change;
	int64_t cpt; /* of a row that is changed */
	const struct cell *cell;
	size_t count;
};
enum err policy_put(struct replica *r, struct row_id *made, const struct put *p,
    struct fail *f);
#define CELLS(...) \
	.cell = (const struct cell[]){ __VA_ARGS__ }, \
	.count = \
	    sizeof((const struct cell[]){ __VA_ARGS__ }) / sizeof(struct cell)

/* A column of a row; VALUE_NULL where it is empty. */
const struct value *cell_of(const struct read_row *row, const char *column);
bool cell_is(const struct read_row *row, const char *column, const char *word);
/* NO_DAY where it is empty; of a time its day. */
int32_t cell_day_of(const struct read_row *row, const char *column);
bool cell_id_of(const struct read_row *row, const char *column,
    uint8_t out[static ID_BYTES]);
/* Is the word one of those, with commas, in the column? */
bool cell_has(const struct read_row *row, const char *column, const char *word);

/* ---- people.c ---- */

/* The number of an agency; SIM_AGENCIES: unknown. */
unsigned policy_agency(const struct sim *s, const struct agency_id *id);
int32_t policy_day_at(struct sim *s, unsigned n);
/* Write at a machine; counted, said, and of what is refused nothing but that. */
bool policy_write(struct sim *s, unsigned n, enum sim_class c,
    struct row_id *made, const struct put *p);
/* A row of a table that fits, drawn; false: none. Its cells are copied. */
struct chosen {
	struct row_id id;
	int64_t cpt;
	struct agency_id owner;
};
typedef bool (*fits_fn)(struct sim *s, unsigned n, const struct read_row *row);
bool policy_choose(struct chosen *out, struct sim *s, unsigned n,
    const char *table, const struct row_id *person, fits_fn fits);
/* Policy at a registrar, as node/driver.c does; then its holders are judged.
 * True: it did something. */
bool policy_drive(struct sim *s, unsigned n);

/* ---- decide.c ---- */

void policy_decide(struct sim *s, unsigned n, const struct row_id *person);
const char *policy_one_of(struct sim *s, const char *const *list, size_t count);
#define ONE_OF(s, list) policy_one_of(s, list, COUNT_OF(list))
/* A category of what this kind of agency keeps. */
const char *policy_category(struct sim *s, int kind);
/* Another agency than this, no hub. */
unsigned policy_other_agency(struct sim *s, unsigned own);
/* An end: in some days, or far off. */
int32_t policy_end(struct sim *s, int32_t today);
/* Of rows to choose from. */
bool policy_is_own(struct sim *s, unsigned n, const struct read_row *row);
bool policy_is_own_present(struct sim *s, unsigned n,
    const struct read_row *row);

/* ---- consents.c ---- */

void policy_sign_consent(struct sim *s, unsigned n,
    const struct row_id *person);
void policy_narrow(struct sim *s, unsigned n, const struct row_id *person);
void policy_revoke(struct sim *s, unsigned n, const struct row_id *person);
/* Anybody who can read it writes down what the person said, or that what it waits
 * for has come. */
void policy_ask_end(struct sim *s, unsigned n, const struct row_id *person);

/* ---- agreements.c ---- */

/* The hash of its text as it stands in a replica; false: it is not there. */
bool policy_text_hash(struct sim *s, struct replica *r, const struct row_id *id,
    uint8_t out[static HASH_BYTES]);
void policy_offer(struct sim *s, unsigned n);
/* Somebody reads what is offered and signs, once. */
void policy_sign(struct sim *s, unsigned n);
void policy_end_agreement(struct sim *s, unsigned n);

/* ---- ledger.c ---- */

struct ledger_record *ledger_of(struct sim *s, const struct compartment *c);
/* A registrar has run policy, and who is entitled by what it knows is entered;
 * compare: to the end, and who holds what must be exactly who is entitled. */
void ledger_judge_holders(struct sim *s, unsigned n, bool compare);
/* What this machine shows now of others' records may be shown. */
void ledger_judge_shown(struct sim *s, unsigned n);
/* Compartments about the people, those of one owner or (NULL) all. */
typedef void (*record_fn)(struct sim *s, unsigned n, struct compartment *c);
void ledger_each(struct sim *s, unsigned n, record_fn each);

#endif
