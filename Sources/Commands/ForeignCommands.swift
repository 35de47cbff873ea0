// The traits of Redis commands that Puffin lacks. The client library may be connected to a server that has them. A row
// of the catalog overrides an entry here.

import Bytes

extension Catalog {
    /// The traits of a Redis command that is not in the catalog.
    package static func foreignTraits(_ name: Span<UInt8>) -> Traits? {
        foreignNames.index(of: name).map { foreign[$0].traits }
    }

    static let foreign: [(name: String, traits: Traits)] =
        ["READONLY", "READWRITE", "ASKING"].map { ($0, .connection) }
        + ["SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "MONITOR", "SYNC", "PSYNC"].map { ($0, .takesConnection) }

    private static let foreignNames = CommandNames(foreign.map(\.name))
}
