// Texts as the bytes that a connection carries.

extension String {
    var bytes: [UInt8] { Array(utf8) }
}
