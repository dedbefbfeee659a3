/*
 * link() gives a name only where there is none, in one step; file systems of
 * sticks do not have it, and there a look before renaming must do.
 */
#include "node/document.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what it is ---- */

static bool
is_text(const uint8_t *p, size_t n)
{
	size_t cut = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] < 0x20 && p[i] != '\n' && p[i] != '\r' &&
		    p[i] != '\t' && p[i] != '\f')
			return false;
	}
	/* the last character may be cut */
	while (cut < 4 && cut < n && !value_utf8(p, n - cut))
		cut++;
	return n > 0 && value_utf8(p, n - cut);
}

const char *
document_mime(const uint8_t *p, size_t n)
{
	static const struct {
		const char *begin;
		size_t n;
		const char *mime;
	} known[] = {
		{ "%PDF-", 5, "application/pdf" },
		{ "\xff\xd8\xff", 3, "image/jpeg" },
		{ "\x89PNG\r\n\x1a\n", 8, "image/png" },
		{ "II*\0", 4, "image/tiff" },
		{ "MM\0*", 4, "image/tiff" },
		{ "GIF8", 4, "image/gif" },
		{ "{\\rtf", 5, "application/rtf" },
		{ "PK\x03\x04", 4, "application/zip" },
	};

	for (size_t i = 0; i < COUNT_OF(known); i++) {
		if (n >= known[i].n &&
		    memcmp(p, known[i].begin, known[i].n) == 0)
			return known[i].mime;
	}
	return is_text(p, n) ? "text/plain" : "application/octet-stream";
}

void
document_title(struct buf *out, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	size_t n = strlen(name);
	bool utf8 = value_utf8((const uint8_t *)name, n);

	if (n > LIMIT_NAME_BYTES) {
		n = LIMIT_NAME_BYTES;
		while (n > 0 && ((uint8_t)name[n] & 0xc0) == 0x80)
			n--; /* not inside a character */
	}
	for (size_t i = 0; i < n; i++) {
		uint8_t b = (uint8_t)name[i];

		buf_u8(out,
		    b < 0x20 || b == 0x7f || (b >= 0x80 && !utf8) ? '_' : b);
	}
	if (n == 0)
		buf_put(out, "document", 8);
}

/* ---- where it goes ---- */

static enum err
cannot(const struct document_file *d, struct fail *f)
{
	return fail_set(f, ERR_IO,
	    "%.160s cannot be written: %s; nothing was written", d->name,
	    strerror(errno));
}

static enum err
is_there(const struct document_file *d, struct fail *f)
{
	return fail_set(f, ERR_EXISTS,
	    "%.160s is there already and was left as it is; --yes replaces it",
	    d->name);
}

/* Nothing is there, or a file that may be replaced. */
static enum err
may_write(const struct document_file *d, const char *path, struct fail *f)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? OK : cannot(d, f);
	if (!S_ISREG(st.st_mode))
		return fail_set(f, ERR_EXISTS,
		    "%.160s is there and is no file; want the name of a file",
		    d->name);
	return d->run->cli->yes ? OK : is_there(d, f);
}

enum err
document_file_begin(struct document_file *d, struct run *run, const char *name,
    struct fail *f)
{
	uint8_t random[6];
	char text[2 * sizeof(random) + 1];
	enum err e;

	*d = (struct document_file){ .run = run, .name = name, .fd = -1 };
	env_random(replica_env(run->replica), random, sizeof(random));
	hex_encode(text, random, sizeof(random));
	e = may_write(d, run_path(run, &d->path, name), f);
	if (e != OK)
		return e;
	(void)run_path(run, &d->temporary, name);
	buf_printf(&d->temporary, ".%s.part", text);
	d->fd = open(buf_cstr(&d->temporary),
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return d->fd >= 0 ? OK : cannot(d, f);
}

static bool
write_all(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

enum err
document_file_write(void *context, const uint8_t *p, size_t n, struct fail *f)
{
	struct document_file *d = context;
	unsigned turn = run_let_go(d->run);
	bool ok = write_all(d->fd, p, n);
	int why = errno;

	run_take_back(d->run, turn);
	errno = why;
	return ok ? OK : cannot(d, f);
}

/* Give it its name. */
static enum err
name_it(const struct document_file *d, const char *from, const char *to,
    struct fail *f)
{
	enum err e;

	if (!d->run->cli->yes) {
		if (link(from, to) == 0)
			return unlink(from) == 0 ? OK : cannot(d, f);
		if (errno == EEXIST)
			return is_there(d, f);
		e = may_write(d, to, f);
		if (e != OK)
			return e;
	}
	return rename(from, to) == 0 ? OK : cannot(d, f);
}

enum err
document_file_finish(struct document_file *d, enum err e, struct fail *f)
{
	const char *from = buf_cstr(&d->temporary), *to = buf_cstr(&d->path);

	if (d->fd >= 0) {
		unsigned turn = run_let_go(d->run);
		bool bad = e == OK && fsync(d->fd) != 0;
		int why = errno;

		if (close(d->fd) != 0 && !bad) {
			bad = true;
			why = errno;
		}
		run_take_back(d->run, turn);
		errno = why;
		if (e == OK && bad)
			e = cannot(d, f);
		if (e == OK)
			e = name_it(d, from, to, f);
		if (e != OK)
			(void)unlink(from);
	}
	d->fd = -1;
	buf_release(&d->path);
	buf_release(&d->temporary);
	return e;
}
