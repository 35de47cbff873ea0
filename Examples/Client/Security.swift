import PuffinClient

/// Logs in over TLS.
func greetSecurely(_ address: String, authorities: String, password: String) async throws {
    var options = Client.Options()
    options.credentials = Credentials(user: "default", password: password)
    options.security = ClientSecurity(trust: .authorities(file: authorities))
    let client = try Client(address, options: options)
    print(try await client.get("greeting", as: String.self) ?? "nothing")
    client.close()
}
