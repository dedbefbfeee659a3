/*
 * Values are made from the row's number, so that every run writes the same
 * ones; text is as long as people type it, and no two rows are alike.
 */
#include "tests/support/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "schema/assets.h"
#include "sync/compartment.h"
#include "sync/db.h"
#include "sync/log.h"
#include "sync/slot.h"

#define BENCH_CATEGORY "SUP.schedule"

unsigned long bench_syncs;

/* Stand before the C library's, so that SQLite's calls are counted. */
int
fdatasync(int fd)
{
	bench_syncs++;
	return (int)syscall(SYS_fdatasync, fd);
}

int
fsync(int fd)
{
	bench_syncs++;
	return (int)syscall(SYS_fsync, fd);
}

double
bench_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

double
bench_median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_size);
	return v[n / 2];
}

void
bench_must(enum err e, const struct fail *f, const char *what)
{
	if (e == OK)
		return;
	(void)fprintf(stderr, "%s: %s: %s\n", what, err_name(e),
	    f != NULL ? f->text : "");
	abort();
}

/* ---- replicas ---- */

static enum err
allow(void *context, const struct gate_question *q, struct fail *f)
{
	(void)context;
	(void)q;
	(void)f;
	return OK;
}

static const char keyfile[] = "the key file of the benchmark, no secret";

static struct replica_options
options(struct slot_keys *keys)
{
	static struct registry_source sources[64];

	for (size_t i = 0; i < schema_asset_count; i++)
		sources[i] = (struct registry_source){
			.name = schema_assets[i].name,
			.text = (const char *)schema_assets[i].p,
			.n = schema_assets[i].n,
		};
	return (struct replica_options){
		.env = env_posix(),
		.schema = sources,
		.schema_count = schema_asset_count,
		.gate = allow,
		.keys = keys,
	};
}

static const struct slot_secret secret = {
	.kind = SLOT_KEYFILE,
	.p = keyfile,
	.n = sizeof(keyfile) - 1,
};

static void
create(struct bench_node *n)
{
	const struct env *env = env_posix();
	const char *tmp = getenv("TMPDIR");
	struct fail f = { .code = OK };
	struct replica_options o;
	struct slot_keys keys;
	char path[300];

	*n = (struct bench_node){ .r = NULL };
	(void)snprintf(n->dir, sizeof(n->dir), "%.100s/footbridge-bench-XXXXXX",
	    tmp != NULL ? tmp : "/var/tmp");
	if (mkdtemp(n->dir) == NULL)
		abort();
	(void)snprintf(path, sizeof(path), "%s/" BENCH_KEYFILE, n->dir);
	bench_must(env->file_write(env->self, path, keyfile,
		       sizeof(keyfile) - 1, &f),
	    &f, path);
	bench_must(slot_create(&keys, env, n->dir, &secret, &f), &f, "slots");
	o = options(&keys);
	bench_must(replica_create(&n->r, n->dir, &o, &f), &f, "create");
}

void
bench_open(struct bench_node *n)
{
	struct fail f = { .code = OK };
	struct replica_options o;
	struct slot_keys keys;

	bench_must(slot_open(&keys, NULL, env_posix(), n->dir, &secret, &f), &f,
	    "slots");
	o = options(&keys);
	bench_must(replica_open(&n->r, n->dir, &o, &f), &f, "open");
}

void
bench_close(struct bench_node *n)
{
	replica_close(n->r);
	n->r = NULL;
}

void
bench_found(struct bench_node *n)
{
	struct replica_found o = {
		.network_name = "Bench",
		.node_name = "server",
		.agency_name = "North Probation",
		.office = "North",
		.agency_kind = KIND_PROBATION,
	};
	struct fail f = { .code = OK };

	create(n);
	bench_must(replica_found_network(n->r, &o, &f), &f, "found");
}

static void
give_all(struct replica *to, struct replica *from)
{
	enum member_result result;
	struct fail f = { .code = OK };
	struct stmt *s;
	bool row;

	bench_must(db_stmt(&s, replica_db(from),
		       "SELECT bytes FROM _member ORDER BY no", &f),
	    &f, "members");
	while (stmt_step(s, &row, &f) == OK && row) {
		size_t size;
		const uint8_t *p = stmt_col_blob(s, 0, &size);

		bench_must(replica_add_member(to, &result, p, size, NULL, &f),
		    &f, "member");
	}
}

