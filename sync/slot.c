/*
 * The bytes of the file; slot_wrap.c wraps keys, slot_file.c keeps two copies.
 *
 * All fields have a fixed size:
 *     magic 8, generation 8, nonce 24, box 48, next 1 (0, or 1 and then
 *         nonce 24, box 48), count 1, slots, sum 32
 *     slot: number 1, kind 1, made_ms 8, passes 4, memory_kib 4, salt 16,
 *           commit 32, nonce 24, box 48
 * The sum is a plain hash: it tells damage from a wrong secret. What protects
 * the keys is in slot_wrap.c.
 */
#include "sync/slot.h"

#include <string.h>

#include "sync/hash.h"
#include "sync/rd.h"
#include "sync/slot_wrap.h"

#define MAGIC "FBSLOTS1"
#define MAGIC_BYTES 8
#define SUM_BYTES 32

const char *
slot_kind_name(enum slot_kind kind)
{
	switch (kind) {
	case SLOT_PASSPHRASE:
		return "passphrase";
	case SLOT_RECOVERY:
		return "recovery code";
	case SLOT_KEYFILE:
		return "key file";
	}
	return "unknown kind";
}

static size_t
put_le(uint8_t *p, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> (8 * i));
	return n;
}

void
slot_header(uint8_t out[static SLOT_HEADER_BYTES], const struct slot *s)
{
	size_t n = 0;

	out[n++] = s->number;
	out[n++] = s->kind;
	n += put_le(out + n, (uint64_t)s->made_ms, 8);
	n += put_le(out + n, s->passes, 4);
	n += put_le(out + n, s->memory_kib, 4);
	memcpy(out + n, s->salt, sizeof(s->salt));
	assert(n + sizeof(s->salt) == SLOT_HEADER_BYTES);
}

static void
sum_of(uint8_t sum[static SUM_BYTES], const uint8_t *p, size_t n)
{
	struct hash h;

	hash_init(&h, LABEL_SLOT_SUM, SUM_BYTES, NULL, 0);
	hash_bytes(&h, p, n);
	hash_final(&h, sum);
}

void
slot_encode(struct buf *out, const struct slot_set *set)
{
	size_t begun = out->n;
	uint8_t header[SLOT_HEADER_BYTES];
	uint8_t sum[SUM_BYTES];

	buf_put(out, MAGIC, MAGIC_BYTES);
	buf_u64(out, set->generation);
	buf_put(out, set->nonce, sizeof(set->nonce));
	buf_put(out, set->box, sizeof(set->box));
	buf_u8(out, set->has_next);
	if (set->has_next) {
		buf_put(out, set->next_nonce, sizeof(set->next_nonce));
		buf_put(out, set->next_box, sizeof(set->next_box));
	}
	buf_u8(out, (uint8_t)set->count);
	for (size_t i = 0; i < set->count; i++) {
		const struct slot *s = &set->slots[i];

		slot_header(header, s);
		buf_put(out, header, sizeof(header));
		buf_put(out, s->commit, sizeof(s->commit));
		buf_put(out, s->nonce, sizeof(s->nonce));
		buf_put(out, s->box, sizeof(s->box));
	}
	if (out->err != OK)
		return;
	sum_of(sum, out->p + begun, out->n - begun);
	buf_put(out, sum, sizeof(sum));
}

static void
take_slot(struct slot *s, struct rd *r)
{
	s->number = rd_u8(r);
	s->kind = rd_u8(r);
	s->made_ms = (int64_t)rd_u64(r);
	s->passes = rd_u32(r);
	s->memory_kib = rd_u32(r);
	rd_copy(r, s->salt, sizeof(s->salt));
	rd_copy(r, s->commit, sizeof(s->commit));
	rd_copy(r, s->nonce, sizeof(s->nonce));
	rd_copy(r, s->box, sizeof(s->box));
}

