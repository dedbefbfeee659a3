#define _GNU_SOURCE /* memmem */
/* Bundles between real replicas: any order, twice, split, damaged, foreign. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/db.h"
#include "tests/support/office.h"

static struct office *hub, *north;
static struct fail f;

static int
two_offices(void **state)
{
	(void)state;
	f = (struct fail){ 0 };
	hub = office_found("Hub", KIND_HUB, 1);
	north = office_join(hub, "North", "North", KIND_PROBATION, 2);
	return 0;
}

static int
close_offices(void **state)
{
	(void)state;
	office_free(north);
	office_free(hub);
	return 0;
}

static void
people(struct row_id *out, int count)
{
	for (int i = 0; i < count; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "Sample %04d", i);
		out[i] = office_person(north, name);
		office_share(north, &out[i], "Hub");
	}
}

static void
has_people(struct office *o, const struct row_id *p, int count)
{
	for (int i = 0; i < count; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "Sample %04d", i);
		assert_string_equal(office_get(o, &p[i], "legal_name"), name);
	}
}

static void export(struct office *from, struct office_bundle *to,
    struct office *recipient, uint64_t split_bytes)
{
	struct bundle_writer w = office_writer(to);
	struct exchange_stats stats = { 0 };
	unsigned parts = 0;
	enum err e = bundle_export(from->r, &parts, office_node(recipient), 1,
	    split_bytes, &w, &stats, &f);

	if (e != OK)
		print_message("export: %s\n", f.text);
	assert_int_equal(e, OK);
	assert_int_equal(parts, to->count);
}

static enum err
import(struct office *o, const struct buf *part, struct exchange_stats *stats)
{
	struct bundle_reader reader = office_reader(part);

	*stats = (struct exchange_stats){ 0 };
	f = (struct fail){ 0 };
	return bundle_import(o->r, NULL, stats, &reader, &f);
}

static void
import_ok(struct office *o, const struct buf *part,
    struct exchange_stats *stats)
{
	enum err e = import(o, part, stats);

	if (e != OK)
		print_message("import: %s: %s\n", err_name(e), f.text);
	assert_int_equal(e, OK);
}

static void
a_bundle_carries_everything_and_a_receipt_comes_back(void **state)
{
	struct office_bundle there = { 0 }, back = { 0 };
	struct bundle_writer w = office_writer(&back);
	struct exchange_stats stats;
	struct lane_peer_info info;
	struct office_sync s = { 0 };
	static struct row_id p[30];

	(void)state;
	people(p, 30);
	export(north, &there, hub, 0);
	import_ok(hub, &there.part[0], &stats);
	has_people(hub, p, 30);
	assert_int_equal(stats.outcome[OUTCOME_REFUSED], 0);
	assert_int_equal(bundle_export_receipt(hub->r, office_node(north), &w,
			     &f),
	    OK);
	import_ok(north, &back.part[0], &stats);
	assert_true(stats.receipts_in >= 1);
	assert_int_equal(lane_peer_at(north->r, &info, 0, &f), OK);
	assert_true(info.receipt);
	assert_int_equal(info.pending[LANE_URGENT], 0);
	assert_int_equal(info.pending[LANE_NORMAL], 0);
	/* nothing of it goes by wire again */
	office_sync(north, hub, &s);
	assert_int_equal(s.err, OK);
	assert_int_equal(s.stats.sent_segments, 0);
	office_bundle_free(&there);
	office_bundle_free(&back);
}

static void
a_bundle_may_be_imported_twice(void **state)
{
	struct office_bundle b = { 0 };
	struct exchange_stats stats;
	static struct row_id p[5];

	(void)state;
	people(p, 5);
	export(north, &b, hub, 0);
	import_ok(hub, &b.part[0], &stats);
	assert_true(stats.outcome[OUTCOME_APPLIED] >= 10);
	import_ok(hub, &b.part[0], &stats);
	assert_int_equal(stats.outcome[OUTCOME_APPLIED], 0);
	assert_int_equal(stats.received, stats.outcome[OUTCOME_DUPLICATE]);
	has_people(hub, p, 5);
	office_bundle_free(&b);
}

static void
parts_may_come_in_any_order(void **state)
{
	struct office_bundle b = { 0 };
	struct exchange_stats stats;
	struct office_sync s = { 0 };
	static struct row_id p[400];

	(void)state;
	people(p, 400);
	export(north, &b, hub, BUNDLE_SPLIT_MIN_BYTES);
	assert_true(b.count >= 3);
	for (unsigned i = 0; i < b.count; i++)
		assert_true(b.part[i].n <= BUNDLE_SPLIT_MIN_BYTES);
	for (unsigned i = b.count; i > 0; i--)
		import_ok(hub, &b.part[i - 1], &stats);
	has_people(hub, p, 400);
	assert_int_equal(office_number(hub, "SELECT COUNT(*) FROM _parked"), 0);
	assert_int_equal(office_number(hub, "SELECT COUNT(*) FROM _ahead"), 0);
	/* the cursor went over all of it: the wire brings nothing more */
	office_sync(north, hub, &s);
	assert_int_equal(s.err, OK);
	assert_int_equal(s.stats.sent_segments, 0);
	assert_int_equal(s.stats.spared, 0);
	office_bundle_free(&b);
}

