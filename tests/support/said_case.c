/* Short words for named cases, and for looking at what was settled. */
#include "tests/support/said.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

const struct said_who said_north = { GRANT_AGENCY, NORTH },
		      said_clinic = { GRANT_AGENCY, CLINIC },
		      said_laptop = { GRANT_NODE, NL },
		      said_second = { GRANT_NODE, N2 },
		      said_theirs = { GRANT_NODE, CL };

/* ---- saying ---------------------------------------------------------------------- */

void
said_give(struct said *e, int key, const struct said_who *to,
    enum grant_right right)
{
	assert_true(e->entry_count < SAID_LISTS);
	e->entry[e->entry_count].key = key;
	e->entry[e->entry_count].to = *to;
	e->entry[e->entry_count].right = right;
	e->entry_count++;
}

struct said *
history_grant(struct history *h, enum who by, int key,
    const struct said_who *to)
{
	struct said *e = history_say(h, by, SEGMENT_GRANT);

	said_give(e, key, to, GRANT_READ);
	return e;
}

struct said *
history_remove(struct history *h, enum who by, enum remove_reason reason,
    const struct said_who *leaver)
{
	struct said *e = history_say(h, by, SEGMENT_REMOVE);

	e->reason = reason;
	e->leaver[e->leaver_count++] = *leaver;
	return e;
}

struct said *
history_point(struct history *h, enum who by, enum segment_kind kind, int at)
{
	struct said *e = history_say(h, by, kind);

	e->point[e->point_count++].at = at;
	return e;
}

struct said *
history_transfer(struct history *h, enum who by, enum which to, int offer)
{
	struct said *e = history_say(h, by, SEGMENT_TRANSFER);

	e->to = to;
	e->accept = offer != NONE;
	e->offer = offer;
	return e;
}

/* North's key 1 to North, the clinic and the laptop: event 0. */
void
history_begin(struct history *h)
{
	struct said *e;

	history_init(h);
	e = history_say(h, N1, SEGMENT_GRANT);
	said_give(e, 1, &said_north, GRANT_WRITE);
	said_give(e, 1, &said_clinic, GRANT_READ);
	said_give(e, 1, &said_laptop, GRANT_WRITE);
}

/* ---- looking --------------------------------------------------------------------- */

const struct control_claim *
said_claim(const struct control *c, size_t at, int key,
    const struct said_who *to)
{
	const uint8_t *id = to->kind == GRANT_NODE
	    ? said_node((enum who)to->id)->b
	    : said_agency((enum which)to->id)->b;
	struct key_id key_id;

	said_key(&key_id, key);
	for (size_t k = 0; k < c->claim_count; k++)
		if (c->claims[k].segment == (int64_t)at + 1 &&
		    c->claims[k].kind == to->kind &&
		    id_equal(&c->claims[k].key_id, &key_id) &&
		    memcmp(c->claims[k].recipient, id, ID_BYTES) == 0)
			return &c->claims[k];
	fail_msg("no such entry");
	return NULL;
}

bool
said_counts(const struct control *c, size_t at, int key,
    const struct said_who *to)
{
	return said_claim(c, at, key, to)->counts;
}

bool
said_ended(const struct control *c, int key, size_t by)
{
	struct key_id key_id;

	said_key(&key_id, key);
	for (size_t k = 0; k < c->ended_count; k++)
		if (c->ended[k].segment == (int64_t)by + 1 &&
		    id_equal(&c->ended[k].key_id, &key_id))
			return true;
	return false;
}

struct control *
history_now(const struct history *h)
{
	return history_settle(h, said_members(0), NULL);
}
