#include "tests/support/alloc.h"

#include <stdlib.h>
#include <string.h>

#include <sqlcipher/sqlite3.h>

#include "sync/db.h"

static struct {
	bool on, for_ever;
	uint64_t nth, seen, fired;
	alloc_ask_fn ask;
	void *self;
	sqlite3_mem_methods below;
} plan;

void
alloc_fail(uint64_t nth, bool for_ever)
{
	plan.on = true;
	plan.nth = nth;
	plan.for_ever = for_ever;
	plan.seen = plan.fired = 0;
	plan.ask = NULL;
}

void
alloc_ask(alloc_ask_fn ask, void *self, bool for_ever)
{
	alloc_fail(UINT64_MAX, for_ever);
	plan.ask = ask;
	plan.self = self;
}

void
alloc_mend(void)
{
	plan.on = false;
}

uint64_t
alloc_fired(void)
{
	return plan.fired;
}

uint64_t
alloc_seen(void)
{
	return plan.seen;
}

static void
ask(uint64_t at)
{
	plan.on = false; /* what the question itself needs */
	if (plan.ask(plan.self, at)) {
		plan.ask = NULL;
		plan.nth = at;
	}
	plan.on = true;
}

static bool
hit(void)
{
	uint64_t at;

	if (!plan.on)
		return false;
	at = plan.seen++;
	if (plan.ask != NULL)
		ask(at);
	if (at != plan.nth && !(plan.for_ever && at > plan.nth))
		return false;
	plan.fired++;
	return true;
}

/* ---- this program's -----------------------------------------------------------*/

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *text);

void *
__wrap_malloc(size_t n)
{
	return hit() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t count, size_t n)
{
	return hit() ? NULL : __real_calloc(count, n);
}

void *
__wrap_realloc(void *p, size_t n)
{
	return hit() ? NULL : __real_realloc(p, n);
}

char *
__wrap_strdup(const char *text)
{
	return hit() ? NULL : __real_strdup(text);
}

/*
 * SQLite 3.46 itself reads through NULL when memory ends within
 * PRAGMA integrity_check: nothing of ours can help that, so it is spared.
 */
enum err __real_db_integrity(struct db *db, struct fail *f);
enum err __wrap_db_integrity(struct db *db, struct fail *f);

enum err
__wrap_db_integrity(struct db *db, struct fail *f)
{
	bool on = plan.on;
	enum err e;

	plan.on = false;
	e = __real_db_integrity(db, f);
	plan.on = on;
	return e;
}

/* So does SQLCipher 4.6 where it sets up its cipher for a key. */
int __real_sqlite3_key(sqlite3 *handle, const void *key, int n);
int __wrap_sqlite3_key(sqlite3 *handle, const void *key, int n);

int
__wrap_sqlite3_key(sqlite3 *handle, const void *key, int n)
{
	bool on = plan.on;
	int code;

	plan.on = false;
	code = __real_sqlite3_key(handle, key, n);
	plan.on = on;
	return code;
}

/* ---- SQLite's -----------------------------------------------------------------*/

static void *
sqlite_malloc(int n)
{
	return hit() ? NULL : plan.below.xMalloc(n);
}

static void *
sqlite_realloc(void *p, int n)
{
	return hit() ? NULL : plan.below.xRealloc(p, n);
}

void
alloc_install(void)
{
	sqlite3_mem_methods ours;

	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plan.below) != SQLITE_OK)
		abort();
	ours = plan.below;
	ours.xMalloc = sqlite_malloc;
	ours.xRealloc = sqlite_realloc;
	if (sqlite3_config(SQLITE_CONFIG_MALLOC, &ours) != SQLITE_OK)
		abort();
}
