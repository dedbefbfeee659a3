/* Documents: added, on their way in parts, read whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#include "sync/attachment.h"
#include "tests/support/pair.h"

/* Some content, read as a file would be. */
struct content {
	uint8_t *p;
	size_t n;
	size_t reads;
	bool changes; /* at its end, from the second reading on */
};

static void
content_init(struct content *c, size_t n)
{
	static const uint8_t seed[randombytes_SEEDBYTES] = { 9 };

	*c = (struct content){ .p = malloc(n + 1), .n = n };
	assert_non_null(c->p);
	randombytes_buf_deterministic(c->p, n, seed);
}

static enum err
content_read(void *context, uint64_t offset, uint8_t *p, size_t n, size_t *got,
    struct fail *f)
{
	struct content *c = context;
	size_t left = c->n - (size_t)offset;

	(void)f;
	assert_true(offset <= c->n);
	*got = n < left ? n : left;
	memcpy(p, c->p + offset, *got);
	c->reads += offset == 0 ? 1 : 0;
	if (c->changes && c->reads > 1 && offset + *got == c->n)
		p[*got - 1] ^= 1;
	return OK;
}

struct written {
	struct buf b;
	size_t calls;
};

static enum err
take(void *context, const uint8_t *p, size_t n, struct fail *f)
{
	struct written *w = context;

	(void)f;
	w->calls++;
	buf_put(&w->b, p, n);
	return w->b.err;
}

static enum err
try_add(struct pair *p, enum pair_who who, struct attachment *a,
    struct content *c, struct fail *f)
{
	struct replica *r = p->r[who];
	struct buf list = { 0 };
	enum err e = attachment_measure(a, &list, content_read, c, f);

	if (e == OK) {
		assert_int_equal(replica_begin(r, NULL), OK);
		e = attachment_add(r, a, &list, content_read, c, f);
		if (e == OK)
			assert_int_equal(replica_commit(r, NULL), OK);
		else
			replica_rollback(r);
	}
	buf_release(&list);
	return e;
}

/* In the person's case; a stands for what its row would say. */
static void
add(struct pair *p, enum pair_who who, const struct row_id *person,
    struct attachment *a, size_t n)
{
	static uint8_t next;
	struct content c;
	struct fail f = { 0 };

	content_init(&c, n);
	*a = (struct attachment){ .cpt = pair_cpt(p, who, person)->no };
	memset(a->document.b, ++next, ID_BYTES);
	if (try_add(p, who, a, &c, &f) != OK)
		fail_msg("%s", f.text);
	free(c.p);
}

/* The same document at another node. */
static struct attachment
at_node(struct pair *p, enum pair_who who, const struct row_id *person,
    const struct attachment *a)
{
	struct attachment b = *a;

	b.cpt = pair_cpt(p, who, person)->no;
	return b;
}

static void
reads_whole(struct pair *p, enum pair_who who, const struct row_id *person,
    const struct attachment *of, size_t n)
{
	struct attachment a = at_node(p, who, person, of);
	struct written w = { .calls = 0 };
	struct attachment_held held;
	struct content c;
	struct fail f = { 0 };

	content_init(&c, n);
	assert_int_equal(attachment_held(p->r[who], &held, &a, &f), OK);
	assert_true(held.whole);
	assert_int_equal(held.parts, a.parts);
	assert_int_equal(held.unfit, 0);
	if (attachment_read(p->r[who], &a, take, &w, &f) != OK)
		fail_msg("%s", f.text);
	assert_int_equal(w.calls, a.parts);
	assert_int_equal(w.b.n, n);
	assert_memory_equal(w.b.p, c.p, n);
	buf_release(&w.b);
	free(c.p);
}

