/* Output is kept in memory and written outside of any lock. */
#include "node/run.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/journal.h"

#define FLUSH_BYTES ((size_t)65536)
#define LINE_BYTES 1024

void
run_init(struct run *run, const struct cli *cli)
{
	*run = (struct run){ .cli = cli, .out_fd = -1, .code = cli->code };
	buf_init(&run->out, RUN_OUTPUT_BYTES);
}

void
run_release(struct run *run)
{
	buf_release(&run->out);
	buf_release(&run->scratch);
}

void
run_say(struct run *run, const char *format, ...)
{
	char line[LINE_BYTES];
	char *longer;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n < sizeof(line)) {
		buf_put(&run->out, line, (size_t)n);
		return;
	}
	longer = malloc((size_t)n + 1);
	if (longer == NULL) {
		run->out.err = ERR_NOMEM;
		return;
	}
	va_start(ap, format);
	(void)vsnprintf(longer, (size_t)n + 1, format, ap);
	va_end(ap);
	buf_put(&run->out, longer, (size_t)n);
	free(longer);
}

static int
dump(const char *p, size_t n, void *data)
{
	struct buf *out = data;

	buf_put(out, p, n);
	return out->err == OK ? 0 : -1;
}

enum err
run_json(struct run *run, json_t *value, struct fail *f)
{
	int bad;

	if (value == NULL)
		return fail_set(f, ERR_NOMEM, "the JSON answer");
	bad = json_dump_callback(value, dump, &run->out,
	    JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(value);
	if (bad != 0)
		return fail_set(f, ERR_NOMEM, "the JSON answer");
	buf_put(&run->out, "\n", 1);
	return OK;
}

static void
write_all(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return; /* the reader went away */
		p += done;
		n -= (size_t)done;
	}
}

void
run_flush(struct run *run)
{
	if (run->out.n >= FLUSH_BYTES)
		run_drain(run);
}

void
run_drain(struct run *run)
{
	enum err e = run->out.err;

	if (run->out_fd < 0 || run->out.n == 0)
		return;
	/* before the first byte leaves */
	if (run->journal.err == OK)
		run->journal.err = journal_settle(run, OK, &run->journal.fail);
	if (run->journal.err != OK) {
		buf_reset(&run->out);
		run->out.err = run->journal.err;
		return;
	}
	run->printed = true;
	write_all(run->out_fd, run->out.p, run->out.n);
	buf_reset(&run->out);
	run->out.err = e;
}

void
run_progress(struct run *run, const char *format, ...)
{
	va_list ap;

	if (!run->progress || run->cli->quiet)
		return;
	fputc('\r', stderr);
	va_start(ap, format);
	(void)vfprintf(stderr, format, ap);
	va_end(ap);
	fputs("\033[K", stderr);
	(void)fflush(stderr);
}

void
run_warn(const char *text)
{
	(void)fprintf(stderr, "footbridge: %s\n", text);
}

void
run_breathe(struct run *run)
{
	if (run->engine != NULL)
		engine_changed(run->engine);
	run_yield(run);
}

void
run_yield(struct run *run)
{
	run_take_back(run, run_let_go(run));
}

unsigned
run_let_go(struct run *run)
{
	return run->engine != NULL ? engine_let_go(run->engine) : 0;
}

void
run_take_back(struct run *run, unsigned turn)
{
	if (run->engine != NULL)
		engine_take_back(run->engine, turn);
}

const char *
run_word(const struct run *run, size_t k)
{
	return k < run->cli->word_count ? run->cli->words[k] : NULL;
}

const char *
run_path(const struct run *run, struct buf *out, const char *name)
{
	if (run->cwd != NULL && name[0] != '/')
		buf_printf(out, "%s/", run->cwd);
	buf_put(out, name, strlen(name));
	return buf_cstr(out);
}

const char *
run_s(int64_t n)
{
	return n == 1 ? "" : "s";
}

int
run_exit(const struct run *run, enum err e)
{
	switch (e) {
	case OK:
		return run->decide ? 3 : 0;
	case ERR_USAGE:
		return 2;
	case ERR_STALE: /* nothing lost: a person must look and say */
		return 3;
	default:
		return 1;
	}
}
