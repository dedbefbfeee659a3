/*
 * How: texts are cut into tokens (a word with the white space before it, or a
 * line feed), equal tokens get equal numbers, each version is aligned with the
 * base by a longest common subsequence, and the classic three-way walk goes
 * along the base tokens that both versions kept. A word carries the space
 * before it, not the one after it, so that two people who each add a sentence
 * at the end have not both changed the last word.
 */
#include "sync/text.h"

#include <stdlib.h>
#include <string.h>

#include "sync/limits.h"

struct token {
	const uint8_t *p; /* borrowed from its text */
	uint32_t n;
	uint32_t name; /* equal tokens of the three texts have equal names */
};

struct tokens {
	struct token *at; /* owned */
	size_t count;
};

/* part of a text: tokens from .. to - 1 */
struct span {
	const struct tokens *of;
	size_t from, to;
};

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool
is_white(uint8_t c)
{
	return is_blank(c) || c == '\n';
}

/* bytes of the token that begins at p[0]; n >= 1 */
static size_t
token_bytes(const uint8_t *p, size_t n)
{
	size_t i = 0;

	if (p[0] == '\n')
		return 1;
	while (i < n && is_blank(p[i]))
		i++;
	while (i < n && !is_white(p[i]))
		i++;
	return i;
}

/* ERR_LIMIT: too many tokens, do not merge */
static enum err
tokens_cut(struct tokens *out, const struct text_piece *text)
{
	size_t count = 0;

	for (size_t i = 0; i < text->n; count++)
		i += token_bytes(text->p + i, text->n - i);
	if (count > TEXT_TOKENS_MAX)
		return ERR_LIMIT;
	out->at = calloc(count + 1, sizeof(out->at[0]));
	if (out->at == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < text->n; out->count++) {
		struct token *t = &out->at[out->count];

		t->p = text->p + i;
		t->n = (uint32_t)token_bytes(t->p, text->n - i);
		i += t->n;
	}
	return OK;
}

static int
by_bytes(const void *x, const void *y)
{
	const struct token *const *tx = x;
	const struct token *const *ty = y;
	const struct token *a = *tx;
	const struct token *b = *ty;

	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	return memcmp(a->p, b->p, a->n);
}

/* Number the tokens of the three texts by sorting, not by a hash that a
 * hostile text could fill with collisions. */
static enum err
tokens_name(struct tokens text[3])
{
	size_t total = text[0].count + text[1].count + text[2].count;
	struct token **all = calloc(total + 1, sizeof(all[0]));
	uint32_t name = 0;
	size_t n = 0;

	if (all == NULL)
		return ERR_NOMEM;
	for (size_t k = 0; k < 3; k++)
		for (size_t i = 0; i < text[k].count; i++)
			all[n++] = &text[k].at[i];
	qsort(all, n, sizeof(all[0]), by_bytes);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && by_bytes(&all[i - 1], &all[i]) != 0)
			name++;
		all[i]->name = name;
	}
	free(all);
	return OK;
}

/*
 * One bit a cell: 1 where leaving out base token i costs nothing, that is
 * common(i + 1, j) >= common(i, j + 1) with common(i, j) the length of the
 * longest common subsequence of what follows i and j.
 */
static enum err
align_table(uint8_t *bits, const struct token *base, size_t base_n,
    const struct token *text, size_t text_n)
{
	uint32_t *row = calloc(text_n + 1, sizeof(row[0]));

	if (row == NULL)
		return ERR_NOMEM;
	for (size_t i = base_n; i-- > 0;) {
		uint32_t diagonal = 0; /* common(i + 1, j + 1) */

		for (size_t j = text_n; j-- > 0;) {
			uint32_t below = row[j];
			size_t cell = i * text_n + j;

			if (below >= row[j + 1])
				bits[cell / 8] |= (uint8_t)(1u << (cell % 8));
			if (base[i].name == text[j].name)
				row[j] = diagonal + 1;
			else if (row[j + 1] > below)
				row[j] = row[j + 1];
			diagonal = below;
		}
	}
	free(row);
	return OK;
}

