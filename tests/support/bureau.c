#include "tests/support/bureau.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sync/db.h"
#include "sync/log.h"
#include "sync/write.h"

static const char tiny[] =
    "CREATE TABLE client ( --: 1 subject=person scope=shared self\n"
    "  --: category=any:IDX\n"
    "  name TEXT, --: 1 text latest\n"
    "  row_state TEXT,\n"
    "  supersedes_id BLOB,\n"
    "  _cpt BIGINT NOT NULL,\n"
    "  id BLOB NOT NULL,\n"
    "  _clock BLOB NOT NULL,\n"
    "  PRIMARY KEY (id, _cpt)\n"
    ");\n"
    "CREATE TABLE note ( --: 2 subject=person scope=shared append\n"
    "  --: category=any:SUP.note\n"
    "  body TEXT, --: 1 text once\n"
    "  row_state TEXT,\n"
    "  supersedes_id BLOB,\n"
    "  _cpt BIGINT NOT NULL,\n"
    "  id BLOB NOT NULL,\n"
    "  _clock BLOB NOT NULL,\n"
    "  PRIMARY KEY (id, _cpt)\n"
    ");\n"
    "CREATE TABLE diary ( --: 3 subject=person scope=agency append\n"
    "  --: category=any:INT\n"
    "  body TEXT, --: 1 text once\n"
    "  row_state TEXT,\n"
    "  supersedes_id BLOB,\n"
    "  _cpt BIGINT NOT NULL,\n"
    "  id BLOB NOT NULL,\n"
    "  _clock BLOB NOT NULL,\n"
    "  PRIMARY KEY (id, _cpt)\n"
    ");\n";

const struct write_rules *bureau_rules;

static const struct registry_source schema = { .name = "tiny.sql",
	.text = tiny,
	.n = sizeof(tiny) - 1 };

static enum err
gate(void *context, const struct gate_question *q, struct fail *f)
{
	const struct bureau *o = context;

	if (q->act == GATE_GRANT && o->denies)
		return fail_set(f, ERR_DENIED, "the test's gate is shut");
	return OK;
}

static void
must(enum err e, const struct fail *f)
{
	if (e != OK)
		fail_msg("%s: %s", err_name(e), f->text);
}

void
bureau_new(struct bureau *o, uint64_t seed)
{
	struct fail f = { 0 };

	memset(o, 0, sizeof(*o));
	o->machine = env_test_new(seed);
	must(replica_create(&o->r, "/office",
		 &(struct replica_options){
		     .env = &o->machine->env,
		     .schema = &schema,
		     .schema_count = 1,
		     .gate = gate,
		     .gate_context = o,
		     .rules = bureau_rules,
		 },
		 &f),
	    &f);
}

void
bureau_found(struct bureau *o, uint64_t seed, const char *name, int kind)
{
	struct fail f = { 0 };
	struct replica_found found = {
		.network_name = "Region",
		.node_name = name,
		.agency_name = name,
		.office = name,
		.agency_kind = kind,
		.relay = true,
	};

	bureau_new(o, seed);
	must(replica_found_network(o->r, &found, &f), &f);
}

void
bureau_join(struct bureau *o, struct bureau *steward, uint64_t seed,
    const struct invite_options *options, const char *agency_code)
{
	struct buf text = { 0 }, request = { 0 }, answer = { 0 }, code = { 0 };
	struct join_names names = { .agency_code = agency_code };
	struct join_result result;
	struct invite invite;
	struct node_id joined;
	struct fail f = { 0 };

	bureau_new(o, seed);
	must(invite_make(steward->r, &text, options, &f), &f);
	must(invite_parse(&invite, buf_cstr(&text), &f), &f);
	must(join_request_make(o->r, &request, &code, &invite, &names, &f), &f);
	must(join_answer_make(steward->r, &answer, &joined, request.p,
		 request.n, &f),
	    &f);
	must(join_finish(o->r, &result, answer.p, answer.n, &f), &f);
	assert_true(id_equal(&joined, bureau_node(o)));
	assert_true(id_equal(&result.steward, bureau_node(steward)));
	buf_release(&text);
	buf_release(&request);
	buf_release(&answer);
	buf_release(&code);
}

