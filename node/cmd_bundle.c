/* bundle export, bundle import, bundle show, rescue. */
#include "node/cmd.h"

#include <stdlib.h>

#include "node/after.h"
#include "node/disclosed.h"
#include "node/show_taken.h"
#include "node/stick.h"
#include "node/enrol.h"
#include "node/name.h"
#include "node/out.h"
#include "node/show.h"
#include "sync/remove.h"
#include "sync/rescue.h"
#include "sync/revoke.h"

/* ---- export ---- */

static enum err
recipients(struct node_id *nodes, size_t *count, struct run *run,
    struct fail *f)
{
	const struct member_node *n;
	const char *text;
	enum err e;

	for (*count = 0; (text = cli_get_at(run->cli, "for", *count)) != NULL;
	     (*count)++) {
		if (*count == LIMIT_BUNDLE_RECIPIENTS)
			return fail_set(f, ERR_USAGE,
			    "bundle export: at most %d recipients",
			    LIMIT_BUNDLE_RECIPIENTS);
		e = members_find_node(replica_members(run->replica), &n, text,
		    f);
		if (e != OK)
			return e;
		nodes[*count] = n->id;
	}
	if (*count == 0)
		return fail_set(f, ERR_USAGE,
		    "bundle export: say for whom: --for NODE");
	return OK;
}

static enum err
say_export(struct run *run, const struct stick_parts *p,
    const struct exchange_stats *s, struct fail *f)
{
	if (run->cli->json)
		return run_json(run,
		    json_pack("{s:s, s:i, s:I, s:I, s:I}", "file", p->name,
			"parts", (int)p->count, "segments",
			(json_int_t)s->sent_segments, "members",
			(json_int_t)s->sent_members, "sealed",
			(json_int_t)s->sealed),
		    f);
	run_say(run,
	    "%s%s holds %lld log entr%s and %lld membership record%s\n",
	    p->name, p->split ? ".001 and on" : "", (long long)s->sent_segments,
	    s->sent_segments == 1 ? "y" : "ies", (long long)s->sent_members,
	    run_s((int64_t)s->sent_members));
	if (p->count > 1)
		run_say(run, "%u parts; they may be imported in any order\n",
		    p->count);
	if (!run->cli->quiet)
		run_say(run,
		    "Import it there with --receipt FILE and import that file "
		    "here: until then it goes into every bundle again.\n");
	return OK;
}

enum err
cmd_bundle_export(struct run *run, struct fail *f)
{
	const char *split = cli_get(run->cli, "split");
	struct node_id nodes[LIMIT_BUNDLE_RECIPIENTS];
	struct stick_parts p = { .run = run,
		.name = run_word(run, 0),
		.fd = -1 };
	struct bundle_writer to = stick_parts_writer(&p);
	struct exchange_stats stats = { 0 };
	unsigned parts = 0;
	size_t count;
	bool more;
	int64_t bytes = 0;
	enum err e = recipients(nodes, &count, run, f);

	if (e == OK && split != NULL)
		e = cli_bytes(&bytes, split, f);
	if (e == OK && split != NULL && bytes < BUNDLE_SPLIT_MIN_BYTES)
		e = fail_set(f, ERR_USAGE, "--split: want at least %d bytes",
		    BUNDLE_SPLIT_MIN_BYTES);
	p.split = split != NULL;
	if (e == OK)
		e = stick_parts_check(&p, f);
	if (e != OK)
		return e;
	e = bundle_export(run->replica, &parts, nodes, count, (uint64_t)bytes,
	    &to, &stats, f);
	e = stick_parts_finish(&p, e, f);
	run->wrote = e == OK && stats.sealed > 0;
	for (size_t k = 0; e == OK && k < count; k++)
		e = disclosed_settle(run->replica, &nodes[k], &more, f);
	return e == OK ? say_export(run, &p, &stats, f) : e;
}

/* ---- show ---- */

static json_t *
recipients_json(struct run *run, const struct bundle_info *b)
{
	json_t *array = json_array();

	(void)run;
	for (size_t i = 0; i < b->recipient_count; i++) {
		char id[ID_TEXT_BYTES];

		hex_encode(id, b->recipient[i].node.b, ID_BYTES);
		(void)json_array_append_new(array,
		    json_pack("{s:s, s:I}", "node", id, "bytes",
			(json_int_t)b->recipient[i].bytes));
	}
	return array;
}