static void
still_coming(struct pair *p, enum pair_who who, const struct row_id *person,
    const struct attachment *of, const char *text)
{
	struct attachment a = at_node(p, who, person, of);
	struct written w = { .calls = 0 };
	struct fail f = { 0 };

	assert_int_equal(attachment_read(p->r[who], &a, take, &w, &f),
	    ERR_WAIT);
	assert_non_null(strstr(f.text, text));
	assert_int_equal(w.calls, 0);
}

static void
start(struct pair *p, uint64_t seed, struct row_id *person)
{
	pair_start(p, seed, 1);
	pair_insert(p, PAIR_NORTH, "person", person, NULL, "word", "w");
	pair_share(p, PAIR_NORTH, person, PAIR_CLINIC, GRANT_READ, false);
	(void)pair_seal(p, PAIR_NORTH);
}

static void
a_document_comes_back_whole_whatever_its_size(void **state)
{
	static const size_t size[] = { 1, 65535, 65536, 65537, 200000 };
	struct attachment a[COUNT_OF(size)];
	struct row_id person;
	struct pair p;

	(void)state;
	start(&p, 71, &person);
	for (size_t i = 0; i < COUNT_OF(size); i++) {
		add(&p, PAIR_NORTH, &person, &a[i], size[i]);
		reads_whole(&p, PAIR_NORTH, &person, &a[i], size[i]);
	}
	pair_check(&p, PAIR_NORTH); /* unsealed */
	pair_exchange(&p, PAIR_NORTH, PAIR_HUB);
	pair_exchange(&p, PAIR_CLINIC, PAIR_HUB);
	for (size_t i = 0; i < COUNT_OF(size); i++) {
		reads_whole(&p, PAIR_NORTH, &person, &a[i], size[i]);
		reads_whole(&p, PAIR_CLINIC, &person, &a[i], size[i]);
	}
	assert_int_equal(pair_number(&p, PAIR_HUB,
			     "SELECT count(*) FROM _part"),
	    0);
	pair_check(&p, PAIR_NORTH);
	pair_check(&p, PAIR_CLINIC);
	pair_check(&p, PAIR_HUB);
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	pair_stop(&p);
}

static void
parts_come_in_any_order_and_are_counted(void **state)
{
	struct attachment a;
	struct row_id person;
	struct pair p;
	int64_t last, first;

	(void)state;
	start(&p, 72, &person);
	add(&p, PAIR_NORTH, &person, &a, 4 * 65536);
	last = pair_seal(&p, PAIR_NORTH);
	first = last - 4; /* the list */
	pair_ship_range(&p, PAIR_NORTH, PAIR_CLINIC, 1, first - 1);
	still_coming(&p, PAIR_CLINIC, &person, &a, "0 of 4 parts");
	/* parked until their predecessor comes: they are a chain */
	pair_ship_range(&p, PAIR_NORTH, PAIR_CLINIC, last, first + 2);
	still_coming(&p, PAIR_CLINIC, &person, &a, "0 of 4 parts");
	(void)pair_ship(&p, PAIR_NORTH, PAIR_CLINIC, first);
	still_coming(&p, PAIR_CLINIC, &person, &a, "0 of 4 parts");
	pair_check(&p, PAIR_CLINIC);
	(void)pair_ship(&p, PAIR_NORTH, PAIR_CLINIC, first + 1);
	reads_whole(&p, PAIR_CLINIC, &person, &a, 4 * 65536);
	pair_check(&p, PAIR_CLINIC);
	pair_stop(&p);
}

/* A part as another program might make it. */
static void
forge(struct pair *p, enum pair_who who, const struct row_id *person,
    const struct attachment *of, unsigned number, size_t n)
{
	struct part part = { .document = of->document,
		.number = number,
		.count = of->parts };
	struct replica *r = p->r[who];
	struct buf content = { 0 }, payload = { 0 };
	int64_t no;

	buf_zero(&content, n);
	part.content = content.p;
	part.content_n = n;
	part_encode(&payload, &part);
	assert_int_equal(replica_begin(r, NULL), OK);
	assert_int_equal(log_append_beside(r, pair_cpt(p, who, person), &no,
			     SEGMENT_ATTACHMENT, payload.p, payload.n, NULL),
	    OK);
	assert_int_equal(replica_commit(r, NULL), OK);
	buf_release(&content);
	buf_release(&payload);
}

