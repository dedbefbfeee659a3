/*
 * The generation's lowest bit chooses the file. A reader takes the valid copy
 * with the higher generation; a copy whose MAC fails is treated as absent,
 * since falling back to an older fence only makes the guard less sharp.
 */
#include "sync/fence.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "sync/hash.h"
#include "sync/rd.h"

#define MAGIC "FBFENCE2"
#define MAGIC_BYTES 8
#define MAC_BYTES 32
#define PATH_BYTES 4096

static const char *const names[] = { "fence", "fence.b" };

static void
mac_of(uint8_t mac[static MAC_BYTES], const uint8_t *p,
    const uint8_t key[static FENCE_KEY_BYTES])
{
	struct hash h;

	hash_init(&h, LABEL_FENCE_MAC, MAC_BYTES, key, FENCE_KEY_BYTES);
	hash_put(&h, p, FENCE_FILE_BYTES - MAC_BYTES);
	hash_final(&h, mac);
}

void
fence_encode(struct buf *out, const struct fence *fence,
    const uint8_t key[static FENCE_KEY_BYTES])
{
	size_t begun = out->n;
	uint8_t mac[MAC_BYTES];

	buf_put(out, MAGIC, MAGIC_BYTES);
	buf_u64(out, fence->generation);
	buf_u64(out, fence->life);
	buf_put(out, fence->incarnation.b, sizeof(fence->incarnation.b));
	buf_u64(out, fence->position);
	buf_put(out, fence->segment.b, sizeof(fence->segment.b));
	buf_u64(out, fence->member_count);
	buf_put(out, fence->member_head, sizeof(fence->member_head));
	buf_u64(out, (uint64_t)fence->policy_ms);
	buf_u64(out, fence->audit_count);
	buf_put(out, fence->audit_head, sizeof(fence->audit_head));
	buf_put(out, fence->binding, sizeof(fence->binding));
	if (out->err != OK)
		return;
	assert(out->n - begun == FENCE_FILE_BYTES - MAC_BYTES);
	mac_of(mac, out->p + begun, key);
	buf_put(out, mac, sizeof(mac));
}

/* Is it ours all the same, with a bit of its version turned? */
static bool
is_ours_turned(const uint8_t *p, size_t n, const uint8_t *key)
{
	uint8_t whole[FENCE_FILE_BYTES], mac[MAC_BYTES];

	if (key == NULL || n != sizeof(whole))
		return false;
	memcpy(whole, p, n);
	memcpy(whole, MAGIC, MAGIC_BYTES);
	mac_of(mac, whole, key);
	return sodium_memcmp(mac, p + n - MAC_BYTES, sizeof(mac)) == 0;
}

enum err
fence_decode(struct fence *out, const uint8_t *p, size_t n, const uint8_t *key,
    struct fail *f)
{
	struct fence fence = { 0 };
	struct rd r = rd_of(p, n);
	uint8_t mac[MAC_BYTES], said[MAC_BYTES];
	const uint8_t *magic = rd_take(&r, MAGIC_BYTES);

	if (magic == NULL || memcmp(magic, MAGIC, MAGIC_BYTES - 1) != 0 ||
	    (magic[MAGIC_BYTES - 1] != MAGIC[MAGIC_BYTES - 1] &&
		is_ours_turned(p, n, key)))
		return fail_set(f, ERR_CORRUPT,
		    "the fence is damaged: not a fence file");
	if (magic[MAGIC_BYTES - 1] != MAGIC[MAGIC_BYTES - 1])
		return fail_set(f, ERR_VERSION,
		    "another version of Footbridge made this fence; update "
		    "Footbridge");
	fence.generation = rd_u64(&r);
	fence.life = rd_u64(&r);
	rd_copy(&r, fence.incarnation.b, sizeof(fence.incarnation.b));
	fence.position = rd_u64(&r);
	rd_copy(&r, fence.segment.b, sizeof(fence.segment.b));
	fence.member_count = rd_u64(&r);
	rd_copy(&r, fence.member_head, sizeof(fence.member_head));
	fence.policy_ms = (int64_t)rd_u64(&r);
	fence.audit_count = rd_u64(&r);
	rd_copy(&r, fence.audit_head, sizeof(fence.audit_head));
	rd_copy(&r, fence.binding, sizeof(fence.binding));
	rd_copy(&r, said, sizeof(said));
	if (rd_done(&r) != OK)
		return fail_set(f, ERR_CORRUPT,
		    "the fence is damaged: want %d bytes, have %zu",
		    FENCE_FILE_BYTES, n);
	if (key != NULL) {
		mac_of(mac, p, key);
		if (sodium_memcmp(mac, said, sizeof(mac)) != 0)
			return fail_set(f, ERR_AUTH,
			    "the fence is damaged or belongs to another "
			    "replica");
	}
	*out = fence;
	return OK;
}

