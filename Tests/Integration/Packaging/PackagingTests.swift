// What `make install` leaves, and what `make release` refuses.

import Foundation
import TestSupport
import Testing

struct PackagingTests {
    private func run(_ arguments: [String], destination: String = "") throws -> (exitCode: Int32, output: String) {
        try ChildProcess.run(["env", "DESTDIR=\(destination)"] + arguments, in: Project.root.path)
    }

    @Test("what is installed works, and all of it is removed again")
    func installation() throws {
        try withTemporaryFolder { folder in
            let programs = URL(fileURLWithPath: ChildProcess.program("puffin-cli")).deletingLastPathComponent().path
            let installed = try run(["deploy/package/install", "install", "/usr", programs], destination: folder)
            #expect(installed.exitCode == 0, "\(installed.output)")
            for name in ["puffin-server", "puffin-cli", "puffin-bench"] {
                #expect(try ChildProcess.run(["\(folder)/usr/bin/\(name)", "--version"]).output.hasPrefix("\(name) "))
                #expect(FileManager.default.fileExists(atPath: "\(folder)/usr/share/man/man1/\(name).1"))
                let completion = "\(folder)/usr/share/bash-completion/completions/\(name)"
                #expect(try ChildProcess.run(["bash", "-n", completion]).exitCode == 0)
                #expect(try ChildProcess.run(["grep", "-q", "help", completion]).exitCode == 0)
            }
            #expect(try run(["deploy/package/install", "uninstall", "/usr"], destination: folder).exitCode == 0)
            #expect(try ChildProcess.run(["find", folder, "-type", "f"]).output == "")
        }
    }

    @Test(
        "a release that contradicts its version is refused",
        arguments: [
            ("1.0", "expected a version such as VERSION=v1.0.0, found '1.0'"),
            ("v99.98.97", "CHANGELOG.md has no section '## 99.98.97'"),
        ])
    func release(version: String, message: String) throws {
        let refused = try run(["deploy/package/release", version])
        #expect(refused.exitCode == 1)
        #expect(refused.output.hasPrefix("release: \(message)"), "\(refused.output)")
    }
}
