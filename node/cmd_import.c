/* import csv, import map, import undo. */
#include "node/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/actor.h"
#include "node/import.h"
#include "node/name.h"

/* ---- files ---- */

struct file {
	FILE *stream;
};

static long
read_file(void *context, void *p, size_t n)
{
	struct file *file = context;
	size_t got = fread(p, 1, n, file->stream);

	if (got == 0 && ferror(file->stream))
		return -1;
	return (long)got;
}

static enum err
open_file(FILE **out, const struct run *run, const char *name, struct fail *f)
{
	struct buf path = { 0 };
	struct stat st;
	FILE *stream;
	int fd;

	fd = open(run_path(run, &path, name), O_RDONLY | O_CLOEXEC | O_NOCTTY);
	buf_release(&path);
	if (fd < 0)
		return fail_set(f, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
		    "%.200s cannot be opened: %s", name, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		return fail_set(f, ERR_INPUT, "%.200s is not a regular file",
		    name);
	}
	stream = fdopen(fd, "rb");
	if (stream == NULL) {
		(void)close(fd);
		return fail_set(f, ERR_NOMEM, "%.200s", name);
	}
	*out = stream;
	return OK;
}

static enum err
hash_file(uint8_t out[static 32], FILE *stream, struct fail *f)
{
	uint8_t chunk[16384];
	struct hash h;
	size_t n;

	hash_init(&h, LABEL_IMPORT_FILE, 32, NULL, 0);
	while ((n = fread(chunk, 1, sizeof(chunk), stream)) > 0)
		hash_put(&h, chunk, n);
	hash_final(&h, out);
	if (ferror(stream) || fseek(stream, 0, SEEK_SET) != 0)
		return fail_set(f, ERR_IO, "the file cannot be read");
	return OK;
}

/* ---- rejects ---- */

struct rejects {
	struct run *run;
	const struct csv *csv;
	struct buf path;
	FILE *stream; /* opened with the first bad row */
	size_t first_line;
	char first_reason[CSV_REASON_BYTES];
};

