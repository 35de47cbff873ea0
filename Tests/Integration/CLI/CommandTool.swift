// puffin-cli as a script runs it: with input, and its two outputs separate.

import Foundation
import TestSupport

/// Runs puffin-cli in a folder, against one server.
struct CommandTool {
    /// Where its files are.
    let folder: String
    /// The server's host:port; what PUFFIN_ADDR says.
    let address: String

    struct Result: Equatable {
        let exitCode: Int32
        let output: String
        let errors: String

        init(_ exitCode: Int32, _ output: String = "", _ errors: String = "") {
            (self.exitCode, self.output, self.errors) = (exitCode, output, errors)
        }

        /// Whether exactly one line was printed, to standard error.
        var isOneLine: Bool { output.isEmpty && errors.hasSuffix("\n") && errors.split(separator: "\n").count == 1 }
    }

    /// - Parameter input: what standard input has.
    func callAsFunction(_ arguments: String..., input: String? = nil) throws -> Result {
        try run(arguments, input: input.map { Array($0.utf8) })
    }

    func run(_ arguments: [String], input: [UInt8]? = nil) throws -> Result {
        let name = folder + "/" + UUID().uuidString
        if let input { try Data(input).write(to: URL(fileURLWithPath: name + ".in")) }
        let (code, output) = try ChildProcess.run(
            [
                "env", "PUFFIN_ADDR=\(address)", "sh", "-c", "exec \"$0\" \"$@\" 2>\(name).err",
                ChildProcess.program("puffin-cli"),
            ] + arguments,
            in: folder, input: input == nil ? "/dev/null" : name + ".in")
        return Result(code, output, try String(contentsOfFile: name + ".err", encoding: .utf8))
    }

    /// Writes a file into the folder.
    /// - Returns: its name.
    func file(_ name: String, _ text: String) throws -> String {
        try text.write(toFile: folder + "/" + name, atomically: false, encoding: .utf8)
        return name
    }
}

/// Lends `body` the tool and a server with nothing in it.
func withTool(_ body: (CommandTool, ServerProcess) throws -> Void) throws {
    try withTemporaryFolder { folder in
        let server = try ServerProcess(data: folder + "/puffin.json")
        try body(CommandTool(folder: folder, address: "127.0.0.1:\(server.port)"), server)
    }
}
