/*
 * Sticks are slow: the engine is given up while one is read or written. That is
 * between two transactions, since bundle.h reads and writes outside of its own.
 */
#include "node/stick.h"

#include "sync/rescue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- writing parts ---- */

static const char *
part_path(const struct stick_parts *p, struct buf *path, unsigned part,
    bool final)
{
	buf_reset(path);
	(void)run_path(p->run, path, p->name);
	if (p->split)
		buf_printf(path, ".%03u", part);
	if (!final)
		buf_printf(path, ".new");
	return buf_cstr(path);
}

static enum err
part_error(const struct stick_parts *p, struct fail *f)
{
	return fail_set(f, ERR_IO,
	    "%.160s cannot be written: %s; what was written is taken away",
	    p->name, strerror(errno));
}

static enum err
part_end(struct stick_parts *p, struct fail *f)
{
	int fd = p->fd, why;
	unsigned turn;
	bool bad;

	p->fd = -1;
	if (fd < 0)
		return OK;
	turn = run_let_go(p->run);
	bad = fsync(fd) != 0;
	why = errno;
	if (close(fd) != 0 && !bad) {
		bad = true;
		why = errno;
	}
	run_take_back(p->run, turn);
	errno = why;
	return bad ? part_error(p, f) : OK;
}

static enum err
part_begin(void *context, unsigned part, struct fail *f)
{
	struct stick_parts *p = context;
	struct buf path = { 0 };
	enum err e = part_end(p, f);

	if (e != OK)
		return e;
	p->count = part;
	p->fd = open(part_path(p, &path, part, false),
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	buf_release(&path);
	return p->fd >= 0 ? OK : part_error(p, f);
}

static bool
write_all(int fd, const uint8_t *bytes, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, bytes, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		bytes += done;
		n -= (size_t)done;
	}
	return true;
}

static enum err
part_write(void *context, const uint8_t *bytes, size_t n, struct fail *f)
{
	struct stick_parts *p = context;
	unsigned turn = run_let_go(p->run);
	bool ok = write_all(p->fd, bytes, n);
	int why = errno;

	run_take_back(p->run, turn);
	errno = why;
	return ok ? OK : part_error(p, f);
}

struct bundle_writer
stick_parts_writer(struct stick_parts *p)
{
	return (struct bundle_writer){ p, part_begin, part_write };
}

enum err
stick_parts_finish(struct stick_parts *p, enum err e, struct fail *f)
{
	struct buf from = { 0 }, to = { 0 };
	enum err ended = part_end(p, e == OK ? f : NULL);

	if (e == OK)
		e = ended;
	for (unsigned i = 1; i <= p->count; i++) {
		const char *old = part_path(p, &from, i, false);
		const char *new = part_path(p, &to, i, true);

		if (e == OK && rename(old, new) != 0)
			e = part_error(p, f);
		else if (e != OK)
			(void)unlink(old);
	}
	buf_release(&from);
	buf_release(&to);
	return e;
}

enum err
stick_parts_check(const struct stick_parts *p, struct fail *f)
{
	struct buf path = { 0 };
	uint8_t head[8];
	int fd =
	    open(part_path(p, &path, 1, true), O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n;

	buf_release(&path);
	if (fd < 0)
		return OK;
	n = read(fd, head, sizeof(head));
	(void)close(fd);
	if (n == 0 ||
	    (n == (ssize_t)sizeof(head) &&
		(bundle_is(head, (size_t)n) || rescue_is(head, (size_t)n))))
		return OK;
	return fail_set(f, ERR_EXISTS,
	    "%.200s is there and is no bundle; nothing was written", p->name);
}

/* ---- reading ---- */

/* Up to n bytes; how many, or -1. */
static ssize_t
read_all(int fd, uint64_t offset, uint8_t *p, size_t n)
{
	size_t have = 0;

	while (have < n) {
		ssize_t done =
		    pread(fd, p + have, n - have, (off_t)(offset + have));

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		if (done == 0)
			break;
		have += (size_t)done;
	}
	return (ssize_t)have;
}

static enum err
read_at(void *context, uint64_t offset, uint8_t *p, size_t n, size_t *got,
    struct fail *f)
{
	struct stick_source *s = context;
	unsigned turn = run_let_go(s->run);
	ssize_t have = read_all(s->fd, offset, p, n);
	int why = errno;

	run_take_back(s->run, turn);
	if (have < 0)
		return fail_set(f, ERR_IO, "the file cannot be read: %s",
		    strerror(why));
	*got = (size_t)have;
	return OK;
}

struct bundle_reader
stick_source_reader(struct stick_source *s)
{
	return (struct bundle_reader){ s, read_at };
}

enum err
stick_source_open(struct stick_source *s, const char *name, struct fail *f)
{
	struct buf path = { 0 };
	struct stat st;

	s->fd = open(run_path(s->run, &path, name),
	    O_RDONLY | O_CLOEXEC | O_NOCTTY);
	buf_release(&path);
	if (s->fd < 0)
		return fail_set(f, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
		    "%.200s cannot be opened: %s", name, strerror(errno));
	if (fstat(s->fd, &st) == 0 && S_ISREG(st.st_mode))
		return OK;
	stick_source_close(s);
	return fail_set(f, ERR_INPUT, "%.200s is not a regular file", name);
}

void
stick_source_close(struct stick_source *s)
{
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = -1;
}
