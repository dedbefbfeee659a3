#include "node/policy/shipped.h"

#include <string.h>

#include "node/policy/assets.h"

static bool
ends_in(const char *name, const char *kind)
{
	size_t n = strlen(name), k = strlen(kind);

	return n >= k && strcmp(name + n - k, kind) == 0;
}

bool
shipped_at(struct shipped *out, const char **name, size_t *name_n,
    const char *kind, size_t k)
{
	for (size_t i = 0; i < policy_asset_count; i++) {
		const struct asset *a = &policy_assets[i];
		const char *last = strrchr(a->name, '/');

		if (!ends_in(a->name, kind) || k-- > 0)
			continue;
		*name = last != NULL ? last + 1 : a->name;
		*name_n = strlen(*name) - strlen(kind);
		out->text = (const char *)a->p;
		out->n = a->n;
		return true;
	}
	return false;
}

static enum err
first(struct shipped *out, const char *kind, const char *what, struct fail *f)
{
	const char *name;
	size_t n;

	if (shipped_at(out, &name, &n, kind, 0))
		return OK;
	return fail_set(f, ERR_NOTFOUND, "this program has no %s", what);
}

enum err
shipped_pack(struct shipped *out, struct fail *f)
{
	return first(out, ".pack", "policy pack", f);
}

enum err
shipped_vectors(struct shipped *out, struct fail *f)
{
	return first(out, ".vectors", "test vectors", f);
}
