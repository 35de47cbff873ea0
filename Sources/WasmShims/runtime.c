// What the compilers and Swift's library call by name.
#include <stddef.h>
#include <stdint.h>

#include "include/host.h"
#include "include/string.h"

// Each is one instruction of WebAssembly's bulk memory operations.
#define BULK __attribute__((target("bulk-memory")))

BULK void *memmove(void *to, const void *from, size_t size) {
    return __builtin_memmove(to, from, size);
}

BULK void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    return __builtin_memcpy(to, from, size);
}

BULK void *memset(void *to, int byte, size_t size) {
    return __builtin_memset(to, byte, size);
}

int memcmp(const void *one, const void *other, size_t size) {
    const uint8_t *left = one, *right = other;
    for (size_t index = 0; index < size; index++) {
        if (left[index] != right[index]) return left[index] < right[index] ? -1 : 1;
    }
    return 0;
}

// Of compiler-rt: the product of two numbers of 128 bits, by which a product of 64 bits is checked for overflow.
__int128 __multi3(__int128 one, __int128 other) {
    const uint64_t mask = 0xffffffff;
    uint64_t left = (uint64_t)one, right = (uint64_t)other;
    uint64_t low = (left & mask) * (right & mask);
    uint64_t middle = (left >> 32) * (right & mask) + (low >> 32);
    uint64_t cross = (left & mask) * (right >> 32) + (middle & mask);
    uint64_t high = (left >> 32) * (right >> 32) + (middle >> 32) + (cross >> 32);
    high += (uint64_t)(one >> 64) * right + left * (uint64_t)(other >> 64);
    return (__int128)((unsigned __int128)high << 64 | (cross << 32 | (low & mask)));
}

// Of Swift's library: the number at the start of a text that ends with a zero byte, and where it ends.
const char *_swift_stdlib_strtod_clocale(const char *text, double *number) {
    uint32_t size = 0;
    while (text[size]) size++;
    *number = host_number(text, size);
    return *number != *number ? NULL : text + size;
}

// Seeds of Swift's hash tables.
void arc4random_buf(void *bytes, size_t size) {
    uint8_t *target = bytes;
    for (size_t index = 0; index < size; index++) target[index] = (uint8_t)host_random();
}

uintptr_t __stack_chk_guard = 0x5af3c1e7;

void __stack_chk_fail(void) {
    __builtin_trap();
}
