import Foundation
import TestSupport

/// A server whose clients must log in, with files for its secrets.
struct SecuredServer {
    static let password = "correct horse"
    static let secret = "a secret of these servers"

    let server: ServerProcess
    let folder: String

    /// - Parameters:
    ///   - name: the data file's.
    ///   - secrets: the lines of replication.secret; none for no such setting.
    init(
        in folder: String, _ name: String = "puffin.json", _ options: [String] = [], secrets: [String] = [],
        password: String? = SecuredServer.password
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
        server = try ServerProcess(data: folder + "/" + name, options, wrapper: wrapper)
    }

    /// A connection that has logged in.
    func connect() throws -> WireConnection {
        let connection = try server.connect()
        try connection.expect("AUTH default \"\(SecuredServer.password)\"\n", "OK\n")
        return connection
    }
}
