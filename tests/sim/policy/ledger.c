/*
 * Who was entitled to what when a registrar last ran policy, and whether what every
 * machine holds and shows follows from it (I6).
 *
 * When policy was run, holders must be who is entitled by the second reading of what
 * that registrar can read. Then each key that it has of the record may be held by
 * those agencies; a key that is made between two runs by those that were lent the
 * record and that its maker does not know to be removed. Any other key at any other
 * agency's machine is a leak. So is a row that is shown longer than the last of the
 * owner's registrars that knew of a right to it saw it last, and its lease.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/policy/gate_view.h"
#include "tests/sim/policy/law.h"

static unsigned
bit(unsigned agency)
{
	return agency < SIM_AGENCIES ? 1u << agency : 0;
}

/* ---- records and keys ------------------------------------------------------------ */

#define RECORDS_AT_ONCE 256

void
ledger_each(struct sim *s, unsigned n, record_fn each)
{
	int64_t no[RECORDS_AT_ONCE];
	struct fail f = { 0 };
	size_t count = 0;
	struct stmt *st;
	bool row = true;

	for (unsigned p = 0; p < POLICY_PEOPLE; p++) {
		sim_must(s,
		    db_stmt(&st, replica_db(s->node[n].r),
			"SELECT no FROM _compartment WHERE subject = ?1 AND"
			" owner IS NOT NULL AND category IS NOT NULL",
			&f),
		    &f, "records");
		stmt_blob(st, 1, s->policy->person[p].b, ID_BYTES);
		for (;;) {
			sim_must(s, stmt_step(st, &row, &f), &f, "records");
			if (!row || count == RECORDS_AT_ONCE)
				break;
			no[count++] = stmt_col_int(st, 0);
		}
		stmt_reset(st);
	}
	for (size_t k = 0; k < count && s->wrong[0] == '\0'; k++) {
		struct compartment *c;

		sim_must(s, compartment_get(s->node[n].r, &c, no[k], &f), &f,
		    "a record");
		each(s, n, c);
	}
}

struct ledger_record *
ledger_of(struct sim *s, const struct compartment *c)
{
	struct sim_policy *w = s->policy;

	for (size_t k = 0; k < w->record_count; k++)
		if (id_equal(&w->record[k].id, &c->id))
			return &w->record[k];
	assert(w->record_count < LEDGER_RECORDS);
	w->record[w->record_count] = (struct ledger_record){ .id = c->id,
		.owner = policy_agency(s, &c->owner) };
	memcpy(w->record[w->record_count].category, c->category,
	    sizeof(c->category));
	return &w->record[w->record_count++];
}

static struct ledger_key *
key_of(struct sim *s, const struct key_id *id)
{
	for (size_t k = 0; k < s->policy->key_count; k++)
		if (memcmp(&s->policy->key[k].id, id, sizeof(*id)) == 0)
			return &s->policy->key[k];
	return NULL;
}

/* Agencies of which a query of a compartment (and a key) gives the ids. */
static unsigned
agencies_in(struct sim *s, unsigned n, const char *sql,
    const struct compartment *c, const struct key_id *key)
{
	struct fail f = { 0 };
	unsigned bits = 0;
	struct stmt *st;
	bool row;

	sim_must(s, db_stmt(&st, replica_db(s->node[n].r), sql, &f), &f,
	    "agencies");
	stmt_int(st, 1, c->no);
	if (key != NULL)
		stmt_blob(st, 2, key->b, sizeof(key->b));
	for (;;) {
		struct agency_id id;

		sim_must(s, stmt_step(st, &row, &f), &f, "agencies");
		if (!row)
			return bits;
		if (stmt_col_copy(st, 0, id.b, ID_BYTES))
			bits |= bit(policy_agency(s, &id));
	}
}

/* Agencies that hold the record, as far as the machine knows. */
static unsigned
holders(struct sim *s, unsigned n, const struct compartment *c)
{
	return agencies_in(s, n,
	    "SELECT DISTINCT recipient FROM _grant WHERE cpt = ?1 AND"
	    " recipient_kind = 0 AND rights > 0",
	    c, NULL);
}

