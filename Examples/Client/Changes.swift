import PuffinClient

/// Follows the changes of some keys, and writes down how far it is.
func followChanges(_ address: String) async throws {
    let client = try Client(address)
    try await client.set("user:1", "Ada")
    try await client.delete("user:1")

    var names: [[UInt8]: [UInt8]] = [:]
    var token = "0"
    for try await change in client.changes(prefix: "user:", from: token) {
        switch change.effect {
        case .set(let name, _): names[change.key] = name
        case .delete, .expired: names[change.key] = nil
        case .clear: names = [:]
        case .expires, .caughtUp: break
        }
        token = change.token
        print(change.effect == .caughtUp ? "up to date: \(names.count) names" : "\(names.count) names")
        if change.effect == .caughtUp { break }
    }

    try await client.set("settings:mode", "fast")
    for try await settings in client.mirror(prefix: "settings:") {
        print("\(settings.count) settings")
        break
    }
    client.close()
}
