/*
 * Show the structure of Footbridge's files without any key.
 *
 *     inspect KIND FILE
 *
 * One table row per kind of file. What is shown is what anybody who holds the
 * file can see; nothing is opened, nothing is written.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "sync/fence.h"
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
	show_hex("binding", fence.binding, sizeof(fence.binding));
	return OK;
}

static const struct {
	const char *kind;
	show_fn show;
	size_t bytes_max;
	const char *what;
} kinds[] = {
	{ "slots", show_slots, SLOT_FILE_BYTES_MAX, "DIR/slots, DIR/slots.b" },
	{ "fence", show_fence, FENCE_FILE_BYTES, "DIR/fence, DIR/fence.b" },
};

static int
usage(void)
{
	fprintf(stderr, "usage: inspect KIND FILE\n");
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		fprintf(stderr, "  %-10s %s\n", kinds[i].kind, kinds[i].what);
	return 2;
}

int
main(int argc, char **argv)
{
	const struct env *env = env_posix();
	struct fail f = { 0 };
	struct buf b = { 0 };
	enum err e;
	size_t i;

	if (argc != 3 || sodium_init() < 0)
		return usage();
	for (i = 0; i < COUNT_OF(kinds); i++) {
		if (strcmp(argv[1], kinds[i].kind) == 0)
			break;
	}
	if (i == COUNT_OF(kinds))
		return usage();
	e = env->file_read(env->self, &b, argv[2], kinds[i].bytes_max, &f);
	if (e == OK)
		e = kinds[i].show(b.p, b.n, &f);
	buf_release(&b);
	if (e == OK)
		return 0;
	fprintf(stderr, "inspect: %s\n",
	    f.text[0] != '\0' ? f.text : err_text(e));
	return 1;
}
