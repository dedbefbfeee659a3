/* inih finds sections and keys; every value is checked where it is stored. */
#include "node/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>

#include "node/cli.h"

struct reading {
	struct config config;
	const char *name;
	struct fail *fail;
	enum err err;
	int line;
};

void
config_defaults(struct config *c)
{
	*c = (struct config){ .every_s = 15 * 60,
		.backup_every_s = 86400,
		.backup_keep = 7 };
	account_defaults(&c->accounts);
}

static enum err
set_text(char *to, size_t room, const char *value, struct fail *f)
{
	if (strlen(value) >= room)
		return fail_set(f, ERR_INPUT, "want at most %zu characters",
		    room - 1);
	memcpy(to, value, strlen(value) + 1);
	return OK;
}

static enum err
set_cache(struct config *c, const char *value, struct fail *f)
{
	int64_t bytes;
	enum err e = cli_bytes(&bytes, value, f);

	if (e != OK)
		return e;
	if (bytes < 1000000 || bytes > 1000000000)
		return fail_set(f, ERR_INPUT, "want 1MB to 1GB, have %.40s",
		    value);
	c->cache_kib = (int)(bytes / 1024);
	return OK;
}

static enum err
set_every(struct config *c, const char *value, struct fail *f)
{
	int64_t seconds;
	enum err e = cli_seconds(&seconds, value, f);

	if (e != OK)
		return e;
	if (seconds < 1 || seconds > 7 * 86400)
		return fail_set(f, ERR_INPUT, "want 1s to 7d, have %.40s",
		    value);
	c->every_s = seconds;
	return OK;
}

static enum err
set_hold(struct config *c, const char *value, struct fail *f)
{
	if (strcmp(value, "near") == 0)
		c->hold = SCHEDULE_HOLD_NEAR;
	else if (strcmp(value, "all") == 0)
		c->hold = SCHEDULE_HOLD_ALL;
	else if (strcmp(value, "none") == 0)
		c->hold = SCHEDULE_HOLD_NONE;
	else
		return fail_set(f, ERR_INPUT,
		    "want near, all or none, have %.40s", value);
	return OK;
}

static enum err
set_backup(struct config *c, const char *key, const char *value, struct fail *f)
{
	int64_t number;
	enum err e;

	if (strcmp(key, "folder") == 0 && value[0] != '/')
		return fail_set(f, ERR_INPUT,
		    "want a folder's whole path, from / on, have %.40s", value);
	if (strcmp(key, "folder") == 0)
		return set_text(c->backup_folder, sizeof(c->backup_folder),
		    value, f);
	if (strcmp(key, "keep") == 0) {
		e = cli_number(&number, value, 1, 1000, "keep", f);
		if (e == OK)
			c->backup_keep = (unsigned)number;
		return e == OK ? OK : ERR_INPUT;
	}
	if (strcmp(key, "every") != 0)
		return fail_set(f, ERR_INPUT,
		    "no setting is called [backup] %.40s", key);
	if (strcmp(value, "off") == 0) {
		c->backup_every_s = 0;
		return OK;
	}
	e = cli_seconds(&number, value, f);
	if (e == OK && (number < 60 || number > 31 * 86400))
		e = fail_set(f, ERR_INPUT, "want off, or 1m to 31d, have %.40s",
		    value);
	if (e == OK)
		c->backup_every_s = number;
	return e;
}

static enum err
set_relay(struct config *c, const char *key, const char *value, struct fail *f)
{
	bool bytes = strcmp(key, "day") == 0;
	int64_t number = 0;
	enum err e;

	if (!bytes && strcmp(key, "entries") != 0)
		return fail_set(f, ERR_INPUT,
		    "no setting is called [relay] %.40s", key);
	if (strcmp(value, "off") == 0) {
		*(bytes ? &c->relay_bytes : &c->relay_entries) = UINT64_MAX;
		return OK;
	}
	if (!bytes) {
		e = cli_number(&number, value, 100, 1000000000, key, f);
		c->relay_entries = (uint64_t)number;
		return e == OK ? OK : ERR_INPUT;
	}
	e = cli_bytes(&number, value, f);
	if (e == OK && number < 4000000)
		e = fail_set(f, ERR_INPUT,
		    "want off, or 4MB or more, have %.40s", value);
	c->relay_bytes = (uint64_t)number;
	return e;
}