/* As of when the hub knows North's work. */
static int64_t
as_of(void)
{
	struct lane_peer_info info;

	for (size_t at = 0;; at++) {
		if (lane_peer_at(hub->r, &info, at, NULL) != OK)
			return 0;
		if (id_equal(&info.node, office_node(north)))
			return info.last_ok_ms;
	}
}

static void
a_bundle_is_as_of_when_it_was_made(void **state)
{
	struct office_bundle b = { 0 };
	struct exchange_stats stats;
	static struct row_id p[400];
	int64_t made = hub->env->wall_ms - 3600000;

	(void)state;
	people(p, 400);
	north->env->wall_ms = made;
	export(north, &b, hub, BUNDLE_SPLIT_MIN_BYTES);
	/* the end alone, with a gap before it, says nothing */
	import_ok(hub, &b.part[b.count - 1], &stats);
	assert_int_equal(as_of(), 0);
	for (unsigned i = 0; i < b.count; i++)
		import_ok(hub, &b.part[i], &stats);
	assert_int_equal(as_of(), made);
	office_bundle_free(&b);
	/* a clock that is ahead is not believed, one behind changes nothing */
	north->env->wall_ms = hub->env->wall_ms + 3600000;
	export(north, &b, hub, 0);
	import_ok(hub, &b.part[0], &stats);
	assert_int_equal(as_of(), hub->env->wall_ms);
	office_bundle_free(&b);
	north->env->wall_ms = made;
	export(north, &b, hub, 0);
	import_ok(hub, &b.part[0], &stats);
	assert_int_equal(as_of(), hub->env->wall_ms);
	office_bundle_free(&b);
}

static void
a_part_that_never_came_is_sent_by_wire(void **state)
{
	struct office_bundle b = { 0 };
	struct exchange_stats stats;
	static struct row_id p[400];

	(void)state;
	people(p, 400);
	export(north, &b, hub, BUNDLE_SPLIT_MIN_BYTES);
	for (unsigned i = 1; i < b.count; i++)
		import_ok(hub, &b.part[i], &stats);
	office_settle(north, hub);
	has_people(hub, p, 400);
	assert_int_equal(office_number(hub, "SELECT COUNT(*) FROM _parked"), 0);
	office_bundle_free(&b);
}

static void
every_flipped_bit_is_refused_before_anything_is_taken(void **state)
{
	struct office_bundle b = { 0 };
	struct exchange_stats stats;
	struct row_id p[1];
	struct buf *part = &b.part[0];

	(void)state;
	people(p, 1);
	export(north, &b, hub, 0);
	for (size_t at = 0; at < part->n; at++) {
		part->p[at] ^= (uint8_t)(1u << (at % 8));
		assert_int_not_equal(import(hub, part, &stats), OK);
		assert_int_equal(stats.received, 0);
		part->p[at] ^= (uint8_t)(1u << (at % 8));
	}
	assert_string_equal(office_get(hub, &p[0], "legal_name"), "");
	import_ok(hub, part, &stats);
	assert_string_equal(office_get(hub, &p[0], "legal_name"),
	    "Sample 0000");
	office_bundle_free(&b);
}

static void
every_truncation_is_refused_before_anything_is_taken(void **state)
{
	struct office_bundle b = { 0 };
	struct exchange_stats stats;
	struct row_id p[1];
	size_t whole;

	(void)state;
	people(p, 1);
	export(north, &b, hub, 0);
	whole = b.part[0].n;
	for (size_t n = 0; n < whole; n++) {
		b.part[0].n = n;
		assert_int_equal(import(hub, &b.part[0], &stats), ERR_FORMAT);
		assert_int_equal(stats.received, 0);
	}
	b.part[0].n = whole;
	buf_u8(&b.part[0], 0);
	assert_int_equal(import(hub, &b.part[0], &stats), ERR_FORMAT);
	office_bundle_free(&b);
}

