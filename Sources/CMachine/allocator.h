// Settings of glibc's malloc, which Swift's module of glibc leaves out. Header only.
#pragma once

#include <malloc.h>

// Has each large block mapped by itself and returned to the kernel when it is freed. By default glibc takes blocks of up to 32 MiB from
// the heap once one of that size was freed, and holes between them keep the process large. A small heap is given back late, so that a
// buffer that comes and goes does not make the kernel clear pages each time. Two arenas: few threads beside the reactor's allocate.
static inline void allocator_map_large_blocks(void) {
#if defined(M_MMAP_THRESHOLD)
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
    mallopt(M_TRIM_THRESHOLD, 2 << 20);
    mallopt(M_ARENA_MAX, 2);
#endif
}

// Makes `free` join a small block with its free neighbours at once. By default glibc keeps small blocks apart, and now and then
// joins all of them in one step, which takes as long as there are many: 60 ms after ten million pairs were removed.
static inline void allocator_join_at_once(void) {
#if defined(M_MXFAST)
    mallopt(M_MXFAST, 0);
#endif
}
