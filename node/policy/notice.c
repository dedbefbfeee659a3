#include "node/policy/notice.h"

#include <string.h>

/* "TX2" covers "TX2.attendance" */
static bool
covers(const char *rule, const char *category)
{
	size_t n = strlen(rule);

	return strncmp(rule, category, n) == 0 &&
	    (category[n] == '\0' || category[n] == '.');
}

static const char *
find(const struct policy_pack *p, const char *category, enum policy_kind to,
    enum policy_ground ground, int kind)
{
	for (size_t k = 0; k < p->basis_count; k++) {
		const struct pack_basis *b = &p->basis[k];

		if (b->own || b->never || b->notice == NULL ||
		    (b->to & POLICY_BIT(to)) == 0 ||
		    !covers(b->category, category))
			continue;
		if (ground != GROUND_NONE && b->ground != ground)
			continue;
		if (kind < 0 || b->kind < 0 || b->kind == kind)
			return b->notice;
	}
	return NULL;
}

const char *
policy_notice(const struct policy_pack *p, const char *category,
    enum policy_kind to, enum policy_ground ground, int kind)
{
	const char *code = find(p, category, to, ground, kind);

	return code != NULL ? code : find(p, category, to, GROUND_NONE, -1);
}
