/*
 * Every small history in every order of arrival. See tests/README.md for the
 * settings and what was run.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/orders/orders.h"
#include "tests/support/branch.h"

#define JOBS_MAX 64
#define TEXT_BYTES 2048
#define DIFFERENCES_TOLD 5 /* by each process */

/* What the processes tell each other. */
static struct shared {
	uint64_t stories[STORY_MAX + 1], arrivals[STORY_MAX + 1], may_undo,
	    differ;
	char playing[TEXT_BYTES]; /* a history, for when it does not end well */
} * shared;                       /* one of each process */

static uint64_t
setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

/* ---- one history --------------------------------------------------------------- */

struct arrival {
	size_t order[STORY_MAX];
	struct shown shown;
};

struct play {
	struct story *s;
	struct shared *told;
	enum taker t;
	bool begun, differs;
	struct arrival first, now;
};

/* Lines of one that the other has not. */
static void
print_only(char sign, struct buf *one, struct buf *other)
{
	const char *text = buf_cstr(one);
	char line[4096];

	while (*text != '\0') {
		size_t n = strcspn(text, "\n");

		(void)snprintf(line, sizeof(line), "%.*s\n", (int)n, text);
		if (strstr(buf_cstr(other), line) == NULL)
			printf("# %c %s", sign, line);
		text += n + 1;
	}
}

static void
print_difference(struct play *p)
{
	struct shown *one = &p->first.shown, *other = &p->now.shown;

	printf("# ORDERS_STORY='%s\n#   %s shows something else:\n",
	    p->told->playing, scene_taker_name(p->t));
	for (int k = 0; k < 2; k++) {
		const struct arrival *a = k == 0 ? &p->first : &p->now;

		printf("# %c after", "-+"[k]);
		for (size_t i = 0; i < p->s->n; i++)
			printf(" %c", (int)('a' + a->order[i]));
		printf("\n");
	}
	print_only('-', &one->always, &other->always);
	print_only('+', &other->always, &one->always);
	print_only('-', &one->by_keys, &other->by_keys);
	print_only('+', &other->by_keys, &one->by_keys);
	(void)fflush(stdout);
}

static bool
same(struct buf *a, struct buf *b)
{
	return strcmp(buf_cstr(a), buf_cstr(b)) == 0;
}

static bool
agree(struct shown *one, struct shown *other)
{
	return same(&one->always, &other->always) &&
	    (!same(&one->keys, &other->keys) ||
		same(&one->by_keys, &other->by_keys));
}

/* What the taker shows now is what it showed after the first order. */
static void
compare(struct play *p, const size_t *order)
{
	struct arrival *a = p->begun ? &p->now : &p->first;

	memcpy(a->order, order, p->s->n * sizeof(order[0]));
	show(&a->shown, p->t, story_may_undo(p->s));
	if (strstr(buf_cstr(&a->shown.always), SHOWN_MISSING) == NULL &&
	    (!p->begun || agree(&p->first.shown, &p->now.shown))) {
		p->begun = true;
		return;
	}
	p->begun = true;
	if (!p->differs && p->told->differ++ < DIFFERENCES_TOLD)
		print_difference(p);
	p->differs = true;
}

/* Each once; then all of them again, or each twice at once. */
static void
play_order(struct play *p, const size_t *order, bool at_once)
{
	size_t n = p->s->n;

	scene_reset(p->t);
	for (size_t i = 0; i < 2 * n; i++)
		story_give(p->s, order[at_once ? i / 2 : i % n], p->t);
	story_sweep(p->s, p->t);
	compare(p, order);
	p->told->arrivals[n]++;
}

/* One waits until the others have come and the tables were made anew. */
static void
play_held_back(struct play *p, size_t held)
{
	struct pair *pair = &scene()->p;
	size_t order[STORY_MAX] = { 0 }, n = 0;

	scene_reset(p->t);
	for (size_t i = 0; i < p->s->n; i++)
		if (i != held)
			order[n++] = i;
	order[n] = held;
	for (size_t i = 0; i < 2 * n; i++)
		story_give(p->s, order[i / 2], p->t);
	pair_check(pair, scene_taker(p->t));
	story_give(p->s, held, p->t);
	story_give(p->s, held, p->t);
	story_sweep(p->s, p->t);
	compare(p, order);
	pair_check(pair, scene_taker(p->t));
	compare(p, order);
	p->told->arrivals[p->s->n]++;
}