enum err
slot_check(const struct slot *s, struct fail *f)
{
	if (s->kind < SLOT_PASSPHRASE || s->kind > SLOT_KEYFILE)
		return fail_set(f, ERR_VERSION,
		    "key slot %u is of a kind (%u) that this version does not "
		    "know; update Footbridge",
		    s->number, s->kind);
	if (s->kind != SLOT_PASSPHRASE) {
		if (s->passes == 0 && s->memory_kib == 0)
			return OK;
		return fail_set(f, ERR_LIMIT,
		    "key slot %u has passphrase costs, a %s has none",
		    s->number, slot_kind_name((enum slot_kind)s->kind));
	}
	if (s->passes >= SLOT_PASSES_MIN && s->passes <= SLOT_PASSES_MAX &&
	    s->memory_kib >= SLOT_MEMORY_KIB_MIN &&
	    s->memory_kib <= SLOT_MEMORY_KIB_MAX)
		return OK;
	return fail_set(f, ERR_LIMIT,
	    "key slot %u asks for %u passes over %u KiB; %d to %d over %d to "
	    "%d are allowed: do not type a passphrase for it, put the file "
	    "back from a backup",
	    s->number, s->passes, s->memory_kib, SLOT_PASSES_MIN,
	    SLOT_PASSES_MAX, SLOT_MEMORY_KIB_MIN, SLOT_MEMORY_KIB_MAX);
}

/* The replica key, and the one that is to follow it. */
static bool
take_replica(struct slot_set *set, struct rd *r)
{
	uint8_t next;

	rd_copy(r, set->nonce, sizeof(set->nonce));
	rd_copy(r, set->box, sizeof(set->box));
	next = rd_u8(r);
	set->has_next = next == 1;
	if (set->has_next) {
		rd_copy(r, set->next_nonce, sizeof(set->next_nonce));
		rd_copy(r, set->next_box, sizeof(set->next_box));
	}
	return r->err == OK && next <= 1;
}

static enum err
fail_damaged(struct fail *f, const char *how)
{
	return fail_set(f, ERR_CORRUPT,
	    "the key slots are damaged (%s); put the file back from a backup",
	    how);
}

enum err
slot_decode(struct slot_set *out, const uint8_t *p, size_t n, struct fail *f)
{
	struct slot_set set = { 0 };
	struct rd r = rd_of(p, n);
	uint8_t sum[SUM_BYTES], said[SUM_BYTES];
	const uint8_t *magic = rd_take(&r, MAGIC_BYTES);
	enum err e;

	if (magic == NULL || memcmp(magic, MAGIC, MAGIC_BYTES - 1) != 0)
		return fail_damaged(f, "not a key slot file");
	if (magic[MAGIC_BYTES - 1] != MAGIC[MAGIC_BYTES - 1])
		return fail_set(f, ERR_VERSION,
		    "another version of Footbridge made these key slots; "
		    "update Footbridge");
	set.generation = rd_u64(&r);
	if (!take_replica(&set, &r))
		return fail_damaged(f, "cut off, or an impossible mark");
	set.count = rd_u8(&r);
	if (r.err != OK || set.count == 0 || set.count > SLOT_MAX)
		return fail_damaged(f, "cut off, or an impossible count");
	for (size_t i = 0; i < set.count; i++)
		take_slot(&set.slots[i], &r);
	rd_copy(&r, said, sizeof(said));
	if (rd_done(&r) != OK)
		return fail_damaged(f, "its length does not fit");
	sum_of(sum, p, n - SUM_BYTES);
	if (memcmp(sum, said, sizeof(sum)) != 0)
		return fail_damaged(f, "its checksum does not fit");
	for (size_t i = 0; i < set.count; i++) {
		unsigned below = i > 0 ? set.slots[i - 1].number : 0;

		if (set.slots[i].number <= below)
			return fail_damaged(f, "slots out of order");
		e = slot_check(&set.slots[i], f);
		if (e != OK)
			return e;
	}
	*out = set;
	return OK;
}
