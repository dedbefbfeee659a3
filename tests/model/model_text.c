/*
 * The text merge again, from FORMAT.md alone: the longest common subsequence
 * is computed in full, chunks are compared as strings. No limits.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/model/model.h"

struct piece {
	const char *p;
	size_t n;
};
struct cut {
	struct piece *at;
	size_t count;
};

static void *
must(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

static struct cut
cut(struct model_text text)
{
	struct cut c = { must(calloc(text.n + 1, sizeof(struct piece))), 0 };

	for (size_t i = 0; i < text.n;) {
		size_t from = i;

		if (text.p[i] == '\n') {
			i++;
		} else {
			while (i < text.n && strchr(" \t\r", text.p[i]) != NULL)
				i++;
			while (
			    i < text.n && strchr(" \t\r\n", text.p[i]) == NULL)
				i++;
		}
		c.at[c.count++] = (struct piece){ text.p + from, i - from };
	}
	return c;
}

static bool
same(struct piece a, struct piece b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* to[i] = 1 + index in t that base token i is matched with, 0 = none */
static size_t *
match(struct cut base, struct cut t)
{
	size_t *to = must(calloc(base.count + 1, sizeof(*to)));
	size_t head = 0, end = base.count, tend = t.count, i, j, w;
	size_t *c;

	for (; head < end && head < tend; head++) {
		if (!same(base.at[head], t.at[head]))
			break;
		to[head] = head + 1;
	}
	for (; end > head && tend > head; end--, tend--) {
		if (!same(base.at[end - 1], t.at[tend - 1]))
			break;
		to[end - 1] = tend;
	}
	w = tend + 1;
	c = must(calloc((end + 1) * w, sizeof(*c)));
	for (i = end; i-- > head;)
		for (j = tend; j-- > head;) {
			size_t skip_base = c[(i + 1) * w + j];
			size_t skip_text = c[i * w + j + 1];

			c[i * w + j] =
			    skip_base > skip_text ? skip_base : skip_text;
			if (same(base.at[i], t.at[j]))
				c[i * w + j] = 1 + c[(i + 1) * w + j + 1];
		}
	for (i = j = head; i < end && j < tend;) {
		if (same(base.at[i], t.at[j]))
			to[i++] = ++j;
		else if (c[(i + 1) * w + j] >= c[i * w + j + 1])
			i++;
		else
			j++;
	}
	free(c);
	return to;
}

/* tokens from .. to - 1 as one string */
static struct piece
chunk(struct cut c, size_t from, size_t to)
{
	struct piece p = { "", 0 };

	for (size_t i = from; i < to; i++) {
		if (p.n == 0)
			p.p = c.at[i].p;
		p.n += c.at[i].n;
	}
	return p;
}

static void
put(char *out, size_t *n, struct piece p)
{
	memcpy(out + *n, p.p, p.n);
	*n += p.n;
}

char *
model_text_merge(size_t *n, bool *overlap, struct model_text base,
    struct model_text a, struct model_text b)
{
	struct cut cb = cut(base), c1 = cut(a), c2 = cut(b);
	size_t *m1 = match(cb, c1), *m2 = match(cb, c2);
	size_t i0 = 0, a0 = 0, b0 = 0;
	char *out = must(malloc(base.n + 2 * (a.n + b.n) + 1));

	*n = 0;
	for (size_t i = 0; i <= cb.count; i++) {
		struct piece pb, p1, p2;
		size_t a1 = c1.count, b1 = c2.count;

		if (i < cb.count && (m1[i] == 0 || m2[i] == 0))
			continue;
		if (i < cb.count) {
			a1 = m1[i] - 1;
			b1 = m2[i] - 1;
		}
		pb = chunk(cb, i0, i);
		p1 = chunk(c1, a0, a1);
		p2 = chunk(c2, b0, b1);
		if (same(p1, pb) || same(p1, p2)) {
			put(out, n, p2);
		} else if (same(p2, pb)) {
			put(out, n, p1);
		} else {
			*overlap = true;
			put(out, n, p1);
			if (p1.n > 0 && p2.n > 0 &&
			    strchr(" \t\r\n", p1.p[p1.n - 1]) == NULL &&
			    strchr(" \t\r\n", p2.p[0]) == NULL)
				out[(*n)++] = ' ';
			put(out, n, p2);
		}
		if (i < cb.count)
			put(out, n, cb.at[i]);
		i0 = i + 1, a0 = a1 + 1, b0 = b1 + 1;
	}
	free(cb.at);
	free(c1.at);
	free(c2.at);
	free(m1);
	free(m2);
	return out;
}
