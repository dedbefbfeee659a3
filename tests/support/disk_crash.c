/*
 * Faults, loss of power, the record of changes, and what tests see and do to
 * files without the disk noticing.
 *
 * A crash throws its coins over all that is pending in the order in which it was
 * done. What survives is made durable at once: after it, now = kept.
 */
#include "tests/support/disk_i.h"

#include <stdlib.h>
#include <string.h>

struct disk_bytes *
disk_file(struct disk *d, const char *path)
{
	struct disk_node *node = disk_find(d, path);

	return node != NULL && !node->directory ? &node->now : NULL;
}

/* The directory of a path, as its names know it; *room is the caller's. */
static const char *
directory_of(const char *path, char *room, size_t n)
{
	size_t length = disk_parent(path);

	assert(length < n);
	memcpy(room, path, length);
	room[length] = '\0';
	return room;
}

void
disk_put(struct disk *d, const char *path, const void *p, size_t n)
{
	struct disk_op op = { .act = DISK_CREATE, .path = path };
	struct disk_node *node = disk_find(d, path);
	char room[4096];

	if (node == NULL)
		disk_apply(d, &op);
	else
		op.no = node->no;
	op.act = DISK_TRUNCATE;
	disk_apply(d, &op);
	op.act = DISK_WRITE;
	op.p = p;
	op.n = n;
	disk_apply(d, &op);
	op.act = DISK_SYNC;
	disk_apply(d, &op);
	op.act = DISK_SYNC_DIR;
	op.path = directory_of(path, room, sizeof(room));
	disk_apply(d, &op);
}

bool
disk_drop(struct disk *d, const char *path)
{
	struct disk_op op = { .act = DISK_DELETE, .path = path };
	const struct disk_node *node = disk_find(d, path);
	char room[4096];

	if (node == NULL)
		return false;
	op.no = node->no;
	disk_apply(d, &op);
	op.act = DISK_SYNC_DIR;
	op.path = directory_of(path, room, sizeof(room));
	disk_apply(d, &op);
	return true;
}

const char *
disk_path(const struct disk *d, size_t i)
{
	return i < d->now.n ? d->now.p[i].path : NULL;
}

uint64_t
disk_used(const struct disk *d)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < d->node_count; i++)
		sum += d->nodes[i]->now.n;
	return sum;
}

/* ---- faults ----------------------------------------------------------------*/

void
disk_fail(struct disk *d, const struct disk_plan *plan)
{
	d->planned = plan != NULL;
	if (plan != NULL)
		d->plan = *plan;
	d->seen = d->fired = 0;
}

uint64_t
disk_fired(const struct disk *d)
{
	return d->fired;
}

void
disk_room(struct disk *d, uint64_t bytes)
{
	d->room = bytes;
}

uint64_t
disk_changes(const struct disk *d)
{
	return d->order;
}

/* ---- power -----------------------------------------------------------------*/

void
disk_power_off(struct disk *d, uint64_t after)
{
	d->off = after == 0;
	d->going_off = after > 0;
	d->left = after;
}

bool
disk_is_off(const struct disk *d)
{
	return d->off;
}

const char *
disk_damage_name(enum disk_damage damage)
{
	static const char *const names[] = { "kept", "dropped", "cut",
		"reordered", "torn" };

	assert(damage < DISK_DAMAGES);
	return names[damage];
}

bool
disk_is_dirty(const struct disk *d)
{
	for (size_t i = 0; i < d->node_count; i++) {
		if (d->nodes[i]->pending_count > 0)
			return true;
	}
	return d->change_count > 0;
}

struct coins {
	enum disk_damage damage;
	uint64_t dice;
	uint64_t cut; /* what came before it in order is whole */
};

static bool
heads(struct coins *c)
{
	return (disk_dice(&c->dice) & 1) != 0;
}

/* The sectors of one write: old, new or noise. */
static void
tear(struct coins *c, struct disk_bytes *to, const struct disk_write *w)
{
	for (size_t at = 0; at < w->n;) {
		size_t n = DISK_SECTOR - (w->at + at) % DISK_SECTOR;
		uint64_t coin = disk_dice(&c->dice);
		uint8_t noise[DISK_SECTOR];

		if (n > w->n - at)
			n = w->n - at;
		if (coin % 8 == 0) {
			for (size_t i = 0; i < n; i++)
				noise[i] = (uint8_t)disk_dice(&c->dice);
			disk_bytes_write(to, w->at + at, noise, n);
		} else if (coin % 8 < 4) {
			disk_bytes_write(to, w->at + at, w->p + at, n);
		}
		at += n;
	}
}

static void
survive(struct coins *c, struct disk_bytes *to, const struct disk_write *w)
{
	bool whole = false;
	size_t n = w->n;

	switch (c->damage) {
	case DISK_CUT:
		whole = w->order <= c->cut;
		/* the last one: some of its sectors from the beginning */
		if (w->order == c->cut && !w->truncate)
			n = disk_dice(&c->dice) % (w->n / DISK_SECTOR + 1) *
			    DISK_SECTOR;
		break;
	case DISK_REORDERED:
		whole = heads(c);
		break;
	case DISK_TORN:
		if (!w->truncate)
			tear(c, to, w);
		whole = w->truncate && heads(c);
		break;
	case DISK_KEPT:
	case DISK_DROPPED:
	case DISK_DAMAGES:
		break;
	}
	if (whole && w->truncate)
		disk_bytes_cut(to, w->at);
	else if (whole && n > 0)
		disk_bytes_write(to, w->at, w->p, n);
}