void
bureau_close(struct bureau *o)
{
	replica_close(o->r);
	env_test_free(o->machine);
	memset(o, 0, sizeof(*o));
}

static void
send_members(struct bureau *from, struct bureau *to, struct fail *f)
{
	enum member_result result;
	struct stmt *s;
	bool row;

	must(db_stmt(&s, replica_db(from->r),
		 "SELECT bytes FROM _member ORDER BY no", f),
	    f);
	for (;;) {
		const uint8_t *p;
		size_t n;

		must(stmt_step(s, &row, f), f);
		if (!row)
			break;
		p = stmt_col_blob(s, 0, &n);
		must(replica_add_member(to->r, &result, p, n, bureau_node(from),
			 f),
		    f);
	}
}

static void
give(struct bureau *from, struct bureau *to, int64_t no, struct fail *f)
{
	enum outcome outcome;
	struct segment_id id;
	struct fail why = { 0 };
	struct buf b = { 0 };

	must(log_bytes(from->r, &b, no, f), f);
	must(replica_begin(to->r, f), f);
	must(log_receive(to->r, &outcome, &id, b.p, b.n, bureau_node(from),
		 &why, f),
	    f);
	must(replica_commit(to->r, f), f);
	buf_release(&b);
}

static void
send(struct bureau *from, struct bureau *to, bool reversed)
{
	struct fail f = { 0 };
	int64_t sealed, kept, top;

	must(log_seal(from->r, &sealed, &kept, &f), &f);
	send_members(from, to, &f);
	top = bureau_number(from, "SELECT COALESCE(MAX(no), 0) FROM _segment");
	for (int64_t k = 1; k <= top; k++)
		give(from, to, reversed ? top + 1 - k : k, &f);
}

void
bureau_send(struct bureau *from, struct bureau *to)
{
	send(from, to, false);
}

void
bureau_send_reversed(struct bureau *from, struct bureau *to)
{
	send(from, to, true);
}

int64_t
bureau_write(struct bureau *o, const struct row_id *person, const char *text)
{
	const struct table *t = registry_table(replica_registry(o->r), "note");
	struct write_field field = { .field = table_field(t, "body") };
	struct write_request q = { .table = t,
		.subject = person,
		.fields = &field,
		.field_count = 1 };
	struct compartment *c;
	struct row_id row;
	struct fail f = { 0 };
	int64_t draft;

	field.value.type = VALUE_TEXT;
	field.value.p = (const uint8_t *)text;
	field.value.n = strlen(text);
	must(write_row(o->r, &row, &draft, &q, &f), &f);
	must(compartment_find(o->r, &c, bureau_agency(o), person, "SUP.note",
		 &f),
	    &f);
	return c->no;
}

int64_t
bureau_number(struct bureau *o, const char *sql)
{
	struct fail f = { 0 };
	struct stmt *s;
	int64_t n;
	bool row;

	must(db_stmt(&s, replica_db(o->r), sql, &f), &f);
	must(stmt_step(s, &row, &f), &f);
	assert_true(row);
	n = stmt_col_int(s, 0);
	stmt_reset(s);
	return n;
}

int64_t
bureau_count(struct bureau *o, const char *table)
{
	if (strcmp(table, "note") == 0)
		return bureau_number(o, "SELECT COUNT(*) FROM note");
	return bureau_number(o, "SELECT COUNT(*) FROM client");
}

const struct agency_id *
bureau_agency(const struct bureau *o)
{
	return &replica_identity(o->r)->agency;
}

const struct node_id *
bureau_node(const struct bureau *o)
{
	return &replica_identity(o->r)->node;
}
