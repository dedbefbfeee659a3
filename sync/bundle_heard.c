/* Which parts of a stick came is noted in _meta, one note for each sender. */
#include "sync/bundle_heard.h"

#include <stdio.h>
#include <string.h>

#include "sync/db.h"
#include "sync/replica_i.h"

#define NOTE_BYTES_MAX 16384

struct heard {
	uint8_t id[BUNDLE_ID_BYTES]; /* of the export */
	struct author_tag us;        /* as whom we took its parts */
	bool knows_us;
	unsigned last;   /* number of the last part; 0: it has not come */
	struct buf came; /* a bit for each part, from the first */
};

static void
note_name(char name[static 16 + 2 * ID_BYTES], const struct node_id *sender)
{
	char id[2 * ID_BYTES + 1];

	hex_encode(id, sender->b, ID_BYTES);
	(void)snprintf(name, 16 + 2 * ID_BYTES, BUNDLE_HEARD_NOTE "%s", id);
}

static bool
has_part(const struct heard *h, unsigned part)
{
	size_t at = (part - 1) / 8;

	return at < h->came.n && (h->came.p[at] >> ((part - 1) % 8) & 1) != 0;
}

static enum err
add_part(struct heard *h, unsigned part)
{
	while (h->came.err == OK && h->came.n <= (part - 1) / 8)
		buf_u8(&h->came, 0);
	if (h->came.err == OK)
		h->came.p[(part - 1) / 8] |= (uint8_t)(1u << (part - 1) % 8);
	return h->came.err;
}

static unsigned
count_parts(const struct heard *h)
{
	unsigned n = 0;

	for (unsigned i = 1; i <= h->came.n * 8; i++)
		n += has_part(h, i) ? 1 : 0;
	return n;
}

/* What came of this export as the author that we are; else nothing did. */
static enum err
load(struct replica *r, struct heard *h, const char *name,
    const struct bundle_info *info, struct fail *f)
{
	struct buf b = { .limit = NOTE_BYTES_MAX };
	enum err e = replica_meta_get(r, &b, name, f);
	struct rd rd = rd_of(b.p, b.n);

	*h = (struct heard){ .us = r->identity.author,
		.came = { .limit = NOTE_BYTES_MAX } };
	memcpy(h->id, info->id, sizeof(h->id));
	if (e == OK) {
		struct heard was = { .last = 0 };

		rd_copy(&rd, was.id, sizeof(was.id));
		rd_copy(&rd, was.us.b, sizeof(was.us.b));
		was.knows_us = rd_u8(&rd) != 0;
		was.last = rd_u32(&rd);
		if (rd.err == OK && id_equal(&was.us, &h->us) &&
		    memcmp(was.id, h->id, sizeof(h->id)) == 0) {
			h->knows_us = was.knows_us;
			h->last = was.last;
			buf_put(&h->came, rd.p, (size_t)(rd.end - rd.p));
		}
	}
	buf_release(&b);
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err
save(struct replica *r, const struct heard *h, const char *name, struct fail *f)
{
	struct buf b = { .limit = NOTE_BYTES_MAX };
	enum err e;

	buf_put(&b, h->id, sizeof(h->id));
	buf_put(&b, h->us.b, sizeof(h->us.b));
	buf_u8(&b, h->knows_us);
	buf_u32(&b, (uint32_t)h->last);
	buf_put(&b, h->came.p, h->came.n);
	e = b.err == OK ? replica_meta_set(r, name, b.p, b.n, f)
			: fail_code(f, b.err);
	buf_release(&b);
	return e;
}

/* Is something missing of what the sender brought before? */
static enum err
is_ahead(struct replica *r, bool *yes, const struct node_id *sender,
    struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "SELECT 1 FROM _ahead JOIN _peer ON _peer.no = _ahead.peer"
	    " WHERE _peer.node = ?1 LIMIT 1",
	    f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, sender->b, sizeof(sender->b));
	e = stmt_step(s, yes, f);
	stmt_reset(s);
	return e;
}

static void
say_closed(struct exchange_stats *stats, const struct heard *h, bool ahead)
{
	unsigned n = count_parts(h);

	if (stats->note[0] != '\0')
		return;
	if (h->last == 0 || n < h->last)
		(void)snprintf(stats->note, sizeof(stats->note),
		    h->last == 0 ? "records stay closed: %u parts of this stick"
				   " came, the last did not yet"
				 : "records stay closed: %u parts of this stick"
				   " came, of %u; import the others, too",
		    n, h->last);
	else
		(void)snprintf(stats->note, sizeof(stats->note), "%s",
		    ahead && h->knows_us
			? "records stay closed: a stick before this one is"
			  " missing"
			: "records stay closed: the sender had not heard that"
			  " this computer was restored. footbridge sync, or"
			  " carry a stick there (bundle export) and one back");
}

static enum err
judge(struct replica *r, const struct heard *h, const struct node_id *sender,
    struct exchange_stats *stats, struct fail *f)
{
	bool ahead = false;
	enum err e = is_ahead(r, &ahead, sender, f);

	if (e != OK)
		return e;
	if (h->knows_us && !ahead && h->last != 0 && count_parts(h) == h->last)
		return replica_recovered(r, f);
	if (replica_restored(r, NULL) != LIFE_NONE)
		say_closed(stats, h, ahead);
	return OK;
}

enum err
bundle_heard(struct replica *r, const struct bundle_info *info, bool knows_us,
    struct exchange_stats *stats, struct fail *f)
{
	char name[16 + 2 * ID_BYTES];
	struct heard h;
	bool own;
	enum err e;

	if (replica_restored(r, NULL) == LIFE_NONE && replica_alone(r) == 0)
		return OK;
	if ((e = replica_enter(r, &own, f)) != OK)
		return e;
	note_name(name, &info->sender);
	e = load(r, &h, name, info, f);
	if (e == OK && (e = add_part(&h, info->part)) != OK)
		(void)fail_code(f, e);
	h.knows_us = h.knows_us || knows_us;
	if (info->last)
		h.last = info->part;
	if (e == OK)
		e = save(r, &h, name, f);
	if (e == OK)
		e = judge(r, &h, &info->sender, stats, f);
	buf_release(&h.came);
	return replica_leave(r, own, e, f);
}
