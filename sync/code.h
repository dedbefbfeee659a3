/*
 * Secrets on paper: bytes as a code that a person copies by hand.
 *
 *     7KQ2M-0D9FX-...    groups of five: four symbols and one check symbol
 *
 * Crockford's base32 (no I, L, O, U). The check symbol of a group depends on
 * the group's place, so one mistyped symbol, two exchanged ones or two
 * exchanged groups are found and the group is named. Two bytes of checksum over
 * the whole, bound to what the code is for, find the rest and tell an agency's
 * code from a replica's. Reading forgives case, spaces, dashes, O for 0 and
 * I or L for 1. Used for the replica's and the agency's recovery code and for
 * the root key on paper. The texts of errors never show a symbol of the code.
 */
#ifndef FOOTBRIDGE_SYNC_CODE_H
#define FOOTBRIDGE_SYNC_CODE_H

#include "sync/buf.h"

#define CODE_BYTES_MAX 64

/* what the code opens; never renumber */
enum code_kind {
	CODE_REPLICA = 1,
	CODE_AGENCY = 2,
	CODE_ROOT = 3,
};

/* Append the code of p[n], n in 1..CODE_BYTES_MAX; no NUL, no newline. */
void code_encode(struct buf *out, enum code_kind kind, const uint8_t *p,
    size_t n);

/*
 * Read back exactly n bytes.
 *
 * fails: ERR_INPUT  wrong length, a symbol that no code has, a mistyped group
 *                   (named, counted from the left), or a code for something
 *                   else; p is untouched
 */
enum err code_decode(uint8_t *p, size_t n, enum code_kind kind,
    const char *text, struct fail *f);

#endif
