/* What comes from others and goes to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sync/bundle.h"
#include "sync/exchange.h"
#include "tests/faults/acts.h"

#define MUST(call) \
	do { \
		struct fail fail_ = { .code = OK }; \
		struct fail *f = &fail_; \
		if ((call) != OK) \
			fail_msg("%s: %s", #call, fail_.text); \
	} while (0)

/* ---- what comes from others ----------------------------------------------------*/

void
prepare_segments(struct scene *s)
{
	struct pair *p = &s->p;
	int64_t first = pair_top(p, PAIR_CLINIC) + 1, top;

	(void)pair_seal(p, PAIR_CLINIC);
	assert_int_equal(pair_set(p, PAIR_CLINIC, "person", &s->person[0],
			     "hearing", "renamed there", NULL),
	    OK);
	(void)pair_seal(p, PAIR_CLINIC);
	pair_insert(p, PAIR_CLINIC, "attendance", &s->row, &s->person[0],
	    "appointment", "Monday");
	top = pair_seal(p, PAIR_CLINIC);
	/* a change of one's own that knows nothing of these */
	assert_int_equal(pair_set(p, PAIR_NORTH, "person", &s->person[0],
			     "hearing", "renamed here", NULL),
	    OK);
	for (int64_t no = first; no <= top; no++)
		MUST(log_bytes(p->r[PAIR_CLINIC], scene_input(s), no, f));
}

static enum err
receive(struct scene *s, size_t i, struct fail *f)
{
	const struct node_id *peer =
	    &replica_identity(s->p.r[PAIR_CLINIC])->node;
	struct fail why = { .code = OK };
	struct segment_id id;
	enum outcome o;
	enum err e;

	assert_true(i < s->inputs);
	e = replica_begin(s->r, f);
	if (e == OK)
		e = log_receive(s->r, &o, &id, s->in[i].p, s->in[i].n, peer,
		    &why, f);
	if (e == OK)
		return replica_commit(s->r, f);
	replica_rollback(s->r);
	return e;
}

enum err
act_apply_second(struct scene *s, struct fail *f)
{
	return receive(s, 1, f);
}

enum err
act_apply_first(struct scene *s, struct fail *f)
{
	return receive(s, 0, f);
}

enum err
act_apply_third(struct scene *s, struct fail *f)
{
	return receive(s, 2, f);
}

/* The clinic calls this machine: its hello, then what it has. */
void
prepare_call(struct scene *s)
{
	struct exchange *x;
	bool done;

	(void)pair_seal(&s->p, PAIR_CLINIC);
	MUST(exchange_new(&x, s->p.r[PAIR_CLINIC],
	    &replica_identity(s->p.r[s->is->who])->node, 65536, f));
	MUST(exchange_ask(x, scene_input(s), &done, f));
	exchange_free(x);
}

enum err
act_answer(struct scene *s, struct fail *f)
{
	struct exchange_stats stats = { 0 };
	struct buf b = { .limit = LIMIT_MESSAGE_BYTES };
	enum err e = exchange_answer(s->r, &b,
	    &replica_identity(s->p.r[PAIR_CLINIC])->node, s->in[0].p,
	    s->in[0].n, &stats, f);

	if (e == OK)
		scene_leaves(s);
	buf_release(&b);
	return e;
}

enum err
act_call_hub(struct scene *s, struct fail *f)
{
	struct buf b = { .limit = LIMIT_MESSAGE_BYTES };
	struct exchange *x = NULL;
	bool done;
	enum err e = exchange_new(&x, s->r,
	    &replica_identity(s->p.r[PAIR_HUB])->node, 65536, f);

	if (e == OK)
		e = exchange_ask(x, &b, &done, f);
	if (e == OK)
		scene_leaves(s);
	exchange_free(x);
	buf_release(&b);
	return e;
}

/* ---- bundles -------------------------------------------------------------------*/

struct stick {
	struct scene *s;
	void *stream;
	char path[64];
	bool told;
};

static enum err
stick_part(void *context, unsigned part, struct fail *f)
{
	struct stick *t = context;
	const struct env *env = &t->s->env->env;
	enum err e = env->stream_close(env->self, t->stream, f);

	t->stream = NULL;
	(void)snprintf(t->path, sizeof(t->path), "%s.stick.%u", t->s->dir,
	    part);
	(void)env->file_remove(env->self, t->path, NULL);
	return e == OK
	    ? env->stream_open(env->self, &t->stream, t->path, true, f)
	    : e;
}

static enum err
stick_write(void *context, const uint8_t *p, size_t n, struct fail *f)
{
	struct stick *t = context;
	const struct env *env = &t->s->env->env;

	if (!t->told)
		scene_leaves(t->s);
	t->told = true;
	return env->stream_write(env->self, t->stream, p, n, f);
}

enum err
act_export(struct scene *s, struct fail *f)
{
	struct stick t = { .s = s };
	const struct bundle_writer w = { .context = &t,
		.part = stick_part,
		.write = stick_write };
	const struct node_id *to[] = {
		&replica_identity(s->p.r[PAIR_CLINIC])->node,
		&replica_identity(s->p.r[PAIR_HUB])->node,
	};
	struct node_id recipients[] = { *to[0], *to[1] };
	const struct env *env = &s->env->env;
	struct fail later = { 0 };
	enum err e =
	    bundle_export(s->r, &s->parts, recipients, 2, 0, &w, NULL, f);
	enum err closed =
	    env->stream_close(env->self, t.stream, e == OK ? f : &later);

	return e == OK ? closed : e;
}

static enum err
memory_part(void *context, unsigned part, struct fail *f)
{
	(void)context, (void)part, (void)f;
	return OK;
}

static enum err
memory_write(void *context, const uint8_t *p, size_t n, struct fail *f)
{
	struct buf *b = context;

	buf_put(b, p, n);
	return b->err == OK ? OK : fail_code(f, b->err);
}

static enum err
memory_read(void *context, uint64_t offset, uint8_t *p, size_t n, size_t *got,
    struct fail *f)
{
	const struct buf *b = context;

	(void)f;
	*got = offset < b->n ? b->n - (size_t)offset : 0;
	if (*got > n)
		*got = n;
	if (*got > 0)
		memcpy(p, b->p + offset, *got);
	return OK;
}

void
prepare_bundle(struct scene *s)
{
	const struct bundle_writer w = { .context = scene_input(s),
		.part = memory_part,
		.write = memory_write };

	pair_insert(&s->p, PAIR_CLINIC, "duty", &s->row, &s->person[0], "role",
	    "counsellor");
	pair_insert(&s->p, PAIR_CLINIC, "person", &s->person[3], NULL,
	    "hearing", "Sample Nine");
	MUST(bundle_export(s->p.r[PAIR_CLINIC], &s->parts,
	    &replica_identity(s->p.r[PAIR_NORTH])->node, 1, 0, &w, NULL, f));
}

enum err
act_import(struct scene *s, struct fail *f)
{
	const struct bundle_reader from = { .context = &s->in[0],
		.read = memory_read };
	struct exchange_stats stats = { 0 };

	return bundle_import(s->r, NULL, &stats, &from, f);
}
