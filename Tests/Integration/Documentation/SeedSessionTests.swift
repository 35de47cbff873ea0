import Foundation
import TestSupport
import Testing

/// The sessions that the README shows.
struct SeedSessionTests {
    @Test("a session of lines gets the replies that the protocol promises")
    func lines() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let client = try server.connect()
            try client.expect(
                """
                SET greeting Hello, world!
                GET greeting
                DELETE greeting
                GET greeting
                DELETE greeting
                SET
                FROB x

                """,
                """
                OK
                Hello, world!
                OK
                ERROR: Key not found
                ERROR: Key not found
                ERROR: SET needs a key and a value: SET <key> <value>
                ERROR: Unknown command "FROB" (try HELP)

                """)
            #expect(server.stop() == 0)
        }
    }
}