/*
 * to[i] = index of the token of text that base token i became, or SIZE_MAX.
 * ERR_LIMIT: what changed is too large to align.
 */
static enum err
align(size_t *to, const struct tokens *base, const struct tokens *text)
{
	size_t head = 0, tail = 0, i, j, base_n, text_n;
	size_t shorter = base->count < text->count ? base->count : text->count;
	uint8_t *bits;
	enum err e;

	while (head < shorter && base->at[head].name == text->at[head].name) {
		to[head] = head;
		head++;
	}
	while (tail < shorter - head &&
	    base->at[base->count - 1 - tail].name ==
		text->at[text->count - 1 - tail].name) {
		to[base->count - 1 - tail] = text->count - 1 - tail;
		tail++;
	}
	base_n = base->count - head - tail;
	text_n = text->count - head - tail;
	for (i = 0; i < base_n; i++)
		to[head + i] = SIZE_MAX;
	if (base_n == 0 || text_n == 0)
		return OK;
	if (base_n > TEXT_CELLS_MAX / text_n)
		return ERR_LIMIT;
	bits = calloc(base_n * text_n / 8 + 1, 1);
	if (bits == NULL)
		return ERR_NOMEM;
	e = align_table(bits, base->at + head, base_n, text->at + head, text_n);
	for (i = 0, j = 0; e == OK && i < base_n && j < text_n;) {
		size_t cell = i * text_n + j;

		if (base->at[head + i].name == text->at[head + j].name) {
			to[head + i] = head + j;
			i++, j++;
		} else if ((bits[cell / 8] >> (cell % 8) & 1) != 0) {
			i++;
		} else {
			j++;
		}
	}
	free(bits);
	return e;
}

static bool
span_equal(const struct span *a, const struct span *b)
{
	if (a->to - a->from != b->to - b->from)
		return false;
	for (size_t i = 0; i < a->to - a->from; i++)
		if (a->of->at[a->from + i].name != b->of->at[b->from + i].name)
			return false;
	return true;
}

static void
span_put(struct buf *out, const struct span *s)
{
	const struct token *t = s->of->at;

	/* tokens lie back to back in their text */
	if (s->from < s->to)
		buf_put(out, t[s->from].p,
		    (size_t)(t[s->to - 1].p + t[s->to - 1].n - t[s->from].p));
}

/* Between two base tokens that both kept: who changed what stands there? */
static void
resolve(struct buf *out, bool *overlap, const struct span *base,
    const struct span *a, const struct span *b)
{
	const struct token *last, *first;

	if (span_equal(a, base) || span_equal(a, b)) {
		span_put(out, b);
		return;
	}
	if (span_equal(b, base)) {
		span_put(out, a);
		return;
	}
	*overlap = true;
	span_put(out, a);
	if (a->from < a->to && b->from < b->to) {
		last = &a->of->at[a->to - 1];
		first = &b->of->at[b->from];
		if (!is_white(last->p[last->n - 1]) && !is_white(first->p[0]))
			buf_u8(out, ' ');
	}
	span_put(out, b);
}

/* text[0] base, text[1] the earlier, text[2] the later version */
static void
walk(struct buf *out, bool *overlap, const struct tokens text[3],
    const size_t *to_a, const size_t *to_b)
{
	struct span base = { .of = &text[0] };
	struct span a = { .of = &text[1] };
	struct span b = { .of = &text[2] };

	for (;;) {
		struct span kept = { &text[0], base.to, base.to };

		base.from = base.to, a.from = a.to, b.from = b.to;
		while (base.to < text[0].count &&
		    (to_a[base.to] == SIZE_MAX || to_b[base.to] == SIZE_MAX))
			base.to++;
		a.to = text[1].count;
		b.to = text[2].count;
		if (base.to < text[0].count) {
			a.to = to_a[base.to];
			b.to = to_b[base.to];
		}
		resolve(out, overlap, &base, &a, &b);
		if (base.to == text[0].count)
			return;
		kept.from = base.to;
		kept.to = ++base.to;
		a.to++, b.to++;
		span_put(out, &kept);
	}
}

