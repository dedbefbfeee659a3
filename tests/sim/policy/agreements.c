/* Agreements: offered, signed, ended, left. */
#include <string.h>

#include "node/policy/agreement.h"
#include "tests/sim/policy/policy_i.h"

static const char *
some_purpose(struct sim *s)
{
	static const char *const word[] = { "treatment", "coordination",
		"supervision", "supervision", "court", "safety" };

	return ONE_OF(s, word);
}

bool
policy_text_hash(struct sim *s, struct replica *r, const struct row_id *id,
    uint8_t out[static HASH_BYTES])
{
	struct agreement *list = NULL;
	struct arena arena = { 0 };
	struct fail f = { 0 };
	size_t count = 0;
	bool found = false;

	sim_must(s, agreement_load(&list, &count, r, &arena, &f), &f,
	    "agreements");
	for (size_t k = 0; k < count; k++) {
		if (!id_equal(&list[k].p.id, id))
			continue;
		memcpy(out, list[k].hash, HASH_BYTES);
		found = true;
	}
	arena_release(&arena);
	return found;
}

static void
put_signature(struct sim *s, unsigned n, const struct row_id *id,
    const char *act, enum sim_class c)
{
	uint8_t hash[HASH_BYTES];

	if (policy_text_hash(s, s->node[n].r, id, hash))
		(void)policy_write(s, n, c, NULL,
		    &(struct put){ .table = "mou_signature",
			CELLS({ "mou_id", cell_id(id->b) },
			    { "text_hash",
				{ .type = VALUE_BYTES,
				    .p = hash,
				    .n = HASH_BYTES } },
			    { "signed_on", cell_day(policy_day_at(s, n)) },
			    { "act", cell_text(act) }) });
}

static void
add_rule(struct sim *s, unsigned n, const struct row_id *id, int kind)
{
	static const char *const basis[] = { "none", "consent", "consent",
		"authority", "consent_or_authority" };
	static const char *const to[] = { "probation", "social",
		"mental_health", "treatment" };

	(void)policy_write(s, n, SIM_CLASS_COUNT, NULL,
	    &(struct put){ .table = "mou_rule",
		CELLS({ "mou_id", cell_id(id->b) },
		    { "category", cell_text(policy_category(s, kind)) },
		    { "purpose", cell_text(some_purpose(s)) },
		    { "basis", cell_text(ONE_OF(s, basis)) },
		    { "to_kind",
			sim_chance(s, 20)
			    ? cell_text(ONE_OF(s, to))
			    : (struct value){ .type = VALUE_NULL } },
		    { "state", cell_text("present") }) });
}

static void
add_party(struct sim *s, unsigned n, const struct row_id *id, unsigned agency)
{
	(void)policy_write(s, n, SIM_CLASS_COUNT, NULL,
	    &(struct put){ .table = "mou_party",
		CELLS({ "mou_id", cell_id(id->b) },
		    { "agency_id", cell_id(s->agency[agency].b) },
		    { "state", cell_text("present") }) });
}

void
policy_offer(struct sim *s, unsigned n)
{
	struct sim_policy *w = s->policy;
	unsigned own = s->node[n].agency, other = policy_other_agency(s, own);
	int32_t today = policy_day_at(s, n);
	struct row_id id;

	if (w->agreement_count == AGREEMENTS ||
	    !policy_write(s, n, SIM_AGREEMENT, &id,
		&(struct put){ .table = "mou",
		    CELLS({ "title", cell_text("An agreement") },
			{ "kind", cell_text("mou") },
			{ "status", cell_text("offered") },
			{ "starts_on", cell_day(today) },
			{ "ends_on", cell_day(policy_end(s, today + 2)) },
			{ "version", cell_text("1") }) }))
		return;
	for (unsigned a = 1; a < s->agencies; a++)
		if (a == own || a == other || sim_chance(s, 40))
			add_party(s, n, &id, a);
	for (uint64_t k = 2 + sim_draw(s, 3); k > 0; k--)
		add_rule(s, n, &id,
		    sim_policy_kind(sim_chance(s, 60) ? own : other,
			s->places));
	w->agreement[w->agreement_count].id = id;
	if (policy_text_hash(s, s->node[n].r, &id,
		w->agreement[w->agreement_count].hash))
		w->agreement_count++;
	put_signature(s, n, &id, "signed", SIM_AGREEMENT_SIGNED);
}

/* Somebody reads what is offered and signs, once. */
static bool is_signed_here(struct sim *s, unsigned n, const struct row_id *id);

static struct {
	const struct row_id *mou;
	bool found;
} looking;

static bool
names_it(struct sim *s, unsigned n, const struct read_row *row)
{
	struct row_id id;

	if (policy_is_own(s, n, row) && cell_id_of(row, "mou_id", id.b) &&
	    id_equal(&id, looking.mou))
		looking.found = true;
	return false;
}

static bool
is_signed_here(struct sim *s, unsigned n, const struct row_id *id)
{
	struct chosen unused;

	looking.mou = id;
	looking.found = false;
	(void)policy_choose(&unused, s, n, "mou_signature", NULL, names_it);
	return looking.found;
}

void
policy_sign(struct sim *s, unsigned n)
{
	struct chosen c;

	for (unsigned k = 0; k < 3; k++)
		if (policy_choose(&c, s, n, "mou", NULL, NULL) &&
		    !is_signed_here(s, n, &c.id)) {
			put_signature(s, n, &c.id, "signed",
			    SIM_AGREEMENT_SIGNED);
			return;
		}
}

static bool
is_own_offered(struct sim *s, unsigned n, const struct read_row *row)
{
	return policy_is_own(s, n, row) && cell_is(row, "status", "offered");
}

/* Its drafter ends or suspends it or takes a rule out; or a party leaves it. */
void
policy_end_agreement(struct sim *s, unsigned n)
{
	int32_t soon = policy_day_at(s, n) + (int32_t)sim_draw(s, 3);
	struct put p = { .change = true, .row = NULL };
	struct chosen c;
	unsigned how = (unsigned)sim_draw(s, 5);

	if (how == 4) {
		if (policy_choose(&c, s, n, "mou", NULL, NULL) &&
		    is_signed_here(s, n, &c.id))
			put_signature(s, n, &c.id, "withdrawn",
			    SIM_AGREEMENT_ENDED);
		return;
	}
	p.table = how == 3 ? "mou_rule" : "mou";
	if (!policy_choose(&c, s, n, p.table, NULL,
		how == 3 ? policy_is_own_present : is_own_offered))
		return;
	p.row = &c.id;
	p.cpt = c.cpt;
	p.count = 1;
	p.cell = how == 0
	    ? (const struct cell[]){ { "terminated_on", cell_day(soon) } }
	    : how == 1
	    ? (const struct cell[]){ { "status", cell_text("suspended") } }
	    : how == 2
	    ? (const struct cell[]){ { "ends_on", cell_day(soon) } }
	    : (const struct cell[]){ { "state", cell_text("removed") } };
	(void)policy_write(s, n, SIM_AGREEMENT_ENDED, NULL, &p);
}
