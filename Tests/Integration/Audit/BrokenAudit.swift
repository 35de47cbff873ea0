// A server whose audit's disk fails and heals: a file system of 1 MiB that is full, or EIO of writes or syncs.

import Foundation
import TestSupport
import Testing

/// How the audit's disk fails.
enum AuditFault: String, CaseIterable, Sendable {
    case fullDisk = "a full tmpfs of 1 MiB"
    case writes = "EIO of writes"
    case syncs = "EIO of syncs"

    /// Those that this machine lets tests make.
    static let available = allCases.filter { $0 != .fullDisk || SmallDisk.isAvailable(.tmpfs) }
    /// What the server says of it.
    var reason: String { self == .fullDisk ? "No space left on device" : "Input/output error" }
}

/// A server with an audit that can be broken.
final class BrokenAudit {
    let secured: SecuredServer
    let files: AuditFiles
    let data: String
    private let fault: AuditFault
    private let calls: FaultyCalls
    private let filler: String

    /// Runs `body` with such a server.
    static func with(_ fault: AuditFault, _ options: [String], _ body: (BrokenAudit) throws -> Void) throws {
        try withTemporaryFolder { folder in
            guard fault == .fullDisk else { return try body(BrokenAudit(fault, options, in: folder, on: folder)) }
            try SmallDisk.lend(.tmpfs, megabytes: 1) { place in
                try body(BrokenAudit(fault, options, in: folder, on: place))
            }
        }
    }

    private init(_ fault: AuditFault, _ options: [String], in folder: String, on place: String) throws {
        self.fault = fault
        data = folder + "/puffin.json"
        filler = place + "/filler"
        files = AuditFiles(folder: place + "/audit")
        calls = try FaultyCalls(in: folder, on: files.folder)
        secured = try SecuredServer(
            in: folder, "puffin.json",
            ["--audit", "--audit-folder", files.folder, "--metrics", "--metrics-port", "0"] + options,
            environment: calls.environment)
    }

    /// Breaks the disk. The server has not noticed yet.
    func fail() throws {
        switch fault {
        case .writes: try calls.set(.writes)
        case .syncs: try calls.set(.syncs)
        case .fullDisk:
            // All that is left, to the last page.
            let (code, output) = try ChildProcess.run(["dd", "if=/dev/zero", "of=\(filler)", "bs=4k", "status=none"])
            #expect(code != 0 && output.contains("No space left"), "\(output)")
        }
    }

    func mend() throws {
        if fault == .fullDisk {
            try FileManager.default.removeItem(atPath: filler)
        } else {
            try calls.set(.none)
        }
    }

    /// STATS, as names and values.
    func stats(_ client: WireConnection) throws -> [String: String] {
        try client.send("STATS\n")
        let text = String(decoding: try client.receive(through: "\nEND\n"), as: UTF8.self)
        let pairs = text.split(separator: "\n").dropLast().map { line in
            let parts = line.split(separator: " ", maxSplits: 1)
            return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
        }
        return Dictionary(pairs) { $1 }
    }

    /// Sends requests that are recorded until the server says that the audit cannot be written.
    func waitUntilNoticed(_ client: WireConnection, _ request: () throws -> Void) throws {
        let end = TimeLimit.end
        while try stats(client)["audit_not_writable_because"] == nil {
            guard Date() < end else { throw WireError(description: "not noticed: \(secured.server.log)") }
            try request()
        }
    }

    /// Waits until the server says that the audit can be written.
    func waitUntilHealed(_ client: WireConnection) throws {
        let end = TimeLimit.end
        while let reason = try stats(client)["audit_not_writable_because"] {
            guard Date() < end else { throw WireError(description: "not healed: \(reason)") }
            usleep(20_000)
        }
    }

    /// The reply to a request over HTTP by the user `default`.
    func get(_ path: String) throws -> String {
        let port = try #require(
            secured.server.log.firstMatch(of: /Metrics on http:\/\/127.0.0.1:([0-9]+)\//).flatMap { UInt16($0.1) })
        let connection = try WireConnection(port: port)
        let login = Data("default:\(SecuredServer.password)".utf8).base64EncodedString()
        try connection.send(
            "GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Basic \(login)\r\n\r\n")
        return try connection.receiveAll()
    }

    /// A figure of /metrics.
    func figure(_ name: String) throws -> Int? {
        try get("/metrics").split(separator: "\n").first { $0.hasPrefix(name + " ") }
            .flatMap { Int($0.dropFirst(name.count + 1)) }
    }

    /// `audit verify` with a JSON object as its report.
    func verify() throws -> (exitCode: Int32, report: [String: Any]) {
        let run = try ChildProcess.run(
            [
                ChildProcess.program("puffin-server"), "audit", "verify", "--folder", files.folder, "--format", "json",
            ])
        let report = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
        return (run.exitCode, report ?? [:])
    }
}
