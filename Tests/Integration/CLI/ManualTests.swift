import Foundation
import TestSupport
import Testing

/// What docs/cli.md shows.
@Suite("puffin-cli: its manual")
struct ManualTests {
    @Test("every command prints what the manual shows")
    func commands() throws {
        try withTool { tool, _ in
            let bin = URL(fileURLWithPath: ChildProcess.program("puffin-cli")).path
            var count = 0
            for block in try Document("docs/cli.md").blocks where block.hasPrefix("$ ") {
                for (command, output) in Document.commands(in: block) {
                    if command.hasPrefix("cat ") {
                        _ = try tool.file(String(command.dropFirst(4)), output)
                        continue
                    }
                    let adapted = command.replacingOccurrences(of: "bin/puffin-cli", with: bin)
                        .replacingOccurrences(of: "localhost:8080", with: tool.address)
                    let found = try ChildProcess.run(
                        ["env", "PUFFIN_ADDR=\(tool.address)", "sh", "-c", adapted], in: tool.folder)
                    let shown = output.replacingOccurrences(of: "localhost:8080", with: tool.address)
                    #expect(lines(found.output) == lines(shown), "\(command)")
                    count += 1
                }
            }
            #expect(count > 15)
        }
    }

    /// Without times, and in any order: pairs come as the server's hash has them.
    private func lines(_ text: String) -> [String] {
        text.replacingOccurrences(of: " in [0-9.]+ (ns|µs|ms|s)", with: " in -", options: .regularExpression)
            .components(separatedBy: "\n").sorted()
    }
}
