// Asks for memory before it is needed, by the processor's own instruction, which Swift cannot name. Header only.
#pragma once

// Begins to bring the line of the cache that holds `address` to where a read or a write of it is fast. Any address may be
// given; nothing is read, and nothing waits.
static inline void prefetch(const void *address) {
    __builtin_prefetch(address, 1, 3);
}
