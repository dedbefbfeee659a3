/*
 * The file functions of struct env on a disk: step by step what env_posix.c
 * does, so that the power can go off between any two of its system calls.
 */
#include "tests/support/disk_i.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#define PATH_BYTES 4096

static enum err
refuse(struct fail *f, const char *path, const char *what, int why)
{
	enum err e = why == ENOENT ? ERR_NOTFOUND
	    : why == EEXIST        ? ERR_EXISTS
				   : ERR_IO;

	return fail_set(f, e, "%s cannot be %s: %s", path, what, strerror(why));
}

/* ---- steps, each 0 or an errno ---------------------------------------------*/

static int
make(struct disk *d, const char *path, bool directory, unsigned *no)
{
	struct disk_op op = { .act = DISK_CREATE,
		.path = path,
		.directory = directory };
	int why;

	if (disk_find(d, path) != NULL)
		return EEXIST;
	why = disk_do(d, &op);
	*no = op.no;
	return why;
}

static int
look(struct disk *d, const char *path, enum disk_act act,
    struct disk_node **node)
{
	struct disk_op op = { .act = act };
	int why = disk_do(d, &op);

	*node = disk_find(d, path);
	if (why == EROFS && act == DISK_OPEN)
		why = 0; /* for reading */
	return why == 0 && *node == NULL ? ENOENT : why;
}

static int
put(struct disk *d, unsigned no, size_t at, const void *p, size_t n)
{
	struct disk_op op = { .act = DISK_WRITE,
		.no = no,
		.at = at,
		.n = n,
		.p = p };

	return n > 0 ? disk_do(d, &op) : 0;
}

static int
sync_bytes(struct disk *d, unsigned no)
{
	struct disk_op op = { .act = DISK_SYNC, .no = no };

	return disk_do(d, &op);
}

static int
sync_names(struct disk *d, const char *path)
{
	char room[PATH_BYTES];
	size_t n = disk_parent(path);
	struct disk_op op = { .act = DISK_SYNC_DIR, .path = room };

	assert(n < sizeof(room));
	memcpy(room, path, n);
	room[n] = '\0';
	return disk_do(d, &op);
}

static int
take_away(struct disk *d, const char *path)
{
	struct disk_op op = { .act = DISK_DELETE, .path = path };
	struct disk_node *node = disk_find(d, path);
	int why;

	if (node == NULL)
		return ENOENT;
	op.no = node->no;
	why = disk_do(d, &op);
	disk_sweep(d);
	return why;
}

static int
give_name(struct disk *d, const char *from, const char *to)
{
	struct disk_op op = { .act = DISK_RENAME, .path = from, .to = to };
	struct disk_node *node = disk_find(d, from);

	if (node == NULL)
		return ENOENT;
	op.no = node->no;
	return disk_do(d, &op);
}

/* ---- whole files -----------------------------------------------------------*/

static enum err
file_read(void *self, struct buf *out, const char *path, size_t max,
    struct fail *f)
{
	struct disk *d = self;
	struct disk_node *node;
	int why = look(d, path, DISK_OPEN, &node);

	if (why != 0)
		return refuse(f, path, "opened", why);
	if (node->directory)
		return fail_set(f, ERR_IO, "%s is not a regular file", path);
	why = look(d, path, DISK_READ, &node);
	if (why != 0)
		return refuse(f, path, "read", why);
	if (node->now.n > max)
		return fail_set(f, ERR_LIMIT,
		    "%s is longer than the %zu bytes allowed", path, max);
	buf_put(out, node->now.p, node->now.n);
	return out->err == OK ? OK : fail_code(f, out->err);
}

static enum err
file_write(void *self, const char *path, const void *p, size_t n,
    struct fail *f)
{
	struct disk *d = self;
	char temporary[PATH_BYTES];
	unsigned no = 0;
	int why;

	(void)snprintf(temporary, sizeof(temporary), "%s.new", path);
	(void)take_away(d, temporary);
	why = make(d, temporary, false, &no);
	if (why != 0)
		return refuse(f, path, "written", why);
	why = put(d, no, 0, p, n);
	if (why == 0)
		why = sync_bytes(d, no);
	if (why == 0)
		why = give_name(d, temporary, path);
	if (why != 0) {
		(void)take_away(d, temporary);
		return refuse(f, path, "written", why);
	}
	why = sync_names(d, path);
	return why == 0 ? OK : refuse(f, path, "synced", why);
}

static enum err
file_move(void *self, const char *from, const char *to, struct fail *f)
{
	int why = give_name(self, from, to);

	if (why != 0)
		return refuse(f, from, "renamed", why);
	why = sync_names(self, to);
	return why == 0 ? OK : refuse(f, to, "synced", why);
}

static enum err
file_remove(void *self, const char *path, struct fail *f)
{
	int why = take_away(self, path);

	return why == 0 ? OK : refuse(f, path, "removed", why);
}

static enum err
file_look(void *self, const char *path, struct fail *f)
{
	struct disk_node *node;
	int why = look(self, path, DISK_LOOK, &node);

	return why == 0 ? OK
	    : why == ENOENT
	    ? ERR_NOTFOUND
	    : fail_set(f, ERR_IO, "%s cannot be looked at", path);
}

/* ---- streams ---------------------------------------------------------------*/

struct stream {
	struct disk_node *node;
	bool write;
	size_t at;
};