static void
a_bundle_for_others_or_from_strangers_is_refused(void **state)
{
	struct office *clinic =
	    office_join(hub, "Clinic", "Clinic", KIND_TREATMENT, 3);
	struct office *other = office_found("Other", KIND_HUB, 4);
	struct office_bundle b = { 0 }, strange = { 0 };
	struct exchange_stats stats;
	struct row_id p[1];

	(void)state;
	people(p, 1);
	export(north, &b, hub, 0);
	assert_int_equal(import(clinic, &b.part[0], &stats), ERR_DENIED);
	assert_int_equal(import(other, &b.part[0], &stats), ERR_INPUT);
	assert_non_null(strstr(f.text, "another network"));
	assert_int_equal(import(north, &b.part[0], &stats), ERR_INPUT);
	/* North knows nothing of the clinic yet */
	export(clinic, &strange, north, 0);
	assert_int_equal(import(north, &strange.part[0], &stats), ERR_DENIED);
	office_settle(north, hub);
	office_settle(clinic, hub);
	import_ok(north, &strange.part[0], &stats);
	office_bundle_free(&b);
	office_bundle_free(&strange);
	office_free(clinic);
	office_free(other);
}

static void
each_recipient_opens_only_its_own(void **state)
{
	struct office *clinic =
	    office_join(hub, "Clinic", "Clinic", KIND_TREATMENT, 3);
	struct office_bundle b = { 0 };
	struct bundle_writer w = office_writer(&b);
	struct node_id to[2];
	struct exchange_stats stats = { 0 };
	struct bundle_info info;
	struct bundle_reader reader;
	struct row_id p[4];
	unsigned parts;

	(void)state;
	office_settle(clinic, hub);
	office_settle(north, hub);
	people(p, 4);
	office_share(north, &p[0], "Clinic");
	to[0] = *office_node(hub);
	to[1] = *office_node(clinic);
	assert_int_equal(bundle_export(north->r, &parts, to, 2, 0, &w, &stats,
			     &f),
	    OK);
	reader = office_reader(&b.part[0]);
	assert_int_equal(bundle_show(&info, &reader, &f), OK);
	assert_int_equal(info.recipient_count, 2);
	assert_int_equal(info.kind, BUNDLE_DATA);
	assert_true(info.last);
	assert_int_equal(info.part, 1);
	assert_int_equal(info.bytes, b.part[0].n);
	assert_true(id_equal(&info.sender, office_node(north)));
	assert_true(info.recipient[0].bytes > info.recipient[1].bytes);
	assert_null(memmem(b.part[0].p, b.part[0].n, "Sample", 6));
	import_ok(clinic, &b.part[0], &stats);
	assert_string_equal(office_get(clinic, &p[0], "legal_name"),
	    "Sample 0000");
	assert_string_equal(office_get(clinic, &p[1], "legal_name"), "");
	import_ok(hub, &b.part[0], &stats);
	has_people(hub, p, 4);
	office_bundle_free(&b);
	office_free(clinic);
}

static void
bundle_and_wire_may_be_mixed(void **state)
{
	struct office_bundle first = { 0 }, second = { 0 };
	struct exchange_stats stats;
	struct row_id p[6];

	(void)state;
	people(p, 3);
	export(north, &first, hub, 0);
	office_settle(north, hub);
	office_set(north, &p[0], "preferred_name", "One");
	export(north, &second, hub, 0);
	office_set(north, &p[0], "preferred_name", "Two");
	office_settle(north, hub);
	import_ok(hub, &second.part[0], &stats);
	assert_int_equal(stats.outcome[OUTCOME_APPLIED], 0);
	import_ok(hub, &first.part[0], &stats);
	assert_string_equal(office_get(hub, &p[0], "preferred_name"), "Two");
	office_settle(north, hub);
	office_bundle_free(&first);
	office_bundle_free(&second);
}

/* Any old stick would do otherwise, and what was destroyed since be read again. */
static void
a_restored_replica_opens_by_no_stick_that_is_older_than_its_new_life(
    void **state)
{
	struct office_bundle old = { 0 }, there = { 0 }, back = { 0 };
	struct exchange_stats stats;
	struct office_sync s = { 0 };
	struct row_id p[3];

	(void)state;
	people(p, 3);
	office_sync(north, hub, &s);
	export(hub, &old, north, 0);
	assert_int_equal(replica_new_life(north->r, LIFE_BACKUP, &f), OK);
	import_ok(north, &old.part[0], &stats);
	assert_int_equal(replica_restored(north->r, NULL), LIFE_BACKUP);
	assert_non_null(strstr(stats.note, "stay closed"));
	export(north, &there, hub, 0);
	import_ok(hub, &there.part[0], &stats);
	export(hub, &back, north, 0);
	import_ok(north, &back.part[0], &stats);
	assert_int_equal(replica_restored(north->r, NULL), LIFE_NONE);
	has_people(north, p, 3);
	office_bundle_free(&old);
	office_bundle_free(&there);
	office_bundle_free(&back);
}

