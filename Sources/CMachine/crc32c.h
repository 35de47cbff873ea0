// CRC-32C by the processor's own instruction, which Swift cannot name. Header only; inlined into LogFormat.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)

static inline int crc32c_is_accelerated(void) {
    return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
}

typedef long long crc32c_vector __attribute__((vector_size(16)));

// The product of a sum and a power of x, 64 bits that the crc32 instruction reduces.
__attribute__((target("sse4.2,pclmul")))
static inline uint64_t crc32c_multiplied(uint64_t sum, uint64_t power) {
    const crc32c_vector left = {(long long)sum, 0}, right = {(long long)power, 0};
    return (uint64_t)__builtin_ia32_pclmulqdq128(left, right, 0)[0];
}

// Continues `state` with three parts of `size` bytes. The instruction takes three cycles and can begin each cycle, so three
// sums are computed side by side and then combined (Gopal et al., "Fast CRC Computation for iSCSI Polynomial Using CRC32
// Instruction", Intel, 2011).
// `once` and `twice` are x^(8 * size - 33) and x^(16 * size - 33) modulo the polynomial, bits reversed.
__attribute__((target("sse4.2,pclmul"), always_inline))
static inline uint64_t crc32c_of_three(
    uint64_t state, const uint8_t *bytes, size_t size, uint64_t once, uint64_t twice) {
    uint64_t second = 0, third = 0;
    for (const uint8_t *end = bytes + size; bytes < end; bytes += 8) {
        uint64_t word[3];
        memcpy(&word[0], bytes, 8);
        memcpy(&word[1], bytes + size, 8);
        memcpy(&word[2], bytes + 2 * size, 8);
        state = __builtin_ia32_crc32di(state, word[0]);
        second = __builtin_ia32_crc32di(second, word[1]);
        third = __builtin_ia32_crc32di(third, word[2]);
    }
    const uint64_t product = crc32c_multiplied(state, twice) ^ crc32c_multiplied(second, once);
    return third ^ __builtin_ia32_crc32di(0, product);
}

// `crc` is the finished checksum of what came before, 0 at first.
__attribute__((target("sse4.2,pclmul")))
static inline uint32_t crc32c_accelerated(uint32_t crc, const uint8_t *bytes, size_t size) {
    uint64_t state = ~crc;
    for (; size >= 3 * 1024; size -= 3 * 1024, bytes += 3 * 1024) {
        state = crc32c_of_three(state, bytes, 1024, 0x170076fa, 0xa51b6135);
    }
    for (; size >= 3 * 128; size -= 3 * 128, bytes += 3 * 128) {
        state = crc32c_of_three(state, bytes, 128, 0x0d3b6092, 0xb9e02b86);
    }
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
