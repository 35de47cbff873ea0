// What every program of Puffin does first: it opens closed standard descriptors, and finds its arguments.

import Glibc

/// The start of a program.
package enum Program {
    /// Opens closed standard descriptors, and reads the arguments. Call it before anything else.
    /// - Parameter name: the program's name for the error message.
    /// - Returns: the bytes of each argument after the program's name. If they cannot be read, the process ends with
    ///   exit code 2 and one line on standard error: a program must not run without its options.
    package static func begin(_ name: String) -> [[UInt8]] {
        StandardDescriptors.openClosed()
        do throws(ArgumentError) {
            return try Array(
                ProcessArguments.find(found: ProcessArguments.ofSwift, told: ProcessArguments.ofKernel).dropFirst())
        } catch {
            writeLine("\(name): \(error)")
            exit(2)
        }
    }

    /// The same as texts; bytes that are not UTF-8 are replaced.
    package static func beginWithTexts(_ name: String) -> [String] {
        begin(name).map { String(decoding: $0, as: UTF8.self) }
    }
}

/// The arguments cannot be known.
package struct ArgumentError: Error, Equatable, CustomStringConvertible {
    package let description: String
}
