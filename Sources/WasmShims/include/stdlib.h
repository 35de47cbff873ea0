// An allocator for the linear memory of a module of WebAssembly, which has no libc.
#pragma once

#include <stddef.h>

void *malloc(size_t size);
void *realloc(void *block, size_t size);
void free(void *block);
int posix_memalign(void **block, size_t alignment, size_t size);
