/* Two levels of one thing: sums by agency, then of each that has too much by
 * node. */
#include "sync/quota.h"

#include <stdlib.h>
#include <string.h>

#define NO_LEVEL UINT64_MAX

static int
compare_owner(const struct quota_part *a, const struct quota_part *b)
{
	int c = id_compare(&a->agency, &b->agency);

	return c != 0 ? c : id_compare(&a->node, &b->node);
}

static int
compare_parts(const void *x, const void *y)
{
	const struct quota_part *a = x, *b = y;
	int c = compare_owner(a, b);

	if (c == 0)
		c = id_compare(&a->author, &b->author);
	if (c == 0)
		c = (a->seq > b->seq) - (a->seq < b->seq);
	if (c == 0)
		c = id_compare(&a->id, &b->id);
	return c != 0 ? c : (a->no > b->no) - (a->no < b->no);
}

static int
compare_numbers(const void *x, const void *y)
{
	const struct quota_part *a = x, *b = y;

	return (a->no > b->no) - (a->no < b->no);
}

static int
compare_sums(const void *x, const void *y)
{
	const uint64_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

/* How much each of n may have, so that all together have total. */
static uint64_t
level_of(uint64_t *sums, size_t n, uint64_t total)
{
	if (n > 0)
		qsort(sums, n, sizeof(*sums), compare_sums);
	for (size_t i = 0; i < n; i++) {
		uint64_t share = total / (n - i);

		if (sums[i] > share)
			return share;
		total -= sums[i];
	}
	return NO_LEVEL;
}

static size_t
end_of_agency(const struct quota_part *p, size_t from, size_t n)
{
	size_t k = from;

	while (k < n && id_equal(&p[k].agency, &p[from].agency))
		k++;
	return k;
}

static size_t
end_of_node(const struct quota_part *p, size_t from, size_t n)
{
	size_t k = from;

	while (k < n && compare_owner(&p[k], &p[from]) == 0)
		k++;
	return k;
}

static uint64_t
sum_of(const struct quota_part *p, size_t from, size_t end)
{
	uint64_t sum = 0;

	for (size_t k = from; k < end; k++)
		sum += p[k].cost;
	return sum;
}

/* The parts of one agency, which has more than it may. */
static void
share_agency(struct quota_part *p, size_t from, size_t end, uint64_t total,
    uint64_t *sums)
{
	uint64_t level;
	size_t n = 0, next;

	for (size_t k = from; k < end; k = next) {
		next = end_of_node(p, k, end);
		sums[n++] = sum_of(p, k, next);
	}
	level = level_of(sums, n, total);
	for (size_t k = from; k < end; k = next) {
		uint64_t used = 0;

		next = end_of_node(p, k, end);
		for (size_t i = k; i < next; i++) {
			used += p[i].cost;
			p[i].over = used > level;
		}
	}
}

enum err
quota_share(struct quota_part *parts, size_t n, uint64_t total, size_t *over)
{
	uint64_t *sums, level;
	size_t count = 0, next;

	*over = 0;
	for (size_t k = 0; k < n; k++)
		parts[k].over = false;
	if (n > 0)
		qsort(parts, n, sizeof(*parts), compare_numbers);
	if (sum_of(parts, 0, n) <= total)
		return OK;
	/* sums of the agencies, and behind them those of one's nodes */
	sums = calloc(2 * n, sizeof(*sums));
	if (sums == NULL)
		return ERR_NOMEM;
	qsort(parts, n, sizeof(*parts), compare_parts);
	for (size_t k = 0; k < n; k = next) {
		next = end_of_agency(parts, k, n);
		sums[count++] = sum_of(parts, k, next);
	}
	level = level_of(sums, count, total);
	for (size_t k = 0; k < n; k = next) {
		next = end_of_agency(parts, k, n);
		if (sum_of(parts, k, next) > level)
			share_agency(parts, k, next, level, sums + n);
	}
	for (size_t k = 0; k < n; k++)
		*over += parts[k].over ? 1 : 0;
	qsort(parts, n, sizeof(*parts), compare_numbers);
	free(sums);
	return OK;
}
