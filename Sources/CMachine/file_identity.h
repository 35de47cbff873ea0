// Which file a name or a descriptor leads to, and its size, by a system call that Swift's module of glibc leaves out. Header only.
//
// stat asks for the times too. Since Linux 6.13 a file's times are as fine as its last change only where somebody has looked at
// them since ("multigrain timestamps"): a stat before each write makes each write mark the inode dirty, which the next sync has to
// write. Asked for inode and size alone, statx leaves the times as they are.
#pragma once

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/stat.h>
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#ifndef AT_STATX_DONT_SYNC
#define AT_STATX_DONT_SYNC 0x4000
#endif
// glibc declares it for _GNU_SOURCE alone.
extern int statx(int folder, const char *restrict path, int flags, unsigned int mask, struct statx *restrict found);
#endif

struct file_identity {
    uint64_t device, inode;
    int64_t size;
    // Whether the rest was found out.
    bool is_known;
};

// Of the file at `path`, seen from `folder`; of `folder` itself, any open file, where the path is empty.
static inline struct file_identity file_identity(int folder, const char *path) {
    struct file_identity identity = {0, 0, 0, false};
#if defined(__linux__)
    struct statx found;
    // What this machine knows: a file server is not asked before each batch.
    const int flags = AT_STATX_DONT_SYNC | (*path ? 0 : AT_EMPTY_PATH);
    if (statx(folder, path, flags, STATX_INO | STATX_SIZE, &found) == 0) {
        identity.device = (uint64_t)found.stx_dev_major << 32 | found.stx_dev_minor;
        identity.inode = found.stx_ino;
        identity.size = (int64_t)found.stx_size;
        identity.is_known = true;
    }
#else
    struct stat found;
    if ((*path ? fstatat(folder, path, &found, 0) : fstat(folder, &found)) == 0) {
        identity.device = (uint64_t)found.st_dev;
        identity.inode = (uint64_t)found.st_ino;
        identity.size = (int64_t)found.st_size;
        identity.is_known = true;
    }
#endif
    return identity;
}
