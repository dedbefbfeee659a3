/*
 * The container of a stick: header, chunks, trailer, as a file that anybody may
 * have written, and as one that a member signed. What the chunks hold is the
 * business of target session.
 */
#include <sodium.h>
#include <string.h>

#include "sync/bundle_file.h"
#include "sync/rescue.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/network.h"
#include "tests/support/office.h"

const size_t fuzz_bytes_max = (size_t)64 << 20;

enum mode { RAW, SIGNED, MADE, MODES };

#define SIG_BYTES 64

static struct identity sender, receiver;

static void
identities(void)
{
	static bool made;

	if (!made) {
		network_seed(3);
		identity_make(&sender, network_env());
		identity_make(&receiver, network_env());
	}
	made = true;
}

/* Everything a reader does with a file, for the first recipient. */
static enum err
look(struct buf *file, bool *opened)
{
	static struct bundle_header h;
	struct bundle_info info = { 0 };
	struct bundle_reader from = office_reader(file);
	struct bundle_in in = { 0 };
	struct buf chunk = { .limit = LIMIT_MESSAGE_BYTES };
	struct fail f = { 0 };
	bool end = false;
	enum err e = bundle_check(&h, &info, &from, &f);

	if (e != OK) {
		assert(f.text[0] != '\0');
		return e;
	}
	assert(info.bytes == file->n);
	assert(info.recipient_count == h.count && h.count >= 1);
	assert(bundle_is(file->p, file->n));
	if (bundle_unlock(&in, &h, 0, &receiver, &from, &f) == OK) {
		while (!end && bundle_next(&in, &chunk, &end, &f) == OK)
			assert(end || chunk.n > 0);
		*opened = end;
	}
	buf_release(&in.sealed);
	buf_release(&chunk);
	return OK;
}

static void
raw(struct fuzz_in in)
{
	struct buf file = { 0 };
	bool opened;

	buf_put(&file, in.p, in.n);
	(void)look(&file, &opened);
	buf_release(&file);
}

/* Its keys those of the sender, the signature at its end right. */
static void
sign(struct buf *file)
{
	uint8_t *keys = file->p + 8 + 2 + ID_BYTES, digest[32];
	struct hash h;

	memcpy(keys, sender.sign_key, 32);
	memcpy(keys + 32, sender.box_key, 32);
	memcpy(keys + 64, sender.tls_key, 32);
	hash_init(&h, LABEL_BUNDLE_SIGN, 32, NULL, 0);
	hash_put(&h, file->p, file->n);
	hash_final(&h, digest);
	(void)crypto_sign_detached(buf_grow(file, SIG_BYTES), NULL, digest,
	    sizeof(digest), sender.sign_secret);
}

static void
signed_file(struct fuzz_in in)
{
	struct buf file = { 0 };
	bool opened;
	enum err e;

	if (in.n < 8 + 2 + ID_BYTES + BUNDLE_KEYS_BYTES)
		return;
	buf_put(&file, in.p, in.n);
	sign(&file);
	e = look(&file, &opened);
	assert(e != ERR_AUTH);
	buf_release(&file);
}

/* Chunks of a right file for two, each with its length and to whom. */
static void
write_file(struct office_bundle *b, struct fuzz_in in)
{
	struct bundle_writer to = office_writer(b);
	struct bundle_header header = { .kind = BUNDLE_DATA,
		.part = 1 + fuzz_u8(&in),
		.made_ms = 1774971000000,
		.count = 2 };
	struct bundle_out out;
	uint8_t boxes[2][32];
	unsigned last = fuzz_u8(&in);

	b->count = header.part - 1 < COUNT_OF(b->part) ? header.part - 1 : 0;
	header.part = b->count + 1;
	memcpy(header.keys, sender.sign_key, 32);
	memcpy(header.keys + 32, sender.box_key, 32);
	memcpy(header.keys + 64, sender.tls_key, 32);
	header.recipient[0].node = receiver.node;
	header.recipient[1].node = sender.node;
	memcpy(boxes[0], receiver.box_key, 32);
	memcpy(boxes[1], sender.box_key, 32);
	assert(
	    bundle_begin(&out, &header, boxes, network_env(), &to, NULL) == OK);
	while (in.n > 0) {
		unsigned who = fuzz_u8(&in);
		struct fuzz_in chunk = fuzz_part(&in);

		if (chunk.n > 0)
			assert(bundle_chunk(&out, who & 1, chunk.p, chunk.n,
				   NULL) == OK);
	}
	assert(
	    bundle_end(&out, (last & 1) != 0, sender.sign_secret, NULL) == OK);
}

/* What was made is read; one byte of it changed is refused. */
static void
made(struct fuzz_in in)
{
	struct office_bundle b = { 0 };
	unsigned at = fuzz_u16(&in);
	uint8_t change = fuzz_u8(&in);
	bool opened = false;
	struct buf *file;

	network_seed(4);
	write_file(&b, in);
	file = &b.part[b.count - 1];
	assert(look(file, &opened) == OK && opened);
	file->p[at % file->n] ^= change;
	if (change != 0)
		assert(look(file, &opened) != OK);
	office_bundle_free(&b);
}

void
fuzz_one(const uint8_t *p, size_t n)
{
	struct fuzz_in in = { .p = p, .n = n };
	uint8_t mode = fuzz_u8(&in) % MODES;

	identities();
	if (mode == RAW)
		raw(in);
	else if (mode == SIGNED)
		signed_file(in);
	else
		made(in);
}

void
fuzz_seeds(void)
{
	static const uint8_t chunks[] = { 0, 1, 0, 3, 0, 'o', 'n', 'e', 1, 3, 0,
		't', 'w', 'o' };
	struct office_bundle b = { 0 };
	struct buf seed = { 0 };

	identities();
	buf_u8(&seed, MADE);
	buf_zero(&seed, 3);
	buf_put(&seed, chunks, sizeof(chunks));
	fuzz_seed(seed.p, seed.n);
	network_seed(4);
	write_file(&b, (struct fuzz_in){ chunks, sizeof(chunks) });
	buf_reset(&seed);
	buf_u8(&seed, RAW);
	buf_put(&seed, b.part[0].p, b.part[0].n);
	fuzz_seed(seed.p, seed.n);
	seed.p[0] = SIGNED;
	fuzz_seed(seed.p, seed.n - SIG_BYTES);
	office_bundle_free(&b);
	buf_release(&seed);
}
