// The login and the TLS of a program's connections, as one group of options.

import ArgumentParser
import BlockingClient

/// Why options, or the variables in their place, make no sense together or name files that cannot be used.
package struct ConnectionOptionError: Error, Equatable, CustomStringConvertible, Sendable {
    /// One line: what is wrong, and what to do.
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// Who a program is to a server, and how it gets TLS.
package struct AccessOptions: ParsableArguments {
    @OptionGroup package var login: LoginOptions
    @OptionGroup package var security: SecurityOptions

    package init() {}

    /// The login and the TLS. Asks for a password at the terminal if a user is named without one.
    package func access() throws(ConnectionOptionError) -> ServerAccess {
        ServerAccess(user: try login.credentials(), security: try security.security())
    }
}
