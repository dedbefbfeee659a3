/* Edit distance with swapped neighbours, over one row at a time. */
#include "node/near.h"

#include <ctype.h>
#include <string.h>

#define WORD_BYTES 48

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

static int
low(char c)
{
	return tolower((unsigned char)c);
}

static unsigned
distance(const char *a, size_t n, const char *b, size_t m)
{
	unsigned row[3][WORD_BYTES + 1];
	unsigned *before = row[0], *last = row[1], *now = row[2], *was;

	for (size_t j = 0; j <= m; j++)
		last[j] = before[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			bool same = low(a[i - 1]) == low(b[j - 1]);

			now[j] = least(last[j] + 1, now[j - 1] + 1,
			    last[j - 1] + !same);
			if (i > 1 && j > 1 && low(a[i - 1]) == low(b[j - 2]) &&
			    low(a[i - 2]) == low(b[j - 1]) &&
			    before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		was = before;
		before = last;
		last = now;
		now = was;
	}
	return last[m];
}

void
near_offer(struct near *n, const char *word)
{
	size_t typed = strlen(n->typed), m = strlen(word);
	unsigned d, most;

	if (typed == 0 || typed > WORD_BYTES || m > WORD_BYTES)
		return;
	d = distance(n->typed, typed, word, m);
	most = typed < 4 ? 1 : typed < 8 ? 2 : 3;
	/* part of a longer name: "start" for start_at, "name" for legal_name */
	if (d > most && typed >= 3 && strstr(word, n->typed) != NULL)
		d = most;
	if (d > most || d >= m || (n->best != NULL && d >= n->distance))
		return;
	n->best = word;
	n->distance = d;
}
