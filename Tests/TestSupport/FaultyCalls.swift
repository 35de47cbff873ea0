// Makes a server's disk fail from outside: a few lines of C, loaded before the C library, fail or hold the calls that write or sync
// files under one path, as a file that both processes have mapped says. The server itself is the program that users run.

import Foundation

/// A shim under which calls on some files fail.
package final class FaultyCalls {
    /// What happens to the calls. The raw values are those of the shim.
    package enum Fault: UInt8, Sendable, CaseIterable {
        case none = 0
        /// Writes and truncations fail with EIO.
        case writes = 1
        /// Syncs fail with EIO. What was written is in the file nevertheless.
        case syncs = 2
        /// Syncs wait until this is over.
        case heldSyncs = 3
    }

    private let library: String
    private let file: String
    private let path: String

    /// Compiles the shim into `folder`.
    /// - Parameter path: what the paths of the files begin with.
    /// - Throws: `ChildProcessError` with the compiler's output.
    package init(in folder: String, on path: String) throws {
        library = folder + "/faulty-calls.so"
        file = folder + "/faults"
        self.path = path
        let source = folder + "/faulty-calls.c"
        try FaultyCalls.source.write(toFile: source, atomically: false, encoding: .utf8)
        try Data(count: 4096).write(to: URL(fileURLWithPath: file))
        let (code, output) = try ChildProcess.run(
            ["cc", "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"])
        guard code == 0 else { throw ChildProcessError(program: "cc", reason: output) }
    }

    /// The variables of the environment under which a program has the shim.
    package var environment: [String] { ["LD_PRELOAD=\(library)", "FAULTS=\(file)", "FAULTY_PATH=\(path)"] }

    /// Makes calls fail from now on, or succeed again.
    package func set(_ fault: Fault) throws {
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
        try handle.write(contentsOf: Data([fault.rawValue]))
        try handle.close()
    }

    /// Calls that failed or were held, modulo 256.
    package var count: UInt8 { get throws { try Data(contentsOf: URL(fileURLWithPath: file))[1] } }

    private static let source = #"""
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <limits.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/mman.h>
        #include <sys/uio.h>
        #include <unistd.h>

        enum { WRITES = 1, SYNCS = 2, HELD = 3 };

        static unsigned char nowhere[2];
        static volatile unsigned char *page = nowhere;
        static const char *faulty = "/";

        __attribute__((constructor)) static void start(void) {
            const char *path = getenv("FAULTS");
            int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
            if (file < 0) return;
            void *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
            close(file);
            if (getenv("FAULTY_PATH")) faulty = getenv("FAULTY_PATH");
            if (mapped != MAP_FAILED) page = mapped;
        }

        static int is_faulty(int file) {
            if (page[0] == 0) return 0;
            char link[64], path[PATH_MAX];
            snprintf(link, sizeof link, "/proc/self/fd/%d", file);
            ssize_t size = readlink(link, path, sizeof path - 1);
            if (size < 0) return 0;
            path[size] = 0;
            return strncmp(path, faulty, strlen(faulty)) == 0;
        }

        static int fails(int file, int fault) {
            if (page[0] != fault || !is_faulty(file)) return 0;
            page[1]++;
            errno = EIO;
            return 1;
        }

        static void wait_if_held(int file) {
            if (page[0] != HELD || !is_faulty(file)) return;
            page[1]++;
            while (page[0] == HELD) usleep(1000);
        }

        ssize_t pwrite(int file, const void *bytes, size_t size, off_t offset) {
            static ssize_t (*next)(int, const void *, size_t, off_t);
            if (!next) next = dlsym(RTLD_NEXT, "pwrite");
            return fails(file, WRITES) ? -1 : next(file, bytes, size, offset);
        }

        ssize_t pwritev(int file, const struct iovec *parts, int count, off_t offset) {
            static ssize_t (*next)(int, const struct iovec *, int, off_t);
            if (!next) next = dlsym(RTLD_NEXT, "pwritev");
            return fails(file, WRITES) ? -1 : next(file, parts, count, offset);
        }

        int ftruncate(int file, off_t size) {
            static int (*next)(int, off_t);
            if (!next) next = dlsym(RTLD_NEXT, "ftruncate");
            return fails(file, WRITES) ? -1 : next(file, size);
        }

        int fdatasync(int file) {
            static int (*next)(int);
            if (!next) next = dlsym(RTLD_NEXT, "fdatasync");
            wait_if_held(file);
            return fails(file, SYNCS) ? -1 : next(file);
        }

        int fsync(int file) {
            static int (*next)(int);
            if (!next) next = dlsym(RTLD_NEXT, "fsync");
            wait_if_held(file);
            return fails(file, SYNCS) ? -1 : next(file);
        }
        """#
}
