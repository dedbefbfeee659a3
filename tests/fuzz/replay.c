/*
 * Play the inputs of one target that are in the tree, with any compiler.
 *
 *	fuzz-TARGET                  corpus/TARGET.bin and corpus/TARGET/, as a test
 *	fuzz-TARGET FILE...          only these
 *	fuzz-TARGET --seeds DIR      write the target's examples, one a file
 *	fuzz-TARGET --unpack DIR     write the inputs of corpus/TARGET.bin
 *	fuzz-TARGET --pack DIR       make corpus/TARGET.bin of the files in DIR
 *
 * corpus/TARGET.bin holds what a fuzzer found worth keeping, many small inputs:
 * length (4 bytes, little-endian) and bytes of each. corpus/TARGET/ holds one
 * file for each bug that was found, under a name that says which.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/rd.h"
#include "tests/fuzz/fuzz.h"

#define PATH_BYTES 1024
#define CORPUS "tests/fuzz/corpus/"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
die(const char *what, const char *path)
{
	printf("not ok - %s: %s\n", path, what);
	exit(1);
}

static void
read_file(struct buf *out, const char *path)
{
	uint8_t some[65536];
	FILE *file = fopen(path, "rb");
	size_t n;

	if (file == NULL)
		die("cannot be read", path);
	while ((n = fread(some, 1, sizeof(some), file)) > 0)
		buf_put(out, some, n);
	(void)fclose(file);
	if (out->err != OK)
		die("too long", path);
}

static void
write_file(const char *dir, unsigned number, const void *p, size_t n)
{
	char path[PATH_BYTES];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%05u", dir, number);
	file = fopen(path, "wb");
	if (file == NULL || fwrite(p, 1, n, file) != n || fclose(file) != 0)
		die("cannot be written", path);
}

/* The last line before a crash says which input it was. */
static void
play(const char *path, unsigned number, const uint8_t *p, size_t n)
{
	printf("# %s %u\n", path, number);
	(void)fflush(stdout);
	(void)LLVMFuzzerTestOneInput(p, n);
}

static void
play_file(const char *path)
{
	struct buf b = { 0 };

	read_file(&b, path);
	play(path, 0, b.p, b.n);
	buf_release(&b);
}

/* ---- the pack -------------------------------------------------------------------- */

/* Each input to dir, or played when dir is NULL; how many. */
static unsigned
each_packed(const char *path, const char *dir)
{
	struct buf b = { 0 };
	struct rd r;
	unsigned number = 0;

	read_file(&b, path);
	r = rd_of(b.p, b.n);
	while (rd_left(&r) > 0) {
		size_t n = rd_u32(&r);
		const uint8_t *p = rd_take(&r, n);

		if (r.err != OK)
			die("is cut", path);
		if (dir != NULL)
			write_file(dir, number, p, n);
		else
			play(path, number, p, n);
		number++;
	}
	buf_release(&b);
	return number;
}

static int
plain_files(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static void
pack(const char *to, const char *dir)
{
	struct dirent **list;
	int count = scandir(dir, &list, plain_files, alphasort);
	FILE *file = fopen(to, "wb");

	if (count < 0 || file == NULL)
		die("cannot be packed", dir);
	for (int i = 0; i < count; i++) {
		char path[PATH_BYTES];
		struct buf b = { 0 }, head = { 0 };

		(void)snprintf(path, sizeof(path), "%s/%s", dir,
		    list[i]->d_name);
		read_file(&b, path);
		buf_u32(&head, (uint32_t)b.n);
		buf_put(&head, b.p, b.n);
		if (fwrite(head.p, 1, head.n, file) != head.n)
			die("cannot be written", to);
		buf_release(&b);
		buf_release(&head);
		free(list[i]);
	}
	free(list);
	if (fclose(file) != 0)
		die("cannot be written", to);
}

/* One file for each bug; a target without one has no folder. */
static unsigned
play_folder(const char *dir)
{
	struct dirent **list;
	int count = scandir(dir, &list, plain_files, alphasort);

	for (int i = 0; i < count; i++) {
		char path[PATH_BYTES];

		(void)snprintf(path, sizeof(path), "%s/%s", dir,
		    list[i]->d_name);
		play_file(path);
		free(list[i]);
	}
	if (count >= 0)
		free(list);
	return count > 0 ? (unsigned)count : 0;
}

int
main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	char packed[PATH_BYTES / 2], folder[PATH_BYTES / 2];
	unsigned count;

	name = name != NULL ? name + 1 : argv[0];
	if (strncmp(name, "fuzz-", 5) == 0)
		name += 5;
	(void)snprintf(packed, sizeof(packed), CORPUS "%s.bin", name);
	(void)snprintf(folder, sizeof(folder), CORPUS "%s", name);
	if (argc == 3 && strcmp(argv[1], "--seeds") == 0) {
		fuzz_seeds_to(argv[2]);
	} else if (argc == 3 && strcmp(argv[1], "--unpack") == 0) {
		(void)each_packed(packed, argv[2]);
	} else if (argc == 3 && strcmp(argv[1], "--pack") == 0) {
		pack(packed, argv[2]);
	} else if (argc > 1) {
		for (int i = 1; i < argc; i++)
			play_file(argv[i]);
	} else {
		count = each_packed(packed, NULL) + play_folder(folder);
		printf("ok - %u inputs of %s\n", count, name);
	}
	return 0;
}
