/* The page for staff as it was built: files as bytes inside the program. */
#ifndef FOOTBRIDGE_NODE_WEB_ASSETS_H
#define FOOTBRIDGE_NODE_WEB_ASSETS_H

#include "schema/assets.h"

/* "index.html", "assets/index-1a2b.js", each with its "....gz"; "routes". */
extern const struct asset web_assets[];
extern const size_t web_asset_count;

#endif
