/*
 * Show the structure of Footbridge's files.
 *
 *     inspect KIND FILE
 *     inspect log DIR SECRETFILE [FIRST [COUNT]]
 *
 * One table row per kind of file: what is shown of those is what anybody who
 * holds the file can see, without any key. "log" opens a replica's database for
 * reading with its key file or passphrase and lists the log as a relay sees it:
 * clear headers, never a value. The replica is not changed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "sync/bundle.h"
#include "sync/db.h"
#include "sync/fence.h"
#include "sync/segment.h"
#include "sync/slot.h"

typedef enum err (*show_fn)(const uint8_t *p, size_t n, struct fail *f);

static void
show_hex(const char *name, const uint8_t *p, size_t n)
{
	printf("%-14s", name);
	for (size_t i = 0; i < n; i++)
		printf("%02x", p[i]);
	printf("\n");
}

static void
show_time(const char *name, int64_t ms)
{
	time_t at = (time_t)(ms / 1000);
	char text[40] = "out of range";
	struct tm utc;

	if (gmtime_r(&at, &utc) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
	printf("%-14s%s\n", name, text);
}

static enum err
show_slots(const uint8_t *p, size_t n, struct fail *f)
{
	struct slot_set set;
	enum err e = slot_decode(&set, p, n, f);

	if (e != OK)
		return e;
	printf("%-14s%zu bytes, checksum fits\n", "key slots", n);
	printf("%-14s%llu\n", "generation", (unsigned long long)set.generation);
	printf("%-14s%zu\n", "slots", set.count);
	for (size_t i = 0; i < set.count; i++) {
		const struct slot *s = &set.slots[i];

		printf("\nslot %-9u%s\n", s->number,
		    slot_kind_name((enum slot_kind)s->kind));
		show_time("  made", s->made_ms);
		if (s->kind == SLOT_PASSPHRASE)
			printf("%-14sArgon2id, %u passes over %u MiB\n",
			    "  cost", s->passes, s->memory_kib / 1024);
		show_hex("  salt", s->salt, sizeof(s->salt));
		show_hex("  commitment", s->commit, sizeof(s->commit));
	}
	return OK;
}

static enum err
show_fence(const uint8_t *p, size_t n, struct fail *f)
{
	struct fence fence;
	enum err e = fence_decode(&fence, p, n, NULL, f);

	if (e != OK)
		return e;
	printf("%-14s%zu bytes, MAC not checked (needs the key)\n", "fence", n);
	printf("%-14s%llu\n", "generation",
	    (unsigned long long)fence.generation);
	printf("%-14s%llu\n", "life", (unsigned long long)fence.life);
	show_hex("incarnation", fence.incarnation.b,
	    sizeof(fence.incarnation.b));
	printf("%-14s%llu\n", "position", (unsigned long long)fence.position);
	show_hex("segment", fence.segment.b, sizeof(fence.segment.b));
	printf("%-14s%llu\n", "members",
	    (unsigned long long)fence.member_count);
	show_hex("member head", fence.member_head, sizeof(fence.member_head));
	show_time("policy time", fence.policy_ms);
	printf("%-14s%llu\n", "journal", (unsigned long long)fence.audit_count);
	show_hex("journal head", fence.audit_head, sizeof(fence.audit_head));
	show_hex("binding", fence.binding, sizeof(fence.binding));
	return OK;
}

/* ---- segments ---- */

static void
show_header(const struct segment *s)
{
	const struct segment_header *h = &s->header;

	printf("%-14s%s%s\n", "kind", segment_kind_name(h->kind),
	    s->stub ? ", a stub" : "");
	printf("%-14s%u, suite %u, schema %u, lane %u\n", "format", h->format,
	    h->suite, h->schema, h->lane);
	show_hex("compartment", h->compartment.b, sizeof(h->compartment.b));
	show_hex("author", h->author.b, sizeof(h->author.b));
	printf("%-14s%llu in its chain, %llu of its author\n", "place",
	    (unsigned long long)h->seq, (unsigned long long)h->position);
	show_hex("key prefix", h->key_prefix, sizeof(h->key_prefix));
	show_hex("salt", h->salt, sizeof(h->salt));
	printf("%-14s%zu bytes\n", "header", s->header_n);
	printf("%-14s%zu bytes\n", "body", h->body_bytes);
	for (size_t i = 0; i < h->dep_count; i++) {
		const struct segment_dep *d = &h->deps[i];
		char author[2 * AUTHOR_TAG_BYTES + 1];

		hex_encode(author, d->author.b, sizeof(d->author.b));
		printf("%-14s%s of %s, %llu\n", "depends on",
		    d->chain == CHAIN_DATA ? "data" : "control", author,
		    (unsigned long long)d->seq);
	}
}

