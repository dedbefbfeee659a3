/*
 * Invites: one line of text that lets one computer join (DESIGN 4, D10).
 *
 *   footbridge1:XXXXX...   Crockford base32 of the fields and a checksum
 *
 * It names the network, the steward that made it (its node id pins all its
 * keys), where to reach it, and a one-time secret. Whoever reads the line can
 * join once in that place: it is handed over like a key and expires. Pure
 * bytes; making and answering are in join.h.
 */
#ifndef FOOTBRIDGE_SYNC_INVITE_H
#define FOOTBRIDGE_SYNC_INVITE_H

#include "sync/member.h"

#define INVITE_PREFIX "footbridge1:"
#define INVITE_ID_BYTES 8
#define INVITE_SECRET_BYTES 16
#define INVITE_ADDRESS_BYTES 255

struct invite {
	struct network_id network;
	struct node_id steward;
	uint8_t tls_key[MEMBER_KEY_BYTES];      /* of the steward's server */
	char address[INVITE_ADDRESS_BYTES + 1]; /* "HOST:PORT", "" by stick */
	uint8_t id[INVITE_ID_BYTES];
	uint8_t secret[INVITE_SECRET_BYTES];
	bool new_agency;         /* the first node founds it */
	struct agency_id agency; /* zeros when new */
	char agency_name[LIMIT_NAME_BYTES + 1];
	int kind;                        /* enum agency_kind */
	char name[LIMIT_NAME_BYTES + 1]; /* of the node; "": it chooses */
	unsigned roles;
	int64_t expires_ms; /* judged by the steward's clock alone */
};

/* The fields as bytes, appended: what the text encodes, and what is kept. */
void invite_encode(struct buf *out, const struct invite *i);
enum err invite_decode(struct invite *out, const uint8_t *p, size_t n);

/* The line, appended, without a newline.
 * ERR_LIMIT: names so long that it has more than LIMIT_INVITE_BYTES */
enum err invite_text(struct buf *out, const struct invite *i, struct fail *f);
/*
 * Read a line. Forgives case, spaces, dashes and line ends inside, O for 0 and
 * I or L for 1. Checks form and checksum only.
 * fails: ERR_INPUT, saying whether it is no invite, cut short or mistyped
 */
enum err invite_parse(struct invite *out, const char *text, struct fail *f);

#endif
