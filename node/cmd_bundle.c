/* bundle export, bundle import, bundle show. */
#include "node/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/enrol.h"
#include "node/name.h"
#include "node/show.h"
#include "sync/bundle.h"
#include "sync/lane.h"

/* ---- writing parts ---- */

/* Parts go to temporary names first; they get their own when all is written. */
struct parts {
	struct run *run;
	const char *name; /* as typed */
	bool split;
	unsigned count;
	int fd;
};

static const char *
part_path(const struct parts *p, struct buf *path, unsigned part, bool final)
{
	buf_reset(path);
	(void)run_path(p->run, path, p->name);
	if (p->split)
		buf_printf(path, ".%03u", part);
	if (!final)
		buf_printf(path, ".new");
	return buf_cstr(path);
}

static enum err
part_error(const struct parts *p, struct fail *f)
{
	return fail_set(f, ERR_IO,
	    "%.160s cannot be written: %s; what was written is taken away",
	    p->name, strerror(errno));
}

static enum err
part_end(struct parts *p, struct fail *f)
{
	int fd = p->fd;

	p->fd = -1;
	if (fd < 0)
		return OK;
	if (fsync(fd) != 0) {
		(void)close(fd);
		return part_error(p, f);
	}
	return close(fd) == 0 ? OK : part_error(p, f);
}

