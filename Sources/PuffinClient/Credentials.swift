// Who a client is.

/// A user's name and password, with which each connection logs in.
public struct Credentials: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The user's name.
    public var user: String
    /// The password, or a token. Shown nowhere.
    public var password: String

    /// Credentials; without a name those of the user `default`, whose password is the server's setting `auth.password`.
    public init(user: String = "default", password: String) {
        self.user = user
        self.password = password
    }

    /// The user's name alone.
    public var description: String { user }
    /// The user's name alone.
    public var debugDescription: String { user }

    /// The request with which a connection begins.
    var request: [[UInt8]] { [Array("AUTH".utf8), Array(user.utf8), Array(password.utf8)] }
}
