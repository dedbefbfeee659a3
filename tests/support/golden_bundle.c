/* The golden bundle and its two blocks in FORMAT.md. */
#include "tests/support/golden_bundle.h"

#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "sync/box.h"
#include "sync/bundle_file.h"
#include "sync/log.h"
#include "sync/write.h"
#include "tests/support/golden_i.h"

static void
ok(enum err e)
{
	if (e != OK)
		abort();
}

/* ---- what happens -------------------------------------------------------- */

struct entry {
	const char *field;
	struct value value;
};
#define TEXT(s) \
	{ \
		.type = VALUE_TEXT, .p = (const uint8_t *)(s), \
		.n = sizeof(s) - 1 \
	}
#define NUMBER(t, number) \
	{ \
		.type = (t), .i = (number) \
	}

/* One write at North, a second and a half after the one before. row zero: a
 * new one of this subject. */
static void
put(struct golden_bundle *g, const char *table, struct row_id *row,
    const struct row_id *subject, const struct entry *list, size_t count)
{
	struct write_field field[8];
	struct write_request q = { .fields = field, .field_count = count };
	struct row_id new_row = { 0 };
	int64_t draft = 0;

	q.table = registry_table(replica_registry(g->north->r), table);
	q.subject = subject;
	if (!id_equal(row, &new_row))
		q.row = row;
	for (size_t i = 0; i < count; i++)
		field[i] = (struct write_field){
			.field = table_field(q.table, list[i].field),
			.value = list[i].value,
		};
	env_test_pass(g->north->env, 1500);
	ok(write_row(g->north->r, row, &draft, &q, NULL));
}

/* 2026-03-31, and 9:30 of that day */
#define DAY 20543
#define START (DAY * 1440 + 570)

static void
record(struct golden_bundle *g)
{
	static const struct entry person[] = {
		{ "legal_name", TEXT("Sample, Caf\xc3\xa9") },
		{ "birth_date", NUMBER(VALUE_DATE, -5000) },
		{ "interpreter", TEXT("yes") },
	};
	static const struct entry appointment[] = {
		{ "start_at", NUMBER(VALUE_TIME, START) },
		{ "end_at", NUMBER(VALUE_TIME, START + 45) },
		{ "place", TEXT("Main Street") },
		{ "method", TEXT("in_person") },
		{ "kind", TEXT("supervision") },
		{ "state", TEXT("booked") },
		{ "purpose",
		    TEXT("first meeting after release, first plan, first"
			 " meeting with the clinic") },
	};
	static const struct entry note[] = {
		{ "happened_at", NUMBER(VALUE_TIME, START) },
		{ "kind", TEXT("phone") },
	};
	struct row_id unshared = { 0 };

	put(g, "person", &g->person, NULL, person, COUNT_OF(person));
	put(g, "appointment", &g->appointment, &g->person, appointment,
	    COUNT_OF(appointment));
	put(g, "contact_note", &unshared, &g->person, note, COUNT_OF(note));
}

static void
share(struct golden_bundle *g)
{
	static const char *const category[] = { "IDX", "SUP.schedule" };
	struct grant_request q = { .subject = g->person,
		.categories = category,
		.category_count = COUNT_OF(category),
		.kind = GRANT_AGENCY,
		.right = GRANT_READ,
		.basis = "consent:golden" };
	const struct member_agency *a = NULL;

	ok(members_find_agency(replica_members(g->north->r), &a, "Clinic",
	    NULL));
	memcpy(q.recipient, a->id.b, sizeof(q.recipient));
	ok(grant_share(g->north->r, &q, NULL, NULL, NULL));
}

/* Later, in segments that follow the first ones. */
static void
change(struct golden_bundle *g)
{
	static const struct entry name[] = {
		{ "preferred_name", TEXT("Cafe") },
	};
	static const struct entry moved[] = {
		{ "start_at", NUMBER(VALUE_TIME, START + 60) },
		{ "end_at", NUMBER(VALUE_TIME, START + 105) },
		{ "state", TEXT("rescheduled") },
	};
	int64_t sealed = 0, kept = 0;

	ok(log_seal(g->north->r, &sealed, &kept, NULL));
	put(g, "person", &g->person, NULL, name, COUNT_OF(name));
	put(g, "appointment", &g->appointment, NULL, moved, COUNT_OF(moved));
}

/* ---- the two files ------------------------------------------------------- */

static void
put_hex(struct buf *out, const char *name, const void *bytes, size_t n,
    const char *end)
{
	char hex[2 * 64 + 1];

	hex_encode(hex, bytes, n);
	buf_printf(out, "  \"%s\": \"%s\"%s\n", name, hex, end);
}

void
golden_bundle_zstd(struct buf *line)
{
	buf_printf(line, "  \"zstd\": \"%s\",\n", ZSTD_versionString());
}