/* ... or ever did. */
static unsigned
were_granted(struct sim *s, unsigned n, const struct compartment *c)
{
	return agencies_in(s, n,
	    "SELECT DISTINCT recipient FROM _grant WHERE cpt = ?1 AND"
	    " recipient_kind = 0 AND ever > 0",
	    c, NULL);
}

static unsigned
holders_of_key(struct sim *s, unsigned n, const struct compartment *c,
    const struct key_id *id)
{
	return agencies_in(s, n,
	    "SELECT recipient FROM _grant WHERE cpt = ?1 AND key_id = ?2 AND"
	    " recipient_kind = 0 AND rights > 0",
	    c, id);
}

typedef void (*key_fn)(struct sim *s, unsigned n, const struct compartment *c,
    const struct key_id *id, unsigned bits);

/* Each key of the record that the machine has. */
static void
each_key(struct sim *s, unsigned n, const struct compartment *c, unsigned bits,
    key_fn each)
{
	struct fail f = { 0 };
	struct stmt *st;
	bool row;

	sim_must(s,
	    db_stmt(&st, replica_db(s->node[n].r),
		"SELECT key_id FROM _key WHERE cpt = ?1", &f),
	    &f, "keys");
	stmt_int(st, 1, c->no);
	for (;;) {
		struct key_id id;

		sim_must(s, stmt_step(st, &row, &f), &f, "keys");
		if (!row)
			return;
		if (!stmt_col_copy(st, 0, id.b, sizeof(id.b)))
			abort();
		each(s, n, c, &id, bits);
	}
}

/* ---- after policy was run ----------------------------------------------------------- */

static void
lend(struct ledger_loan *loan, int32_t day, int32_t until)
{
	if (!loan->any || day > loan->day)
		loan->day = day;
	if (until == NO_DAY)
		loan->endless = true;
	else if (!loan->any || until > loan->until)
		loan->until = until;
	loan->any = true;
}

static void
allow_key(struct sim *s, unsigned n, const struct compartment *c,
    const struct key_id *id, unsigned bits)
{
	struct ledger_key *k = key_of(s, id);

	(void)n;
	if (k == NULL) {
		assert(s->policy->key_count < LEDGER_KEYS);
		k = &s->policy->key[s->policy->key_count++];
		*k = (struct ledger_key){ .id = *id, .record = c->id };
	}
	k->may |= bits;
}

/* The law of the person whose records are judged. */
static struct {
	const struct law *law;
	struct row_id person;
	bool compare;
} judging;

static void
enter_record(struct sim *s, unsigned n, struct compartment *c)
{
	unsigned own = s->node[n].agency, entitled = 0, held;
	struct ledger_record *rec;

	if (policy_agency(s, &c->owner) != own ||
	    !id_equal(&c->subject, &judging.person))
		return;
	rec = ledger_of(s, c);
	rec->heard = were_granted(s, n, c);
	for (unsigned a = 0; a < s->agencies; a++) {
		int32_t until;

		if (a == own ||
		    !law_entitles(judging.law, own, c->category, a, &until))
			continue;
		entitled |= bit(a);
		lend(&rec->loan[a], policy_day_at(s, n), until);
	}
	rec->entitled[n] = entitled;
	each_key(s, n, c, entitled | bit(own), allow_key);
	held = holders(s, n, c) & ~bit(own);
	if (!judging.compare)
		return;
	for (unsigned a = 0; a < s->agencies; a++)
		if (((held ^ entitled) & bit(a)) != 0)
			sim_wrong(s,
			    "policy was run at machine %u, and agency %u %s %s "
			    "of agency %u, of a person to whom it is %s",
			    n, a, (held & bit(a)) != 0 ? "holds" : "lacks",
			    c->category, own,
			    (held & bit(a)) != 0 ? "not entitled" : "entitled");
	sim_count(s, SIM_N_AGREED, 1);
}

/* A registrar's word is of all that its agency lent: also of what it has not heard
 * of, or not any more since an old disk was put back. */
static void
vouch_for_unknown(struct sim *s, unsigned n)
{
	int32_t day = policy_day_at(s, n);

	for (size_t k = 0; k < s->policy->record_count; k++) {
		struct ledger_record *rec = &s->policy->record[k];

		if (rec->owner != s->node[n].agency)
			continue;
		for (unsigned a = 0; a < s->agencies; a++)
			if (rec->loan[a].any && (rec->heard & bit(a)) == 0 &&
			    day > rec->loan[a].day)
				rec->loan[a].day = day;
	}
}

