/*
 * Key slots: how a person or a service opens a replica.
 *
 *     secret --KDF--> slot key --opens--> master key --opens--> replica key
 *
 * The master key is the same in every slot and never leaves this file but in
 * struct slot_keys. The replica key is sealed under it once, so that a shred can
 * give the replica a new key without knowing anybody's passphrase; adding or
 * removing a slot never re-encrypts the database.
 *
 * While the replica gets a new key (replica_rekey) the file holds both, the one
 * it had and the one it will have: at whatever point that is cut off, one of
 * them opens the database, and opening ends the change one way or the other.
 *
 * Kinds: a passphrase (Argon2id), a recovery code (128 random bits on paper), a
 * key file (32 or more bytes, such as a systemd credential). The last two have
 * full entropy and cost one hash: opening with them takes no time.
 *
 * Bytes: DIR/slots and DIR/slots.b hold the same bytes; the valid one with the
 * higher generation counts. Each slot carries a commitment to its slot key,
 * compared before anything is decrypted, because the AEAD does not commit
 * (ASSURANCE 4.2). The file shows how many slots there are, their kinds and
 * when they were made, to anybody. Slots that were removed may survive on
 * flash or in a copy of the directory: a removed passphrase still opens those.
 *
 * Who changes them holds DIR/slots.lock, since a daemon may be giving the
 * replica a new key while a person adds a slot.
 */
#ifndef FOOTBRIDGE_SYNC_SLOT_H
#define FOOTBRIDGE_SYNC_SLOT_H

#include "sync/db.h"

#define SLOT_KEY_BYTES 32
#define SLOT_MAX 8
#define SLOT_SALT_BYTES 16
#define SLOT_COMMIT_BYTES 32
#define SLOT_NONCE_BYTES 24
#define SLOT_BOX_BYTES (SLOT_KEY_BYTES + 16)
#define SLOT_FILE_BYTES_MAX 2048
#define SLOT_PASSPHRASE_BYTES_MAX 1024
#define SLOT_KEYFILE_BYTES_MIN 32
#define SLOT_KEYFILE_BYTES_MAX (64 * 1024)

/*
 * Argon2id (one lane, as libsodium fixes). What is written is RFC 9106's second
 * recommended option in passes and memory, and it is the floor too: nothing of
 * ours ever wrote less, so less can only be an attempt to make a typed
 * passphrase cheap to guess. The ceiling keeps a prepared file from taking all
 * memory: 10 passes over 1 GiB are about ten seconds.
 */
#define SLOT_PASSES_MIN 3
#define SLOT_PASSES_MAX 10
#define SLOT_MEMORY_KIB_MIN (64 * 1024)
#define SLOT_MEMORY_KIB_MAX (1024 * 1024)

/* in the file; never renumber */
enum slot_kind {
	SLOT_PASSPHRASE = 1,
	SLOT_RECOVERY = 2,
	SLOT_KEYFILE = 3,
};

struct slot {
	uint8_t number; /* 1..255, unique in the set; what a person names */
	uint8_t kind;   /* enum slot_kind */
	int64_t made_ms;
	uint32_t passes;     /* Argon2id; 0 for the other kinds */
	uint32_t memory_kib; /* Argon2id; 0 for the other kinds */
	uint8_t salt[SLOT_SALT_BYTES];
	uint8_t commit[SLOT_COMMIT_BYTES];
	uint8_t nonce[SLOT_NONCE_BYTES];
	uint8_t box[SLOT_BOX_BYTES]; /* the master key */
};

struct slot_set {
	uint64_t generation; /* one more with each change */
	uint8_t nonce[SLOT_NONCE_BYTES];
	uint8_t box[SLOT_BOX_BYTES]; /* the replica key under the master key */
	bool has_next;               /* a new replica key is on its way */
	uint8_t next_nonce[SLOT_NONCE_BYTES];
	uint8_t next_box[SLOT_BOX_BYTES];
	/* not in the file: the two copies differ, or one is damaged */
	bool uneven;
	size_t count;                /* 1..SLOT_MAX */
	struct slot slots[SLOT_MAX]; /* ascending by number */
};

/* What opening gives; wiped with slot_keys_wipe by whoever holds it. */
struct slot_keys {
	uint8_t master[SLOT_KEY_BYTES];  /* only to add slots */
	uint8_t replica[SLOT_KEY_BYTES]; /* what everything derives from */
	/* a change of the replica key was cut off: this one may be it already */
	uint8_t next[SLOT_KEY_BYTES];
	bool has_next;
	/* a change of the files was cut off: replica_open ends it */
	bool unsettled;
};

/* One way to open. p[n] is borrowed: the passphrase, the recovery code as
 * typed, or the content of the key file. */
struct slot_secret {
	enum slot_kind kind;
	const void *p;
	size_t n;
	/* a new passphrase slot: 0 is the floor above */
	uint32_t passes;
	uint32_t memory_kib;
};