static enum err
set_one(struct config *c, const char *section, const char *key,
    const char *value, struct fail *f)
{
	if (strcmp(section, "serve") == 0 && strcmp(key, "listen") == 0)
		return set_text(c->listen, sizeof(c->listen), value, f);
	if (strcmp(section, "page") == 0 && strcmp(key, "listen") == 0)
		return set_text(c->page, sizeof(c->page), value, f);
	if (strcmp(section, "page") == 0 && strcmp(key, "name") == 0)
		return set_text(c->page_name, sizeof(c->page_name), value, f);
	if (strcmp(section, "sync") == 0 && strcmp(key, "every") == 0)
		return set_every(c, value, f);
	if (strcmp(section, "sync") == 0 && strcmp(key, "hold") == 0)
		return set_hold(c, value, f);
	if (strcmp(section, "backup") == 0)
		return set_backup(c, key, value, f);
	if (strcmp(section, "relay") == 0)
		return set_relay(c, key, value, f);
	if (strcmp(section, "accounts") == 0)
		return account_set(&c->accounts, key, value, f);
	if (strcmp(section, "replica") == 0 && strcmp(key, "cache") == 0)
		return set_cache(c, value, f);
	if (strcmp(section, "staff") == 0 && strcmp(key, "as") == 0)
		return set_text(c->as, sizeof(c->as), value, f);
	return fail_set(f, ERR_INPUT, "no setting is called [%.40s] %.40s",
	    section, key);
}

/* inih calls this for each key; 0 stops. It does not hand over the line, so
 * the reader function below counts. */
static int
handle(void *user, const char *section, const char *key, const char *value)
{
	struct reading *r = user;

	r->err = set_one(&r->config, section, key, value != NULL ? value : "",
	    r->fail);
	return r->err == OK;
}

struct source {
	const char *p, *end;
	struct reading *reading;
};

static char *
next_line(char *line, int room, void *stream)
{
	struct source *s = stream;
	size_t n = (size_t)(s->end - s->p);
	const char *nl = memchr(s->p, '\n', n);

	if (n == 0 || s->reading->err != OK)
		return NULL;
	s->reading->line++;
	if (nl != NULL)
		n = (size_t)(nl - s->p) + 1;
	if (n >= (size_t)room) {
		s->reading->err = fail_set(s->reading->fail, ERR_INPUT,
		    "a line is longer than %d bytes", room - 2);
		return NULL;
	}
	memcpy(line, s->p, n);
	line[n] = '\0';
	s->p += n;
	return line;
}

enum err
config_parse(struct config *out, const char *name, const char *text, size_t n,
    struct fail *f)
{
	struct fail inner = { 0 };
	struct reading r = { .name = name, .fail = &inner };
	struct source s = { text, text + n, &r };
	int line;

	config_defaults(&r.config);
	if (memchr(text, '\0', n) != NULL)
		return fail_set(f, ERR_INPUT, "%s: this is not a text file",
		    name);
	line = ini_parse_stream(next_line, &s, handle, &r);
	if (r.err != OK) {
		if (f != NULL)
			*f = inner;
		return fail_in(f, ERR_INPUT, "%s:%d", name, r.line);
	}
	if (line == -2)
		return fail_set(f, ERR_NOMEM, "%s", name);
	if (line != 0)
		return fail_set(f, ERR_INPUT,
		    "%s:%d: want \"[section]\" or \"key = value\"", name, line);
	*out = r.config;
	return OK;
}

enum err
config_read(struct config *out, const struct env *env, const char *dir,
    struct fail *f)
{
	struct buf path = { 0 }, text = { 0 };
	enum err e;

	buf_printf(&path, "%s/footbridge.conf", dir);
	e = env->file_read(env->self, &text, buf_cstr(&path), CONFIG_FILE_BYTES,
	    f);
	if (e == ERR_NOTFOUND) {
		config_defaults(out);
		if (f != NULL)
			f->text[0] = '\0';
		e = OK;
	} else if (e == OK) {
		e = config_parse(out, "footbridge.conf",
		    (const char *)(text.n > 0 ? text.p : (uint8_t *)""), text.n,
		    f);
	}
	buf_release(&path);
	buf_release(&text);
	return e;
}