static enum err
say_show(struct run *run, const struct bundle_info *b, struct fail *f)
{
	char network[ID_TEXT_BYTES], sender[ID_TEXT_BYTES];
	char made[NAME_TIME_BYTES], id[ID_TEXT_BYTES];

	hex_encode(network, b->network.b, ID_BYTES);
	hex_encode(sender, b->sender.b, ID_BYTES);
	name_time(made, b->made_ms, 0);
	if (run->cli->json)
		return run_json(run,
		    json_pack("{s:s, s:s, s:s, s:i, s:b, s:s, s:I, s:o}",
			"kind", b->kind == BUNDLE_RECEIPT ? "receipt" : "data",
			"network", network, "sender", sender, "part",
			(int)b->part, "last", b->last, "made", made, "bytes",
			(json_int_t)b->bytes, "recipients",
			recipients_json(run, b)),
		    f);
	run_say(run,
	    "%s, whole and signed by its sender\n  from node %s\n  of network "
	    "%s\n  made %s UTC by the sender's clock, %llu bytes, part %u%s\n",
	    b->kind == BUNDLE_RECEIPT ? "a receipt" : "a bundle", sender,
	    network, made, (unsigned long long)b->bytes, b->part,
	    b->last ? " (the last)" : "");
	for (size_t i = 0; i < b->recipient_count; i++) {
		hex_encode(id, b->recipient[i].node.b, ID_BYTES);
		run_say(run, "  for node %s: %llu bytes\n", id,
		    (unsigned long long)b->recipient[i].bytes);
	}
	return OK;
}

enum err
cmd_bundle_show(struct run *run, struct fail *f)
{
	struct bundle_info *info = calloc(1, sizeof(*info));
	struct stick_source source = { .run = run, .fd = -1 };
	struct bundle_reader from = stick_source_reader(&source);
	enum err e;

	if (info == NULL)
		return fail_set(f, ERR_NOMEM, "reading a bundle");
	e = stick_source_open(&source, run_word(run, 0), f);
	if (e == OK) {
		e = bundle_show(info, &from, f);
		if (e != OK)
			e = fail_in(f, e, "%.100s", run_word(run, 0));
	}
	if (e == OK)
		e = say_show(run, info, f);
	stick_source_close(&source);
	free(info);
	return e;
}

/* ---- import ---- */

/* Requests and answers of joining travel by stick too. */
static enum err
import_request(struct run *run, const struct buf *b, struct fail *f)
{
	const struct env *env = replica_env(run->replica);
	struct buf answer = { .limit = JOIN_ANSWER_BYTES }, path = { 0 };
	const char *name = run_word(run, 0);
	char text[ID_TEXT_BYTES];
	struct node_id joined;
	enum err e =
	    join_answer_make(run->replica, &answer, &joined, b->p, b->n, f);

	if (e == OK) {
		run->wrote = true;
		(void)run_path(run, &path, name);
		buf_printf(&path, ".answer");
		e = env->file_write(env->self, buf_cstr(&path), answer.p,
		    answer.n, f);
	}
	if (e == OK && run->cli->json)
		e = run_json(run,
		    json_pack("{s:s, s:s}", "joined",
			name_of_node(run, &joined, text), "answer",
			buf_cstr(&path)),
		    f);
	else if (e == OK)
		run_say(run,
		    "%s is a member now. Bring %s.answer back and import it "
		    "there.\n",
		    name_of_node(run, &joined, text), name);
	buf_release(&answer);
	buf_release(&path);
	return e;
}

static enum err
import_answer(struct run *run, const struct buf *b, struct fail *f)
{
	enum err e = enrol_finish(run, run->replica, b->p, b->n, f);

	if (e == OK && run->cli->json)
		return run_json(run,
		    json_pack("{s:s}", "joined",
			members_network_name(replica_members(run->replica))),
		    f);
	return e;
}

static enum err
write_receipt(struct run *run, const struct node_id *sender, struct fail *f)
{
	struct stick_parts p = { .run = run,
		.name = cli_get(run->cli, "receipt"),
		.fd = -1 };
	struct bundle_writer to = stick_parts_writer(&p);
	enum err e;

	if (p.name == NULL)
		return OK;
	e = stick_parts_check(&p, f);
	if (e != OK)
		return e;
	e = bundle_export_receipt(run->replica, sender, &to, f);
	return stick_parts_finish(&p, e, f);
}

static enum err
say_import(struct run *run, const struct exchange_stats *s,
    const struct bundle_info *b, struct fail *f)
{
	char sender[ID_TEXT_BYTES];
	json_t *outcome;

	if (run->cli->json) {
		outcome = json_object();
		for (int i = 0; i < OUTCOME_COUNT; i++)
			(void)show_set(outcome, outcome_name((enum outcome)i),
			    json_integer((json_int_t)s->outcome[i]));
		return run_json(run,
		    json_pack("{s:s, s:I, s:o, s:I}", "from",
			name_of_node(run, &b->sender, sender), "received",
			(json_int_t)s->received, "outcome", outcome, "receipts",
			(json_int_t)s->receipts_in),
		    f);
	}
	if (b->kind == BUNDLE_RECEIPT) {
		run_say(run,
		    "receipt from %s: what it confirms is not sent again\n",
		    name_of_node(run, &b->sender, sender));
		return OK;
	}
	run_say(run, "from %s: ", name_of_node(run, &b->sender, sender));
	show_received(run, s->received, s->outcome);
	run_say(run, "\n");
	if (s->note[0] != '\0')
		run_say(run, "%s\n", s->note);
	return OK;
}

