/*
 * Files are nodes found by number, names a small array searched from the start:
 * a machine has some dozens. Each node is held twice, as it is read and as it is
 * durable; the difference is the list of pending writes.
 */
#include "tests/support/disk_i.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
pend(struct disk *d, struct disk_node *node, const struct disk_op *op)
{
	struct disk_write *w;

	/* a file that had no name any more when the copy was made */
	if (node == NULL)
		return;
	disk_grow(&node->pending, &node->pending_room, node->pending_count,
	    sizeof(*w));
	w = &node->pending[node->pending_count++];
	*w = (struct disk_write){ .order = d->order,
		.truncate = op->act == DISK_TRUNCATE,
		.at = op->at,
		.n = op->n };
	if (op->n > 0) {
		w->p = disk_alloc(op->n);
		memcpy(w->p, op->p, op->n);
	}
	disk_write_apply(&node->now, w);
}

/* ---- names ---------------------------------------------------------------*/

static bool
lies_in(const char *path, const char *directory)
{
	size_t n = disk_parent(path);

	return n == strlen(directory) && strncmp(path, directory, n) == 0;
}

static void
change_free(struct disk_change *c)
{
	free(c->path);
	free(c->to);
}

void
disk_forget_changes(struct disk *d)
{
	for (size_t i = 0; i < d->change_count; i++)
		change_free(&d->changes[i]);
	d->change_count = 0;
}

/* The names of one directory become durable. */
static void
keep_names(struct disk *d, const char *directory)
{
	size_t left = 0;

	for (size_t i = 0; i < d->change_count; i++) {
		struct disk_change *c = &d->changes[i];

		if (lies_in(c->path, directory)) {
			disk_names_apply(&d->kept, c);
			change_free(c);
		} else {
			d->changes[left++] = *c;
		}
	}
	d->change_count = left;
}

/* ---- nodes -----------------------------------------------------------------*/

struct disk_node *
disk_node(const struct disk *d, unsigned no)
{
	for (size_t i = 0; i < d->node_count; i++) {
		if (d->nodes[i]->no == no)
			return d->nodes[i];
	}
	return NULL;
}

struct disk_node *
disk_find(const struct disk *d, const char *path)
{
	struct disk_name *name = disk_names_find(&d->now, path);

	return name != NULL ? disk_node(d, name->no) : NULL;
}

static struct disk_node *
node_add(struct disk *d, unsigned no, bool directory)
{
	struct disk_node *node = disk_alloc(sizeof(*node));

	node->no = no;
	node->directory = directory;
	disk_grow(&d->nodes, &d->node_room, d->node_count, sizeof(node));
	d->nodes[d->node_count++] = node;
	return node;
}

static void
node_free(struct disk_node *node)
{
	disk_forget_pending(node);
	for (size_t i = 0; i < node->shm_count; i++)
		free(node->shm[i]);
	free(node->shm);
	free(node->pending);
	free(node->now.p);
	free(node->kept.p);
	free(node);
}

static bool
is_named(const struct disk_names *names, unsigned no)
{
	for (size_t i = 0; i < names->n; i++) {
		if (names->p[i].no == no)
			return true;
	}
	return false;
}

static bool
is_wanted(const struct disk *d, const struct disk_node *node)
{
	if (node->open > 0 || is_named(&d->now, node->no) ||
	    is_named(&d->kept, node->no))
		return true;
	for (size_t i = 0; i < d->change_count; i++) {
		if (d->changes[i].no == node->no)
			return true;
	}
	return false;
}

void
disk_sweep(struct disk *d)
{
	size_t left = 0;

	for (size_t i = 0; i < d->node_count; i++) {
		if (is_wanted(d, d->nodes[i]))
			d->nodes[left++] = d->nodes[i];
		else
			node_free(d->nodes[i]);
	}
	d->node_count = left;
}

/* ---- doing -----------------------------------------------------------------*/

static void
apply_sync(struct disk_node *node)
{
	if (node == NULL)
		return;
	for (size_t i = 0; i < node->pending_count; i++)
		disk_write_apply(&node->kept, &node->pending[i]);
	disk_forget_pending(node);
}

static void
apply_name(struct disk *d, struct disk_op *op)
{
	struct disk_change *c;

	if (op->act == DISK_CREATE) {
		op->no = d->next_no++;
		(void)node_add(d, op->no, op->directory);
	}
	if (op->path == NULL)
		return; /* a temporary file */
	disk_grow(&d->changes, &d->change_room, d->change_count, sizeof(*c));
	c = &d->changes[d->change_count++];
	*c = (struct disk_change){ .order = d->order,
		.act = op->act,
		.no = op->no,
		.path = disk_text(op->path),
		.to = disk_text(op->to) };
	disk_names_apply(&d->now, c);
}

void
disk_apply(struct disk *d, struct disk_op *op)
{
	d->order++;
	switch (op->act) {
	case DISK_WRITE:
	case DISK_TRUNCATE:
		pend(d, disk_node(d, op->no), op);
		break;
	case DISK_SYNC:
		apply_sync(disk_node(d, op->no));
		break;
	case DISK_SYNC_DIR:
		keep_names(d, op->path);
		disk_sweep(d);
		break;
	case DISK_CREATE:
	case DISK_RENAME:
	case DISK_DELETE:
		apply_name(d, op);
		break;
	case DISK_OPEN:
	case DISK_READ:
	case DISK_LOOK:
	case DISK_ACTS:
		break;
	}
}

