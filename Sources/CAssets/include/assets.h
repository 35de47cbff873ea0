// The files of the console, in this folder's files/. The compiler embeds them, so that the program needs no folder at run time.
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct {
    const uint8_t *bytes;
    size_t size;
} asset_file;

extern const asset_file asset_chart, asset_console, asset_icon, asset_index, asset_keys, asset_lists, asset_log, asset_page,
    asset_style;
