/* seal requests, seal execute, seal decline: another agency's order to expunge that
 * concerns records of this one. */
#include "node/cmd.h"

#include <string.h>

#include "node/name.h"
#include "node/out.h"
#include "node/role.h"
#include "node/seal_request.h"
#include "node/show_scope.h"
#include "sync/audit.h"
#include "sync/shred.h"

struct asked {
	struct run *run;
	struct arena arena;
	struct seal_request *list;
	size_t count;
	struct row_id staff;
};

static enum err
begin(struct asked *x, const char *what, struct fail *f)
{
	enum err e = role_need(&x->staff, x->run, ROLE_BITS_RECORDS, what, f);

	return e == OK ? seal_request_load(&x->list, &x->count, x->run->replica,
			     &x->arena, f)
		       : e;
}

static json_t *
request_json(struct asked *x, const struct seal_request *q)
{
	char id[ID_TEXT_BYTES], by[ID_TEXT_BYTES], person[ID_TEXT_BYTES];
	json_t *categories = json_array();

	hex_encode(id, q->id.b, ID_BYTES);
	hex_encode(person, q->person.b, ID_BYTES);
	for (size_t k = 0; k < q->category_count; k++)
		(void)json_array_append_new(categories,
		    json_string(q->category[k]));
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "id", id, "person",
	    person, "order", q->number, "court", q->court, "by",
	    name_of_agency(x->run, &q->by, by), "categories", categories);
}

static void
say_request(struct asked *x, const struct seal_request *q)
{
	char id[ID_TEXT_BYTES], by[ID_TEXT_BYTES];

	hex_encode(id, q->id.b, ID_BYTES);
	run_say(x->run,
	    "%s  order %s%s%s, entered by %s, to destroy of ours:", id,
	    q->number, q->court[0] != '\0' ? " of " : "", q->court,
	    name_of_agency(x->run, &q->by, by));
	for (size_t k = 0; k < q->category_count; k++)
		run_say(x->run, "%s %s", k > 0 ? "," : "", q->category[k]);
	run_say(x->run, "\n");
}

enum err
cmd_seal_requests(struct run *run, struct fail *f)
{
	struct asked x = { .run = run };
	json_t *array = run->cli->json ? json_array() : NULL;
	enum err e = begin(&x, "other agencies' orders to destroy", f);

	for (size_t k = 0; e == OK && k < x.count; k++) {
		if (array != NULL)
			(void)json_array_append_new(array,
			    request_json(&x, &x.list[k]));
		else
			say_request(&x, &x.list[k]);
	}
	run->decide = e == OK && x.count > 0;
	if (e == OK && x.count == 0 && array == NULL)
		run_say(run, "no other agency's order waits for an answer\n");
	arena_release(&x.arena);
	if (e == OK && array != NULL)
		return run_json(run, array, f);
	json_decref(array);
	return e;
}

static enum err
find(const struct seal_request **out, struct asked *x, struct fail *f)
{
	const struct table *t =
	    registry_table(replica_registry(x->run->replica), "seal_order");
	struct row_id id;
	enum err e = name_row(&id, x->run, t, run_word(x->run, 0), f);

	for (size_t k = 0; e == OK && k < x->count; k++)
		if (id_equal(&x->list[k].id, &id)) {
			*out = &x->list[k];
			return OK;
		}
	return e != OK ? e
		       : fail_set(f, ERR_NOTFOUND,
			     "no such order of another agency waits for an "
			     "answer here (footbridge seal requests)");
}

/* What was done, its journal and the answer: all of it or nothing. */
static enum err
answer(struct asked *x, const struct seal_request *q, const char *reason,
    struct shred_request *shred, int64_t *destroyed, struct fail *f)
{
	struct replica *r = x->run->replica;
	struct audit_entry what = { .act = reason != NULL ? "seal decline"
							  : "seal execute",
		.staff = &x->staff,
		.subject = &q->person,
		.note = q->number };
	enum err e = replica_begin(r, f);

	if (e != OK)
		return e;
	if (reason == NULL)
		e = shred_order(r, shred, destroyed, f);
	if (e == OK)
		e = seal_request_answer(r, q, reason, *destroyed, &x->staff, f);
	if (e == OK)
		e = audit_write(r, &what, f);
	if (e == OK)
		e = replica_commit(r, f);
	else
		replica_rollback(r);
	x->run->wrote = e == OK;
	return e;
}

enum err
cmd_seal_execute(struct run *run, struct fail *f)
{
	struct asked x = { .run = run };
	const struct seal_request *q = NULL;
	struct shred_request shred;
	struct fail why = { .code = OK };
	int64_t destroyed = 0;
	bool rekeyed;
	enum err e = begin(&x, "carrying out another agency's order", f);

	if (e == OK)
		e = find(&q, &x, f);
	if (e == OK) {
		shred = (struct shred_request){ .subject = q->person,
			.categories = q->category,
			.category_count = q->category_count,
			.reference = q->number,
			.staff = x.staff };
		if (cli_get(run->cli, "dry-run") != NULL) {
			e = show_scope(run, &shred, f);
			arena_release(&x.arena);
			return e;
		}
		e = answer(&x, q, NULL, &shred, &destroyed, f);
	}
	arena_release(&x.arena);
	if (e != OK)
		return e;
	run->whole = true;
	(void)out_shred(run->replica, &rekeyed, &why);
	if (run->cli->json)
		return run_json(run,
		    json_pack("{s:I}", "compartments", (json_int_t)destroyed),
		    f);
	run_say(run,
	    "%lld record group%s destroyed; the answer goes to who entered the "
	    "order.\n",
	    (long long)destroyed, run_s(destroyed));
	return OK;
}

enum err
cmd_seal_decline(struct run *run, struct fail *f)
{
	struct asked x = { .run = run };
	const char *reason = cli_get(run->cli, "reason");
	const struct seal_request *q = NULL;
	int64_t none = 0;
	enum err e = begin(&x, "declining another agency's order", f);

	if (e == OK && (reason == NULL || strlen(reason) < 10))
		e = fail_set(f, ERR_USAGE,
		    "--reason: say in a sentence why; who entered the order "
		    "reads it");
	if (e == OK)
		e = find(&q, &x, f);
	if (e == OK)
		e = answer(&x, q, reason, NULL, &none, f);
	arena_release(&x.arena);
	if (e == OK && run->cli->json)
		return run_json(run, json_pack("{s:b}", "declined", true), f);
	if (e == OK)
		run_say(run,
		    "declined: nothing was destroyed, it stays closed, and who "
		    "entered the order reads why\n");
	return e;
}
