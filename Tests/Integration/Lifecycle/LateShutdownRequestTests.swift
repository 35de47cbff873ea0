import Foundation
import Logging
import Server
import SystemPackage
import TestSupport
import Testing

/// A shutdown request after the server is gone: its holder cannot know.
@Suite("Late shutdown requests")
struct LateShutdownRequestTests {
    @Test("a shutdown request made after the server has gone writes into no other file")
    func afterTheEnd() throws {
        try withTemporaryFolder { folder in
            let request = try serve(data: folder + "/puffin.json")
            // They get the lowest free numbers, and so those of the server's descriptors.
            let files = try (0..<200).map { index in
                try FileDescriptor.open(
                    FilePath(folder + "/\(index)"), .readWrite, options: [.create, .closeOnExec],
                    permissions: .ownerReadWrite)
            }
            defer { for file in files { try? file.close() } }
            request.make()
            for file in files { #expect(try file.seek(offset: 0, from: .end) == 0) }
        }
    }

    /// Runs a server to its end, and releases it.
    /// - Returns: the request that could have stopped it.
    private func serve(data: String) throws -> ShutdownRequest {
        var configuration = Configuration()
        configuration.port = 0
        configuration.data = FilePath(data)
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let server = try Server(configuration, log: log)
        server.shutdownRequest.make()
        #expect(server.run() == nil)
        return server.shutdownRequest
    }
}
