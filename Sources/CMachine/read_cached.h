// Reads that never wait for a disk, by a system call that Swift's module of glibc leaves out. Header only.
#pragma once

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#if defined(__linux__) && !defined(RWF_NOWAIT)
#define RWF_NOWAIT 8
#endif

#if defined(__linux__)
// glibc declares it for _GNU_SOURCE alone.
extern ssize_t preadv2(int file, const struct iovec *parts, int count, off_t offset, int flags);
#endif

// Up to `size` bytes from `offset` on, as many as are in the page cache; -1 where the first is not, or nobody can say.
static inline ssize_t read_cached(int file, void *bytes, size_t size, off_t offset) {
#if defined(__linux__)
    struct iovec part = {bytes, size};
    return preadv2(file, &part, 1, offset, RWF_NOWAIT);
#else
    return -1;
#endif
}
