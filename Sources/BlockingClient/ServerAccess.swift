// What a tool needs beside a server's address.

/// Who a tool is to a server, and how it gets TLS.
package struct ServerAccess: Sendable {
    /// Who logs in; nil for nobody.
    package let user: LoginCredentials?
    /// nil for plain connections.
    package let security: BlockingSecurity?

    package init(user: LoginCredentials? = nil, security: BlockingSecurity? = nil) {
        self.user = user
        self.security = security
    }
}
