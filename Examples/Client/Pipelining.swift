import PuffinClient

/// Many requests at once: by tasks of their own, and as a batch.
func pipeline(_ address: String) async throws {
    let client = try Client(address)

    try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 1...1000 {
            group.addTask { try await client.set("item:\(number)", number) }
        }
        try await group.waitForAll()
    }

    let results = try await client.pipeline { batch in
        batch.get("item:1")
        batch.delete("item:1")
        batch.exists("item:1")
    }
    for result in results { print(try result.get().string ?? "nothing") }

    var keys: [[UInt8]] = []
    for try await key in client.scan(matching: "item:*") { keys.append(key) }
    print(try await client.deleteAll(keys))
    client.close()
}
