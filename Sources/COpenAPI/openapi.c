#include "openapi.h"

// #embed is of C23; clang has it in older C too.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t bytes[] = {
#embed "../../docs/openapi.json"
};

const openapi_file openapi = {bytes, sizeof bytes};
