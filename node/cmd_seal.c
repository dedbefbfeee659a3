/* seal, seal vacate: an order to close records, and whom it reaches. */
#include "node/cmd.h"

#include <string.h>

#include "node/category.h"
#include "node/date.h"
#include "node/entry.h"
#include "node/name.h"
#include "node/policy/case.h"
#include "node/role.h"
#include "node/sealing.h"
#include "node/show_scope.h"
#include "sync/audit.h"
#include "sync/holder.h"
#include "sync/shred.h"

/* ---- the order ------------------------------------------------------------------------ */

struct sealing {
	struct run *run;
	struct row_id person, staff;
	const char *number, *kind;
	policy_day effective;
};

static enum err
read_order(struct sealing *x, struct fail *f)
{
	struct run *run = x->run;
	const char *day = cli_get(run->cli, "effective");
	const char *readers = cli_get(run->cli, "readers");
	uint32_t bits;
	struct value v;
	enum err e = OK;

	x->number = cli_get(run->cli, "order");
	x->kind = cli_get(run->cli, "kind");
	if (x->kind == NULL)
		x->kind = "seal";
	if (x->number == NULL || x->number[0] == '\0')
		return fail_set(f, ERR_USAGE,
		    "seal: say by which order: --order NUMBER");
	if (strcmp(x->kind, "seal") != 0 && strcmp(x->kind, "limited") != 0 &&
	    strcmp(x->kind, "expunge") != 0)
		return fail_set(f, ERR_USAGE,
		    "--kind: want seal, limited or expunge");
	x->effective = policy_today(run->replica);
	if (day != NULL) {
		e = date_parse(&v, day, DATE_YMD, f);
		if (e != OK)
			return fail_in(f, e, "--effective");
		x->effective = (policy_day)v.i;
	}
	if (readers != NULL) {
		e = policy_bits(&bits, LIST_ROLE, readers, strlen(readers), f);
		if (e != OK)
			return fail_in(f, e, "--readers");
	}
	e = category_check(run, 1, "sealed", f);
	if (e == OK)
		e = role_need(&x->staff, run, ROLE_BITS_RECORDS,
		    "carrying out an order to seal", f);
	if (e == OK)
		e = read_subject(run->replica, &x->person, run_word(run, 0), f);
	return e;
}

static enum err
write_scope(struct sealing *x, const struct row_id *order, struct fail *f)
{
	const char *category;
	struct row_id made;
	struct entry row;
	enum err e = OK;

	for (size_t k = 1; e == OK && (category = run_word(x->run, k)) != NULL;
	     k++) {
		entry_begin(&row, x->run->replica, "seal_scope");
		entry_id(&row, "seal_order_id", order->b);
		entry_text(&row, "category", category);
		entry_text(&row, "state", "present");
		e = entry_new(&row, &made, &x->person, &x->staff, f);
	}
	return e;
}

static enum err
write_order(struct sealing *x, struct row_id *made, struct fail *f)
{
	struct run *run = x->run;
	struct entry row;
	enum err e;

	entry_begin(&row, run->replica, "seal_order");
	entry_text(&row, "kind", x->kind);
	entry_day(&row, "effective_on", x->effective);
	entry_text(&row, "order_number", x->number);
	entry_text(&row, "court", cli_get(run->cli, "court"));
	entry_text(&row, "authority", cli_get(run->cli, "authority"));
	entry_text(&row, "readers", cli_get(run->cli, "readers"));
	entry_text(&row, "state", "active");
	entry_id(&row, "entered_by_id", x->staff.b);
	e = entry_new(&row, made, &x->person, &x->staff, f);
	return e == OK ? write_scope(x, made, f) : e;
}

static enum err
execute(struct sealing *x, struct row_id *made, struct fail *f)
{
	struct run *run = x->run;
	struct replica *r = run->replica;
	struct audit_entry what = { .act = "seal",
		.staff = &x->staff,
		.subject = &x->person,
		.count = run->cli->word_count - 1 };
	enum err e = replica_begin(r, f);

	if (e != OK)
		return e;
	e = write_order(x, made, f);
	if (e == OK)
		e = sealing_tell(r, &x->person, run->cli->words + 1,
		    run->cli->word_count - 1, x->number, f);
	if (e == OK)
		e = audit_write(r, &what, f);
	if (e == OK)
		return replica_commit(r, f);
	replica_rollback(r);
	return e;
}

