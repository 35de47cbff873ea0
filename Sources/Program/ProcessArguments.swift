// The process's arguments. Swift finds them by walking back on the stack from `environ`, and silently finds none if a
// library loaded earlier (LD_PRELOAD, such as libfaketime) has moved the environment. The kernel knows them too:
// /proc/self/cmdline, proc(5).
//
// `unsafe` is allowed in this file because argv and its texts are zero-terminated and not changed while they are
// copied, and read(2) gets an array for the duration of the call.

import Glibc

/// Both views of the arguments, the program's name first.
package enum ProcessArguments {
    /// Decides between the two views.
    /// - Parameters:
    ///   - found: what Swift has found; empty if it has found none.
    ///   - told: what the kernel reports; nil if it reports nothing, as without /proc.
    /// - Throws: `ArgumentError` if the arguments cannot be known.
    package static func find(found: [[UInt8]], told: [[UInt8]]?) throws(ArgumentError) -> [[UInt8]] {
        guard let told else {
            guard found.isEmpty else { return found }
            throw ArgumentError(
                description: "cannot read the command line: Swift finds no arguments, and /proc/self/cmdline cannot be "
                    + "read; mount /proc, or start without LD_PRELOAD")
        }
        if found.isEmpty { return told }
        // An emulator has its own program name, and maybe options, before them.
        guard told.suffix(found.count).elementsEqual(found) else {
            throw ArgumentError(
                description:
                    "cannot read the command line: Swift finds \(found.count) words and /proc/self/cmdline has "
                    + "\(told.count) others; start without LD_PRELOAD")
        }
        return found
    }

    static var ofSwift: [[UInt8]] {
        (0..<Int(max(0, CommandLine.argc))).compactMap { index in
            guard let text = unsafe CommandLine.unsafeArgv[index] else { return nil }
            return unsafe Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
        }
    }

    static var ofKernel: [[UInt8]]? {
        let descriptor = unsafe open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var (bytes, chunk) = ([UInt8](), [UInt8](repeating: 0, count: 4096))
        while true {
            let count = unsafe read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        return split(commandLine: bytes)
    }

    /// The words of /proc/self/cmdline, each zero-terminated.
    package static func split(commandLine bytes: [UInt8]) -> [[UInt8]] {
        var words = bytes.split(separator: 0, omittingEmptySubsequences: false).map { Array($0) }
        if words.last?.isEmpty == true { words.removeLast() }
        return words
    }
}
