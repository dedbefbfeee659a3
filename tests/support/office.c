/* Offices: see office.h. */
#include "tests/support/office.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/assets.h"
#include "sync/code.h"
#include "sync/db.h"
#include "sync/join.h"
#include "sync/write.h"

static void
must(enum err e, const struct fail *f, const char *what)
{
	if (e == OK)
		return;
	printf("# %s: %s: %s\n", what, err_name(e), f->text);
	(void)fflush(stdout);
	abort();
}

static enum err
allow(void *context, const struct gate_question *q, struct fail *f)
{
	(void)context;
	(void)q;
	(void)f;
	return OK;
}

static const char *disk;

void
office_on_disk(const char *root)
{
	disk = root;
}

static void
put_on_disk(struct office *o, const char *name)
{
	static const char words[] = "the key file of an office, no secret";
	const struct slot_secret secret = { .kind = SLOT_KEYFILE,
		.p = words,
		.n = sizeof(words) - 1 };
	struct fail f = { 0 };

	(void)snprintf(o->dir, sizeof(o->dir), "%.150s/%.20s", disk, name);
	must(env_posix()->dir_make(env_posix()->self, o->dir, &f), &f, o->dir);
	must(slot_create(&o->keys, env_posix(), o->dir, &secret, &f), &f,
	    "slots");
	o->options.env = env_posix();
	o->options.keys = &o->keys;
	o->options.cache_kib = 0; /* as it ships */
}

static struct office *
new_office(const char *name, uint64_t seed)
{
	static struct registry_source source[16];
	struct office *o = calloc(1, sizeof(*o));

	if (o == NULL || schema_asset_count > COUNT_OF(source))
		abort();
	for (size_t i = 0; i < schema_asset_count; i++)
		source[i] =
		    (struct registry_source){ .name = schema_assets[i].name,
			    .text = (const char *)schema_assets[i].p,
			    .n = schema_assets[i].n };
	o->env = env_test_new(seed);
	(void)snprintf(o->dir, sizeof(o->dir), "/%.20s", name);
	o->options = (struct replica_options){ .env = &o->env->env,
		.schema = source,
		.schema_count = schema_asset_count,
		.gate = allow,
		.cache_kib = 512 };
	if (disk != NULL)
		put_on_disk(o, name);
	return o;
}

struct office *
office_found(const char *name, int kind, uint64_t seed)
{
	struct office *o = new_office(name, seed);
	struct replica_found found = { .network_name = "test",
		.node_name = name,
		.agency_name = name,
		.office = name,
		.agency_kind = kind,
		.relay = true };
	struct fail f = { 0 };

	must(replica_create(&o->r, o->dir, &o->options, &f), &f, "create");
	must(replica_found_network(o->r, &found, &f), &f, "found");
	return o;
}

static struct office *
join(struct office *steward, const char *name, uint64_t seed,
    const struct invite_options *options, const char *agency_code)
{
	struct office *o = new_office(name, seed);
	struct join_names names = { .agency_code = agency_code };
	struct join_result result;
	struct buf text = { 0 }, request = { 0 }, answer = { 0 }, code = { 0 };
	struct invite invite;
	struct node_id joined;
	struct fail f = { 0 };

	must(replica_create(&o->r, o->dir, &o->options, &f), &f, "create");
	must(invite_make(steward->r, &text, options, &f), &f, "invite");
	must(invite_parse(&invite, buf_cstr(&text), &f), &f, "invite text");
	must(join_request_make(o->r, &request, &code, &invite, &names, &f), &f,
	    "request");
	must(join_answer_make(steward->r, &answer, &joined, request.p,
		 request.n, &f),
	    &f, "answer");
	must(join_finish(o->r, &result, answer.p, answer.n, &f), &f, "finish");
	buf_release(&text);
	buf_release(&request);
	buf_release(&answer);
	buf_release(&code);
	return o;
}