static void
put_keys(struct golden_bundle *g)
{
	const struct identity *i = replica_identity(g->clinic->r);
	const struct network_id *network =
	    members_network(replica_members(g->clinic->r));
	struct buf *out = &g->keys;

	buf_text(out,
	    "{\n  \"note\": \"Test keys, made from fixed seeds: they open"
	    " golden.bundle and protect nothing.\",\n");
	golden_bundle_zstd(out);
	put_hex(out, "network", network->b, sizeof(network->b), ",");
	put_hex(out, "node", i->node.b, sizeof(i->node.b), ",");
	put_hex(out, "box_secret", i->box_secret, sizeof(i->box_secret), ",");
	put_hex(out, "agency_master", i->agency_master,
	    sizeof(i->agency_master), ",");
	put_hex(out, "person", g->person.b, sizeof(g->person.b), ",");
	put_hex(out, "appointment", g->appointment.b, sizeof(g->appointment.b),
	    "");
	buf_text(out, "}\n");
}

void
golden_bundle_make(struct golden_bundle *g)
{
	struct office_bundle parts = { 0 };
	struct bundle_writer to = office_writer(&parts);
	struct node_id recipient[2];
	unsigned count = 0;

	memset(g, 0, sizeof(*g));
	g->hub = office_found("Hub", KIND_HUB, 1);
	g->north = office_join(g->hub, "North", "North", KIND_PROBATION, 2);
	g->clinic = office_join(g->hub, "Clinic", "Clinic", KIND_TREATMENT, 3);
	g->laptop = office_join(g->north, "Laptop", "North", KIND_PROBATION, 4);
	g->north->env->offset_min = -300;
	office_settle(g->clinic, g->hub);
	office_settle(g->laptop, g->north);
	office_settle(g->north, g->hub);
	record(g);
	share(g);
	change(g);
	recipient[0] = *office_node(g->hub);
	recipient[GOLDEN_RECIPIENT] = *office_node(g->clinic);
	ok(bundle_export(g->north->r, &count, recipient, COUNT_OF(recipient), 0,
	    &to, NULL, NULL));
	g->bytes = parts.part[0];
	put_keys(g);
}

void
golden_bundle_release(struct golden_bundle *g)
{
	office_free(g->hub);
	office_free(g->north);
	office_free(g->laptop);
	office_free(g->clinic);
	buf_release(&g->bytes);
	buf_release(&g->keys);
	memset(g, 0, sizeof(*g));
}

/* ---- blocks of FORMAT.md ------------------------------------------------- */

void
golden_bundle_header(struct buf *text)
{
	struct golden_bundle g;
	struct rd r;

	golden_bundle_make(&g);
	r = rd_of(g.bytes.p, g.bytes.n);
	golden_take(text, &r, 8, "begins a bundle");
	golden_take(text, &r, 1, "version");
	golden_take(text, &r, 1, "kind: data");
	golden_take(text, &r, 16, "network");
	golden_take(text, &r, 32, "sender's signing key");
	golden_take(text, &r, 32, "sender's box key");
	golden_take(text, &r, 32, "sender's TLS key");
	golden_take(text, &r, 16, "id");
	golden_take(text, &r, 0, "part");
	golden_take(text, &r, 0, "made");
	golden_take(text, &r, 0, "number of recipients");
	golden_take(text, &r, 16, "recipient 0: the hub");
	golden_take(text, &r, BUNDLE_SEALED_BYTES, "its sealed box");
	golden_take(text, &r, 16, "recipient 1: the Clinic");
	golden_take(text, &r, BUNDLE_SEALED_BYTES, "its sealed box");
	golden_bundle_release(&g);
}

void
golden_bundle_derived(struct buf *text)
{
	static struct bundle_header header;
	struct golden_bundle g;
	struct bundle_reader from;
	struct bundle_info info;
	struct bundle_in in;
	const struct bundle_recipient *to = &header.recipient[GOLDEN_RECIPIENT];
	uint8_t secret[32];

	golden_bundle_make(&g);
	from = office_reader(&g.bytes);
	ok(bundle_check(&header, &info, &from, NULL));
	ok(bundle_unlock(&in, &header, GOLDEN_RECIPIENT,
	    replica_identity(g.clinic->r), &from, NULL));
	ok(box_open(secret, to->sealed, sizeof(to->sealed),
	    replica_identity(g.clinic->r)->box_key,
	    replica_identity(g.clinic->r)->box_secret));
	golden_part(text, header.sender.b, 16, "sender's node id");
	golden_part(text, secret, 32, "in recipient 1's box");
	golden_part(text, header.hash, 32, "h");
	golden_part(text, to->key, 32, "its key");
	golden_bundle_release(&g);
}
