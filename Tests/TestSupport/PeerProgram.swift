// Programs that Puffin must interoperate with. `make setup-dev` installs them; a missing one is a failure in CI;
// elsewhere the test is skipped and says why.

import Foundation

/// An external program.
package enum PeerProgram {
    /// Whether tests that need these programs run.
    package static func areThere(_ names: String...) -> Bool {
        let missing = names.filter { path(of: $0) == nil }
        if missing.isEmpty || ProcessInfo.processInfo.environment["CI"] != nil { return true }
        print("skipped: \(missing.joined(separator: ", ")) not installed (make setup-dev installs it)")
        return false
    }

    /// The path of a program: in the project's own Python environment, or on the search path.
    package static func path(of name: String) -> String? {
        let folders =
            [".venv/bin"] + (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return folders.map { $0 + "/" + name }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
