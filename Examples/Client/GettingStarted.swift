import PuffinClient

/// Values as texts, numbers and bytes; keys one at a time.
func getStarted(_ address: String) async throws {
    let client = try Client(address)

    try await client.set("greeting", "Hello, Puffin!")
    let greeting = try await client.get("greeting", as: String.self)
    print(greeting ?? "nothing")

    try await client.set("answer", 42)
    let answer = try await client.get("answer", as: Int.self) ?? 0
    print(answer + 1)

    let picture: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
    try await client.set("picture", picture)
    print(try await client.get("picture") == picture)

    try await client.setAll([(key: "user:1", value: "Ada"), (key: "user:2", value: "Grace")])
    for try await key in client.scan(matching: "user:*") {
        print(String(decoding: key, as: UTF8.self))
    }
    print(try await client.deleteAll(["greeting", "answer", "picture", "user:1", "user:2"]))
    client.close()
}