static enum err
rejects_open(struct rejects *j, struct fail *f)
{
	struct buf head = { 0 };
	int fd = open(buf_cstr(&j->path),
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	j->stream = fd >= 0 ? fdopen(fd, "wb") : NULL;
	if (j->stream == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return fail_set(f, ERR_IO,
		    "%.160s cannot be written: %s; rows already added stay",
		    buf_cstr(&j->path), strerror(errno));
	}
	buf_printf(&head, "line,reason");
	for (size_t i = 0; i < csv_column_count(j->csv); i++) {
		buf_put(&head, ",", 1);
		csv_cell(&head, csv_column(j->csv, i));
	}
	buf_put(&head, "\n", 1);
	(void)fwrite(head.p, 1, head.n, j->stream);
	buf_release(&head);
	return OK;
}

/* The columns keep their names, so that a mended file can be imported with the
 * same map. */
static enum err
reject(void *context, const struct csv_row *row, const char *reason,
    struct fail *f)
{
	struct rejects *j = context;
	struct buf line = { 0 };
	enum err e = OK;

	if (j->first_line == 0) {
		j->first_line = row->line;
		(void)snprintf(j->first_reason, sizeof(j->first_reason), "%s",
		    reason);
	}
	if (j->path.n == 0)
		return OK; /* a dry run */
	if (j->stream == NULL)
		e = rejects_open(j, f);
	if (e != OK)
		return e;
	buf_printf(&line, "%zu,", row->line);
	csv_cell(&line, reason);
	for (size_t i = 0; i < row->count; i++) {
		buf_put(&line, ",", 1);
		csv_cell(&line, row->cells[i]);
	}
	buf_put(&line, "\n", 1);
	if (line.err != OK || fwrite(line.p, 1, line.n, j->stream) != line.n)
		e = fail_set(f, ERR_IO,
		    "the rejects cannot be written; rows already added stay");
	buf_release(&line);
	return e;
}

static enum err
rejects_close(struct rejects *j, enum err e, struct fail *f)
{
	if (j->stream != NULL && fclose(j->stream) != 0 && e == OK)
		e = fail_set(f, ERR_IO, "the rejects cannot be written");
	buf_release(&j->path);
	return e;
}

/* ---- import csv ---- */

static enum err
options(struct import *m, struct rejects *j, struct fail *f)
{
	const struct cli *cli = m->run->cli;
	const char *dates = cli_get(cli, "dates");

	m->dry_run = cli_get(cli, "dry-run") != NULL;
	m->source = cli_get(cli, "source");
	if (m->source == NULL)
		m->source = "csv";
	if (m->source[0] == '\0' || strlen(m->source) > LIMIT_NAME_BYTES)
		return fail_set(f, ERR_USAGE,
		    "--source: want a short name such as jail-export");
	if (!m->dry_run) {
		(void)run_path(m->run, &j->path, run_word(m->run, 1));
		buf_put(&j->path, ".rejects", 8);
	}
	return dates != NULL ? date_order_of(&m->order, dates, f) : OK;
}

static enum err
load_map(struct map *map, struct import *m, struct fail *f)
{
	const char *name = cli_get(m->run->cli, "map");
	const struct env *env = replica_env(m->run->replica);
	struct buf path = { 0 }, text = { 0 };
	enum err e;

	if (name == NULL)
		return fail_set(f, ERR_USAGE,
		    "import csv: give --map MAP; footbridge import map TABLE "
		    "FILE prints one to start from");
	e = env->file_read(env->self, &text, run_path(m->run, &path, name),
	    MAP_FILE_BYTES, f);
	if (e == OK)
		e = map_parse(map, name, text.n > 0 ? (const char *)text.p : "",
		    text.n, m->table, m->csv, f);
	buf_release(&path);
	buf_release(&text);
	return e;
}

/* Without source ids the same file twice would be every row twice. */
static enum err
check_again(const struct import *m, struct fail *f)
{
	int64_t batch;
	enum err e;

	if (m->map->id != MAP_NONE || m->dry_run)
		return OK;
	e = import_seen(&batch, m->run, m->table, m->file_hash, f);
	if (e != OK || batch == 0)
		return e;
	return fail_set(f, ERR_EXISTS,
	    "this very file is import %lld already and its map names no id "
	    "column, so its rows would be added twice; nothing was changed",
	    (long long)batch);
}

static enum err
say_import(struct run *run, const struct import *m, const struct rejects *j,
    struct fail *f)
{
	if (run->cli->json)
		return run_json(run,
		    json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "batch",
			(json_int_t)(m->dry_run ? 0 : m->batch), "added",
			(json_int_t)m->added, "duplicate",
			(json_int_t)m->duplicate, "rejected",
			(json_int_t)m->rejected, "latin1",
			(json_int_t)csv_converted(m->csv), "empty_lines",
			(json_int_t)csv_empty(m->csv), "dry_run", m->dry_run),
		    f);
	run_say(run, "%s: %lld %s, %lld here already, %lld rejected",
	    m->table->name, (long long)m->added,
	    m->dry_run ? "would be added" : "added", (long long)m->duplicate,
	    (long long)m->rejected);
	if (csv_converted(m->csv) > 0)
		run_say(run, ", %zu read as Latin-1", csv_converted(m->csv));
	if (csv_empty(m->csv) > 0)
		run_say(run, ", %zu empty line%s", csv_empty(m->csv),
		    run_s((int64_t)csv_empty(m->csv)));
	if (!m->dry_run && m->added > 0)
		run_say(run, " (import %lld)", (long long)m->batch);
	run_say(run, "\n");
	if (m->rejected > 0)
		run_say(run, "first rejected: line %zu: %s\n", j->first_line,
		    j->first_reason);
	if (m->rejected > 0 && !m->dry_run)
		run_say(run,
		    "the rejected rows are in %s.rejects: mend them there and "
		    "import that file with the same map\n",
		    run_word(run, 1));
	return OK;
}

static enum err
do_import(struct import *m, struct map *map, struct fail *f)
{
	struct row_id staff;
	bool have = false;
	enum err e;

	e = load_map(map, m, f);
	if (e == OK)
		e = check_again(m, f);
	if (e == OK)
		e = name_acting(&staff, &have, m->run, f);
	if (e != OK)
		return e;
	m->staff = have ? &staff : NULL;
	e = import_run(m, f);
	m->staff = NULL;
	run_progress(m->run, "%s", "");
	return e;
}

