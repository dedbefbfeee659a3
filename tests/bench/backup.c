/*
 * A new key, a backup, its check and a restore, of an office with 20,000 people
 * and 100,000 appointments. One run each: they are seconds long.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/assets.h"
#include "sync/backup.h"
#include "tests/support/bench.h"

#define PEOPLE 20000
#define ROWS 100000

static struct registry_source schema[128];

static struct replica_options
options(void)
{
	size_t n = 0;

	for (; n < schema_asset_count && n < COUNT_OF(schema); n++)
		schema[n] = (struct registry_source){ schema_assets[n].name,
			(const char *)schema_assets[n].p, schema_assets[n].n };
	return (struct replica_options){ .env = env_posix(),
		.schema = schema,
		.schema_count = n };
}

static double
restore(const char *file, const char *dir, const struct slot_keys *master,
    const struct replica_options *o)
{
	struct fail f = { .code = OK };
	struct slot_keys keys = *master;
	struct backup_facts facts;
	struct backup *b = NULL;
	char path[512];
	struct slot_secret secret = { .kind = SLOT_KEYFILE };
	struct buf key = { 0 };
	double begun;

	(void)snprintf(path, sizeof(path), "%s/../" BENCH_KEYFILE, dir);
	bench_must(env_posix()->file_read(NULL, &key, path, 65536, &f), &f,
	    "key file");
	secret.p = key.p;
	secret.n = key.n;
	bench_must(backup_open(&b, env_posix(), file, &f), &f, "open");
	bench_must(slot_unlock(&keys, NULL, backup_slots(b), &secret, &f), &f,
	    "unlock");
	begun = bench_now();
	bench_must(backup_restore(&facts, b, dir, &keys, o, &f), &f, "restore");
	begun = bench_now() - begun;
	backup_close(b);
	buf_release(&key);
	return begun;
}

int
main(void)
{
	struct replica_options o = options();
	struct fail f = { .code = OK };
	struct slot_keys none = { 0 };
	struct backup_facts facts;
	struct backup_job job;
	struct bench_node n;
	char file[300], dir[300], command[700];
	double rekey, write, check, back;
	int64_t disk;

	bench_found(&n);
	bench_prepare(&n, PEOPLE);
	bench_people(&n, PEOPLE);
	bench_fill(&n, 0, ROWS, PEOPLE);
	(void)bench_seal(&n);
	disk = bench_disk(&n);
	(void)snprintf(file, sizeof(file), "%s/a.backup", n.dir);
	(void)snprintf(dir, sizeof(dir), "%s/restored", n.dir);

	rekey = bench_now();
	bench_must(replica_rekey(n.r, &f), &f, "rekey");
	rekey = bench_now() - rekey;

	bench_must(backup_begin(&job, n.r, &f), &f, "begin");
	write = bench_now();
	bench_must(backup_write(&facts, &job, file, &o, &f), &f, "write");
	write = bench_now() - write;
	check = bench_now();
	bench_must(backup_check(&facts, &job, file, &o, &f), &f, "check");
	check = bench_now() - check;
	backup_end(&job, n.r);

	bench_must(env_posix()->dir_make(NULL, dir, &f), &f, "dir");
	back = restore(file, dir, &none, &o);
	(void)snprintf(command, sizeof(command), "rm -rf '%s' '%s'", dir, file);
	if (system(command) != 0)
		return 1;
	printf("{\"bench\": \"backup\", \"people\": %d, \"rows\": %d, "
	       "\"database_mb\": %.1f, \"rekey_s\": %.2f, \"backup_s\": %.2f, "
	       "\"check_s\": %.2f, \"restore_s\": %.2f}\n",
	    PEOPLE, ROWS, (double)disk / 1e6, rekey, write, check, back);
	bench_end(&n);
	return 0;
}