static bool
is_hit(struct disk *d, enum disk_act act)
{
	uint64_t at;

	if (!d->planned || (d->plan.acts & DISK_BIT(act)) == 0)
		return false;
	at = d->seen++;
	if (d->plan.ask != NULL && d->plan.ask(d->plan.self, at)) {
		d->plan.ask = NULL;
		d->plan.nth = at;
	}
	if (d->plan.ask != NULL)
		return false;
	if (at != d->plan.nth && !(d->plan.for_ever && at > d->plan.nth))
		return false;
	d->fired++;
	return true;
}

static void
change(struct disk *d, struct disk_op *op)
{
	if (d->recording)
		disk_record_op(d, op);
	disk_apply(d, op);
	if (d->going_off && --d->left == 0)
		d->off = true;
}

/* What a planned fault does to the operation besides refusing it. */
static int
fail(struct disk *d, struct disk_op *op)
{
	struct disk_op half = *op;

	switch (d->plan.fault) {
	case DISK_SHORT:
		half.n /= 2;
		if (op->act == DISK_WRITE && half.n > 0)
			change(d, &half);
		return ENOSPC;
	case DISK_FULL:
		return ENOSPC;
	case DISK_ROFS:
		return EROFS;
	case DISK_EIO:
		break;
	}
	if (op->act == DISK_SYNC)
		disk_forget_pending(disk_node(d, op->no));
	return EIO;
}

static bool
has_room(const struct disk *d, const struct disk_op *op)
{
	const struct disk_node *node;

	if (d->room == 0 || op->act != DISK_WRITE)
		return true;
	node = disk_node(d, op->no);
	return op->at + op->n <= node->now.n ||
	    disk_used(d) - node->now.n + op->at + op->n <= d->room;
}

int
disk_do(struct disk *d, struct disk_op *op)
{
	if (d->off)
		return EIO;
	if (is_hit(d, op->act))
		return fail(d, op);
	if (!has_room(d, op))
		return ENOSPC;
	if (op->act < DISK_OPEN)
		change(d, op);
	return 0;
}

/* ---- a disk ----------------------------------------------------------------*/

struct disk *
disk_new(uint64_t seed)
{
	struct disk *d = disk_alloc(sizeof(*d));

	d->seed = d->dice = d->binding = seed;
	d->next_no = 1;
	disk_env_init(d);
	disk_vfs_init(d);
	return d;
}

static void
drop_content(struct disk *d)
{
	for (size_t i = 0; i < d->node_count; i++) {
		assert(d->nodes[i]->open == 0);
		node_free(d->nodes[i]);
	}
	d->node_count = 0;
	disk_forget_changes(d);
	disk_names_free(&d->now);
	disk_names_free(&d->kept);
}

void
disk_free(struct disk *d)
{
	if (d == NULL)
		return;
	assert(d->locks == NULL);
	(void)sqlite3_vfs_unregister(&d->vfs);
	drop_content(d);
	disk_record_free(d);
	free(d->nodes);
	free(d->changes);
	free(d);
}

static void
copy_node(struct disk *to, const struct disk_node *from)
{
	struct disk_node *node = node_add(to, from->no, from->directory);

	disk_bytes_copy(&node->now, &from->now);
	disk_bytes_copy(&node->kept, &from->kept);
	for (size_t i = 0; i < from->pending_count; i++) {
		struct disk_write *w;

		disk_grow(&node->pending, &node->pending_room, i, sizeof(*w));
		w = &node->pending[i];
		*w = from->pending[i];
		w->p = disk_alloc(w->n);
		if (w->n > 0)
			memcpy(w->p, from->pending[i].p, w->n);
		node->pending_count++;
	}
}

static void
copy_content(struct disk *to, const struct disk *from)
{
	for (size_t i = 0; i < from->node_count; i++)
		copy_node(to, from->nodes[i]);
	disk_names_copy(&to->now, &from->now);
	disk_names_copy(&to->kept, &from->kept);
	for (size_t i = 0; i < from->change_count; i++) {
		struct disk_change *c;

		disk_grow(&to->changes, &to->change_room, i, sizeof(*c));
		c = &to->changes[i];
		*c = from->changes[i];
		c->path = disk_text(c->path);
		c->to = disk_text(c->to);
		to->change_count++;
	}
	to->next_no = from->next_no;
	/* files that only a handle of the first held */
	disk_sweep(to);
}

struct disk *
disk_copy(const struct disk *d)
{
	struct disk *copy = disk_new(d->seed);

	copy->dice = d->dice;
	copy->binding = d->binding;
	copy->order = d->order;
	copy_content(copy, d);
	return copy;
}

void
disk_restore(struct disk *to, const struct disk *from)
{
	assert(to->locks == NULL && !to->recording);
	drop_content(to);
	copy_content(to, from);
}

const char *
disk_vfs(const struct disk *d)
{
	return d->vfs_name;
}

const struct env *
disk_env(struct disk *d)
{
	return &d->env;
}

void
disk_bind(struct disk *d, uint64_t seed)
{
	d->binding = seed;
}