void
bench_join(struct bench_node *n, struct bench_node *founder)
{
	const struct identity *like = replica_identity(founder->r);
	const struct network_id *network =
	    members_network(replica_members(founder->r));
	struct member_node m = { .serial = 1,
		.roles = MEMBER_REGISTRAR,
		.name = "second" };
	struct fail f = { .code = OK };
	struct buf record = { 0 };
	struct identity i;

	create(n);
	i = *replica_identity(n->r);
	i.agency = like->agency;
	memcpy(i.agency_name_key, like->agency_name_key, 32);
	identity_take_agency(&i, like->agency_master);
	m.id = i.node;
	m.agency = i.agency;
	memcpy(m.sign_key, i.sign_key, sizeof(m.sign_key));
	memcpy(m.box_key, i.box_key, sizeof(m.box_key));
	memcpy(m.tls_key, i.tls_key, sizeof(m.tls_key));
	member_node_consent(&m, &i, network);
	bench_must(replica_save_identity(n->r, &i, &f), &f, "identity");
	give_all(n->r, founder->r);
	for (int k = 0; k < 2; k++) {
		enum member_result result;

		buf_reset(&record);
		bench_must(k == 0
			? member_make_node(&record, like, network, true, &m)
			: member_make_author(&record, &i, network),
		    NULL, "record");
		bench_must(replica_add_member(n->r, &result, record.p, record.n,
			       NULL, &f),
		    &f, "own record");
		bench_must(replica_add_member(founder->r, &result, record.p,
			       record.n, NULL, &f),
		    &f, "record at the founder");
	}
	n->staff = founder->staff;
	n->program = founder->program;
	n->condition = founder->condition;
	buf_release(&record);
	identity_wipe(&i);
}

void
bench_end(struct bench_node *n)
{
	char command[300];

	replica_close(n->r);
	n->r = NULL;
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", n->dir);
	if (system(command) != 0)
		(void)fprintf(stderr, "%s was left behind\n", n->dir);
}

int64_t
bench_disk(struct bench_node *n)
{
	static const char *const names[] = { "footbridge.db",
		"footbridge.db-wal" };
	struct fail f = { .code = OK };
	int64_t sum = 0;

	bench_must(db_checkpoint(replica_db(n->r), &f), &f, "checkpoint");
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char path[300];
		struct stat st;

		(void)snprintf(path, sizeof(path), "%s/%s", n->dir, names[i]);
		if (stat(path, &st) == 0)
			sum += st.st_size;
	}
	return sum;
}

/* ---- records ---- */

static struct row_id
numbered(uint8_t first, unsigned i)
{
	struct row_id id = { { first } };
	uint64_t z = (i + 1) * 0x9e3779b97f4a7c15ULL;

	memcpy(id.b + 8, &z, sizeof(z));
	z *= 0xbf58476d1ce4e5b9ULL;
	z ^= z >> 31;
	memcpy(id.b + 1, &z, 7);
	return id;
}

struct row_id
bench_person(unsigned person)
{
	return numbered(1, person);
}

/* Random ids lie anywhere: the first byte differs too. */
struct row_id
bench_row(unsigned i)
{
	return numbered((uint8_t)(i * 0x9e3779b1U >> 24), i + 1000000);
}

static void
set(struct bench_op *op, const char *field, const char *text)
{
	struct write_field *w = &op->fields[op->count];
	struct buf scratch = { .limit = BENCH_TEXT };
	char *keep = op->text[op->count++];
	struct fail f = { .code = OK };

	(void)snprintf(keep, BENCH_TEXT, "%s", text);
	w->field = table_field(op->table, field);
	bench_must(value_parse(&w->value, &scratch, w->field->type, keep, &f),
	    &f, field);
	if (w->value.type == VALUE_ID) {
		memcpy(keep, w->value.p, ID_BYTES);
		w->value.p = (const uint8_t *)keep;
	}
	buf_release(&scratch);
}

static void
set_id(struct bench_op *op, const char *field, const struct row_id *id)
{
	struct write_field *w = &op->fields[op->count];

	w->field = table_field(op->table, field);
	w->value = (struct value){
		.type = VALUE_ID,
		.p = id->b,
		.n = sizeof(id->b),
	};
	op->count++;
}

static void
begin_op(struct bench_node *n, struct bench_op *op, const char *table,
    struct row_id row)
{
	*op = (struct bench_op){
		.table = registry_table(replica_registry(n->r), table),
		.row = row,
	};
}

