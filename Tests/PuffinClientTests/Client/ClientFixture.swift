// Common parts of the client's tests: a client and a fake server that end together, and expected errors.

import PuffinClient
import TestSupport
import Testing

/// Lends a fake server and a client of it, on a thread that no other test's clients share.
func withClient(
    _ options: Client.Options = options { _ in }, rule: @escaping FakeServer.Rule = { _ in nil },
    _ body: (FakeServer, Client) async throws -> Void
) async throws {
    let server = try FakeServer(rule: rule)
    defer { server.stop() }
    let client = Client(server.address, options: options, runtime: Runtime())
    defer { client.close() }
    try await body(server, client)
}

/// Options, changed a little. Requests have no time limit: other tests may keep the one that has to answer from running for minutes.
func options(_ change: (inout Client.Options) -> Void) -> Client.Options {
    var options = Client.Options()
    options.requestTimeout = nil
    change(&options)
    return options
}

/// Expects a request to fail.
func expect<Value>(
    _ expected: PuffinError, location: SourceLocation = #_sourceLocation, _ body: () async throws -> Value
) async {
    let error = await failure(of: body)
    #expect(error == expected, sourceLocation: location)
}

/// Begins a request that is expected to fail.
/// - Returns: a task with its error; nil if there is none.
func attempt<Value>(_ body: @escaping @Sendable () async throws -> Value) -> Task<PuffinError?, Never> {
    Task { await failure(of: body) }
}

private func failure<Value>(of body: () async throws -> Value) async -> PuffinError? {
    do {
        _ = try await body()
        return nil
    } catch {
        guard let error = error as? PuffinError else {
            Issue.record("\(error)")
            return nil
        }
        return error
    }
}

/// Waits until a condition holds, which it soon will.
func wait(until isSo: () -> Bool, location: SourceLocation = #_sourceLocation) async throws {
    for _ in 0..<3000 {
        if isSo() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("it never came to be", sourceLocation: location)
}
