// Two network namespaces joined by a virtual cable, each with another one to the test. Only root can make them.

import Foundation
import TestSupport

/// The namespaces, for as long as a test runs.
struct TestNetwork {
    /// One end.
    struct End {
        let namespace: String
        /// Its address for the test and for the other end.
        let host: String
        let inner: String

        /// The command that starts a program in it.
        var wrapper: [String] { ["ip", "netns", "exec", namespace] }
    }

    let left: End
    let right: End

    /// Whether this machine lets tests create them; prints a message if not.
    static let isAvailable: Bool = {
        if (try? lend { network in try run(network.left.wrapper + ["true"]) }) != nil { return true }
        print("skipped: this machine lets tests make no network namespaces (ip netns, as root)")
        return false
    }()

    static func lend<Result>(_ body: (TestNetwork) throws -> Result) throws -> Result {
        // Interface names have fifteen characters at most.
        let name = "puf\(UInt16.random(in: 1000...65_000))"
        // 198.18.0.0/15 is for tests of networks.
        let net = "198.18.\(UInt8.random(in: 0...255))"
        let left = End(namespace: name + "l", host: "\(net).2", inner: "\(net).10")
        let right = End(namespace: name + "r", host: "\(net).6", inner: "\(net).9")
        defer {
            // Cables are removed with their ends.
            for end in [left, right] { _ = try? run(["ip", "netns", "del", end.namespace]) }
        }
        for (end, test) in [(left, "\(net).1"), (right, "\(net).5")] {
            try run(["ip", "netns", "add", end.namespace])
            try run([
                "ip", "link", "add", "\(end.namespace)t", "type", "veth", "peer", "name", "test", "netns",
                end.namespace,
            ])
            try run(["ip", "address", "add", "\(test)/30", "dev", "\(end.namespace)t"])
            try run(["ip", "link", "set", "\(end.namespace)t", "up"])
            try run(end.wrapper + ["ip", "address", "add", "\(end.host)/30", "dev", "test"])
            for link in ["test", "lo"] { try run(end.wrapper + ["ip", "link", "set", link, "up"]) }
        }
        try run(
            left.wrapper + [
                "ip", "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", right.namespace,
            ])
        for end in [left, right] {
            try run(end.wrapper + ["ip", "address", "add", "\(end.inner)/30", "dev", "cable"])
            try run(end.wrapper + ["ip", "link", "set", "cable", "up"])
        }
        return try body(TestNetwork(left: left, right: right))
    }

    /// Lends a namespace that is joined to nothing, where every port is free: what starts a program in it.
    static func lendAlone<Result>(_ body: (_ wrapper: [String]) throws -> Result) throws -> Result {
        let name = "puf\(UInt16.random(in: 1000...65_000))a"
        try run(["ip", "netns", "add", name])
        defer { _ = try? run(["ip", "netns", "del", name]) }
        let wrapper = ["ip", "netns", "exec", name]
        try run(wrapper + ["ip", "link", "set", "lo", "up"])
        return try body(wrapper)
    }

    /// Cuts the cable: packets are lost silently.
    func cut() throws { try TestNetwork.run(right.wrapper + ["ip", "link", "set", "cable", "down"]) }

    func heal() throws { try TestNetwork.run(right.wrapper + ["ip", "link", "set", "cable", "up"]) }

    private static func run(_ command: [String]) throws {
        let (code, output) = try ChildProcess.run(command)
        guard code == 0 else { throw WireError(description: "\(command.joined(separator: " ")): \(output)") }
    }
}