/* A file is about many: for who sees all of them. */
static enum err
may_reach_all(const struct run *run, struct fail *f)
{
	enum err e = OK;

	if (run->actor != NULL && run->actor->rights.scope != ACCOUNT_SCOPE_ALL)
		e = fail_set(f, ERR_DENIED,
		    "a file is imported by somebody whose role reaches all "
		    "records (footbridge account role NAME ROLE --scope all)");
	return e;
}

enum err
cmd_import_csv(struct run *run, struct fail *f)
{
	uint8_t hash[32];
	struct file file = { 0 };
	struct map map = { 0 };
	struct import m = { .run = run, .map = &map, .file_hash = hash };
	struct rejects j = { .run = run };
	enum err e;

	m.reject = reject;
	m.context = &j;
	e = name_table(&m.table, run, run_word(run, 0), f);
	if (e == OK)
		e = may_reach_all(run, f);
	if (e == OK)
		e = actor_may_write(run, m.table, NULL, f);
	if (e == OK)
		e = open_file(&file.stream, run, run_word(run, 1), f);
	if (e == OK)
		e = hash_file(hash, file.stream, f);
	if (e == OK)
		e = csv_open(&m.csv, read_file, &file, f);
	if (e != OK && file.stream != NULL)
		e = fail_in(f, e, "%.100s", run_word(run, 1));
	j.csv = m.csv;
	if (e == OK)
		e = options(&m, &j, f);
	if (e == OK)
		e = do_import(&m, &map, f);
	e = rejects_close(&j, e, f);
	if (e == OK)
		e = say_import(run, &m, &j, f);
	run->wrote = m.added > 0;
	run->decide = m.rejected > 0;
	map_release(&map);
	csv_close(m.csv);
	if (file.stream != NULL)
		(void)fclose(file.stream);
	return e;
}

/* ---- import map, import undo ---- */

enum err
cmd_import_map(struct run *run, struct fail *f)
{
	struct file file = { 0 };
	const struct table *t;
	struct csv *csv = NULL;
	struct buf map = { 0 };
	enum err e;

	e = name_table(&t, run, run_word(run, 0), f);
	if (e == OK)
		e = open_file(&file.stream, run, run_word(run, 1), f);
	if (e == OK)
		e = csv_open(&csv, read_file, &file, f);
	if (e == OK) {
		buf_printf(&map, "# %s into the table %s\n", run_word(run, 1),
		    t->name);
		map_suggest(&map, t, csv);
		if (run->cli->json)
			e = run_json(run,
			    json_pack("{s:s}", "map", buf_cstr(&map)), f);
		else
			buf_put(&run->out, map.p, map.n);
	}
	buf_release(&map);
	csv_close(csv);
	if (file.stream != NULL)
		(void)fclose(file.stream);
	return e;
}

enum err
cmd_import_undo(struct run *run, struct fail *f)
{
	struct import_undo done = { 0 };
	struct row_id staff;
	int64_t batch;
	bool have;
	enum err e;

	e = may_reach_all(run, f);
	if (e == OK)
		e = cli_number(&batch, run_word(run, 0), 1, INT64_MAX,
		    "the import's number", f);
	if (e == OK)
		e = name_acting(&staff, &have, run, f);
	if (e == OK)
		e = import_undo(&done, run, batch, have ? &staff : NULL, f);
	if (e != OK)
		return e;
	run->wrote = done.sealed > 0;
	run->decide = done.changed > 0;
	if (run->cli->json)
		return run_json(run,
		    json_pack("{s:I, s:I, s:I, s:I}", "batch",
			(json_int_t)batch, "undone", (json_int_t)done.sealed,
			"changed_since", (json_int_t)done.changed, "already",
			(json_int_t)done.already),
		    f);
	run_say(run,
	    "import %lld: %lld row%s taken out of every list (the history "
	    "stays)\n",
	    (long long)batch, (long long)done.sealed, run_s(done.sealed));
	if (done.changed > 0)
		run_say(run,
		    "%lld row%s changed since and kept: look at them one by "
		    "one\n",
		    (long long)done.changed,
		    done.changed == 1 ? " was" : "s were");
	return OK;
}