static enum err
preview(struct sealing *x, struct fail *f)
{
	struct shred_request q = { .subject = x->person,
		.categories = x->run->cli->words + 1,
		.category_count = x->run->cli->word_count - 1,
		.reference = x->number,
		.staff = x->staff };

	return show_scope(x->run, &q, f);
}

/* Does this agency keep anything that the order reaches? */
struct keeping {
	const struct sealing *x;
	bool any;
};

static bool
on_kept(void *context, const struct holder *h)
{
	struct keeping *k = context;
	const char *word;

	for (size_t i = 1; (word = run_word(k->x->run, i)) != NULL; i++) {
		size_t n = strlen(word);

		k->any |= strncmp(h->category, word, n) == 0 &&
		    (h->category[n] == '\0' || h->category[n] == '.');
	}
	return !k->any;
}

/* Own records go now; the order tells the others what is theirs to do. */
static enum err
destroy(struct sealing *x, int64_t *count, struct fail *f)
{
	struct shred_request q = { .subject = x->person,
		.categories = x->run->cli->words + 1,
		.category_count = x->run->cli->word_count - 1,
		.reference = x->number,
		.staff = x->staff };
	struct keeping keeping = { .x = x };
	enum err e =
	    holder_list(x->run->replica, &x->person, on_kept, &keeping, f);

	/* what only others keep is theirs to destroy */
	if (e != OK || !keeping.any)
		return e;
	e = shred_order(x->run->replica, &q, count, f);
	return e == ERR_NOTFOUND ? OK : e;
}

enum err
cmd_seal(struct run *run, struct fail *f)
{
	struct sealing x = { .run = run };
	struct row_id made;
	int64_t count = 0;
	char id[ID_TEXT_BYTES];
	enum err e = read_order(&x, f);

	if (e == OK && cli_get(run->cli, "dry-run") != NULL)
		return preview(&x, f);
	if (e == OK)
		e = execute(&x, &made, f);
	if (e == OK)
		e = sealing_obey(run->replica, f);
	if (e == OK && strcmp(x.kind, "expunge") == 0 &&
	    x.effective <= policy_today(run->replica))
		e = destroy(&x, &count, f);
	if (e != OK)
		return e;
	run->wrote = true;
	hex_encode(id, made.b, ID_BYTES);
	if (run->cli->json)
		return run_json(run,
		    json_pack("{s:s, s:I}", "id", id, "destroyed",
			(json_int_t)count),
		    f);
	run_say(run,
	    "The order goes to every agency that holds any of it with the next "
	    "contact; footbridge seal status '%s' shows who confirmed.\n",
	    x.number);
	if (count > 0)
		run_say(run,
		    "%lld record group%s destroyed here; footbridge shred "
		    "status '%s' is the certificate.\n",
		    (long long)count, run_s(count), x.number);
	run_say(run, "%s\n", id);
	return OK;
}

/* ---- taking it back ---------------------------------------------------------------------- */

enum err
cmd_seal_vacate(struct run *run, struct fail *f)
{
	const struct table *t =
	    registry_table(replica_registry(run->replica), "seal_order");
	struct row_id id, staff;
	struct entry row;
	enum err e = role_need(&staff, run, ROLE_BITS_RECORDS,
	    "vacating an order to seal", f);

	if (e == OK)
		e = name_row(&id, run, t, run_word(run, 0), f);
	if (e != OK)
		return e;
	entry_begin(&row, run->replica, "seal_order");
	entry_text(&row, "state", "vacated");
	e = entry_set(&row, &id, &staff, f);
	run->wrote = e == OK;
	if (e == OK && run->cli->json)
		return run_json(run, json_pack("{s:b}", "vacated", true), f);
	if (e == OK)
		run_say(run,
		    "vacated: what it closed is shown again, wherever word of "
		    "this comes\n");
	return e;
}
