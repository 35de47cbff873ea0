#include "assets.h"

// #embed is of C23; clang has it in older C too.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t chart[] = {
#embed "files/chart.js"
};
static const uint8_t console[] = {
#embed "files/console.js"
};
static const uint8_t icon[] = {
#embed "files/puffin.svg"
};
static const uint8_t index_page[] = {
#embed "files/index.html"
};
static const uint8_t keys[] = {
#embed "files/keys.js"
};
static const uint8_t lists[] = {
#embed "files/lists.js"
};
static const uint8_t log_module[] = {
#embed "files/log.js"
};
static const uint8_t page[] = {
#embed "files/page.js"
};
static const uint8_t style[] = {
#embed "files/style.css"
};

const asset_file asset_chart = {chart, sizeof chart};
const asset_file asset_console = {console, sizeof console};
const asset_file asset_icon = {icon, sizeof icon};
const asset_file asset_index = {index_page, sizeof index_page};
const asset_file asset_keys = {keys, sizeof keys};
const asset_file asset_lists = {lists, sizeof lists};
const asset_file asset_log = {log_module, sizeof log_module};
const asset_file asset_page = {page, sizeof page};
const asset_file asset_style = {style, sizeof style};
