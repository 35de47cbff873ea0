// From requests in words to typed results.

/// A request: each word as bytes.
func words(_ words: any ByteConvertible...) -> [[UInt8]] { words.map { $0.puffinBytes } }

extension Client {
    /// Sends a request whose only reply is `OK`.
    func expectOK(_ request: [[UInt8]]) async throws(PuffinError) {
        let reply = try await execute(request)
        guard reply == .status("OK") else { throw .unexpected(reply, to: request) }
    }

    /// Sends a request that is answered with `OK`, or with null because its condition is not met.
    func isOK(_ request: [[UInt8]]) async throws(PuffinError) -> Bool {
        switch try await execute(request) {
        case .status("OK"): return true
        case .null: return false
        case let reply: throw .unexpected(reply, to: request)
        }
    }

    /// Sends a request that is answered with a number.
    func integer(_ request: [[UInt8]]) async throws(PuffinError) -> Int {
        let reply = try await execute(request)
        guard case .integer(let number) = reply else { throw .unexpected(reply, to: request) }
        return number
    }

    /// Sends a request that is answered with 1 for yes, or 0.
    func flag(_ request: [[UInt8]]) async throws(PuffinError) -> Bool { try await integer(request) > 0 }

    /// Sends a request that is answered with bytes, or null.
    func value(_ request: [[UInt8]]) async throws(PuffinError) -> [UInt8]? {
        switch try await execute(request) {
        case .bytes(let value): return value
        case .null: return nil
        case let reply: throw .unexpected(reply, to: request)
        }
    }

    /// Sends a request that is answered with bytes.
    func bytes(_ request: [[UInt8]]) async throws(PuffinError) -> [UInt8] {
        let reply = try await execute(request)
        guard case .bytes(let value) = reply else { throw .unexpected(reply, to: request) }
        return value
    }

    /// Sends a request that is answered with a list of keys.
    func list(_ request: [[UInt8]]) async throws(PuffinError) -> [[UInt8]] {
        let reply = try await execute(request)
        guard let keys = Client.byteList(reply) else { throw .unexpected(reply, to: request) }
        return keys
    }

    static func byteList(_ reply: RESPValue) -> [[UInt8]]? {
        guard let elements = reply.elements else { return nil }
        let bytes = elements.compactMap { $0.bytes }
        return bytes.count == elements.count ? bytes : nil
    }
}

extension PuffinError {
    static func unexpected(_ reply: RESPValue, to request: [[UInt8]]) -> PuffinError {
        .unexpectedReply(to: CommandKind.name(request[0]), reply)
    }
}