static enum err
import_bundle(struct run *run, const struct bundle_reader *from, struct fail *f)
{
	struct bundle_info *info = calloc(1, sizeof(*info));
	struct exchange_stats stats = { 0 };
	int64_t before = 0, after = 0, notices, mark = 0;
	int64_t began_ms = env_wall_ms(replica_env(run->replica));
	enum err e;

	if (info == NULL)
		return fail_set(f, ERR_NOMEM, "reading a bundle");
	e = conflict_count(run->replica, &before, &notices, f);
	if (e == OK)
		e = remove_mark(run->replica, &mark, f);
	if (e == OK) {
		e = bundle_import(run->replica, info, &stats, from, f);
		if (e != OK)
			e = fail_in(f, e, "%.100s", run_word(run, 0));
	}
	run->wrote = stats.received > 0;
	if (e == OK)
		e = write_receipt(run, &info->sender, f);
	if (e == OK)
		e = say_import(run, &stats, info, f);
	if (e == OK && !run->cli->json)
		e = show_taken_since(&run->out, run, mark, f);
	if (e == OK && !run->cli->json)
		e = show_destroyed(&run->out, run, began_ms, f);
	if (e == OK)
		e = conflict_count(run->replica, &after, &notices, f);
	run->decide = e == OK && after > before;
	if (run->decide && !run->cli->json)
		run_say(run,
		    "%lld new conflict%s for a person to decide: footbridge "
		    "conflicts\n",
		    (long long)(after - before), run_s(after - before));
	free(info);
	return e;
}

static enum err
import_rescue(struct run *run, const struct bundle_reader *from, struct fail *f)
{
	int64_t outcome[OUTCOME_COUNT], received = 0;
	json_t *all;
	enum err e = rescue_read(run->replica, outcome, from, f);

	for (int i = 0; i < OUTCOME_COUNT; i++)
		received += outcome[i];
	run->wrote = received > 0;
	if (e != OK)
		return fail_in(f, e, "%.100s", run_word(run, 0));
	if (run->cli->json) {
		all = json_object();
		for (int i = 0; i < OUTCOME_COUNT; i++)
			(void)show_set(all, outcome_name((enum outcome)i),
			    json_integer((json_int_t)outcome[i]));
		return run_json(run,
		    json_pack("{s:I, s:o}", "received", (json_int_t)received,
			"outcome", all),
		    f);
	}
	run_say(run, "rescued: ");
	show_received(run, received, outcome);
	run_say(run, "\nfootbridge status says what waits to be adopted\n");
	return OK;
}

/* ---- rescue ---- */

enum err
cmd_rescue(struct run *run, struct fail *f)
{
	struct stick_parts p = { .run = run,
		.name = run_word(run, 0),
		.fd = -1 };
	struct bundle_writer to = stick_parts_writer(&p);
	int64_t segments = 0;
	enum err e = stick_parts_check(&p, f);

	if (e == OK)
		e = out_obey(run->replica, f);
	if (e != OK)
		return e;
	e = rescue_write(run->replica, &segments, &to, f);
	e = stick_parts_finish(&p, e, f);
	if (e != OK)
		return e;
	if (run->cli->json)
		return run_json(run,
		    json_pack("{s:s, s:I}", "file", p.name, "segments",
			(json_int_t)segments),
		    f);
	run_say(run,
	    "%s holds %lld entr%s, sealed. Import it at the office (bundle "
	    "import); a registrar there adopts them.\n",
	    p.name, (long long)segments, segments == 1 ? "y" : "ies");
	return OK;
}

/* What the file is, by its first bytes. */
static enum err
import_any(struct run *run, struct stick_source *source, struct fail *f)
{
	struct bundle_reader from = stick_source_reader(source);
	struct buf b = { .limit = JOIN_ANSWER_BYTES };
	uint8_t *p = buf_grow(&b, JOIN_REQUEST_BYTES);
	enum err e = p != NULL ? from.read(source, 0, p, b.n, &b.n, f) : b.err;

	if (e == OK && join_is_answer(b.p, b.n)) {
		buf_reset(&b);
		p = buf_grow(&b, JOIN_ANSWER_BYTES);
		e = p != NULL ? from.read(source, 0, p, b.n, &b.n, f) : b.err;
		if (e == OK)
			e = import_answer(run, &b, f);
	} else if (e == OK && join_is_request(b.p, b.n)) {
		e = import_request(run, &b, f);
	} else if (e == OK &&
	    members_network(replica_members(run->replica)) == NULL) {
		e = fail_set(f, ERR_DENIED,
		    "this replica belongs to no network yet: import the answer "
		    "to its join request first");
	} else if (e == OK && rescue_is(b.p, b.n)) {
		e = import_rescue(run, &from, f);
	} else if (e == OK) {
		e = import_bundle(run, &from, f);
	}
	buf_release(&b);
	return e;
}

enum err
cmd_bundle_import(struct run *run, struct fail *f)
{
	struct stick_source source = { .run = run, .fd = -1 };
	enum err e = stick_source_open(&source, run_word(run, 0), f);

	if (e == OK)
		e = import_any(run, &source, f);
	stick_source_close(&source);
	if (e == OK)
		e = after_contact(run->replica, f);
	return e;
}
