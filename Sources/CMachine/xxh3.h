// XXH3, a hash that is not cryptographic (Yann Collet), from the headers of Debian's libxxhash-dev: nothing is linked. Header only.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

// XXH3 of 64 bits, with seed 0.
static inline uint64_t xxh3_hash(const uint8_t *bytes, size_t size) {
    return XXH3_64bits(bytes, size);
}