void
bench_make_insert(struct bench_node *n, struct bench_op *op, unsigned i,
    unsigned person)
{
	unsigned day = 1 + i % 28, month = 1 + i / 28 % 12, hour = 8 + i % 9;
	char text[BENCH_TEXT];

	begin_op(n, op, "appointment", bench_row(i));
	op->insert = true;
	op->subject = bench_person(person);
	(void)snprintf(text, sizeof(text), "2026-%02u-%02uT%02u:00", month, day,
	    hour);
	set(op, "start_at", text);
	(void)snprintf(text, sizeof(text), "2026-%02u-%02uT%02u:45", month, day,
	    hour);
	set(op, "end_at", text);
	(void)snprintf(text, sizeof(text), "Room %u, %u Main Street", i % 40,
	    i % 997);
	set(op, "place", text);
	set(op, "method", i % 3 == 0 ? "phone" : "in_person");
	set(op, "kind", i % 4 == 0 ? "testing" : "supervision");
	set_id(op, "staff_id", &n->staff);
	set(op, "state", "booked");
	set_id(op, "program_id", &n->program);
	set_id(op, "condition_id", &n->condition);
	(void)snprintf(text, sizeof(text), "Follow up on case note %u", i);
	set(op, "purpose", text);
	(void)snprintf(text, sizeof(text), "2025-%02u-%02u", month, day);
	set(op, "booked_on", text);
	set(op, "cancel_reason", i % 5 == 0 ? "weather" : "agency");
}

void
bench_make_update(struct bench_node *n, struct bench_op *op, unsigned i,
    const char *text)
{
	begin_op(n, op, "appointment", bench_row(i));
	set(op, "purpose", text);
}

void
bench_write(struct bench_node *n, const struct bench_op *op)
{
	struct write_request q = {
		.table = op->table,
		.row = &op->row,
		.insert = op->insert,
		.subject = op->insert ? &op->subject : NULL,
		.staff = &n->staff,
		.fields = op->fields,
		.field_count = op->count,
	};
	struct fail f = { .code = OK };

	bench_must(write_row(n->r, NULL, NULL, &q, &f), &f, "write");
}

static void
put_one(struct bench_node *n, const char *table, struct row_id row,
    const char *field, const char *text)
{
	struct bench_op op;

	begin_op(n, &op, table, row);
	op.insert = true;
	op.subject = bench_person(0);
	set(&op, field, text);
	bench_write(n, &op);
}

void
bench_people(struct bench_node *n, unsigned count)
{
	char name[BENCH_TEXT];

	bench_begin(n);
	for (unsigned i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "Sample %05u", i);
		put_one(n, "person", bench_person(i), "legal_name", name);
	}
	bench_commit(n);
}

void
bench_prepare(struct bench_node *n, unsigned people)
{
	struct compartment *c;
	struct fail f = { .code = OK };

	n->staff = numbered(2, 0);
	n->program = numbered(3, 0);
	n->condition = numbered(4, 0);
	bench_begin(n);
	put_one(n, "staff", n->staff, "name", "Sample Officer");
	put_one(n, "program", n->program, "name", "Weekly group");
	put_one(n, "condition", n->condition, "kind", "treatment");
	for (unsigned i = 0; i < people; i++) {
		struct row_id person = bench_person(i);

		bench_must(compartment_own(n->r, &c, &person, BENCH_CATEGORY,
			       &f),
		    &f, "compartment");
	}
	bench_commit(n);
}

void
bench_begin(struct bench_node *n)
{
	struct fail f = { .code = OK };

	bench_must(replica_begin(n->r, &f), &f, "begin");
}

void
bench_commit(struct bench_node *n)
{
	struct fail f = { .code = OK };

	bench_must(replica_commit(n->r, &f), &f, "commit");
}

void
bench_fill(struct bench_node *n, unsigned first, unsigned count,
    unsigned people)
{
	struct bench_op op;

	for (unsigned i = 0; i < count; i++) {
		if (i % 1000 == 0)
			bench_begin(n);
		bench_make_insert(n, &op, first + i, (first + i) % people);
		bench_write(n, &op);
		if (i % 1000 == 999 || i == count - 1)
			bench_commit(n);
	}
}

int64_t
bench_seal(struct bench_node *n)
{
	struct fail f = { .code = OK };
	int64_t sealed, kept;

	bench_must(log_seal(n->r, &sealed, &kept, &f), &f, "seal");
	return sealed;
}