/* Has anything come, been written or granted since, or a day? */
static bool
is_as_it_was(struct sim *s, unsigned n)
{
	int64_t segments = sim_number(s, n, "SELECT count(*) FROM _segment");
	int64_t operations = sim_number(s, n, "SELECT count(*) FROM _open");
	int64_t day = policy_day_at(s, n);
	bool same = s->policy->entered[n].segments == segments &&
	    s->policy->entered[n].operations == operations &&
	    s->policy->entered[n].day == day;

	s->policy->entered[n].segments = segments;
	s->policy->entered[n].operations = operations;
	s->policy->entered[n].day = day;
	return same;
}

void
ledger_judge_holders(struct sim *s, unsigned n, bool compare)
{
	if (is_as_it_was(s, n) && compare)
		return;
	if (!compare)
		s->policy->entered[n].day = NO_DAY;
	for (size_t k = 0; k < s->policy->record_count; k++) {
		s->policy->record[k].entitled[n] = 0;
		s->policy->record[k].heard = 0;
	}
	for (unsigned p = 0; p < POLICY_PEOPLE && s->wrong[0] == '\0'; p++) {
		struct law *l = law_read(s, n, &s->policy->person[p]);

		judging.law = l;
		judging.person = s->policy->person[p];
		judging.compare = compare;
		ledger_each(s, n, enter_record);
		law_free(l);
	}
	if (compare)
		vouch_for_unknown(s, n);
}

/* ---- what machines hold ---------------------------------------------------------------- */

/* Is anything here that was sealed under it? */
static bool
opens_something(struct sim *s, unsigned n, const struct compartment *c,
    const struct key_id *id)
{
	struct fail f = { 0 };
	struct stmt *st;
	bool row;

	sim_must(s,
	    db_stmt(&st, replica_db(s->node[n].r),
		"SELECT 1 FROM _segment WHERE cpt = ?1 AND chain IN (1, 3) AND"
		" position > 0 AND instr(bytes, ?2) > 0",
		&f),
	    &f, "what a key opens");
	stmt_int(st, 1, c->no);
	stmt_blob(st, 2, id->b, SEGMENT_PREFIX_BYTES);
	sim_must(s, stmt_step(st, &row, &f), &f, "what a key opens");
	stmt_reset(st);
	return row;
}

/* A key under which nothing was sealed, of two removals at once, is none. */
static void
judge_key(struct sim *s, unsigned n, const struct compartment *c,
    const struct key_id *id, unsigned owner)
{
	const struct ledger_key *k = key_of(s, id);
	unsigned own = s->node[n].agency;

	sim_count(s, SIM_N_KEYS_JUDGED, 1);
	if ((k == NULL || (k->may & bit(own)) == 0) &&
	    opens_something(s, n, c, id))
		sim_wrong(s,
		    "LEAK: machine %u of agency %u can read %s of agency %u, "
		    "and %s",
		    n, own, c->category, owner,
		    k == NULL ? "none of the owner's has the key"
			      : "nobody who could give it was entitled to");
}

/* Made or given between two runs: to whom the record was lent and whom the owner's
 * machine does not know to be removed. */
static void
enter_key(struct sim *s, unsigned n, const struct compartment *c,
    const struct key_id *id, unsigned lent)
{
	const struct ledger_key *k = key_of(s, id);

	if (k == NULL)
		allow_key(s, n, c, id, lent);
	else if ((lent & ~k->may) != 0)
		allow_key(s, n, c, id, lent & holders_of_key(s, n, c, id));
}

static void
judge_keys(struct sim *s, unsigned n, struct compartment *c)
{
	const struct ledger_record *rec = ledger_of(s, c);
	unsigned lent = 0;

	if (rec->owner == s->node[n].agency) {
		for (unsigned a = 0; a < s->agencies; a++)
			lent |= rec->loan[a].any ? bit(a) : 0;
		lent = (lent & holders(s, n, c)) | bit(rec->owner);
		each_key(s, n, c, lent, enter_key);
	} else {
		each_key(s, n, c, rec->owner, judge_key);
	}
}

