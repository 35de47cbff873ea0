// Who a tool is to a server.

/// A user's name and password.
package struct LoginCredentials: Sendable, CustomStringConvertible {
    package let user: String
    package let password: [UInt8]

    package init(user: String, password: [UInt8]) {
        self.user = user
        self.password = password
    }

    /// The user's name alone: the password is shown nowhere.
    package var description: String { user }

    /// The request that logs in.
    package var request: [[UInt8]] { [Array("AUTH".utf8), Array(user.utf8), password] }
}