static enum err
show_segment(const uint8_t *p, size_t n, struct fail *f)
{
	struct segment s;
	enum err e = segment_parse(&s, p, n, f);

	if (e != OK)
		return e;
	printf("%-14s%zu bytes, signature not checked (needs the chain)\n",
	    "segment", n);
	show_header(&s);
	return OK;
}

/* ---- bundles ---- */

struct bytes {
	const uint8_t *p;
	size_t n;
};

static enum err
read_bytes(void *context, uint64_t offset, uint8_t *p, size_t n, size_t *got,
    struct fail *f)
{
	const struct bytes *b = context;

	(void)f;
	*got = offset >= b->n ? 0 : b->n - (size_t)offset;
	if (*got > n)
		*got = n;
	if (*got > 0)
		memcpy(p, b->p + offset, *got);
	return OK;
}

static enum err
show_bundle(const uint8_t *p, size_t n, struct fail *f)
{
	struct bytes b = { p, n };
	struct bundle_reader reader = { &b, read_bytes };
	struct bundle_info i;
	enum err e = bundle_show(&i, &reader, f);

	if (e != OK)
		return e;
	printf("%-14s%zu bytes, %s, whole and as its sender signed it\n",
	    "bundle", n, i.kind == BUNDLE_RECEIPT ? "a receipt" : "data");
	show_hex("network", i.network.b, sizeof(i.network.b));
	show_hex("sender", i.sender.b, sizeof(i.sender.b));
	printf("%-14s%u%s\n", "part", i.part, i.last ? ", the last" : "");
	show_time("made", i.made_ms);
	for (size_t k = 0; k < i.recipient_count; k++) {
		show_hex("for", i.recipient[k].node.b, ID_BYTES);
		printf("%-14s%llu bytes in %llu chunks\n", "",
		    (unsigned long long)i.recipient[k].bytes,
		    (unsigned long long)i.recipient[k].chunks);
	}
	return OK;
}

/* ---- the log of a replica ---- */

static enum err
open_replica(struct db **out, const char *dir, const char *secret_file,
    struct fail *f)
{
	const struct env *env = env_posix();
	uint8_t key[DB_KEY_BYTES], salt[DB_SALT_BYTES];
	struct db_options o = { .mode = DB_READ,
		.key = key,
		.salt = salt,
		.must_exist = true };
	struct slot_keys keys;
	struct slot_secret secret = { .kind = SLOT_KEYFILE };
	struct buf b = { .limit = 65536 };
	char path[4096];
	enum err e;

	(void)snprintf(path, sizeof(path), "%s/footbridge.db", dir);
	e = env->file_read(env->self, &b, secret_file, b.limit, f);
	secret.p = b.p;
	secret.n = b.n;
	if (e == OK)
		e = slot_open(&keys, NULL, env, dir, &secret, f);
	if (e == ERR_AUTH) {
		const uint8_t *line = memchr(b.p, '\n', b.n);

		secret.kind = SLOT_PASSPHRASE;
		secret.n = line != NULL ? (size_t)(line - b.p) : b.n;
		e = slot_open(&keys, NULL, env, dir, &secret, f);
	}
	if (e == OK) {
		slot_database_key(key, salt, &keys);
		e = db_open(out, env, path, &o, f);
		slot_keys_wipe(&keys);
		sodium_memzero(key, sizeof(key));
	}
	buf_release(&b);
	return e;
}

static const char *
state_name(int64_t state)
{
	static const char *const name[] = { "?", "open", "closed", "applied",
		"waiting", "unreadable", "quarantined", "beyond" };

	if (state < 1 || state >= (int64_t)COUNT_OF(name))
		return "?";
	return name[state];
}