/* North is restored, the hub hears of it by stick and writes one in parts. */
static void
restored_with_parts(struct office_bundle *back, uint64_t split_bytes)
{
	struct office_bundle there = { 0 };
	struct exchange_stats stats;

	assert_int_equal(replica_new_life(north->r, LIFE_BACKUP, &f), OK);
	export(north, &there, hub, 0);
	import_ok(hub, &there.part[0], &stats);
	export(hub, back, north, split_bytes);
	office_bundle_free(&there);
}

/* What was taken back or destroyed may stand in any of them. */
static void
a_restored_replica_opens_when_every_part_is_in_and_not_before(void **state)
{
	static const uint64_t splits[] = { BUNDLE_SPLIT_MIN_BYTES,
		BUNDLE_SPLIT_MIN_BYTES + 20000 };
	struct office_sync s = { 0 };
	static struct row_id p[400];

	(void)state;
	people(p, 400);
	office_sync(north, hub, &s);
	for (size_t k = 0; k < COUNT_OF(splits); k++) {
		unsigned missing = 0, count = 1;

		for (; missing < count; missing++) {
			struct office_bundle back = { 0 };
			struct exchange_stats stats;

			restored_with_parts(&back, splits[k]);
			count = back.count;
			assert_true(count >= 3);
			for (unsigned i = count; i-- > 0;) {
				if (i == missing)
					continue;
				import_ok(north, &back.part[i], &stats);
				assert_int_equal(replica_restored(north->r,
						     NULL),
				    LIFE_BACKUP);
				assert_non_null(
				    strstr(stats.note, "stay closed"));
			}
			import_ok(north, &back.part[missing], &stats);
			assert_int_equal(replica_restored(north->r, NULL),
			    LIFE_NONE);
			office_bundle_free(&back);
		}
	}
	has_people(north, p, 400);
}

/* Parts of two sticks add up to nothing. */
static void
parts_of_two_sticks_open_no_restored_replica(void **state)
{
	struct office_bundle one = { 0 }, two = { 0 };
	struct exchange_stats stats;
	struct office_sync s = { 0 };
	static struct row_id p[400];

	(void)state;
	people(p, 400);
	office_sync(north, hub, &s);
	restored_with_parts(&one, BUNDLE_SPLIT_MIN_BYTES);
	export(hub, &two, north, BUNDLE_SPLIT_MIN_BYTES);
	assert_int_equal(one.count, two.count);
	for (unsigned i = 0; i < one.count; i++) {
		import_ok(north, i == 1 ? &two.part[i] : &one.part[i], &stats);
		assert_int_equal(replica_restored(north->r, NULL), LIFE_BACKUP);
	}
	import_ok(north, &one.part[1], &stats);
	assert_int_equal(replica_restored(north->r, NULL), LIFE_BACKUP);
	for (unsigned i = 0; i < one.count; i++)
		import_ok(north, &one.part[i], &stats);
	assert_int_equal(replica_restored(north->r, NULL), LIFE_NONE);
	office_bundle_free(&one);
	office_bundle_free(&two);
}

static void
what_is_no_bundle_says_so(void **state)
{
	struct buf b = { 0 };
	struct exchange_stats stats;

	(void)state;
	assert_int_equal(import(hub, &b, &stats), ERR_FORMAT);
	assert_false(bundle_is((const uint8_t *)"PK\3\4abcd", 8));
	buf_text(&b, "person,name\n1,Sample\n");
	assert_int_equal(import(hub, &b, &stats), ERR_FORMAT);
	assert_non_null(strstr(f.text, "no bundle"));
	buf_release(&b);
}

#define BUNDLE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, two_offices, close_offices)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		BUNDLE_TEST(
		    a_bundle_carries_everything_and_a_receipt_comes_back),
		BUNDLE_TEST(a_bundle_may_be_imported_twice),
		BUNDLE_TEST(parts_may_come_in_any_order),
		BUNDLE_TEST(a_bundle_is_as_of_when_it_was_made),
		BUNDLE_TEST(a_part_that_never_came_is_sent_by_wire),
		BUNDLE_TEST(
		    every_flipped_bit_is_refused_before_anything_is_taken),
		BUNDLE_TEST(
		    every_truncation_is_refused_before_anything_is_taken),
		BUNDLE_TEST(a_bundle_for_others_or_from_strangers_is_refused),
		BUNDLE_TEST(each_recipient_opens_only_its_own),
		BUNDLE_TEST(bundle_and_wire_may_be_mixed),
		BUNDLE_TEST(
		    a_restored_replica_opens_by_no_stick_that_is_older_than_its_new_life),
		BUNDLE_TEST(
		    a_restored_replica_opens_when_every_part_is_in_and_not_before),
		BUNDLE_TEST(parts_of_two_sticks_open_no_restored_replica),
		BUNDLE_TEST(what_is_no_bundle_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