/* "passphrase", "recovery code", "key file" */
const char *slot_kind_name(enum slot_kind kind);

/* ---- the bytes, no I/O ---------------------------------------------------*/

/* Append the file's bytes. */
void slot_encode(struct buf *out, const struct slot_set *set);
/* fails: ERR_CORRUPT  damaged; ERR_VERSION  made by a newer version;
 *        ERR_LIMIT    parameters outside floor and ceiling */
enum err slot_decode(struct slot_set *out, const uint8_t *p, size_t n,
    struct fail *f);

/*
 * Try the secret on each slot of its kind. The number of the one that opened
 * goes to *number (may be NULL).
 *
 * fails: ERR_AUTH   none opens, or there is none of that kind
 *        ERR_INPUT  a mistyped recovery code, a key file too short or long
 * cost:  Argon2id per passphrase slot (0.1 s each by default), else one hash;
 *        touches nothing shared, so it may run on another thread
 */
enum err slot_unlock(struct slot_keys *keys, uint8_t *number,
    const struct slot_set *set, const struct slot_secret *secret,
    struct fail *f);

/* ---- the files -----------------------------------------------------------*/

/* Are there key slots in dir? A replica was made here, or was begun. */
bool slot_exists(const struct env *env, const char *dir);

/*
 * Write a set that was put together elsewhere (a restored backup's) into a
 * directory that has none; its generation goes on.
 * fails: ERR_EXISTS, ERR_IO, ERR_NOMEM
 */
enum err slot_store(struct slot_set *set, const struct env *env,
    const char *dir, struct fail *f);
/* Take the slots out of dir: nothing opens what is there after that. */
enum err slot_forget(const struct env *env, const char *dir, struct fail *f);

/* Draw master and replica key, write the first slot.
 * fails: ERR_EXISTS, ERR_INPUT, ERR_IO, ERR_NOMEM; keys untouched */
enum err slot_create(struct slot_keys *keys, const struct env *env,
    const char *dir, const struct slot_secret *first, struct fail *f);

/* The set as it is on disk, needs no key.
 * fails: ERR_NOTFOUND; ERR_CORRUPT both copies are damaged; as slot_decode */
enum err slot_load(struct slot_set *out, const struct env *env, const char *dir,
    struct fail *f);

/* slot_load, then slot_unlock. */
enum err slot_open(struct slot_keys *keys, uint8_t *number,
    const struct env *env, const char *dir, const struct slot_secret *secret,
    struct fail *f);

/*
 * The replica's keys as the files have them now: since these were unlocked it may
 * have been given a new one.
 * fails: ERR_AUTH they are another replica's; as slot_load; keys untouched
 */
enum err slot_again(struct slot_keys *keys, const struct env *env,
    const char *dir, struct fail *f);

/* One more way to open; its number goes to *number.
 * fails: ERR_LIMIT SLOT_MAX slots are there; ERR_AUTH keys are not this
 *        replica's; ERR_INPUT; ERR_IO */
enum err slot_add(uint8_t *number, const struct env *env, const char *dir,
    const struct slot_keys *keys, const struct slot_secret *secret,
    struct fail *f);

/* fails: ERR_NOTFOUND no such number; ERR_DENIED it is the last one; ERR_IO,
 *        where the text says whether one of the two copies still has it */
enum err slot_remove(const struct env *env, const char *dir, uint8_t number,
    struct fail *f);

/*
 * A new replica key in two steps; nobody else changes the slots in between.
 * slot_rekey_begin draws it into keys->next and writes both keys; after that the
 * caller makes the database follow. slot_rekey_end leaves only the new one
 * (done) or only the old one in the files and in keys. It drops the lock either
 * way; when it fails both keys are still in at least one file, and the next
 * opening of the replica tries again.
 *
 * lock:   from begin to end; NULL into end takes it for the moment
 * fails:  ERR_BUSY  somebody else is changing them; ERR_AUTH keys are not this
 *         replica's; ERR_DENIED an earlier change was not brought to its end:
 *         open the replica again; as slot_load; ERR_IO
 */
enum err slot_rekey_begin(struct slot_keys *keys, void **lock,
    const struct env *env, const char *dir, struct fail *f);
enum err slot_rekey_end(struct slot_keys *keys, void *lock,
    const struct env *env, const char *dir, bool done, struct fail *f);

/* ---- what comes from a key ------------------------------------------------*/

/* A new recovery code as text, appended to out (which the caller wipes). */
void slot_recovery_make(struct buf *out, const struct env *env);

/* SQLCipher's raw key and salt. */
void slot_database_key(uint8_t key[static DB_KEY_BYTES],
    uint8_t salt[static DB_SALT_BYTES], const struct slot_keys *keys);
/* The key of fence.h. */
void slot_fence_key(uint8_t key[static SLOT_KEY_BYTES],
    const struct slot_keys *keys);
void slot_keys_wipe(struct slot_keys *keys);

#endif
