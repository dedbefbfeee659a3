/*
 * tests-dbkey DIR FILE
 *
 * Print the line that opens DIR/footbridge.db in the sqlcipher shell, from the
 * key slots and the secret in FILE: a key file, or a passphrase on its first
 * line. Only tests may want this: the program itself never shows the key.
 */
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "sync/slot.h"

#define SECRET_BYTES_MAX SLOT_KEYFILE_BYTES_MAX

static enum err
unlock(struct slot_keys *keys, const char *dir, const char *path,
    struct fail *f)
{
	const struct env *env = env_posix();
	struct buf secret = { 0 };
	struct slot_secret s = { .kind = SLOT_KEYFILE };
	enum err e =
	    env->file_read(env->self, &secret, path, SECRET_BYTES_MAX, f);

	s.p = secret.p;
	s.n = secret.n;
	if (e == OK) {
		e = slot_open(keys, NULL, env, dir, &s, f);
		if (e == ERR_AUTH || e == ERR_INPUT) {
			const uint8_t *end = memchr(secret.p, '\n', secret.n);

			s.kind = SLOT_PASSPHRASE;
			s.n = end != NULL ? (size_t)(end - secret.p) : s.n;
			e = slot_open(keys, NULL, env, dir, &s, f);
		}
	}
	buf_release(&secret);
	return e;
}

static void
print_hex(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)printf("%02x", p[i]);
}

int
main(int argc, char **argv)
{
	uint8_t key[DB_KEY_BYTES], salt[DB_SALT_BYTES];
	struct slot_keys keys;
	struct fail f = { 0 };

	if (argc != 3) {
		(void)fprintf(stderr, "usage: tests-dbkey DIR FILE\n");
		return 2;
	}
	if (sodium_init() < 0 || unlock(&keys, argv[1], argv[2], &f) != OK) {
		(void)fprintf(stderr, "tests-dbkey: %s\n", f.text);
		return 1;
	}
	slot_database_key(key, salt, &keys);
	(void)printf("PRAGMA key = \"x'");
	print_hex(key, sizeof(key));
	print_hex(salt, sizeof(salt));
	(void)printf("'\";\n");
	slot_keys_wipe(&keys);
	return 0;
}