static bool
name_survives(struct coins *c, const struct disk_change *change)
{
	switch (c->damage) {
	case DISK_CUT:
	case DISK_TORN:
		return change->order <= c->cut;
	case DISK_REORDERED:
		return heads(c);
	case DISK_KEPT:
	case DISK_DROPPED:
	case DISK_DAMAGES:
		break;
	}
	return false;
}

static bool
is_orphan(const struct disk *d, const char *path)
{
	char room[4096];
	const char *directory = directory_of(path, room, sizeof(room));

	return disk_names_find(&d->now, directory) != NULL &&
	    disk_names_find(&d->kept, directory) == NULL;
}

/* What lay in a directory whose name did not survive. */
static void
lose_orphans(struct disk *d)
{
	for (size_t i = 0; i < d->kept.n;) {
		if (!is_orphan(d, d->kept.p[i].path)) {
			i++;
			continue;
		}
		free(d->kept.p[i].path);
		memmove(&d->kept.p[i], &d->kept.p[i + 1],
		    (d->kept.n - i - 1) * sizeof(d->kept.p[0]));
		d->kept.n--;
		i = 0; /* it may have been a directory itself */
	}
}

static uint64_t
pick_cut(const struct disk *d, struct coins *c)
{
	uint64_t first = d->order;

	for (size_t i = 0; i < d->node_count; i++) {
		const struct disk_node *node = d->nodes[i];

		if (node->pending_count > 0 && node->pending[0].order < first)
			first = node->pending[0].order;
	}
	if (d->change_count > 0 && d->changes[0].order < first)
		first = d->changes[0].order;
	return first + disk_dice(&c->dice) % (d->order - first + 1);
}

void
disk_crash(struct disk *d, enum disk_damage damage, uint64_t seed)
{
	struct coins c = { .damage = damage, .dice = seed };

	assert(d->locks == NULL);
	disk_fail(d, NULL);
	disk_power_off(d, 0);
	d->off = false;
	d->room = 0;
	for (size_t i = 0; i < d->node_count; i++)
		assert(d->nodes[i]->open == 0);
	if (damage == DISK_KEPT)
		return;
	c.cut = pick_cut(d, &c);
	for (size_t i = 0; i < d->node_count; i++) {
		struct disk_node *node = d->nodes[i];

		for (size_t k = 0; k < node->pending_count; k++)
			survive(&c, &node->kept, &node->pending[k]);
		disk_forget_pending(node);
		disk_bytes_copy(&node->now, &node->kept);
	}
	for (size_t i = 0; i < d->change_count; i++) {
		if (name_survives(&c, &d->changes[i]))
			disk_names_apply(&d->kept, &d->changes[i]);
	}
	lose_orphans(d);
	disk_forget_changes(d);
	disk_names_copy(&d->now, &d->kept);
	disk_sweep(d);
}

/* ---- a history of changes --------------------------------------------------*/

void
disk_record_op(struct disk *d, const struct disk_op *op)
{
	struct disk_op *kept;

	disk_grow(&d->record, &d->record_room, d->record_count, sizeof(*kept));
	kept = &d->record[d->record_count++];
	*kept = *op;
	kept->path = disk_text(op->path);
	kept->to = disk_text(op->to);
	if (op->n > 0) {
		uint8_t *p = disk_alloc(op->n);

		memcpy(p, op->p, op->n);
		kept->p = p;
	}
}

void
disk_record_free(struct disk *d)
{
	for (size_t i = 0; i < d->record_count; i++) {
		free((void *)(uintptr_t)d->record[i].p);
		free((void *)(uintptr_t)d->record[i].path);
		free((void *)(uintptr_t)d->record[i].to);
	}
	free(d->record);
	d->record = NULL;
	d->record_count = d->record_room = 0;
}

void
disk_record(struct disk *d)
{
	disk_record_free(d);
	d->recording = true;
}

struct disk *
disk_take_record(struct disk *d)
{
	struct disk *alone = disk_new(0);

	alone->record = d->record;
	alone->record_count = d->record_count;
	alone->record_room = d->record_room;
	d->record = NULL;
	d->record_count = d->record_room = 0;
	d->recording = false;
	return alone;
}

size_t
disk_recorded(const struct disk *d)
{
	return d->record_count;
}

void
disk_step(struct disk *copy, const struct disk *recorded, size_t i)
{
	struct disk_op op;

	assert(i < recorded->record_count);
	op = recorded->record[i];
	disk_apply(copy, &op);
}

enum disk_act
disk_recorded_act(const struct disk *d, size_t i)
{
	assert(i < d->record_count);
	return d->record[i].act;
}
