// The allocator: blocks of powers of two, and a list of free ones for each size. A block is never split or joined, so a program that
// allocates the same sizes again and again takes no more memory after its first round. Memory is never given back.
#include <stddef.h>
#include <stdint.h>

#include "include/stdlib.h"
#include "include/string.h"

// Before each block, so that blocks are aligned to 16 bytes.
struct header {
    // The block's size is 16 << class.
    uint32_t class;
    uint32_t unused[3];
};

struct free_block {
    struct free_block *next;
};

enum { page_size = 65536, class_count = 28 };

static struct free_block *free_blocks[class_count];
static uintptr_t unused_start, unused_end;
extern uint8_t __heap_base;

static uint32_t class_of(size_t size) {
    return size <= 16 ? 0 : 28 - (uint32_t)__builtin_clz((uint32_t)size - 1);
}

// Takes `size` bytes that were never used.
static void *fresh(size_t size) {
    if (unused_start == 0) {
        unused_start = ((uintptr_t)&__heap_base + 15) & ~(uintptr_t)15;
        unused_end = (uintptr_t)__builtin_wasm_memory_size(0) * page_size;
    }
    if (unused_end - unused_start < size) {
        size_t pages = (size - (unused_end - unused_start) + page_size - 1) / page_size;
        if (__builtin_wasm_memory_grow(0, pages) == (size_t)-1) return NULL;
        unused_end += pages * page_size;
    }
    void *start = (void *)unused_start;
    unused_start += size;
    return start;
}

void *malloc(size_t size) {
    uint32_t class = class_of(size);
    if (size > (size_t)1 << 31 || class >= class_count) return NULL;
    struct free_block *block = free_blocks[class];
    if (block) {
        free_blocks[class] = block->next;
        return block;
    }
    struct header *header = fresh(sizeof(struct header) + ((size_t)16 << class));
    if (!header) return NULL;
    header->class = class;
    return header + 1;
}

void free(void *block) {
    if (!block) return;
    struct free_block *freed = block;
    uint32_t class = ((struct header *)block - 1)->class;
    freed->next = free_blocks[class];
    free_blocks[class] = freed;
}

void *realloc(void *block, size_t size) {
    if (!block) return malloc(size);
    size_t held = (size_t)16 << ((struct header *)block - 1)->class;
    if (size <= held) return block;
    void *larger = malloc(size);
    if (!larger) return NULL;
    memcpy(larger, block, held);
    free(block);
    return larger;
}

// Swift asks for alignments of 16 bytes at most.
int posix_memalign(void **block, size_t alignment, size_t size) {
    if (alignment > 16) return 22;
    *block = malloc(size);
    return *block ? 0 : 12;
}
