/* The manifest of a backup, as FORMAT.md prints it. */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "sync/backup_i.h"
#include "tests/support/golden_i.h"

void
golden_backup_manifest(struct buf *text)
{
	struct backup_facts facts = { .made_ms = 1795365393000,
		.position = 300,
		.members = 5,
		.segments = 1000,
		.compartments = 40,
		.bytes = 610304 };
	uint8_t seed[crypto_sign_SEEDBYTES] = { 7 };
	uint8_t secret[MEMBER_SECRET_BYTES];
	struct buf b = { 0 };
	struct rd r;

	memset(facts.network.b, 0x22, sizeof(facts.network.b));
	memset(facts.node.b, 0x33, sizeof(facts.node.b));
	memset(facts.incarnation.b, 0x44, sizeof(facts.incarnation.b));
	memset(facts.segment.b, 0x55, sizeof(facts.segment.b));
	memset(facts.member_head, 0x66, sizeof(facts.member_head));
	memset(facts.hash, 0x77, sizeof(facts.hash));
	(void)crypto_sign_seed_keypair(facts.sign_key, secret, seed);
	backup_manifest(&b, &facts, secret);
	r = rd_of(b.p, b.n);
	golden_take(text, &r, 16, "network");
	golden_take(text, &r, 16, "node");
	golden_take(text, &r, 32, "its signing key, of seed 07 00 00...");
	golden_take(text, &r, 0, "made 2026-11-22T16:36:33Z");
	golden_take(text, &r, 16, "incarnation");
	golden_take(text, &r, 0, "last sealed is number 300");
	golden_take(text, &r, 32, "its id");
	golden_take(text, &r, 0, "5 membership records");
	golden_take(text, &r, 32, "membership head");
	golden_take(text, &r, 0, "1000 segments");
	golden_take(text, &r, 0, "40 compartments");
	golden_take(text, &r, 0, "the database has 610304 bytes");
	golden_take(text, &r, 32, "its hash");
	golden_take(text, &r, 64, "signature");
	if (rd_done(&r) != OK)
		abort();
	buf_release(&b);
}