struct office *
office_join(struct office *steward, const char *name, const char *agency,
    int kind, uint64_t seed)
{
	const struct invite_options options = { .agency = agency,
		.kind = kind,
		.name = name,
		.days = 7 };

	return join(steward, name, seed, &options, NULL);
}

struct office *
office_join_registrar(struct office *steward, const char *name, uint64_t seed)
{
	const struct identity *i = replica_identity(steward->r);
	const struct member_agency *agency =
	    members_agency(replica_members(steward->r), &i->agency);
	const struct invite_options options = { .agency = agency->name,
		.kind = -1,
		.name = name,
		.days = 7,
		.steward = true };
	struct buf code = { 0 };
	struct office *o;

	code_encode(&code, CODE_AGENCY, i->agency_master,
	    sizeof(i->agency_master));
	o = join(steward, name, seed, &options, buf_cstr(&code));
	buf_release(&code);
	return o;
}

void
office_free(struct office *o)
{
	if (o == NULL)
		return;
	replica_close(o->r);
	env_test_free(o->env);
	free(o);
}

void
office_restart(struct office *o)
{
	struct fail f = { 0 };

	replica_close(o->r);
	o->r = NULL;
	must(replica_open(&o->r, o->dir, &o->options, &f), &f, "open");
}

const struct node_id *
office_node(const struct office *o)
{
	return &replica_identity(o->r)->node;
}

static void
write_field(struct office *o, struct row_id *row, bool insert,
    const char *field, const char *value)
{
	const struct table *t =
	    registry_table(replica_registry(o->r), "person");
	struct write_field wf = { .field = table_field(t, field),
		.value = { .type = VALUE_TEXT,
		    .p = (const uint8_t *)value,
		    .n = strlen(value) } };
	struct write_request q = { .table = t,
		.row = insert ? NULL : row,
		.fields = &wf,
		.field_count = 1 };
	int64_t draft = 0;
	struct fail f = { 0 };

	env_test_pass(o->env, 1000);
	must(write_row(o->r, row, &draft, &q, &f), &f, "write");
}

struct row_id
office_person(struct office *o, const char *name)
{
	struct row_id row = { 0 };

	write_field(o, &row, true, "legal_name", name);
	return row;
}

void
office_set(struct office *o, const struct row_id *person, const char *field,
    const char *value)
{
	struct row_id row = *person;

	write_field(o, &row, false, field, value);
}

enum err
office_try_share(struct office *o, const struct row_id *person,
    const char *agency, struct fail *f)
{
	static const char *const category[] = { "IDX" };
	const struct member_agency *a = NULL;
	struct grant_request q = { .subject = *person,
		.categories = category,
		.category_count = 1,
		.kind = GRANT_AGENCY,
		.right = GRANT_WRITE,
		.basis = "agreement:test" };
	enum err e = members_find_agency(replica_members(o->r), &a, agency, f);

	if (e != OK)
		return e;
	memcpy(q.recipient, a->id.b, sizeof(q.recipient));
	return grant_share(o->r, &q, NULL, NULL, f);
}

void
office_share(struct office *o, const struct row_id *person, const char *agency)
{
	struct fail f = { 0 };

	must(office_try_share(o, person, agency, &f), &f, "share");
}

const char *
office_get(struct office *o, const struct row_id *person, const char *field)
{
	static char text[256];
	char sql[128];
	struct stmt *s;
	bool row = false;
	struct fail f = { 0 };

	(void)snprintf(sql, sizeof(sql), /* lint: a field name of the test */
	    "SELECT %s FROM person WHERE id = ?1", field);
	must(db_stmt(&s, replica_db(o->r), sql, &f), &f, "select");
	stmt_blob(s, 1, person->b, sizeof(person->b));
	must(stmt_step(s, &row, &f), &f, "step");
	(void)snprintf(text, sizeof(text), "%s",
	    row ? stmt_col_text(s, 0) : "");
	stmt_reset(s);
	return text;
}

