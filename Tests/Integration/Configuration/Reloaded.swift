// A server that reads its configuration again while it runs.

import Foundation
import TestSupport

/// A server with a configuration file that a test writes anew.
final class Reloaded {
    let server: Replica
    private let path: String

    init(in folder: String, _ content: String, _ options: [String] = [], wrapper: [String] = []) throws {
        path = folder + "/config.yaml"
        try content.write(toFile: path, atomically: false, encoding: .utf8)
        server = Replica("server", in: folder, ["--config", path] + options, wrapper: wrapper)
        try server.start()
    }

    /// Writes the file and sends the signal.
    func reload(_ content: String) throws {
        try content.write(toFile: path, atomically: true, encoding: .utf8)
        server.send(SIGHUP)
    }

    /// Writes the file, sends the signal, and waits until something is said.
    func reload(_ content: String?, until text: String) throws {
        if let content { try content.write(toFile: path, atomically: true, encoding: .utf8) }
        server.send(SIGHUP)
        try server.waitForLog(text)
    }
}
