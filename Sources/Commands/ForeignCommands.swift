// Commands of Redis that Puffin does not have, as far as a client has to know them: another server may have them. A row in the
// catalog takes the place of an entry here.

import Bytes

extension Catalog {
    /// What is known of a command of Redis that is not in the catalog.
    package static func foreignTraits(_ name: Span<UInt8>) -> Traits? {
        foreignNames.index(of: name).map { foreign[$0].traits }
    }

    static let foreign: [(name: String, traits: Traits)] =
        ["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"].map { ($0, .data) }
        + [
            "READONLY", "READWRITE", "ASKING", "MULTI", "EXEC", "DISCARD", "WATCH", "UNWATCH",
        ].map { ($0, .connection) }
        + ["SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "MONITOR", "SYNC", "PSYNC"].map { ($0, .takesConnection) }

    private static let foreignNames = CommandNames(foreign.map(\.name))
}
