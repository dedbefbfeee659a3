#include "sync/assets.h"

#include <string.h>

const struct asset *
asset_find(const char *name)
{
	for (size_t i = 0; i < sync_asset_count; i++) {
		if (strcmp(sync_assets[i].name, name) == 0)
			return &sync_assets[i];
	}
	return NULL;
}
