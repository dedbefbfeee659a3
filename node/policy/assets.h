/* The policy packs that are shipped, as bytes inside the program. */
#ifndef FOOTBRIDGE_NODE_POLICY_ASSETS_H
#define FOOTBRIDGE_NODE_POLICY_ASSETS_H

#include "schema/assets.h"

extern const struct asset policy_assets[];
extern const size_t policy_asset_count;

#endif
