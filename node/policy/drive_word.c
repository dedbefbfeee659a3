/* "Still valid today, but for these": one row to each agency that holds keys of
 * ours. Written when the day or the list is another. */
#include "node/policy/drive_i.h"

#include <stdlib.h>
#include <string.h>

#include "node/party.h"
#include "node/policy/rows.h"
#include "node/policy/word.h"
#include "sync/holder.h"
#include "sync/write.h"

#define AGENCIES_MAX 256

static int
compare_ids(const void *x, const void *y)
{
	const struct compartment_id *a = x, *b = y;

	return id_compare(a, b);
}

/* In an order that two registrars share, or each would write the other's word
 * anew for ever. */
static enum err
list_ended(struct buf *out, struct drive *d, const struct agency_id *agency,
    struct fail *f)
{
	struct compartment_id id[WORD_ENDED_MAX];
	size_t count = 0;
	enum err e = holder_ended(d->r, agency, id, WORD_ENDED_MAX, &count, f);

	if (e == OK && count > 0)
		qsort(id, count, sizeof(*id), compare_ids);
	for (size_t k = 0; e == OK && k < count; k++)
		buf_put(out, id[k].b, WORD_PREFIX_BYTES);
	return e == OK && out->err != OK ? fail_code(f, out->err) : e;
}

static enum err
write_word(struct drive *d, const struct agency_id *agency,
    const struct buf *ended, struct fail *f)
{
	const struct table *t =
	    registry_table(replica_registry(d->r), "sharing_word");
	struct write_field fields[] = {
		{ table_field(t, "agency_id"),
		    { .type = VALUE_ID, .p = agency->b, .n = ID_BYTES } },
		{ table_field(t, "valid_on"),
		    { .type = VALUE_DATE, .i = d->today } },
		{ table_field(t, "ended"),
		    { .type = VALUE_BYTES, .p = ended->p, .n = ended->n } },
	};
	struct write_request q = { .table = t,
		.fields = fields,
		.field_count = COUNT_OF(fields) };
	struct row_id row;
	int64_t draft;

	if (ended->n == 0)
		fields[2].value = (struct value){ .type = VALUE_NULL };
	return write_row(d->r, &row, &draft, &q, f);
}

/* Of more than there is room for each registrar lists what it heard of last: then
 * the one word of a day does. */
static bool
is_said(const struct word *was, const struct buf *ended, policy_day today)
{
	if (was == NULL || was->valid < today)
		return false;
	if (was->ended_count == WORD_ENDED_MAX && ended->n == ended->limit)
		return true;
	return was->ended_count * WORD_PREFIX_BYTES == ended->n &&
	    (ended->n == 0 || memcmp(was->ended, ended->p, ended->n) == 0);
}

static enum err
say_word(struct drive *d, const struct word_list *said,
    const struct agency_id *agency, struct fail *f)
{
	struct buf ended = { .limit =
				 (size_t)WORD_ENDED_MAX * WORD_PREFIX_BYTES };
	const struct word *was = word_find(said, &d->own.agency, agency);
	enum err e = list_ended(&ended, d, agency, f);

	if (e == OK && !is_said(was, &ended, d->today))
		e = write_word(d, agency, &ended, f);
	buf_release(&ended);
	return e;
}

enum err
drive_say_words(struct drive *d, struct fail *f)
{
	struct agency_id agency[AGENCIES_MAX];
	struct word_list said = { 0 };
	size_t count = 0;
	enum err e = holder_agencies(d->r, agency, AGENCIES_MAX, &count, f);

	if (e == OK && count > 0)
		e = word_load(&said, d->r, f);
	for (size_t k = 0; e == OK && k < count; k++) {
		bool listed = false;

		/* who is not in the directory yet hears later, and holds up
		 * nobody else */
		if (drive_party(d, &agency[k]) == NULL)
			continue;
		e = party_listed(&listed, d->r, &agency[k], f);
		if (e == OK && listed)
			e = say_word(d, &said, &agency[k], f);
	}
	word_release(&said);
	return e;
}
