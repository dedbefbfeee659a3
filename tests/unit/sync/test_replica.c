/* One replica by itself: founding, writing, reading, sealing, rebuilding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "schema/assets.h"
#include "sync/log.h"
#include "sync/read.h"
#include "sync/replica.h"
#include "sync/write.h"
#include "tests/support/env_test.h"

#define OK_(call) \
	do { \
		struct fail fail_ = { .code = OK }; \
		struct fail *f = &fail_; \
		enum err e_ = (call); \
		if (e_ != OK) \
			fail_msg("%s: %s", #call, fail_.text); \
	} while (0)

struct node {
	struct env_test *env;
	struct registry_source sources[16];
	struct replica_options options;
	struct replica *r;
};

static void
node_begin(struct node *n, uint64_t seed)
{
	memset(n, 0, sizeof(*n));
	n->env = env_test_new(seed);
	for (size_t i = 0; i < schema_asset_count; i++) {
		n->sources[i].name = schema_assets[i].name;
		n->sources[i].text = (const char *)schema_assets[i].p;
		n->sources[i].n = schema_assets[i].n;
	}
	n->options.env = &n->env->env;
	n->options.schema = n->sources;
	n->options.schema_count = schema_asset_count;
	OK_(replica_create(&n->r, "dir", &n->options, f));
}

static void
node_end(struct node *n)
{
	replica_close(n->r);
	env_test_free(n->env);
}

static void
found(struct node *n)
{
	struct replica_found o = {
		.network_name = "Test",
		.node_name = "North server",
		.agency_name = "North Probation",
		.office = "North",
		.agency_kind = KIND_PROBATION,
	};

	OK_(replica_found_network(n->r, &o, f));
}

static enum err
put(struct node *n, const char *table, struct row_id *row, bool insert,
    const struct row_id *subject, const char *seen, const char *field,
    const char *text)
{
	const struct table *t = registry_table(replica_registry(n->r), table);
	struct write_field w = { .field = table_field(t, field) };
	struct buf scratch = { .limit = 4096 };
	struct write_request q = {
		.table = t,
		.row = insert ? NULL : row,
		.subject = subject,
		.seen = seen,
		.fields = &w,
		.field_count = 1,
	};
	struct fail f = { .code = OK };
	int64_t draft;
	enum err e;

	assert_non_null(w.field);
	e = value_parse(&w.value, &scratch, w.field->type, text, &f);
	if (e == OK)
		e = write_row(n->r, row, &draft, &q, &f);
	if (e != OK)
		print_message("put %s.%s: %s\n", table, field, f.text);
	buf_release(&scratch);
	return e;
}

struct got {
	char text[200];
	char seen[SEEN_TEXT_BYTES];
	struct replica *r;
	const char *field;
};

static bool
take(void *context, const struct read_row *row)
{
	struct got *g = context;
	const struct field *f = table_field(row->table, g->field);
	struct buf b = { .limit = 200 };

	value_print(&b, &row->values[f->number]);
	(void)snprintf(g->text, sizeof(g->text), "%s", buf_cstr(&b));
	buf_release(&b);
	assert_int_equal(read_seen(g->r, g->seen, row, NULL), OK);
	return true;
}

static struct got
get(struct node *n, const char *table, const struct row_id *row,
    const char *field)
{
	struct got g = { .r = n->r, .field = field };
	const struct table *t = registry_table(replica_registry(n->r), table);

	OK_(read_get(n->r, t, row, 0, take, &g, f));
	return g;
}

static void
a_saved_value_is_read_back_before_and_after_a_restart(void **state)
{
	struct row_id person;
	struct node n;

	(void)state;
	node_begin(&n, 1);
	found(&n);
	assert_int_equal(put(&n, "person", &person, true, NULL, NULL,
			     "legal_name", "Sample 0001"),
	    OK);
	assert_string_equal(get(&n, "person", &person, "legal_name").text,
	    "Sample 0001");
	replica_close(n.r);
	OK_(replica_open(&n.r, "dir", &n.options, f));
	assert_string_equal(get(&n, "person", &person, "legal_name").text,
	    "Sample 0001");
	node_end(&n);
}

static void
sealing_and_rebuilding_change_nothing_a_person_sees(void **state)
{
	int64_t sealed, kept, checked;
	struct row_id person;
	struct got before, after, rebuilt;
	struct node n;

	(void)state;
	node_begin(&n, 2);
	found(&n);
	assert_int_equal(put(&n, "person", &person, true, NULL, NULL,
			     "legal_name", "Sample 0001"),
	    OK);
	assert_int_equal(put(&n, "person", &person, false, NULL, NULL,
			     "legal_name", "Sample One"),
	    OK);
	before = get(&n, "person", &person, "legal_name");
	OK_(log_seal(n.r, &sealed, &kept, f));
	assert_int_equal(sealed, 2);
	assert_int_equal(kept, 0);
	after = get(&n, "person", &person, "legal_name");
	OK_(log_verify(n.r, true, &checked, f));
	assert_int_equal(checked, 2);
	OK_(replica_rebuild(n.r, f));
	rebuilt = get(&n, "person", &person, "legal_name");
	assert_string_equal(rebuilt.text, "Sample One");
	assert_string_equal(after.seen, rebuilt.seen);
	/* a form that was open meanwhile can still be saved */
	assert_int_equal(put(&n, "person", &person, false, NULL, before.seen,
			     "legal_name", "Sample Two"),
	    OK);
	assert_int_equal(put(&n, "person", &person, false, NULL, before.seen,
			     "legal_name", "Sample Three"),
	    ERR_STALE);
	node_end(&n);
}