static void
what_does_not_fit_the_row_counts_for_nothing(void **state)
{
	struct attachment a;
	struct row_id person;
	struct pair p;
	int64_t last, list;

	(void)state;
	start(&p, 73, &person);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	add(&p, PAIR_NORTH, &person, &a, 2 * 65536 + 5);
	last = pair_seal(&p, PAIR_NORTH);
	list = last - 3;
	forge(&p, PAIR_SOUTH, &person, &a, 0, 96);
	forge(&p, PAIR_SOUTH, &person, &a, 1, 65536);
	forge(&p, PAIR_SOUTH, &person, &a, 3, 5);
	(void)pair_seal(&p, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_CLINIC);
	pair_ship_range(&p, PAIR_NORTH, PAIR_CLINIC, 1, list - 1);
	/* nobody can tell yet */
	still_coming(&p, PAIR_CLINIC, &person, &a, "2 of 3 parts");
	(void)pair_ship(&p, PAIR_NORTH, PAIR_CLINIC, list);
	still_coming(&p, PAIR_CLINIC, &person, &a, "0 of 3 parts");
	still_coming(&p, PAIR_CLINIC, &person, &a, "2 came with other bytes");
	(void)pair_ship(&p, PAIR_NORTH, PAIR_CLINIC, list + 1);
	still_coming(&p, PAIR_CLINIC, &person, &a, "1 of 3 parts");
	pair_ship_range(&p, PAIR_NORTH, PAIR_CLINIC, list + 2, last);
	reads_whole(&p, PAIR_CLINIC, &person, &a, 2 * 65536 + 5);
	pair_check(&p, PAIR_CLINIC);
	pair_stop(&p);
}

static void
parts_that_came_before_their_key_open_with_it(void **state)
{
	struct attachment a;
	struct row_id person;
	struct pair p;

	(void)state;
	pair_start(&p, 74, 1);
	pair_insert(&p, PAIR_NORTH, "person", &person, NULL, "word", "w");
	add(&p, PAIR_NORTH, &person, &a, 70000);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_int_equal(pair_number(&p, PAIR_CLINIC,
			     "SELECT count(*) FROM _part_closed"),
	    3);
	pair_check(&p, PAIR_CLINIC);
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_READ, false);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	reads_whole(&p, PAIR_CLINIC, &person, &a, 70000);
	assert_int_equal(pair_number(&p, PAIR_CLINIC,
			     "SELECT count(*) FROM _part_closed"),
	    0);
	pair_check(&p, PAIR_CLINIC);
	pair_stop(&p);
}

static void
parts_of_an_epoch_before_ours_stay_closed(void **state)
{
	struct attachment before, after;
	struct row_id person;
	struct pair p;

	(void)state;
	pair_start(&p, 75, 1);
	pair_insert(&p, PAIR_NORTH, "person", &person, NULL, "word", "w");
	add(&p, PAIR_NORTH, &person, &before, 900);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_READ, true);
	add(&p, PAIR_NORTH, &person, &after, 901);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	still_coming(&p, PAIR_CLINIC, &person, &before, "0 of 1 parts");
	reads_whole(&p, PAIR_CLINIC, &person, &after, 901);
	assert_int_equal(pair_number(&p, PAIR_CLINIC,
			     "SELECT count(*) FROM _part_closed"),
	    2);
	pair_check(&p, PAIR_CLINIC);
	pair_stop(&p);
}

