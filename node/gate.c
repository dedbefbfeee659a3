/* The rule of gate.h, in two functions. */
#include "node/gate.h"

#include <string.h>

/* the last two are policy's alone, see policy/basis.h */
static const char *const kinds[] = { "own", "agreement", "consent", "order",
	"statute", "emergency", "episode", "membership" };

static bool
known_kind(const char *p, size_t n)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		if (strlen(kinds[i]) == n && memcmp(kinds[i], p, n) == 0)
			return true;
	}
	return false;
}

enum err
gate_basis(const char *basis, struct fail *f)
{
	size_t n = strcspn(basis, ":");

	if (!known_kind(basis, n))
		return fail_set(f, ERR_INPUT,
		    "basis: want KIND:REF with a kind of own, agreement, "
		    "consent, order, statute or emergency, have %.40s",
		    basis);
	if (basis[n] != ':' || basis[n + 1 + strspn(basis + n + 1, " ")] == 0)
		return fail_set(f, ERR_INPUT,
		    "basis %.*s: say which one after a colon, such as "
		    "%.*s:2026-04",
		    (int)n, basis, (int)n, basis);
	if (strlen(basis) > LIMIT_BASIS_BYTES)
		return fail_set(f, ERR_INPUT,
		    "basis: want at most %d characters", LIMIT_BASIS_BYTES);
	return OK;
}

enum err
gate_default(void *context, const struct gate_question *q, struct fail *f)
{
	enum err e;

	(void)context;
	if (q->act != GATE_GRANT)
		return OK;
	if (q->recipient != NULL && q->owner != NULL &&
	    id_equal(q->recipient, q->owner))
		return OK;
	e = gate_basis(q->basis != NULL ? q->basis : "", f);
	if (e != OK && f != NULL)
		f->code = ERR_DENIED;
	if (e != OK)
		return ERR_DENIED;
	if (strncmp(q->basis, "own:", 4) == 0)
		return fail_set(f, ERR_DENIED,
		    "basis own is for the own agency; another agency needs an "
		    "agreement, consent, order, statute or emergency");
	return OK;
}