void
sim_policy_check(struct sim *s, unsigned n)
{
	int64_t *last = &s->policy->judged_at[n];

	/* no key comes or is made without a segment that says so */
	if (s->node[n].hub || s->node[n].obeyed || *last == s->node[n].segments)
		return;
	*last = s->node[n].segments;
	ledger_each(s, n, judge_keys);
}

/* ---- what machines show ------------------------------------------------------------------ */

static struct gate_view view;

struct heard {
	const struct compartment *c;
	const struct agency_id *own;
	int32_t day;
};

static bool
on_word(void *context, const struct read_row *row)
{
	struct heard *h = context;
	struct agency_id to;

	if (id_equal(&row->owner, &h->c->owner) &&
	    cell_id_of(row, "agency_id", to.b) && id_equal(&to, h->own) &&
	    cell_day_of(row, "valid_on") > h->day)
		h->day = cell_day_of(row, "valid_on");
	return true;
}

/* "... on=2026-01-08 ..." in the basis of a grant */
static int32_t
day_in(const char *basis)
{
	const char *at = strstr(basis, " on=");
	int y, m, d;
	int64_t days;

	/* NOLINTNEXTLINE(cert-err34-c): our own program wrote it */
	if (at == NULL || sscanf(at, " on=%4d-%2d-%2d", &y, &m, &d) != 3 ||
	    value_days(&days, y, m, d) != OK)
		return NO_DAY;
	return (int32_t)days;
}

/* The last day of which the machine has heard that the record is lent to its
 * agency: when it was granted, or the owner's word. */
static int32_t
last_heard(struct sim *s, unsigned n, const struct compartment *c)
{
	struct replica *r = s->node[n].r;
	struct heard h = { c, &s->agency[s->node[n].agency], NO_DAY };
	struct read_query q = { .table = registry_table(replica_registry(r),
				    "sharing_word") };
	struct fail f = { 0 };
	struct stmt *st;
	bool row;

	sim_must(s, read_list(r, &q, on_word, &h, &f), &f, "words");
	sim_must(s,
	    db_stmt(&st, replica_db(r),
		"SELECT basis FROM _grant WHERE cpt = ?1 AND recipient = ?2"
		" AND recipient_kind = 0 AND basis IS NOT NULL",
		&f),
	    &f, "grants");
	stmt_int(st, 1, c->no);
	stmt_blob(st, 2, h.own->b, ID_BYTES);
	for (;;) {
		int32_t day;

		sim_must(s, stmt_step(st, &row, &f), &f, "grants");
		if (!row)
			return h.day;
		day = day_in(stmt_col_text(st, 0));
		if (day > h.day)
			h.day = day;
	}
}

static void
judge_shown(struct sim *s, unsigned n, struct compartment *c)
{
	const struct ledger_record *rec = ledger_of(s, c);
	const struct ledger_loan *loan = &rec->loan[s->node[n].agency];
	int lease = law_lease(c->category);
	struct gate_answer a;
	struct fail f = { 0 };

	if (rec->owner == s->node[n].agency)
		return;
	sim_must(s, gate_view_ask(&a, &view, c->no, &c->owner, &f), &f,
	    "what is shown");
	sim_count(s, a.shut == GATE_OPEN ? SIM_N_SHOWN : SIM_N_NOT_SHOWN, 1);
	if (a.shut == GATE_ENDED || a.shut == GATE_STALE)
		sim_fired(s, SIM_SHUT_BY_DAY);
	if (a.shut != GATE_OPEN)
		return;
	if (!loan->any)
		sim_wrong(s, "machine %u shows %s of agency %u, never lent", n,
		    c->category, rec->owner);
	else if (!loan->endless && view.today >= loan->until)
		sim_wrong(s, "machine %u shows %s of agency %u after its end",
		    n, c->category, rec->owner);
	else if (lease >= 0 &&
	    (view.today >= loan->day + lease ||
		view.today >= last_heard(s, n, c) + lease))
		sim_wrong(s, "machine %u shows %s of agency %u past its lease",
		    n, c->category, rec->owner);
}

void
ledger_judge_shown(struct sim *s, unsigned n)
{
	struct fail f = { 0 };

	sim_tell_time(s, n);
	sim_must(s, gate_view_begin(&view, s->node[n].r, &f), &f,
	    "what is shown");
	ledger_each(s, n, judge_shown);
	gate_view_end(&view);
}
