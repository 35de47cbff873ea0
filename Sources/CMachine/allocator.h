// A setting of glibc's malloc, which Swift's module of glibc leaves out. Header only.
#pragma once

#include <malloc.h>

// Makes `free` join a small block with its free neighbours at once. By default glibc keeps small blocks apart, and now and then
// joins all of them in one step, which takes as long as there are many: 60 ms after ten million pairs were removed.
static inline void allocator_join_at_once(void) {
#if defined(M_MXFAST)
    mallopt(M_MXFAST, 0);
#endif
}
