// The project's folder, which the tests of documents, scripts and examples read.

import Foundation

package enum Project {
    /// The folder with Package.swift.
    package static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The text of a file whose path is relative to the project's folder.
    package static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }
}
