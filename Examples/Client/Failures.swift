import PuffinClient

/// A change that is wanted once, and what its errors say.
func countVisit(_ address: String) async throws {
    var options = Client.Options()
    options.requestTimeout = .seconds(2)
    let client = try Client(address, options: options)

    do throws(PuffinError) {
        try await client.set("visit:today", "1")
        print("counted")
    } catch .outcomeUnknown(let server, let cause) {
        print("perhaps counted: \(cause) at \(server)")
    } catch .readOnly(_, let leader?, _) {
        print("not counted; the leader is \(leader)")
    } catch {
        print("\(error.mayHaveRun ? "perhaps counted" : "not counted"): \(error)")
    }
    client.close()
}