int64_t
office_number(struct office *o, const char *sql)
{
	struct stmt *s;
	bool row = false;
	int64_t n = 0;
	struct fail f = { 0 };

	must(db_stmt(&s, replica_db(o->r), sql, &f), &f, sql);
	must(stmt_step(s, &row, &f), &f, sql);
	n = row ? stmt_col_int(s, 0) : 0;
	stmt_reset(s);
	return n;
}

/* ---- the wire ------------------------------------------------------------ */

/* One round trip; false when it broke or failed. */
static bool
round_trip(struct exchange *x, struct office *a, struct office *b,
    struct office_sync *s, const struct buf *request, struct buf *answer)
{
	s->messages++;
	if (s->break_at == s->messages && !s->taken_before_break) {
		s->broke = true;
		return false;
	}
	s->err = exchange_answer(b->r, answer, office_node(a), request->p,
	    request->n, &s->server, &s->fail);
	if (s->err != OK)
		return false;
	s->messages++;
	if (s->break_at == s->messages ||
	    (s->break_at == s->messages - 1 && s->taken_before_break)) {
		s->broke = true;
		return false;
	}
	s->err = exchange_take(x, answer->p, answer->n, &s->fail);
	return s->err == OK;
}

void
office_sync(struct office *a, struct office *b, struct office_sync *s)
{
	struct exchange *x = NULL;
	bool done = false, on = true;

	s->messages = 0;
	s->broke = false;
	s->err = exchange_new(&x, a->r, office_node(b),
	    s->budget_bytes != 0 ? s->budget_bytes : 65536, &s->fail);
	while (s->err == OK && !done && on) {
		struct buf request = { .limit = LIMIT_MESSAGE_BYTES };
		struct buf answer = { .limit = LIMIT_MESSAGE_BYTES };

		s->err = exchange_ask(x, &request, &done, &s->fail);
		if (s->err == OK && !done)
			on = round_trip(x, a, b, s, &request, &answer);
		buf_release(&request);
		buf_release(&answer);
	}
	if (x != NULL)
		s->stats = *exchange_stats(x);
	exchange_free(x);
}

void
office_settle(struct office *a, struct office *b)
{
	for (int i = 0; i < 20; i++) {
		struct office_sync s = { 0 };

		office_sync(a, b, &s);
		must(s.err, &s.fail, "sync");
		if (s.stats.round_trips == 1 && s.stats.received == 0 &&
		    s.stats.receipts_in + s.stats.receipts_out == 0)
			return;
	}
	printf("# settle: still not idle after 20 contacts\n");
	(void)fflush(stdout);
	abort();
}

/* ---- bundles ------------------------------------------------------------- */

static enum err
next_part(void *context, unsigned part, struct fail *f)
{
	struct office_bundle *b = context;

	if (part != b->count + 1 || part > COUNT_OF(b->part))
		return fail_set(f, ERR_LIMIT, "part %u", part);
	b->count = part;
	buf_init(&b->part[part - 1], 0);
	return OK;
}

static enum err
write_part(void *context, const uint8_t *p, size_t n, struct fail *f)
{
	struct office_bundle *b = context;

	(void)f;
	buf_put(&b->part[b->count - 1], p, n);
	return b->part[b->count - 1].err;
}

struct bundle_writer
office_writer(struct office_bundle *b)
{
	return (struct bundle_writer){ .context = b,
		.part = next_part,
		.write = write_part };
}

void
office_bundle_free(struct office_bundle *b)
{
	for (unsigned i = 0; i < b->count; i++)
		buf_release(&b->part[i]);
	b->count = 0;
}

static enum err
read_part(void *context, uint64_t offset, uint8_t *p, size_t n, size_t *got,
    struct fail *f)
{
	const struct buf *b = context;
	size_t left = offset < b->n ? b->n - (size_t)offset : 0;

	(void)f;
	*got = n < left ? n : left;
	if (*got != 0)
		memcpy(p, b->p + offset, *got);
	return OK;
}

struct bundle_reader
office_reader(const struct buf *part)
{
	union {
		const struct buf *from;
		void *to;
	} u = { .from = part };

	return (struct bundle_reader){ .context = u.to, .read = read_part };
}