static void
play(struct story *s, struct shared *told)
{
	struct buf text = { 0 };
	struct play p = { .s = s, .told = told };
	size_t order[STORY_MAX];

	if (setting("ORDERS_UNDONE", 0) != 0 && !story_may_undo(s))
		return;
	story_print(&text, s);
	(void)snprintf(told->playing, sizeof(told->playing), "%s",
	    buf_cstr(&text));
	story_make(s);
	for (int t = 0; t < TAKERS; t++) {
		uint64_t round = 0;

		p.t = (enum taker)t;
		p.begun = p.differs = false;
		for (size_t i = 0; i < s->n; i++)
			order[i] = i;
		do
			play_order(&p, order, round++ % 2 == 0);
		while (branches_next_order(order, s->n));
		play_held_back(&p, s->n / 2);
	}
	told->stories[s->n]++;
	told->may_undo += story_may_undo(s);
	told->playing[0] = '\0';
	story_release(s);
	buf_release(&text);
	shown_release(&p.first.shown);
	shown_release(&p.now.shown);
}

/* ---- all of up to three, in every shape -------------------------------------------- */

struct walk {
	struct shared *told;
	uint64_t job, jobs;
	uint64_t step; /* one of so many is played */
	uint64_t count;
};

/* Two that do not know of each other may be told either way round: the one with
 * the smaller letter is told first. */
static bool
is_told_once(const struct story *s)
{
	for (size_t k = 1; k < s->n; k++)
		if ((s->e[k].knows >> (k - 1) & 1) == 0 &&
		    s->e[k].letter < s->e[k - 1].letter)
			return false;
	return true;
}

static bool
is_closed(const struct story *s)
{
	for (size_t k = 0; k < s->n; k++)
		for (size_t i = 0; i < k; i++)
			if ((s->e[k].knows >> i & 1) != 0 &&
			    (s->e[i].knows & ~s->e[k].knows) != 0)
				return false;
	return true;
}

static void
walk_shapes(struct walk *w, const struct story *told)
{
	unsigned shapes = 1u << told->n * (told->n - 1) / 2;

	for (unsigned shape = 0; shape < shapes; shape++) {
		struct story s = *told;
		unsigned rest = shape;

		for (size_t k = 1; k < s.n; k++) {
			s.e[k].knows = rest & ((1u << k) - 1);
			rest >>= k;
		}
		if (!is_closed(&s) || !is_told_once(&s) ||
		    w->count++ % w->step != 0 ||
		    w->count / w->step % w->jobs != w->job)
			continue;
		play(&s, w->told);
	}
}

static void
walk_all_of(struct walk *w, size_t n)
{
	uint64_t words = 1;

	for (size_t k = 0; k < n; k++)
		words *= letter_count;
	for (uint64_t word = 0; word < words; word++) {
		struct story s = { .n = n };
		uint64_t rest = word;

		for (size_t k = 0; k < n; k++) {
			s.e[k].letter = rest % letter_count;
			rest /= letter_count;
		}
		walk_shapes(w, &s);
	}
}

/* ---- some of more --------------------------------------------------------------------- */

static uint64_t
draw(uint64_t *seed, uint64_t below)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % below;
}

static unsigned
close_over(const struct story *s, unsigned knows)
{
	unsigned all = knows;

	for (size_t i = 0; i < s->n; i++)
		if ((knows >> i & 1) != 0)
			all |= s->e[i].knows;
	return all;
}

/* All at once, one after the other, two lines that meet in the last, or any.
 * Copies of machines are as rare as in life: mostly who writes knows what it
 * wrote before. */
static void
draw_story(struct story *s, size_t n, uint64_t *seed)
{
	enum { AT_ONCE, CHAIN, DIAMOND, ANY, SHAPES };
	uint64_t shape = draw(seed, SHAPES);
	bool copies = draw(seed, 4) == 0;

	*s = (struct story){ .n = 0 };
	while (s->n < n) {
		size_t k = s->n;
		unsigned knows = 0;

		s->e[k].letter = draw(seed, letter_count);
		if (shape == CHAIN || (shape == DIAMOND && k == n - 1))
			knows = (1u << k) - 1;
		else if (shape == DIAMOND)
			knows = k > 2 ? 1u << (k - 2) | 1u : k > 0 ? 1u : 0;
		else if (shape == ANY)
			knows = (unsigned)draw(seed, 1u << k);
		for (size_t i = 0; i < k && !copies; i++)
			if (letters[s->e[i].letter].by ==
			    letters[s->e[k].letter].by)
				knows |= 1u << i;
		s->e[k].knows = close_over(s, knows);
		s->n++;
	}
}