/* Too large to align: keep both whole, on lines of their own. */
static void
keep_both(struct buf *out, bool *overlap, const struct text_piece *a,
    const struct text_piece *b)
{
	*overlap = true;
	buf_put(out, a->p, a->n);
	if (a->n > 0 && b->n > 0 && a->p[a->n - 1] != '\n')
		buf_u8(out, '\n');
	buf_put(out, b->p, b->n);
}

/* Append the merge of a and b to out, an empty buffer. */
static enum err
merge_two(struct buf *out, bool *overlap, const struct text_piece *base,
    const struct text_piece *a, const struct text_piece *b)
{
	const struct text_piece *piece[3] = { base, a, b };
	struct tokens text[3] = { 0 };
	size_t *to_a = NULL, *to_b = NULL;
	enum err e = OK;

	for (size_t k = 0; k < 3 && e == OK; k++)
		e = tokens_cut(&text[k], piece[k]);
	if (e == OK)
		e = tokens_name(text);
	if (e == OK) {
		to_a = calloc(text[0].count + 1, sizeof(to_a[0]));
		to_b = calloc(text[0].count + 1, sizeof(to_b[0]));
		if (to_a == NULL || to_b == NULL)
			e = ERR_NOMEM;
	}
	if (e == OK)
		e = align(to_a, &text[0], &text[1]);
	if (e == OK)
		e = align(to_b, &text[0], &text[2]);
	if (e == OK)
		walk(out, overlap, text, to_a, to_b);
	if (e == ERR_LIMIT) {
		keep_both(out, overlap, a, b);
		e = OK;
	}
	for (size_t k = 0; k < 3; k++)
		free(text[k].at);
	free(to_a);
	free(to_b);
	return e != OK ? e : out->err;
}

static bool
piece_equal(const struct text_piece *a, const struct text_piece *b)
{
	return a->n == b->n && (a->n == 0 || memcmp(a->p, b->p, a->n) == 0);
}

/* Saying the same as the base, or as an earlier version, adds nothing. */
static bool
adds_nothing(const struct text_piece *base, const struct text_piece *versions,
    size_t at)
{
	if (piece_equal(&versions[at], base))
		return true;
	for (size_t i = 0; i < at; i++)
		if (piece_equal(&versions[at], &versions[i]))
			return true;
	return false;
}

enum err
text_merge(struct buf *out, bool *overlap, const struct text_piece *base,
    const struct text_piece *versions, size_t count, struct fail *f)
{
	struct buf sum = { 0 }, next = { 0 };
	const struct text_piece *so_far = base;
	struct text_piece summed;
	bool clash = false;
	enum err e = OK;

	assert(count > 0);
	for (size_t i = 0; i < count && e == OK; i++) {
		if (adds_nothing(base, versions, i))
			continue;
		if (so_far == base) {
			so_far = &versions[i];
			continue;
		}
		buf_init(&next, TEXT_RESULT_BYTES);
		e = merge_two(&next, &clash, base, so_far, &versions[i]);
		if (e == ERR_LIMIT) { /* too long: leave this one out */
			clash = true;
			buf_release(&next);
			e = OK;
			continue;
		}
		buf_release(&sum);
		sum = next;
		next = (struct buf){ 0 };
		summed = (struct text_piece){ .p = sum.p, .n = sum.n };
		so_far = &summed;
	}
	if (e == OK) {
		buf_put(out, so_far->p, so_far->n);
		e = out->err;
	}
	if (e == OK)
		*overlap = clash;
	buf_release(&sum);
	buf_release(&next);
	return e == OK ? OK : fail_set(f, e, "text merge: %s", err_text(e));
}