static void
list_segment(struct stmt *s)
{
	char author[2 * AUTHOR_TAG_BYTES + 1] = "-", id[ID_TEXT_BYTES] = "-";
	struct segment view;
	const uint8_t *p;
	size_t n;

	p = stmt_col_blob(s, 2, &n);
	if (stmt_col_int(s, 1) <= 2) {
		printf("%8lld %-11s not sealed yet\n",
		    (long long)stmt_col_int(s, 0),
		    state_name(stmt_col_int(s, 1)));
		return;
	}
	if (segment_parse(&view, p, n, NULL) != OK) {
		printf("%8lld damaged\n", (long long)stmt_col_int(s, 0));
		return;
	}
	hex_encode(author, view.header.author.b, AUTHOR_TAG_BYTES);
	hex_encode(id, view.header.compartment.b, ID_BYTES);
	printf("%8lld %-11s %-7s %.12s %s %6llu %8llu %2zu %7zu\n",
	    (long long)stmt_col_int(s, 0), state_name(stmt_col_int(s, 1)),
	    segment_kind_name(view.header.kind), id, author,
	    (unsigned long long)view.header.seq,
	    (unsigned long long)view.header.position, view.header.dep_count, n);
}

static enum err
show_log(const char *dir, const char *secret_file, int64_t first, int64_t count,
    struct fail *f)
{
	struct db *db = NULL;
	struct stmt *s;
	bool row;
	enum err e;

	e = open_replica(&db, dir, secret_file, f);
	if (e == OK)
		e = db_stmt(&s, db,
		    "SELECT no, state, bytes FROM _segment WHERE no >= ?1"
		    " ORDER BY no LIMIT ?2",
		    f);
	if (e == OK) {
		stmt_int(s, 1, first);
		stmt_int(s, 2, count);
		printf("%8s %-11s %-7s %-12s %-16s %6s %8s %2s %7s\n", "no",
		    "state", "kind", "compartment", "author", "seq", "position",
		    "on", "bytes");
	}
	while (e == OK && (e = stmt_step(s, &row, f)) == OK && row)
		list_segment(s);
	db_close(db);
	return e;
}

static const struct {
	const char *kind;
	show_fn show;
	size_t bytes_max;
	const char *what;
} kinds[] = {
	{ "slots", show_slots, SLOT_FILE_BYTES_MAX, "DIR/slots, DIR/slots.b" },
	{ "fence", show_fence, FENCE_FILE_BYTES, "DIR/fence, DIR/fence.b" },
	{ "bundle", show_bundle, 64 * 1024 * 1024, "a bundle or receipt" },
	{ "segment", show_segment, LIMIT_SEGMENT_BYTES, "one segment's bytes" },
};

static int
usage(void)
{
	fprintf(stderr, "usage: inspect KIND FILE\n");
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		fprintf(stderr, "  %-10s %s\n", kinds[i].kind, kinds[i].what);
	fprintf(stderr, "usage: inspect log DIR SECRETFILE [FIRST [COUNT]]\n");
	return 2;
}

static enum err
show_file(const char *kind, const char *path, struct fail *f)
{
	const struct env *env = env_posix();
	struct buf b = { .limit = (size_t)128 * 1024 * 1024 };
	enum err e = ERR_USAGE;

	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		if (strcmp(kind, kinds[i].kind) != 0)
			continue;
		e = env->file_read(env->self, &b, path, kinds[i].bytes_max, f);
		if (e == OK)
			e = kinds[i].show(b.p, b.n, f);
	}
	buf_release(&b);
	return e;
}

int
main(int argc, char **argv)
{
	struct fail f = { 0 };
	enum err e = ERR_USAGE;

	if (sodium_init() < 0)
		return 1;
	if (argc >= 4 && argc <= 6 && strcmp(argv[1], "log") == 0)
		e = show_log(argv[2], argv[3],
		    argc > 4 ? strtoll(argv[4], NULL, 10) : 1,
		    argc > 5 ? strtoll(argv[5], NULL, 10) : 100, &f);
	else if (argc == 3)
		e = show_file(argv[1], argv[2], &f);
	if (e == ERR_USAGE)
		return usage();
	if (e == OK)
		return 0;
	fprintf(stderr, "inspect: %s\n",
	    f.text[0] != '\0' ? f.text : err_text(e));
	return 1;
}