static void
draw_some_of(struct walk *w, size_t n, uint64_t count)
{
	uint64_t seed = setting("TEST_SEED", 1) * 1000 + n;

	for (uint64_t i = 0; i < count; i++) {
		struct story s;

		draw_story(&s, n, &seed);
		if (i % w->jobs == w->job)
			play(&s, w->told);
	}
}

/* ---- sharing it out ---------------------------------------------------------------------- */

/* step: of the histories of up to three one of so many. */
struct amount {
	uint64_t step[4], drawn[STORY_MAX + 1];
};

static void
play_share(const struct amount *a, uint64_t job, uint64_t jobs)
{
	struct walk w = { .told = &shared[job], .job = job, .jobs = jobs };

	for (size_t n = 1; n <= 3; n++) {
		w.step = a->step[n];
		w.count = 0;
		if (w.step > 0)
			walk_all_of(&w, n);
	}
	for (size_t n = 4; n <= STORY_MAX; n++)
		draw_some_of(&w, n, a->drawn[n]);
}

static bool
end_share(pid_t pid, struct shared *told)
{
	int status;

	if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 0)
		return true;
	printf("# ended in ORDERS_STORY='%s\n", told->playing);
	(void)fflush(stdout);
	return false;
}

static void
report(uint64_t jobs)
{
	struct shared sum = { .may_undo = 0 };

	for (uint64_t j = 0; j < jobs; j++) {
		for (size_t n = 1; n <= STORY_MAX; n++) {
			sum.stories[n] += shared[j].stories[n];
			sum.arrivals[n] += shared[j].arrivals[n];
		}
		sum.may_undo += shared[j].may_undo;
		sum.differ += shared[j].differ;
	}
	for (size_t n = 1; n <= STORY_MAX; n++)
		if (sum.stories[n] > 0)
			printf("# of %zu: %" PRIu64 " histories, %" PRIu64
			       " arrivals\n",
			    n, sum.stories[n], sum.arrivals[n]);
	printf("# %" PRIu64 " with an order that a judgement may undo, %" PRIu64
	       " differ\n",
	    sum.may_undo, sum.differ);
	(void)fflush(stdout);
	assert_int_equal(sum.differ, 0);
}

static void
play_one(const char *text)
{
	struct story s;

	assert_true(story_parse(&s, text));
	play(&s, &shared[0]);
	report(1);
}

static void
no_small_history_depends_on_the_order_of_arrival(void **state)
{
	struct amount a = {
		.step = { 0, 1, setting("ORDERS_OF_2", 6),
		    setting("ORDERS_OF_3", 1000) },
		.drawn = { [4] = setting("ORDERS_OF_4", 8),
		    [5] = setting("ORDERS_OF_5", 1),
		    [6] = setting("ORDERS_OF_6", 1) },
	};
	uint64_t jobs = setting("ORDERS_JOBS", 2);
	pid_t pid[JOBS_MAX];
	bool good = true;

	(void)state;
	assert_in_range(jobs, 1, JOBS_MAX);
	shared = mmap(NULL, JOBS_MAX * sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(shared != MAP_FAILED);
	(void)scene();
	if (getenv("ORDERS_STORY") != NULL) {
		play_one(getenv("ORDERS_STORY"));
		return;
	}
	(void)fflush(stdout);
	for (uint64_t j = 0; j < jobs; j++) {
		pid[j] = fork();
		assert_true(pid[j] >= 0);
		if (pid[j] == 0) {
			play_share(&a, j, jobs);
			_exit(0);
		}
	}
	for (uint64_t j = 0; j < jobs; j++)
		good = end_share(pid[j], &shared[j]) && good;
	assert_true(good);
	report(jobs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    no_small_history_depends_on_the_order_of_arrival),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
