// A server whose clients must log in.

import Foundation

/// A server whose clients must log in, with files for its secrets.
package struct SecuredServer {
    package static let password = "correct horse"
    package static let secret = "a secret of these servers"

    package let server: ServerProcess
    package let folder: String

    /// - Parameters:
    ///   - name: the data file's.
    ///   - secrets: the lines of replication.secret; none for no such setting.
    ///   - environment: further variables: `NAME=value`.
    package init(
        in folder: String, _ name: String = "puffin.json", _ options: [String] = [], secrets: [String] = [],
        password: String? = SecuredServer.password, environment: [String] = []
    ) throws {
        self.folder = folder
        var wrapper = ["/usr/bin/env"]
        if let password {
            try password.write(toFile: folder + "/password", atomically: true, encoding: .utf8)
            wrapper.append("PUFFIN_AUTH_PASSWORD_FILE=\(folder)/password")
        }
        if !secrets.isEmpty {
            let path = "\(folder)/\(name).secret"
            try secrets.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
            wrapper.append("PUFFIN_REPLICATION_SECRET_FILE=\(path)")
        }
        server = try ServerProcess(data: folder + "/" + name, options, wrapper: wrapper + environment)
    }

    /// A connection that has logged in.
    package func connect() throws -> WireConnection {
        let connection = try server.connect()
        try connection.expect("AUTH default \"\(SecuredServer.password)\"\n", "OK\n")
        return connection
    }
}
