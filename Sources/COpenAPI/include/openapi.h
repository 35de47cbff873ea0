// docs/openapi.json, which the program carries in itself.
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct {
    const uint8_t *bytes;
    size_t size;
} openapi_file;

extern const openapi_file openapi;