/* ---- comparing ---------------------------------------------------------------*/

static enum fence_verdict
judge(const struct fence *found, const struct fence *database)
{
	bool behind;

	if (found->life != database->life)
		behind = found->life < database->life;
	else if (!id_equal(&found->incarnation, &database->incarnation))
		return FENCE_FORKED;
	else if (found->position != database->position)
		behind = found->position < database->position;
	else if (!id_equal(&found->segment, &database->segment))
		return FENCE_FORKED;
	else if (found->member_count != database->member_count)
		behind = found->member_count < database->member_count;
	else if (memcmp(found->member_head, database->member_head,
		     FENCE_HEAD_BYTES) != 0)
		return FENCE_FORKED;
	else
		return FENCE_EQUAL;
	/* one of them ahead here and behind there is no crash of ours */
	if (behind && found->member_count > database->member_count)
		behind = false;
	return behind ? FENCE_BEHIND : FENCE_ROLLED_BACK;
}

#define SAFE "the saved work here is intact, nothing was changed"

static enum err
fail_rolled_back(const struct fence *found, const struct fence *database,
    struct fail *f)
{
	return fail_set(f, ERR_FENCE,
	    "this replica is older than its fence (position %llu of life %llu, "
	    "fence %llu of %llu): it was restored or rolled back; " SAFE,
	    (unsigned long long)database->position,
	    (unsigned long long)database->life,
	    (unsigned long long)found->position,
	    (unsigned long long)found->life);
}

enum err
fence_check(enum fence_verdict *verdict, const struct fence *found,
    const struct fence *database, struct fail *f)
{
	if (found == NULL && database->position == 0 && database->life <= 1) {
		/* init or join was cut off before its first fence */
		*verdict = FENCE_BEHIND;
		return OK;
	}
	if (found == NULL) {
		*verdict = FENCE_MISSING;
		return fail_set(f, ERR_FENCE,
		    "this replica has no readable fence: part of its directory "
		    "was restored, copied or damaged; " SAFE);
	}
	*verdict = judge(found, database);
	if (*verdict == FENCE_ROLLED_BACK)
		return fail_rolled_back(found, database, f);
	if (*verdict == FENCE_FORKED)
		return fail_set(f, ERR_FENCE,
		    "this replica and its fence tell different histories: its "
		    "database comes from a copy that went on elsewhere; " SAFE);
	if (memcmp(found->binding, database->binding, FENCE_BINDING_BYTES) !=
	    0) {
		*verdict = FENCE_MOVED;
		return fail_set(f, ERR_FENCE,
		    "this replica was copied or moved: it last wrote on "
		    "another machine or in another directory; " SAFE);
	}
	return OK;
}

/* ---- the files ----------------------------------------------------------------*/

static enum err
path_of(char path[static PATH_BYTES], const char *dir, size_t which,
    struct fail *f)
{
	int n = snprintf(path, PATH_BYTES, "%s/%s", dir, names[which]);

	if (n < 0 || n >= PATH_BYTES)
		return fail_set(f, ERR_INPUT, "the path is too long");
	return OK;
}

enum err
fence_read(struct fence *out, const struct env *env, const char *dir,
    const uint8_t key[static FENCE_KEY_BYTES], struct fail *f)
{
	struct fence best = { 0 }, one = { 0 };
	struct fail why = { 0 }, now = { 0 };
	char path[PATH_BYTES];
	bool any = false;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct buf b = { .limit = FENCE_FILE_BYTES };
		enum err e = path_of(path, dir, i, f);

		if (e != OK)
			return e;
		e = env->file_read(env->self, &b, path, FENCE_FILE_BYTES, &now);
		if (e == ERR_LIMIT)
			e = fail_set(&now, ERR_CORRUPT,
			    "the fence is damaged: it is too long");
		else if (e == OK)
			e = fence_decode(&one, b.p, b.n, key, &now);
		buf_release(&b);
		if (e == OK && (!any || one.generation > best.generation)) {
			best = one;
			any = true;
		}
		if (e != OK && (why.code == OK || why.code == ERR_NOTFOUND))
			why = now;
	}
	if (!any)
		return fail_set(f, why.code, "%s", why.text);
	*out = best;
	return OK;
}

