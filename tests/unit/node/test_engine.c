/* The one lock: who gives it up, who waits for what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>

#include "node/engine.h"

static struct engine engine;
static unsigned taken;

static int
setup(void **state)
{
	(void)state;
	taken = 0;
	return engine_init(&engine, NULL, NULL) == OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	engine_release(&engine);
	return 0;
}

static void *
take_once(void *context)
{
	(void)context;
	engine_lock(&engine);
	taken++;
	engine_unlock(&engine);
	return NULL;
}

static void
who_waits_for_the_lock_gets_it_when_it_is_let_go(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= 50; i++) {
		pthread_t thread;
		unsigned turn;

		engine_lock(&engine);
		assert_int_equal(pthread_create(&thread, NULL, take_once, NULL),
		    0);
		while (atomic_load(&engine.waiting) == 0)
			sched_yield();
		turn = engine_let_go(&engine);
		engine_take_back(&engine, turn);
		assert_int_equal(taken, i);
		engine_unlock(&engine);
		assert_int_equal(pthread_join(thread, NULL), 0);
	}
}

static void
a_stir_wakes_and_is_no_news(void **state)
{
	(void)state;
	engine_lock(&engine);
	engine_stir(&engine);
	assert_int_equal(engine.generation, 0);
	assert_int_equal(engine_wait(&engine, 0, 60000), 1);
	engine_changed(&engine);
	assert_int_equal(engine.generation, 1);
	assert_int_equal(engine_wait(&engine, 1, 60000), 2);
	assert_int_equal(engine_wait(&engine, 2, 1), 2);
	engine_unlock(&engine);
}

static const struct node_id hub = { { 1 } }, north = { { 2 } };

static void *
second_contact(void *context)
{
	bool *begun = context;

	*begun = engine_contact_begin(&engine, &hub);
	if (*begun)
		engine_contact_end(&engine, &hub);
	return NULL;
}

static void
a_peer_has_one_contact_at_a_time(void **state)
{
	pthread_t thread;
	bool begun = false;

	(void)state;
	assert_true(engine_contact_begin(&engine, &hub));
	/* another peer does not wait */
	assert_true(engine_contact_begin(&engine, &north));
	engine_contact_end(&engine, &north);
	assert_int_equal(pthread_create(&thread, NULL, second_contact, &begun),
	    0);
	engine_lock(&engine);
	assert_int_equal(engine.contact_count, 1);
	engine_unlock(&engine);
	engine_contact_end(&engine, &hub);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(begun);
	assert_int_equal(engine.contact_count, 0);
}

static void
a_stop_ends_the_wait_for_a_contact(void **state)
{
	pthread_t thread;
	bool begun = true;

	(void)state;
	assert_true(engine_contact_begin(&engine, &hub));
	assert_int_equal(pthread_create(&thread, NULL, second_contact, &begun),
	    0);
	engine_stop(&engine);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_false(begun);
	engine_contact_end(&engine, &hub);
}

static void
who_is_wanted_is_told_of_until_the_call_begins_and_ends(void **state)
{
	uint64_t stirs;

	(void)state;
	engine_lock(&engine);
	stirs = engine.stirs;
	engine_want(&engine, &hub);
	assert_true(engine.stirs > stirs);
	assert_int_equal(engine.wants, 1);
	assert_true(engine_link(&engine, &hub)->is_wanted);
	assert_false(engine_link(&engine, &north)->is_wanted);
	engine_unlock(&engine);
	assert_true(engine_contact_begin(&engine, &hub));
	engine_lock(&engine);
	assert_false(engine_link(&engine, &hub)->is_wanted);
	assert_true(engine_link(&engine, &hub)->is_calling);
	engine_unlock(&engine);
	engine_contact_end(&engine, &hub);
	engine_lock(&engine);
	assert_false(engine_link(&engine, &hub)->is_calling);
	engine_unlock(&engine);
}

static void
of_more_peers_than_there_is_room_for_nothing_is_told(void **state)
{
	struct node_id node = { { 0 } };

	(void)state;
	engine_lock(&engine);
	for (unsigned i = 0; i < ENGINE_LINKS; i++) {
		node.b[0] = (uint8_t)i;
		node.b[1] = (uint8_t)(i >> 8);
		assert_non_null(engine_link(&engine, &node));
	}
	node.b[2] = 1;
	assert_null(engine_link(&engine, &node));
	engine_want(&engine, &node);
	engine_unlock(&engine);
	assert_true(engine_contact_begin(&engine, &node));
	engine_contact_end(&engine, &node);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(who_waits_for_the_lock_gets_it_when_it_is_let_go),
		CASE(a_stir_wakes_and_is_no_news),
		CASE(a_peer_has_one_contact_at_a_time),
		CASE(a_stop_ends_the_wait_for_a_contact),
		CASE(who_is_wanted_is_told_of_until_the_call_begins_and_ends),
		CASE(of_more_peers_than_there_is_room_for_nothing_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
