/*
 * The default gate: the seam where the policy engine (DOMAIN 3) will sit.
 *
 * sync/ asks before it grants a key, keeps what arrives or shows a row. Today's
 * answer is small and the same on every node:
 *
 *   grant    to the own agency always; to another agency only on a legal basis
 *            of a known kind (agreement, consent, order, statute, emergency)
 *            with a reference, "KIND:REF"
 *   receive  yes    what nobody was granted cannot be read anyway
 *   display  yes    keys decide what a node can read
 */
#ifndef FOOTBRIDGE_NODE_GATE_H
#define FOOTBRIDGE_NODE_GATE_H

#include "sync/replica.h"

enum err gate_default(void *context, const struct gate_question *q,
    struct fail *f);

/* Is this a basis that can be written down: a known kind, ':' and a
 * reference? ERR_INPUT names the kinds. */
enum err gate_basis(const char *basis, struct fail *f);

#endif
