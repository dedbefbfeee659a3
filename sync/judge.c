#include "sync/judge.h"

#include "sync/clock.h"
#include "sync/grant.h"
#include "sync/replica_i.h"

enum err
judge_author(struct judge_author *a, struct replica *r,
    const struct compartment *c, const struct member_node *node, struct fail *f)
{
	const struct member_agency *agency;

	if (node == NULL)
		return ERR_NOTFOUND;
	agency = members_agency(r->members, &node->agency);
	*a = (struct judge_author){
		.node = node,
		.kind = agency != NULL ? agency->kind : -1,
		.of_owner = c->has_owner && id_equal(&node->agency, &c->owner),
	};
	if (a->of_owner) {
		a->may_write = true;
		return OK;
	}
	return grant_may_write(r, c, node, &a->may_write, f);
}

static bool
value_fits(const struct field *f, const struct value *v)
{
	if (v->type == VALUE_NULL)
		return true;
	if (v->type != f->type)
		return false;
	return !f->is_bool || v->i == 0 || v->i == 1;
}

/* Are rows of this table kept in the compartment? */
static bool
is_kept(struct replica *r, const struct table *t, const struct compartment *c)
{
	const char *category = table_category(t, replica_owner_kind(r, c));

	return category != NULL && strcmp(category, c->category) == 0;
}

static bool
table_fits(struct replica *r, const struct table *t,
    const struct compartment *c, const struct judge_author *a)
{
	return is_kept(r, t, c) && a->kind >= 0 &&
	    (t->writers >> a->kind & 1) != 0;
}

enum verdict
judge_op(uint64_t *mask, uint64_t *proposed, struct replica *r,
    const struct compartment *c, const struct judge_author *a, unsigned schema,
    const struct op *op)
{
	const struct table *t = r->registry->by_number[op->table];

	*mask = 0;
	*proposed = 0;
	if (t == NULL)
		return schema > r->registry->version ? VERDICT_UNKNOWN
						     : VERDICT_VOID;
	if (t->since > schema || !table_fits(r, t, c, a))
		return VERDICT_VOID;
	for (size_t i = 0; i < op->field_count; i++) {
		const struct op_field *w = &op->fields[i];
		const struct field *f = t->by_number[w->number];

		if (f == NULL && schema > r->registry->version)
			continue; /* a newer field: the known ones apply */
		if (f == NULL || f->since > schema || !value_fits(f, &w->value))
			return VERDICT_VOID;
		if (!a->may_write || (f->owner && !a->of_owner))
			*proposed |= CLOCK_BIT(w->number);
		else
			*mask |= CLOCK_BIT(w->number);
	}
	if (op->kind == OP_SET && op->field_count == 0)
		return a->of_owner ? VERDICT_ANSWER : VERDICT_VOID;
	return a->may_write ? VERDICT_COUNTS : VERDICT_PROPOSAL;
}

bool
judge_row(struct replica *r, const struct compartment *c, const struct op *op)
{
	const struct table *t = r->registry->by_number[op->table];

	if (t == NULL || !is_kept(r, t, c))
		return false;
	for (size_t i = 0; i < op->field_count; i++) {
		const struct field *f = t->by_number[op->fields[i].number];

		if (f == NULL || !value_fits(f, &op->fields[i].value))
			return false;
	}
	return true;
}
