/* transfer, transfer accept, and what status says of them. */
#include "node/cmd.h"

#include <string.h>

#include "node/actor.h"
#include "node/category.h"
#include "node/name.h"
#include "node/policy/drive.h"
#include "node/role.h"
#include "node/show_offer.h"
#include "sync/transfer.h"

static enum err
answer(struct run *run, const char *word, int64_t count, const char *words,
    struct fail *f)
{
	run->wrote = count > 0;
	if (run->cli->json)
		return run_json(run,
		    json_pack("{s:I}", word, (json_int_t)count), f);
	run_say(run, "%lld categor%s %s\n", (long long)count,
	    count == 1 ? "y" : "ies", words);
	return OK;
}

/* Who is to own it reads it: where rules were signed here they decide about that, and
 * what it rests on is theirs to say, whatever was typed. */
static enum err
offer_one(int64_t *offered, struct run *run, const struct transfer_request *q,
    const char *const *category, struct fail *f)
{
	char basis[LIMIT_BASIS_BYTES + 1];
	struct transfer_request one = *q;
	struct drive_word w;
	int64_t count = 0;
	enum err e =
	    drive_ask(&w, run->replica, &q->subject, *category, &q->to, f);

	one.categories = category;
	one.category_count = 1;
	if (e == OK && w.approved && w.answer.reason == POLICY_SEALED)
		e = role_must_know_seals(run, f);
	if (e == OK && w.approved && w.answer.reason != POLICY_PERMIT)
		e = fail_set(f, ERR_DENIED,
		    "transfer %.40s: %s %s; nothing was offered", *category,
		    buf_cstr(&w.why), buf_cstr(&w.next));
	if (e == OK && w.approved) {
		policy_basis_text(basis, &w.basis);
		one.basis = basis;
	}
	if (e == OK)
		e = transfer_offer(run->replica, &one, &count, f);
	*offered += count;
	buf_release(&w.why);
	buf_release(&w.next);
	return e;
}

/* All of it or none. */
static enum err
offer_all(int64_t *offered, struct run *run, const struct transfer_request *q,
    struct fail *f)
{
	enum err e = replica_begin(run->replica, f);

	if (e != OK)
		return e;
	for (size_t k = 0; e == OK && k < q->category_count; k++)
		e = offer_one(offered, run, q, &q->categories[k], f);
	if (e == OK)
		return replica_commit(run->replica, f);
	replica_rollback(run->replica);
	return e;
}

enum err
cmd_transfer(struct run *run, struct fail *f)
{
	const char *to = cli_get(run->cli, "to");
	struct transfer_request q = { .categories = run->cli->words + 1,
		.category_count = run->cli->word_count - 1 };
	const struct member_agency *agency;
	int64_t offered = 0;
	enum err e;

	if (to == NULL)
		return fail_set(f, ERR_USAGE,
		    "transfer: say to whom: --to AGENCY");
	e = members_find_agency(replica_members(run->replica), &agency, to, f);
	if (e == OK)
		e = category_check(run, 1, "handed over", f);
	if (e == OK)
		e = actor_subject(run, &q.subject, run_word(run, 0), f);
	if (e != OK)
		return e;
	q.to = agency->id;
	q.basis = cli_get(run->cli, "basis");
	if (q.basis == NULL)
		q.basis = "";
	e = offer_all(&offered, run, &q, f);
	return e == OK ? answer(run, "offered", offered,
			     "offered; theirs once they accept (footbridge "
			     "transfer accept there)",
			     f)
		       : e;
}

enum err
cmd_transfer_accept(struct run *run, struct fail *f)
{
	struct row_id subject;
	int64_t accepted = 0;
	enum err e = actor_subject(run, &subject, run_word(run, 0), f);

	if (e == OK)
		e = transfer_accept(run->replica, &subject, &accepted, f);
	return e == OK ? answer(run, "accepted", accepted,
			     "accepted: this agency decides about it now", f)
		       : e;
}

static void
say_open(void *context, const struct transfer_open *t)
{
	struct run *run = context;
	char owner[ID_TEXT_BYTES], to[ID_TEXT_BYTES], id[ID_TEXT_BYTES];

	hex_encode(id, t->subject.b, ID_BYTES);
	if (t->ours)
		run_say(run,
		    "transfer: %s offers %s of %s; footbridge transfer accept "
		    "%s takes it over\n",
		    name_of_agency(run, &t->owner, owner), t->category, id, id);
	else
		run_say(run,
		    "transfer: %s of %s is offered to %s, which did not accept "
		    "yet\n",
		    t->category, id, name_of_agency(run, &t->to, to));
}

enum err
show_transfer_say(struct run *run, struct fail *f)
{
	return transfer_open_each(run->replica, say_open, run, f);
}