static void
save_from_a_stale_form_is_never_silent(void **state)
{
	struct row_id person;
	struct got form;
	struct node n;

	(void)state;
	node_begin(&n, 3);
	found(&n);
	assert_int_equal(put(&n, "person", &person, true, NULL, NULL,
			     "legal_name", "Sample 0001"),
	    OK);
	form = get(&n, "person", &person, "legal_name");
	assert_int_equal(put(&n, "person", &person, false, NULL, NULL,
			     "legal_name", "Somebody else's"),
	    OK);
	assert_int_equal(put(&n, "person", &person, false, NULL, form.seen,
			     "legal_name", "Mine"),
	    ERR_STALE);
	assert_string_equal(get(&n, "person", &person, "legal_name").text,
	    "Somebody else's");
	form = get(&n, "person", &person, "legal_name");
	assert_int_equal(put(&n, "person", &person, false, NULL, form.seen,
			     "legal_name", "Mine"),
	    OK);
	node_end(&n);
}

struct counted {
	int events;
};

static bool
count_event(void *context, const struct read_event *event)
{
	struct counted *c = context;

	(void)event;
	c->events++;
	return true;
}

static void
history_has_every_write_of_a_row(void **state)
{
	struct counted c = { 0 };
	struct row_id person;
	struct node n;

	(void)state;
	node_begin(&n, 4);
	found(&n);
	assert_int_equal(put(&n, "person", &person, true, NULL, NULL,
			     "legal_name", "A"),
	    OK);
	for (int i = 0; i < 9; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "B%d", i);
		assert_int_equal(put(&n, "person", &person, false, NULL, NULL,
				     "legal_name", name),
		    OK);
	}
	OK_(read_history(n.r, registry_table(replica_registry(n.r), "person"),
	    &person, 0, count_event, &c, f));
	assert_int_equal(c.events, 10);
	node_end(&n);
}

static void
every_field_of_a_table_can_be_written(void **state)
{
	struct row_id person, appointment;
	struct node n;

	(void)state;
	node_begin(&n, 5);
	found(&n);
	assert_int_equal(put(&n, "person", &person, true, NULL, NULL,
			     "legal_name", "A"),
	    OK);
	assert_int_equal(put(&n, "appointment", &appointment, true, &person,
			     NULL, "start_at", "2026-03-02T09:00"),
	    OK);
	assert_string_equal(get(&n, "appointment", &appointment, "start_at")
				.text,
	    "2026-03-02T09:00");
	assert_int_equal(put(&n, "appointment", &appointment, false, NULL, NULL,
			     "place", "Room 4"),
	    OK);
	assert_string_equal(get(&n, "appointment", &appointment, "start_at")
				.text,
	    "2026-03-02T09:00");
	node_end(&n);
}

struct beside {
	struct node *node;
	const struct row_id *other;
	char text[200];
};

static bool
read_another_first(void *context, const struct read_row *row)
{
	struct beside *b = context;
	const struct field *f = table_field(row->table, "legal_name");
	const struct value *v = &row->values[f->number];

	assert_string_equal(get(b->node, "person", b->other, "legal_name").text,
	    "Sample Two");
	(void)snprintf(b->text, sizeof(b->text), "%.*s", (int)v->n,
	    (const char *)v->p);
	return true;
}

static void
a_row_stays_whole_while_another_of_its_table_is_read(void **state)
{
	struct row_id one, two;
	struct beside b = { .other = &two };
	struct node n;

	(void)state;
	node_begin(&n, 6);
	found(&n);
	assert_int_equal(put(&n, "person", &one, true, NULL, NULL, "legal_name",
			     "One"),
	    OK);
	assert_int_equal(put(&n, "person", &two, true, NULL, NULL, "legal_name",
			     "Sample Two"),
	    OK);
	b.node = &n;
	OK_(read_get(n.r, registry_table(replica_registry(n.r), "person"), &one,
	    0, read_another_first, &b, f));
	assert_string_equal(b.text, "One");
	node_end(&n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_saved_value_is_read_back_before_and_after_a_restart),
		cmocka_unit_test(
		    sealing_and_rebuilding_change_nothing_a_person_sees),
		cmocka_unit_test(save_from_a_stale_form_is_never_silent),
		cmocka_unit_test(history_has_every_write_of_a_row),
		cmocka_unit_test(every_field_of_a_table_can_be_written),
		cmocka_unit_test(
		    a_row_stays_whole_while_another_of_its_table_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
