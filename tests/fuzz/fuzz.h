/*
 * What every fuzz target has: one function that takes bytes from outside, and
 * examples to begin with.
 *
 * A target is one file of targets/, linked either with libFuzzer (`make fuzz`)
 * or with replay.c, which plays the inputs in the tree with any compiler. The
 * first byte of an input mostly chooses how the rest is used: as it is, or put
 * into a frame whose lengths, checksums, keys and signatures are right, so that
 * what stands behind them is reached too.
 *
 * A target asserts what is true for every input: what was read is written as the
 * same bytes, what was refused changed nothing. Nothing may depend on clock,
 * real randomness or an earlier input.
 */
#ifndef FOOTBRIDGE_TESTS_FUZZ_H
#define FOOTBRIDGE_TESTS_FUZZ_H

#include "sync/buf.h"

/* ---- what a target has ------------------------------------------------------ */

void fuzz_one(const uint8_t *p, size_t n);
/* Give examples with the functions below. */
void fuzz_seeds(void);
/* Bytes that one input may make the program ask of malloc, all calls added up:
 * beyond it an input is a bomb. Counted where a sanitizer is. */
extern const size_t fuzz_bytes_max;

/* ---- examples ------------------------------------------------------------------ */

/* Call fuzz_seeds: one file in dir for each. */
void fuzz_seeds_to(const char *dir);
void fuzz_seed(const void *p, size_t n);
/* The bytes printed in sync/FORMAT.md under this name, after a mode. */
void fuzz_seed_golden(unsigned mode, const char *name);

/* ---- taking an input apart: never fails, gives zeros at the end ------------------ */

struct fuzz_in {
	const uint8_t *p;
	size_t n;
};
uint8_t fuzz_u8(struct fuzz_in *in);
unsigned fuzz_u16(struct fuzz_in *in);
uint64_t fuzz_u64(struct fuzz_in *in);
/* Exactly n bytes into to, zeros for what is missing. */
void fuzz_copy(struct fuzz_in *in, void *to, size_t n);
/* At most n bytes in place. */
struct fuzz_in fuzz_take(struct fuzz_in *in, size_t n);
/* The same with two bytes of length before it. */
struct fuzz_in fuzz_part(struct fuzz_in *in);

/* Asserts that b holds exactly p[n]; releases b. */
void fuzz_same(struct buf *b, const void *p, size_t n);

#endif
