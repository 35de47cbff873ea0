import Foundation
import TestSupport
import Testing

/// puffin-cli, as scripts use it.
struct CommandLineTests {
    private func run(_ arguments: [String]) throws -> (exitCode: Int32, output: String) {
        try ChildProcess.run([ChildProcess.program("puffin-cli")] + arguments)
    }

    @Test("set, get and delete print what a script needs, and end with 0")
    func commands() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let address = "127.0.0.1:\(server.port)"
            for option in [["-addr", address], ["--addr", address], ["--addr=\(address)"]] {
                #expect(try run(option + ["set", "greeting", "Hello, world!"]) == (0, "OK\n"))
                #expect(try run(option + ["get", "greeting"]) == (0, "Hello, world!\n"))
                #expect(try run(["get", "greeting"] + option) == (0, "Hello, world!\n"))
                #expect(try run(option + ["delete", "greeting"]) == (0, "OK\n"))
            }
            let option = ["-addr", address]
            #expect(try run(option + ["set", "temperature", "--", "-5"]) == (0, "OK\n"))
            #expect(try run(option + ["get", "temperature"]) == (0, "-5\n"))
            #expect(try run(option + ["set", "two words", "two\nlines"]) == (0, "OK\n"))
            #expect(try server.connect().ask("GET \"two words\"") == "\"two\\nlines\"")
            #expect(try run(option + ["get", "two words"]) == (0, "two\nlines\n"))
            #expect(try run(option + ["set", "empty", ""]) == (0, "OK\n"))
            #expect(try run(option + ["get", "empty"]) == (0, "\n"))
        }
    }

    @Test("missing keys and refused requests are errors of exit code 1")
    func refused() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let option = ["-addr", "127.0.0.1:\(server.port)"]
            #expect(try run(option + ["get", "missing"]) == (1, "ERROR: Key not found\n"))
            #expect(try run(option + ["delete", "missing"]) == (1, "ERROR: Key not found\n"))
            let long = String(repeating: "k", count: 65_537)
            #expect(
                try run(option + ["get", long]) == (1, "ERROR: Key too long: 65537 bytes, the limit is 65536\n"))
        }
    }

    @Test("if no server answers the exit code is 2, and the message says what to do")
    func cannotConnect() throws {
        let address = "127.0.0.1:\(freePort())"
        let get = try run(["-addr", address, "get", "key"])
        #expect(get.exitCode == 2)
        #expect(get.output.hasPrefix("puffin-cli: cannot connect to \(address): "))
        #expect(get.output.contains("start puffin-server there, or name another server with --addr host:port"))
    }

    @Test(
        "wrong usage ends with 2",
        arguments: [["set", "key"], ["get"], ["get", "a", "b"], ["-addr", "127.0.0.1:x", "get", "key"]])
    func usage(arguments: [String]) throws {
        let found = try run(arguments)
        #expect(found.exitCode == 2)
        #expect(
            found.output.hasPrefix("puffin-cli: ") && found.output.split(separator: "\n").count == 1, "\(found.output)")
    }
}
