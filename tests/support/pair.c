#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sync/exchange.h"
#include "tests/support/pair.h"

static const uint8_t key_file[32] = "a key file of thirty-two letters";
const struct slot_secret pair_secret = { .kind = SLOT_KEYFILE,
	.p = key_file,
	.n = sizeof(key_file) };

static void
must(enum err e, const struct fail *f, const char *what)
{
	if (e != OK)
		fail_msg("%s: %s: %s", what, err_name(e), f->text);
}

#define MUST(call) \
	do { \
		struct fail fail_ = { .code = OK }; \
		struct fail *f = &fail_; \
		enum err e_ = (call); \
		must(e_, f, #call); \
	} while (0)

static enum err
allow(void *context, const struct gate_question *q, struct fail *f)
{
	(void)context, (void)q, (void)f;
	return OK;
}

static void
load_schema(struct pair *p)
{
	static const char *const path[] = {
		"tests/prop/schema/0001_first.sql",
		"tests/prop/schema/0002_second.sql",
	};
	const struct env *env = env_posix();

	for (size_t i = 0; i < COUNT_OF(path); i++) {
		MUST(env->file_read(env->self, &p->text[i], path[i], 1 << 20,
		    f));
		p->schema[i] = (struct registry_source){ path[i],
			buf_cstr(&p->text[i]), p->text[i].n };
	}
}

void
pair_member(struct pair *p, enum pair_who who, const struct buf *record)
{
	enum member_result result;

	MUST(replica_add_member(p->r[who], &result, record->p, record->n, NULL,
	    f));
}

static void
read_records(struct pair *p)
{
	struct stmt *s;
	bool row = true;

	MUST(db_stmt(&s, replica_db(p->r[PAIR_NORTH]),
	    "SELECT bytes FROM _member ORDER BY no", f));
	for (;;) {
		const uint8_t *at;
		size_t n;

		MUST(stmt_step(s, &row, f));
		if (!row)
			return;
		at = stmt_col_blob(s, 0, &n);
		buf_put(&p->record[p->records++], at, n);
	}
}

static void
new_agency(struct pair *p, struct identity *i, enum pair_who who)
{
	const struct identity *root = replica_identity(p->r[PAIR_NORTH]);
	const struct network_id *network =
	    members_network(replica_members(p->r[PAIR_NORTH]));
	struct member_agency a = {
		.kind = who == PAIR_HUB ? KIND_HUB : KIND_TREATMENT,
	};

	identity_make_agency(i, replica_env(p->r[who]));
	memcpy(a.box_key, i->agency_box_key, sizeof(a.box_key));
	member_agency_id(&a.id, network, a.box_key);
	(void)snprintf(a.name, sizeof(a.name), "agency %d", (int)who);
	i->agency = a.id;
	MUST(((void)f,
	    member_make_agency(&p->record[p->records++], root, network, true,
		&a)));
}

static void
join(struct pair *p, enum pair_who who)
{
	const struct identity *root = replica_identity(p->r[PAIR_NORTH]);
	const struct network_id *network =
	    members_network(replica_members(p->r[PAIR_NORTH]));
	struct identity i = *replica_identity(p->r[who]);
	struct member_node m = { .serial = 1, .via_count = 1 };

	if (who == PAIR_CLINIC || who == PAIR_HUB) {
		new_agency(p, &i, who);
	} else {
		i.agency = root->agency;
		memcpy(i.agency_box_key, root->agency_box_key, 32);
		memcpy(i.agency_name_key, root->agency_name_key, 32);
		if (who == PAIR_SOUTH)
			identity_take_agency(&i, root->agency_master);
	}
	m.id = i.node;
	m.agency = i.agency;
	m.roles = who == PAIR_LAPTOP ? MEMBER_FIELD : MEMBER_REGISTRAR;
	if (who == PAIR_HUB)
		m.roles |= MEMBER_RELAY;
	m.via[0] = replica_identity(p->r[PAIR_HUB])->node;
	memcpy(m.sign_key, i.sign_key, sizeof(m.sign_key));
	memcpy(m.box_key, i.box_key, sizeof(m.box_key));
	memcpy(m.tls_key, i.tls_key, sizeof(m.tls_key));
	(void)snprintf(m.name, sizeof(m.name), "node %d", (int)who);
	member_node_consent(&m, &i, network);
	MUST(((void)f,
	    member_make_node(&p->record[p->records++], root, network, true,
		&m)));
	MUST(replica_save_identity(p->r[who], &i, f));
	MUST(((void)f,
	    member_make_author(&p->record[p->records++], &i, network)));
}

void
pair_start_with(struct pair *p, uint64_t seed,
    const struct registry_source *schema, size_t count)
{
	static const struct replica_found network = {
		.network_name = "test",
		.node_name = "node 0",
		.agency_name = "North",
		.office = "",
		.agency_kind = KIND_PROBATION,
	};

	for (size_t n = 0; n < PAIR_NODES; n++) {
		p->env[n] = env_test_new(seed * PAIR_NODES + n);
		p->options[n] = (struct replica_options){
			.env = &p->env[n]->env,
			.schema = schema,
			.schema_count = count,
			.gate = allow,
		};
		if ((p->on_disk & 1u << n) != 0) {
			env_test_on_virtual_disk(p->env[n]);
			MUST(slot_create(&p->keys[n], &p->env[n]->env, PAIR_DIR,
			    &pair_secret, f));
			p->options[n].keys = &p->keys[n];
		}
		MUST(replica_create(&p->r[n], PAIR_DIR, &p->options[n], f));
	}
	MUST(replica_found_network(p->r[PAIR_NORTH], &network, f));
	read_records(p);
	for (size_t n = 1; n < PAIR_NODES; n++) {
		pair_member(p, (enum pair_who)n, &p->record[0]);
		join(p, (enum pair_who)n);
	}
	for (size_t n = 0; n < PAIR_NODES; n++) {
		for (size_t i = 0; i < p->records; i++)
			pair_member(p, (enum pair_who)n, &p->record[i]);
	}
}

void
pair_start(struct pair *p, uint64_t seed, size_t versions)
{
	pair_start_on_disk(p, seed, versions, 0);
}

void
pair_start_on_disk(struct pair *p, uint64_t seed, size_t versions, unsigned who)
{
	memset(p, 0, sizeof(*p));
	p->on_disk = who;
	load_schema(p);
	pair_start_with(p, seed, p->schema, versions);
}

void
pair_stop(struct pair *p)
{
	for (size_t n = 0; n < PAIR_NODES; n++) {
		replica_close(p->r[n]);
		env_test_free(p->env[n]);
	}
	for (size_t i = 0; i < COUNT_OF(p->text); i++)
		buf_release(&p->text[i]);
	for (size_t i = 0; i < COUNT_OF(p->record); i++)
		buf_release(&p->record[i]);
}

void
pair_restart(struct pair *p, enum pair_who who, size_t versions)
{
	replica_close(p->r[who]);
	p->r[who] = NULL;
	p->options[who].schema_count = versions;
	MUST(replica_open(&p->r[who], PAIR_DIR, &p->options[who], f));
}

/* ---- writing and reading ---- */

static enum err
write_field(struct pair *p, enum pair_who who, const char *table,
    const struct row_id *row, struct row_id *made, const struct row_id *subject,
    const char *field, const char *value, const char *seen, struct fail *f)
{
	const struct table *t =
	    registry_table(replica_registry(p->r[who]), table);
	struct write_field w = { .field = table_field(t, field) };
	struct buf scratch = { .limit = 65536 };
	struct write_request q = {
		.table = t,
		.row = row,
		.subject = subject,
		.seen = seen,
		.fields = &w,
		.field_count = 1,
	};
	int64_t draft;
	enum err e;

	assert_non_null(w.field);
	env_test_pass(p->env[who], 1000);
	e = value_parse(&w.value, &scratch, w.field->type, value, f);
	if (e == OK)
		e = write_row(p->r[who], made, &draft, &q, f);
	buf_release(&scratch);
	return e;
}

void
pair_insert(struct pair *p, enum pair_who who, const char *table,
    struct row_id *row, const struct row_id *subject, const char *field,
    const char *value)
{
	MUST(write_field(p, who, table, NULL, row, subject, field, value, NULL,
	    f));
}

enum err
pair_try_insert(struct pair *p, enum pair_who who, const char *table,
    const struct row_id *subject, const char *field, const char *value)
{
	struct fail f = { .code = OK };
	struct row_id row;

	return write_field(p, who, table, NULL, &row, subject, field, value,
	    NULL, &f);
}

enum err
pair_set(struct pair *p, enum pair_who who, const char *table,
    const struct row_id *row, const char *field, const char *value,
    const char *seen)
{
	struct fail f = { .code = OK };
	enum err e =
	    write_field(p, who, table, row, NULL, NULL, field, value, seen, &f);

	if (e != OK && e != ERR_STALE)
		print_message("set %s.%s: %s\n", table, field, f.text);
	return e;
}

struct got {
	struct replica *r;
	const char *field;
	char *seen;
};

static char text_got[4096];

static bool
take(void *context, const struct read_row *row)
{
	struct got *g = context;
	const struct field *f = table_field(row->table, g->field);
	struct buf b = { .limit = sizeof(text_got) };

	value_print(&b, &row->values[f->number]);
	(void)snprintf(text_got, sizeof(text_got), "%s", buf_cstr(&b));
	buf_release(&b);
	if (g->seen != NULL)
		assert_int_equal(read_seen(g->r, g->seen, row, NULL), OK);
	return true;
}

const char *
pair_get(struct pair *p, enum pair_who who, const char *table,
    const struct row_id *row, const char *field, char *seen)
{
	struct got g = { .r = p->r[who], .field = field, .seen = seen };
	struct fail f = { .code = OK };
	enum err e;

	e = read_get(p->r[who],
	    registry_table(replica_registry(p->r[who]), table), row, 0, take,
	    &g, &f);
	if (e == ERR_NOTFOUND || e == ERR_WAIT)
		return "-";
	must(e, &f, "read_get");
	return text_got;
}

int64_t
pair_decisions(struct pair *p, enum pair_who who)
{
	int64_t decisions, notices;

	MUST(conflict_count(p->r[who], &decisions, &notices, f));
	return decisions;
}

/* ---- the log ---- */

int64_t
pair_number(struct pair *p, enum pair_who who, const char *sql)
{
	struct stmt *s;
	int64_t v;
	bool row = false;

	MUST(db_stmt(&s, replica_db(p->r[who]), sql, f));
	MUST(stmt_step(s, &row, f));
	assert_true(row);
	v = stmt_col_int(s, 0);
	stmt_reset(s);
	return v;
}

int64_t
pair_top(struct pair *p, enum pair_who who)
{
	return pair_number(p, who,
	    "SELECT coalesce(max(no), 0) FROM _segment WHERE state > 2");
}

int64_t
pair_seal(struct pair *p, enum pair_who who)
{
	int64_t sealed, kept;

	MUST(log_seal(p->r[who], &sealed, &kept, f));
	return pair_top(p, who);
}

struct compartment *
pair_cpt(struct pair *p, enum pair_who who, const struct row_id *person)
{
	static const enum pair_who owners[] = { PAIR_NORTH, PAIR_CLINIC };
	struct compartment *c = NULL;

	for (size_t i = 0; i < COUNT_OF(owners); i++)
		if (compartment_find(p->r[who], &c,
			&replica_identity(p->r[owners[i]])->agency, person,
			"SUP.case", NULL) == OK)
			return c;
	return NULL;
}

enum outcome
pair_give(struct pair *p, enum pair_who to, const uint8_t *bytes, size_t n,
    enum pair_who from)
{
	const struct node_id *peer = &replica_identity(p->r[from])->node;
	struct fail why = { .code = OK };
	struct segment_id id;
	enum outcome o;

	MUST(replica_begin(p->r[to], f));
	MUST(log_receive(p->r[to], &o, &id, bytes, n, peer, &why, f));
	MUST(replica_commit(p->r[to], f));
	return o;
}

enum outcome
pair_ship(struct pair *p, enum pair_who from, enum pair_who to, int64_t segment)
{
	struct buf b = { .limit = LIMIT_SEGMENT_BYTES };
	enum outcome o;

	MUST(log_bytes(p->r[from], &b, segment, f));
	o = pair_give(p, to, b.p, b.n, from);
	buf_release(&b);
	return o;
}

static bool
is_sealed(struct pair *p, enum pair_who who, int64_t no)
{
	char sql[96];

	(void)snprintf(sql, sizeof(sql),
	    "SELECT count(*) FROM _segment WHERE no = %lld AND state > 2",
	    (long long)no);
	return pair_number(p, who, sql) == 1;
}

void
pair_ship_range(struct pair *p, enum pair_who from, enum pair_who to,
    int64_t first, int64_t last)
{
	int64_t step, end;

	if (last == 0)
		last = pair_top(p, from);
	step = first <= last ? 1 : -1;
	end = last + step;
	for (int64_t no = first; no != end; no += step)
		if (is_sealed(p, from, no))
			(void)pair_ship(p, from, to, no);
}

void
pair_ship_all(struct pair *p, enum pair_who from, enum pair_who to)
{
	pair_ship_range(p, from, to, 1, 0);
}

void
pair_exchange(struct pair *p, enum pair_who caller, enum pair_who server)
{
	struct exchange_stats stats = { 0 };
	struct buf request = { 0 }, answer = { 0 };
	struct exchange *x;
	bool done = false;

	MUST(exchange_new(&x, p->r[caller],
	    &replica_identity(p->r[server])->node, 65536, f));
	while (!done) {
		buf_reset(&request);
		buf_reset(&answer);
		MUST(exchange_ask(x, &request, &done, f));
		if (done)
			break;
		MUST(exchange_answer(p->r[server], &answer,
		    &replica_identity(p->r[caller])->node, request.p, request.n,
		    &stats, f));
		MUST(exchange_take(x, answer.p, answer.n, f));
	}
	exchange_free(x);
	buf_release(&request);
	buf_release(&answer);
}

static bool
take_place(void *context, const struct read_row *row)
{
	*(int64_t *)context = row->cpt;
	return true;
}

static int64_t
place_of(struct pair *p, enum pair_who who, const struct table *t,
    const struct row_id *row)
{
	int64_t cpt = 0;

	MUST(read_get(p->r[who], t, row, 0, take_place, &cpt, f));
	return cpt;
}

void
pair_raw_set(struct pair *p, enum pair_who who, const char *table,
    const struct row_id *row, const char *const *fields,
    const char *const *values)
{
	const struct table *t =
	    registry_table(replica_registry(p->r[who]), table);
	struct buf scratch = { .limit = 65536 };
	int64_t place, segment;
	struct compartment *c;
	struct op op = {
		.kind = OP_SET,
		.table = t->number,
		.row = *row,
		.at_ms = env_wall_ms(replica_env(p->r[who])),
	};

	for (; fields[op.field_count] != NULL; op.field_count++) {
		const struct field *f = table_field(t, fields[op.field_count]);
		struct op_field *w = &op.fields[op.field_count];

		w->number = f->number;
		assert_int_equal(value_parse(&w->value, &scratch, f->type,
				     values[op.field_count], NULL),
		    OK);
	}
	place = place_of(p, who, t, row);
	MUST(replica_begin(p->r[who], f));
	MUST(compartment_get(p->r[who], &c, place, f));
	MUST(log_append(p->r[who], c, &segment, &op, f));
	c->rederive = true;
	MUST(replica_commit(p->r[who], f));
	buf_release(&scratch);
}

/* ---- keys ---- */

void
pair_share(struct pair *p, enum pair_who by, const struct row_id *person,
    enum pair_who to, enum grant_right right, bool from_now)
{
	static const char *const category[] = { "SUP.case" };
	struct grant_request q = {
		.subject = *person,
		.categories = category,
		.category_count = 1,
		.kind = GRANT_AGENCY,
		.right = right,
		.lower = true,
		.basis = "agreement:1",
		.from_now = from_now,
	};

	memcpy(q.recipient, replica_identity(p->r[to])->agency.b, ID_BYTES);
	MUST(grant_share(p->r[by], &q, NULL, NULL, f));
}

void
pair_carry(struct pair *p, const struct row_id *person)
{
	const struct member_node *laptop =
	    members_node(replica_members(p->r[PAIR_NORTH]),
		&replica_identity(p->r[PAIR_LAPTOP])->node);
	int64_t granted;

	MUST(grant_carry(p->r[PAIR_NORTH], person, laptop, &granted, f));
}

void
pair_last_member(struct pair *p, enum pair_who who, struct buf *out)
{
	const uint8_t *at;
	struct stmt *s;
	bool row = false;
	size_t n;

	assert_int_equal(db_stmt(&s, replica_db(p->r[who]),
			     "SELECT bytes FROM _member ORDER BY no DESC LIMIT "
			     "1",
			     NULL),
	    OK);
	assert_int_equal(stmt_step(s, &row, NULL), OK);
	assert_true(row);
	at = stmt_col_blob(s, 0, &n);
	buf_put(out, at, n);
	stmt_reset(s);
}
