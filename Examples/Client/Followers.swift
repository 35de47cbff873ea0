import PuffinClient

/// Changes go to the leader, reads to any server.
func readFromFollowers(_ leader: String, followers: [String]) async throws {
    let client = try Client(leader, followers: followers)

    try await client.set("motd", "Reads come from anywhere, and have this in them.")
    print(try await client.get("motd", as: String.self) ?? "nothing")

    try await client.delete("motd")
    print(try await client.exists("motd"))
    client.close()
}