static enum err
part_begin(void *context, unsigned part, struct fail *f)
{
	struct parts *p = context;
	struct buf path = { 0 };
	enum err e = part_end(p, f);

	if (e != OK)
		return e;
	p->count = part;
	p->fd = open(part_path(p, &path, part, false),
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	buf_release(&path);
	return p->fd >= 0 ? OK : part_error(p, f);
}

static enum err
part_write(void *context, const uint8_t *bytes, size_t n, struct fail *f)
{
	struct parts *p = context;

	while (n > 0) {
		ssize_t done = write(p->fd, bytes, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return part_error(p, f);
		bytes += done;
		n -= (size_t)done;
	}
	return OK;
}

/* All parts get their names, or all are taken away. */
static enum err
parts_finish(struct parts *p, enum err e, struct fail *f)
{
	struct buf from = { 0 }, to = { 0 };
	enum err ended = part_end(p, e == OK ? f : NULL);

	if (e == OK)
		e = ended;
	for (unsigned i = 1; i <= p->count; i++) {
		const char *old = part_path(p, &from, i, false);
		const char *new = part_path(p, &to, i, true);

		if (e == OK && rename(old, new) != 0)
			e = part_error(p, f);
		else if (e != OK)
			(void)unlink(old);
	}
	buf_release(&from);
	buf_release(&to);
	return e;
}

/* A bundle may be replaced by a newer one, nothing else may. */
static enum err
check_target(const struct parts *p, struct fail *f)
{
	struct buf path = { 0 };
	uint8_t head[8];
	int fd =
	    open(part_path(p, &path, 1, true), O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n;

	buf_release(&path);
	if (fd < 0)
		return OK;
	n = read(fd, head, sizeof(head));
	(void)close(fd);
	if (n == 0 ||
	    (n == (ssize_t)sizeof(head) && bundle_is(head, (size_t)n)))
		return OK;
	return fail_set(f, ERR_EXISTS,
	    "%.200s is there and is no bundle; nothing was written", p->name);
}

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
say_export(struct run *run, const struct parts *p,
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
	struct parts p = { .run = run, .name = run_word(run, 0), .fd = -1 };
	struct bundle_writer to = { &p, part_begin, part_write };
	struct exchange_stats stats = { 0 };
	unsigned parts = 0;
	size_t count;
	int64_t bytes = 0;
	enum err e = recipients(nodes, &count, run, f);

	if (e == OK && split != NULL)
		e = cli_bytes(&bytes, split, f);
	if (e == OK && split != NULL && bytes < BUNDLE_SPLIT_MIN_BYTES)
		e = fail_set(f, ERR_USAGE, "--split: want at least %d bytes",
		    BUNDLE_SPLIT_MIN_BYTES);
	p.split = split != NULL;
	if (e == OK)
		e = check_target(&p, f);
	if (e != OK)
		return e;
	e = bundle_export(run->replica, &parts, nodes, count, (uint64_t)bytes,
	    &to, &stats, f);
	e = parts_finish(&p, e, f);
	run->wrote = e == OK && stats.sealed > 0;
	return e == OK ? say_export(run, &p, &stats, f) : e;
}

/* ---- reading ---- */

static enum err
read_at(void *context, uint64_t offset, uint8_t *p, size_t n, size_t *got,
    struct fail *f)
{
	const int *fd = context;
	size_t have = 0;

	while (have < n) {
		ssize_t done =
		    pread(*fd, p + have, n - have, (off_t)(offset + have));

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return fail_set(f, ERR_IO,
			    "the file cannot be read: %s", strerror(errno));
		if (done == 0)
			break;
		have += (size_t)done;
	}
	*got = have;
	return OK;
}

static enum err
open_bundle(int *fd, struct run *run, const char *name, struct fail *f)
{
	struct buf path = { 0 };
	struct stat st;

	*fd = open(run_path(run, &path, name), O_RDONLY | O_CLOEXEC | O_NOCTTY);
	buf_release(&path);
	if (*fd < 0)
		return fail_set(f, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
		    "%.200s cannot be opened: %s", name, strerror(errno));
	if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode))
		return OK;
	(void)close(*fd);
	*fd = -1;
	return fail_set(f, ERR_INPUT, "%.200s is not a regular file", name);
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
	int fd = -1;
	struct bundle_reader from = { &fd, read_at };
	enum err e;

	if (info == NULL)
		return fail_set(f, ERR_NOMEM, "reading a bundle");
	e = open_bundle(&fd, run, run_word(run, 0), f);
	if (e == OK) {
		e = bundle_show(info, &from, f);
		if (e != OK)
			e = fail_in(f, e, "%.100s", run_word(run, 0));
	}
	if (e == OK)
		e = say_show(run, info, f);
	if (fd >= 0)
		(void)close(fd);
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
	struct parts p = { .run = run,
		.name = cli_get(run->cli, "receipt"),
		.fd = -1 };
	struct bundle_writer to = { &p, part_begin, part_write };
	enum err e;

	if (p.name == NULL)
		return OK;
	e = check_target(&p, f);
	if (e != OK)
		return e;
	e = bundle_export_receipt(run->replica, sender, &to, f);
	return parts_finish(&p, e, f);
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
	int64_t before = 0, after = 0, notices;
	enum err e;

	if (info == NULL)
		return fail_set(f, ERR_NOMEM, "reading a bundle");
	e = conflict_count(run->replica, &before, &notices, f);
	if (e == OK) {
		e = bundle_import(run->replica, info, &stats, from, f);
		if (e != OK)
			e = fail_in(f, e, "%.100s", run_word(run, 0));
	}
	run->wrote = stats.received > 0;
	if (e == OK)
		e = lane_peer_heard(run->replica, &info->sender, info->made_ms,
		    f);
	if (e == OK)
		e = write_receipt(run, &info->sender, f);
	if (e == OK)
		e = say_import(run, &stats, info, f);
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

/* What the file is, by its first bytes. */
static enum err
import_any(struct run *run, int *fd, struct fail *f)
{
	struct bundle_reader from = { fd, read_at };
	struct buf b = { .limit = JOIN_ANSWER_BYTES };
	uint8_t *p = buf_grow(&b, JOIN_REQUEST_BYTES);
	enum err e = p != NULL ? read_at(fd, 0, p, b.n, &b.n, f) : b.err;

	if (e == OK && join_is_answer(b.p, b.n)) {
		buf_reset(&b);
		p = buf_grow(&b, JOIN_ANSWER_BYTES);
		e = p != NULL ? read_at(fd, 0, p, b.n, &b.n, f) : b.err;
		if (e == OK)
			e = import_answer(run, &b, f);
	} else if (e == OK && join_is_request(b.p, b.n)) {
		e = import_request(run, &b, f);
	} else if (e == OK &&
	    members_network(replica_members(run->replica)) == NULL) {
		e = fail_set(f, ERR_DENIED,
		    "this replica belongs to no network yet: import the answer "
		    "to its join request first");
	} else if (e == OK) {
		e = import_bundle(run, &from, f);
	}
	buf_release(&b);
	return e;
}

enum err
cmd_bundle_import(struct run *run, struct fail *f)
{
	int fd = -1;
	enum err e = open_bundle(&fd, run, run_word(run, 0), f);

	if (e != OK)
		return e;
	e = import_any(run, &fd, f);
	(void)close(fd);
	return e;
}