static void
what_cannot_be_added_leaves_nothing(void **state)
{
	struct attachment a = { .cpt = 0 };
	struct row_id person;
	struct content c;
	struct fail f = { 0 };
	struct pair p;

	(void)state;
	start(&p, 76, &person);
	a.cpt = pair_cpt(&p, PAIR_NORTH, &person)->no;
	content_init(&c, LIMIT_DOCUMENT_BYTES + 1);
	assert_int_equal(try_add(&p, PAIR_NORTH, &a, &c, &f), ERR_LIMIT);
	c.n = 0;
	assert_int_equal(try_add(&p, PAIR_NORTH, &a, &c, &f), ERR_INPUT);
	c.n = 70000;
	c.reads = 0;
	c.changes = true;
	assert_int_equal(try_add(&p, PAIR_NORTH, &a, &c, &f), ERR_STALE);
	assert_int_equal(pair_number(&p, PAIR_NORTH,
			     "SELECT count(*) FROM _segment WHERE chain = 3"),
	    0);
	assert_int_equal(pair_number(&p, PAIR_NORTH,
			     "SELECT count(*) FROM _part"),
	    0);
	c.changes = false;
	assert_int_equal(try_add(&p, PAIR_NORTH, &a, &c, &f), OK);
	assert_int_equal(try_add(&p, PAIR_NORTH, &a, &c, &f), ERR_EXISTS);
	pair_check(&p, PAIR_NORTH);
	free(c.p);
	pair_stop(&p);
}

static void
a_row_that_contradicts_itself_names_no_document(void **state)
{
	struct attachment_held held;
	struct attachment a;
	struct row_id person;
	struct fail f = { 0 };
	struct pair p;

	(void)state;
	start(&p, 77, &person);
	add(&p, PAIR_NORTH, &person, &a, 70000);
	a.parts = 3;
	assert_int_equal(attachment_held(p.r[PAIR_NORTH], &held, &a, &f),
	    ERR_INPUT);
	a.parts = 2;
	a.bytes = 0;
	assert_int_equal(attachment_held(p.r[PAIR_NORTH], &held, &a, &f),
	    ERR_INPUT);
	a.bytes = UINT64_MAX;
	assert_int_equal(attachment_held(p.r[PAIR_NORTH], &held, &a, &f),
	    ERR_INPUT);
	a.bytes = 70001; /* two parts as well, but the root says 70000 */
	assert_int_equal(attachment_held(p.r[PAIR_NORTH], &held, &a, &f), OK);
	assert_false(held.listed);
	pair_stop(&p);
}

static void
a_changed_list_of_parts_is_found_and_rebuilt(void **state)
{
	struct attachment a;
	struct row_id person;
	struct fail f = { 0 };
	struct pair p;
	int64_t checked;

	(void)state;
	start(&p, 78, &person);
	add(&p, PAIR_NORTH, &person, &a, 70000);
	(void)pair_seal(&p, PAIR_NORTH);
	assert_int_equal(db_exec(replica_db(p.r[PAIR_NORTH]),
			     "DELETE FROM _part WHERE number = 2", &f),
	    OK);
	assert_int_equal(log_verify(p.r[PAIR_NORTH], true, &checked, &f),
	    ERR_CORRUPT);
	assert_int_equal(replica_rebuild(p.r[PAIR_NORTH], &f), OK);
	assert_int_equal(log_verify(p.r[PAIR_NORTH], true, &checked, &f), OK);
	reads_whole(&p, PAIR_NORTH, &person, &a, 70000);
	pair_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_document_comes_back_whole_whatever_its_size),
		cmocka_unit_test(parts_come_in_any_order_and_are_counted),
		cmocka_unit_test(what_does_not_fit_the_row_counts_for_nothing),
		cmocka_unit_test(parts_that_came_before_their_key_open_with_it),
		cmocka_unit_test(parts_of_an_epoch_before_ours_stay_closed),
		cmocka_unit_test(what_cannot_be_added_leaves_nothing),
		cmocka_unit_test(
		    a_row_that_contradicts_itself_names_no_document),
		cmocka_unit_test(a_changed_list_of_parts_is_found_and_rebuilt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
