/* The folder of backups: names that sort by time, and none that is not ours. */
#include "node/keep.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PREFIX "footbridge-"
#define SUFFIX ".backup"
/* footbridge-1a2b3c4d-20261122T160533Z.backup */
#define NAME_BYTES (sizeof(PREFIX) - 1 + 8 + 1 + 16 + sizeof(SUFFIX) - 1)

static void
digits_of(char out[static 9], const struct node_id *node)
{
	hex_encode(out, node->b, 4);
}

void
keep_name(char *out, size_t room, const char *folder,
    const struct node_id *node, int64_t at_ms)
{
	time_t at = (time_t)(at_ms / 1000);
	char digits[9], when[32];
	struct tm utc;

	digits_of(digits, node);
	if (gmtime_r(&at, &utc) == NULL ||
	    strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &utc) != 16)
		(void)snprintf(when, sizeof(when), "00000000T000000Z");
	(void)snprintf(out, room, "%s/" PREFIX "%s-%s" SUFFIX, folder, digits,
	    when);
}

static bool
is_own(const char *name, const struct node_id *node)
{
	size_t n = strlen(name), at = sizeof(PREFIX) - 1;
	char digits[9];

	digits_of(digits, node);
	return n == NAME_BYTES && memcmp(name, PREFIX, at) == 0 &&
	    memcmp(name + at, digits, 8) == 0 && name[at + 8] == '-' &&
	    strspn(name + at + 9, "0123456789TZ") == 16 &&
	    strcmp(name + n - (sizeof(SUFFIX) - 1), SUFFIX) == 0;
}

const char *
keep_folder(char room[static KEEP_PATH_BYTES], const struct config *c,
    const char *dir)
{
	if (c->backup_folder[0] != '\0')
		return c->backup_folder;
	(void)snprintf(room, KEEP_PATH_BYTES, "%s/backup", dir);
	return room;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Own ones, oldest first; free each and the list. */
static enum err
list(struct dirent ***out, int *count, const char *folder,
    const struct node_id *node, struct fail *f)
{
	struct dirent **all = NULL;
	int n = scandir(folder, &all, NULL, by_name), kept = 0;

	if (n < 0)
		return fail_set(f, ERR_NOTFOUND,
		    "the folder for backups %.200s cannot be read: is its disk "
		    "there?",
		    folder);
	for (int i = 0; i < n; i++) {
		if (is_own(all[i]->d_name, node))
			all[kept++] = all[i];
		else
			free(all[i]);
	}
	*out = all;
	*count = kept;
	return OK;
}

static void
drop(struct dirent **all, int count)
{
	for (int i = 0; i < count; i++)
		free(all[i]);
	free(all);
}

enum err
keep_newest(char path[static KEEP_PATH_BYTES], const char *folder,
    const struct node_id *node, struct fail *f)
{
	struct dirent **all;
	int count;
	enum err e = list(&all, &count, folder, node, f);

	if (e != OK)
		return e;
	if (count == 0)
		e = fail_set(f, ERR_NOTFOUND,
		    "there is no backup of this node in %.200s", folder);
	else
		(void)snprintf(path, KEEP_PATH_BYTES, "%s/%s", folder,
		    all[count - 1]->d_name);
	drop(all, count);
	return e;
}

enum err
keep_thin(const char *folder, const struct node_id *node, unsigned keep,
    struct fail *f)
{
	char path[KEEP_PATH_BYTES];
	struct dirent **all;
	int count;
	enum err e = list(&all, &count, folder, node, f);

	if (e != OK)
		return e;
	for (int i = 0; i + (int)keep < count; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder,
		    all[i]->d_name);
		if (unlink(path) != 0 && e == OK)
			e = fail_set(f, ERR_IO,
			    "an old backup, %.200s, cannot be removed", path);
	}
	drop(all, count);
	return e;
}

enum err
keep_forget(struct replica *r, struct fail *why, struct fail *f)
{
	const char *dir = replica_dir(r);
	char room[KEEP_PATH_BYTES];
	struct keep_state state;
	struct config c;
	enum err e = keep_read(&state, r, f);

	*why = (struct fail){ .code = OK };
	if (e != OK || !state.used)
		return e; /* nothing was ever written there */
	e = config_read(&c, replica_env(r), dir, f);
	if (e != OK)
		return e;
	if (keep_thin(keep_folder(room, &c, dir), &replica_identity(r)->node, 0,
		why) != OK)
		return OK;
	return keep_note_none(r, f);
}
