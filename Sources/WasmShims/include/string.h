// The functions of C's string.h that compilers call by themselves, and that headers of CMachine call. A module of WebAssembly has no
// libc.
#pragma once

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *one, const void *other, size_t size);
