// Counts a server's allocations from outside: a few lines of C, loaded before the C library, count the calls that
// allocate memory in a file that both processes have mapped. The server itself is the program that users run.

import Foundation

/// A shim that counts allocations, and the count.
package final class AllocationCounter {
    private let library: String
    private let file: String

    /// Compiles the shim into `folder`.
    /// - Throws: `ChildProcessError` with the compiler's output.
    package init(in folder: String) throws {
        library = folder + "/count-allocations.so"
        file = folder + "/allocations"
        let source = folder + "/count-allocations.c"
        try AllocationCounter.source.write(toFile: source, atomically: false, encoding: .utf8)
        try Data(count: 4096).write(to: URL(fileURLWithPath: file))
        let (code, output) = try ChildProcess.run(
            ["cc", "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"])
        guard code == 0 else { throw ChildProcessError(program: "cc", reason: output) }
    }

    /// The command that starts a program under the shim.
    package var wrapper: [String] { ["env", "LD_PRELOAD=\(library)", "ALLOCATIONS=\(file)"] }

    /// Calls of malloc, calloc, realloc, posix_memalign and aligned_alloc so far, of every thread.
    package var count: Int {
        get throws {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: file)).prefix(8)
            return bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
        }
    }

    /// Before the file is mapped, calls are not counted. dlsym itself may call calloc, which then gets memory from a
    /// small static pool that is never freed.
    private static let source = #"""
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <fcntl.h>
        #include <stdatomic.h>
        #include <stddef.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/mman.h>
        #include <unistd.h>

        static _Atomic unsigned long nowhere;
        static _Atomic unsigned long *counter = &nowhere;

        static void *(*next_malloc)(size_t);
        static void *(*next_calloc)(size_t, size_t);
        static void *(*next_realloc)(void *, size_t);
        static int (*next_posix_memalign)(void **, size_t, size_t);
        static void *(*next_aligned_alloc)(size_t, size_t);
        static void (*next_free)(void *);

        static char early[65536];
        static size_t early_used;
        static int is_finding;

        static void find(void) {
            is_finding = 1;
            next_malloc = dlsym(RTLD_NEXT, "malloc");
            next_calloc = dlsym(RTLD_NEXT, "calloc");
            next_realloc = dlsym(RTLD_NEXT, "realloc");
            next_posix_memalign = dlsym(RTLD_NEXT, "posix_memalign");
            next_aligned_alloc = dlsym(RTLD_NEXT, "aligned_alloc");
            next_free = dlsym(RTLD_NEXT, "free");
            is_finding = 0;
        }

        __attribute__((constructor)) static void start(void) {
            if (!next_malloc) find();
            const char *path = getenv("ALLOCATIONS");
            int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
            if (file < 0) return;
            void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
            close(file);
            if (page != MAP_FAILED) counter = page;
        }

        static void count(void) { atomic_fetch_add_explicit(counter, 1, memory_order_relaxed); }

        static void *early_memory(size_t size) {
            size = (size + 15) & ~(size_t)15;
            if (early_used + size > sizeof early) abort();
            void *memory = early + early_used;
            early_used += size;
            return memory;
        }

        void *malloc(size_t size) {
            if (!next_malloc) { if (is_finding) return early_memory(size); find(); }
            count();
            return next_malloc(size);
        }

        void *calloc(size_t items, size_t size) {
            if (!next_calloc) { if (is_finding) return early_memory(items * size); find(); }
            count();
            return next_calloc(items, size);
        }

        void *realloc(void *memory, size_t size) {
            if (!next_realloc) find();
            count();
            return next_realloc(memory, size);
        }

        int posix_memalign(void **memory, size_t alignment, size_t size) {
            if (!next_posix_memalign) find();
            count();
            return next_posix_memalign(memory, alignment, size);
        }

        void *aligned_alloc(size_t alignment, size_t size) {
            if (!next_aligned_alloc) find();
            count();
            return next_aligned_alloc(alignment, size);
        }

        void free(void *memory) {
            if ((char *)memory >= early && (char *)memory < early + sizeof early) return;
            if (!next_free) find();
            next_free(memory);
        }
        """#
}