/* One generation on; its bytes go to the file that is its turn. */
static enum err
write_next(struct fence *fence, const struct env *env, const char *dir,
    const uint8_t key[static FENCE_KEY_BYTES], struct fail *f)
{
	struct buf b = { .limit = FENCE_FILE_BYTES };
	char path[PATH_BYTES];
	enum err e;

	fence->generation++;
	e = path_of(path, dir, fence->generation & 1, f);
	if (e != OK)
		return e;
	fence_encode(&b, fence, key);
	if (b.err != OK)
		e = fail_code(f, b.err);
	else
		e = env->file_write(env->self, path, b.p, b.n, f);
	buf_release(&b);
	return e;
}

enum err
fence_write(struct fence *fence, const struct env *env, const char *dir,
    const uint8_t key[static FENCE_KEY_BYTES], struct fail *f)
{
	struct fence next = *fence;
	enum err e;

	e = env->binding(env->self, next.binding, dir, f);
	if (e == OK)
		e = write_next(&next, env, dir, key, f);
	if (e == OK)
		*fence = next;
	return e;
}

enum err
fence_forget(const struct env *env, const char *dir, struct fail *f)
{
	char path[PATH_BYTES];
	enum err e = OK;

	for (size_t i = 0; e == OK && i < COUNT_OF(names); i++) {
		e = path_of(path, dir, i, f);
		if (e == OK)
			e = env_forget(env, path, f);
	}
	return e;
}

enum err
fence_rekey(const struct env *env, const char *dir,
    const uint8_t was[static FENCE_KEY_BYTES],
    const uint8_t now[static FENCE_KEY_BYTES], struct fail *f)
{
	struct fence old = { 0 }, fence = { 0 };
	struct fail why = { 0 };
	enum err e, e_old;

	e_old = fence_read(&old, env, dir, was, &why);
	if (e_old == ERR_IO || e_old == ERR_NOMEM)
		return fail_set(f, e_old, "%s", why.text);
	e = fence_read(&fence, env, dir, now, &why);
	if (e == ERR_IO || e == ERR_NOMEM)
		return fail_set(f, e, "%s", why.text);
	if (e != OK && e_old != OK)
		return OK;
	if (e != OK || (e_old == OK && old.generation > fence.generation))
		fence = old;
	e = write_next(&fence, env, dir, now, f);
	return e == OK ? write_next(&fence, env, dir, now, f) : e;
}

/* What the journal was outside of the database; NULL: nobody says. */
static void
take_audit(struct fence *to, const struct fence *found)
{
	if (found == NULL)
		return;
	to->audit_count = found->audit_count;
	memcpy(to->audit_head, found->audit_head, sizeof(to->audit_head));
}

enum err
fence_guard(struct fence *fence, enum fence_verdict *verdict,
    const struct env *env, const char *dir,
    const uint8_t key[static FENCE_KEY_BYTES], struct fail *f)
{
	struct fence found, now = *fence;
	struct fail why = { 0 };
	bool have;
	enum err e;

	e = env->binding(env->self, now.binding, dir, f);
	if (e != OK)
		return e;
	e = fence_read(&found, env, dir, key, &why);
	have = e == OK;
	if (e == ERR_IO || e == ERR_NOMEM || e == ERR_VERSION)
		return fail_set(f, e, "%s", why.text);
	e = fence_check(verdict, have ? &found : NULL, &now, f);
	if (e != OK && e != ERR_FENCE)
		return e;
	now.generation = have ? found.generation : 0;
	if (have && found.policy_ms > now.policy_ms)
		now.policy_ms = found.policy_ms;
	if (e == ERR_FENCE) {
		if (have && found.life > now.life)
			now.life = found.life;
		*fence = now;
		take_audit(fence, have ? &found : NULL);
		return e;
	}
	if (*verdict == FENCE_BEHIND)
		e = fence_write(&now, env, dir, key, f);
	if (e != OK)
		return e;
	*fence = now;
	take_audit(fence, have ? &found : NULL);
	return OK;
}
