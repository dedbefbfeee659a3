#include "node/policy/word.h"

#include <string.h>

#include "node/policy/rows.h"

static enum err
on_word(struct rows *rows, const struct read_row *row)
{
	struct word_list *l = rows->context;
	const struct value *ended = row_value(row, "ended");
	struct agency_id to;
	struct word *w;
	uint8_t *copy;

	if (!row_id_of(row, "agency_id", to.b))
		return OK;
	w = arena_more(&l->arena, &l->word, &l->count, sizeof(*w));
	if (w == NULL)
		return ERR_NOMEM;
	*w = (struct word){ .owner = row->owner,
		.to = to,
		.valid = row_day(row, "valid_on") };
	if (ended->type != VALUE_BYTES || ended->n == 0)
		return OK;
	copy = arena_take(&l->arena, ended->n);
	if (copy == NULL)
		return ERR_NOMEM;
	memcpy(copy, ended->p, ended->n);
	w->ended = copy;
	w->ended_count = ended->n / WORD_PREFIX_BYTES;
	return OK;
}

enum err
word_load(struct word_list *out, struct replica *r, struct fail *f)
{
	struct rows rows = { .r = r, .context = out, .each = on_word };

	memset(out, 0, sizeof(*out));
	rows.arena = &out->arena;
	return rows_read(&rows, "sharing_word", NULL, f);
}

void
word_release(struct word_list *l)
{
	arena_release(&l->arena);
	memset(l, 0, sizeof(*l));
}

const struct word *
word_find(const struct word_list *l, const struct agency_id *owner,
    const struct agency_id *to)
{
	for (size_t k = 0; k < l->count; k++)
		if (id_equal(&l->word[k].owner, owner) &&
		    id_equal(&l->word[k].to, to))
			return &l->word[k];
	return NULL;
}

bool
word_ended(const struct word *w, const uint8_t prefix[static 8])
{
	for (size_t k = 0; k < w->ended_count; k++)
		if (memcmp(w->ended + k * WORD_PREFIX_BYTES, prefix,
			WORD_PREFIX_BYTES) == 0)
			return true;
	return false;
}