static enum err
stream_open(void *self, void **stream, const char *path, bool write,
    struct fail *f)
{
	struct disk *d = self;
	struct disk_node *node = NULL;
	struct stream *s;
	unsigned no = 0;
	int why =
	    write ? make(d, path, false, &no) : look(d, path, DISK_OPEN, &node);

	if (why != 0)
		return refuse(f, path, write ? "written" : "opened", why);
	if (write)
		node = disk_node(d, no);
	if (node->directory)
		return fail_set(f, ERR_IO, "%s is not a regular file", path);
	s = disk_alloc(sizeof(*s));
	s->node = node;
	s->write = write;
	node->open++;
	*stream = s;
	return OK;
}

static enum err
stream_read(void *self, void *stream, void *p, size_t n, size_t *got,
    struct fail *f)
{
	struct stream *s = stream;
	struct disk_op op = { .act = DISK_READ };
	int why = disk_do(self, &op);

	*got = 0;
	if (why != 0)
		return refuse(f, "a file", "read", why);
	if (s->at < s->node->now.n)
		*got = s->node->now.n - s->at;
	if (*got > n)
		*got = n;
	if (*got > 0)
		memcpy(p, s->node->now.p + s->at, *got);
	s->at += *got;
	return OK;
}

static enum err
stream_write(void *self, void *stream, const void *p, size_t n, struct fail *f)
{
	struct stream *s = stream;
	int why = put(self, s->node->no, s->at, p, n);

	if (why != 0)
		return refuse(f, "a file", "written", why);
	s->at += n;
	return OK;
}

static enum err
stream_close(void *self, void *stream, struct fail *f)
{
	struct disk *d = self;
	struct stream *s = stream;
	int why;

	if (s == NULL)
		return OK;
	why = s->write ? sync_bytes(d, s->node->no) : 0;
	s->node->open--;
	disk_sweep(d);
	free(s);
	return why == 0 ? OK : refuse(f, "a file", "synced", why);
}

/* ---- directories, locks, binding -------------------------------------------*/

static enum err
dir_make(void *self, const char *path, struct fail *f)
{
	unsigned no;
	int why = make(self, path, true, &no);

	if (why == 0)
		why = sync_names(self, path);
	if (why == 0)
		return OK;
	return fail_set(f, why == EEXIST ? ERR_EXISTS : ERR_IO,
	    "the directory %s cannot be made: %s", path, strerror(why));
}

static bool
is_empty(const struct disk *d, const char *path)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < d->now.n; i++) {
		if (disk_parent(d->now.p[i].path) == n &&
		    strncmp(d->now.p[i].path, path, n) == 0)
			return false;
	}
	return true;
}

static enum err
dir_remove(void *self, const char *path, struct fail *f)
{
	int why = is_empty(self, path) ? take_away(self, path) : ENOTEMPTY;

	return why == 0 ? OK : refuse(f, path, "removed", why);
}

static enum err
names_sync(void *self, const char *path, struct fail *f)
{
	int why = sync_names(self, path);

	return why == 0 ? OK : refuse(f, path, "synced", why);
}

static enum err
lock_take(void *self, void **lock, const char *path, long *holder,
    struct fail *f)
{
	struct disk *d = self;
	struct disk_lock *l;
	struct disk_op open = { .act = DISK_OPEN };
	unsigned no;
	int why;

	*holder = 0;
	why = disk_find(d, path) != NULL ? disk_do(d, &open)
					 : make(d, path, false, &no);
	if (why != 0)
		return refuse(f, path, "opened", why);
	for (l = d->locks; l != NULL; l = l->next) {
		if (strcmp(l->path, path) != 0)
			continue;
		*holder = 1;
		return fail_set(f, ERR_BUSY,
		    "this replica is in use by process 1");
	}
	l = disk_alloc(sizeof(*l));
	l->path = disk_text(path);
	l->next = d->locks;
	d->locks = l;
	*lock = l;
	return OK;
}

static void
lock_drop(void *self, void *lock)
{
	struct disk *d = self;
	struct disk_lock **at = &d->locks;
	struct disk_lock *l = lock;

	if (l == NULL)
		return;
	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	free(l->path);
	free(l);
}

static enum err
binding(void *self, uint8_t out[32], const char *dir, struct fail *f)
{
	struct disk *d = self;
	struct disk_op op = { .act = DISK_LOOK };
	uint8_t machine[32] = { 0 };
	int why = disk_do(d, &op);

	if (why != 0)
		return refuse(f, dir, "looked at", why);
	memcpy(machine, &d->binding, sizeof(d->binding));
	(void)crypto_generichash(out, 32, (const uint8_t *)dir, strlen(dir),
	    machine, sizeof(machine));
	return OK;
}

void
disk_env_init(struct disk *d)
{
	d->env = (struct env){
		.self = d,
		.file_read = file_read,
		.file_write = file_write,
		.stream_open = stream_open,
		.stream_read = stream_read,
		.stream_write = stream_write,
		.stream_close = stream_close,
		.file_move = file_move,
		.file_remove = file_remove,
		.names_sync = names_sync,
		.file_look = file_look,
		.dir_make = dir_make,
		.dir_remove = dir_remove,
		.lock_take = lock_take,
		.lock_drop = lock_drop,
		.binding = binding,
	};
}
