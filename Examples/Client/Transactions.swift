import PuffinClient

/// Several changes as one, and changes that depend on the value that is there.
func changeTogether(_ address: String) async throws {
    let client = try Client(address)

    try await client.setAll(["stock:42": 10, "sold:42": 0])
    let results = try await client.transaction { batch in
        batch.decrement("stock:42", by: 3)
        batch.increment("sold:42", by: 3)
    }
    let numbers = try results.map { try $0.get().integer ?? 0 }
    print("moved: \(numbers[0]) left, \(numbers[1]) sold")

    for item in ["tea", "milk"] {
        try await client.update("cart:1") { cart in (cart ?? []) + Array("\(item);".utf8) }
    }
    print(try await client.get("cart:1", as: String.self) ?? "nothing")

    let token = "\(UInt64.random(in: .min ... .max))"
    if try await client.set("lock:42", token, if: .absent) {
        print("locked")
        try await client.delete("lock:42", if: .equals(token))
    }
    print(try await client.exists("lock:42") ? "still locked" : "free")

    try await client.deleteAll(["stock:42", "sold:42", "cart:1"])
    client.close()
}
