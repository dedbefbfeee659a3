/* Writing a target's examples, for replay.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/support/golden.h"

#define PATH_BYTES 1024

static const char *seed_dir;
static unsigned seed_count;

void
fuzz_seeds_to(const char *dir)
{
	seed_dir = dir;
	fuzz_seeds();
}

void
fuzz_seed(const void *p, size_t n)
{
	char path[PATH_BYTES];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/seed%05u", seed_dir,
	    seed_count++);
	file = fopen(path, "wb");
	if (file == NULL || fwrite(p, 1, n, file) != n || fclose(file) != 0)
		abort();
}

void
fuzz_seed_golden(unsigned mode, const char *name)
{
	struct buf text = { 0 }, bytes = { 0 };
	size_t at = 0;

	while (at < golden_count && strcmp(golden_list[at].name, name) != 0)
		at++;
	assert(at < golden_count);
	golden_list[at].make(&text);
	buf_u8(&bytes, (uint8_t)mode);
	if (!golden_bytes(&bytes, (const char *)text.p, text.n))
		abort();
	fuzz_seed(bytes.p, bytes.n);
	buf_release(&text);
	buf_release(&bytes);
}
