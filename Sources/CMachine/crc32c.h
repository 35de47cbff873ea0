// CRC-32C by the processor's own instruction, which Swift cannot name. Header only; inlined into LogFormat.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)

static inline int crc32c_is_accelerated(void) {
    return __builtin_cpu_supports("sse4.2");
}

// `crc` is the finished checksum of what came before, 0 at first.
__attribute__((target("sse4.2")))
static inline uint32_t crc32c_accelerated(uint32_t crc, const uint8_t *bytes, size_t size) {
    uint64_t state = ~crc;
    for (; size >= 8; size -= 8, bytes += 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        state = __builtin_ia32_crc32di(state, word);
    }
    for (; size > 0; size--, bytes++) {
        state = __builtin_ia32_crc32qi((uint32_t)state, *bytes);
    }
    return ~(uint32_t)state;
}

#else

static inline int crc32c_is_accelerated(void) {
    return 0;
}

static inline uint32_t crc32c_accelerated(uint32_t crc, const uint8_t *bytes, size_t size) {
    (void)bytes;
    (void)size;
    return crc;
}

#endif
