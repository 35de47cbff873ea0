// Whether the addresses are free, or whose they are.

/// One address that the server would listen on.
package struct PortReading: Sendable {
    /// `clients` or `HTTP`.
    package let purpose: String
    /// The setting's flag: `--port`.
    package let flag: String
    package let address: String
    /// Why it cannot be bound; nil if it can.
    package let problem: String?
    /// Whether another socket has it.
    package let isTaken: Bool
    /// The process whose socket has it, and that program's name; nil if the system does not say.
    package let owner: (process: Int, program: String?)?
    /// The process that uses the data set.
    package let holder: Int?

    package init(
        purpose: String, flag: String, address: String, problem: String?, isTaken: Bool,
        owner: (process: Int, program: String?)?, holder: Int?
    ) {
        (self.purpose, self.flag, self.address) = (purpose, flag, address)
        (self.problem, self.isTaken, self.owner, self.holder) = (problem, isTaken, owner, holder)
    }

    package var finding: Finding {
        guard let problem else { return Finding("port", ok: "\(address) for \(purpose) is free") }
        guard isTaken else {
            return Finding(
                "port", failure: "\(address) for \(purpose) cannot be listened on: \(problem)",
                advice: "listen on an address of this machine, and on a port that this user may use (\(flag))")
        }
        if let holder, owner == nil || owner?.process == holder {
            return Finding("port", ok: "\(address) for \(purpose) is in use, as the data set is, by process \(holder)")
        }
        let name = owner.map { "process \($0.process)" + ($0.program.map { " (\($0))" } ?? "") } ?? "another program"
        return Finding(
            "port", failure: "\(address) for \(purpose) is taken by \(name)",
            advice: "stop that program, or choose another port with \(flag)")
    }

    /// The inodes of the sockets that listen on a port, in the text of /proc/net/tcp or tcp6 (proc_net_tcp(5)).
    package static func listeners(on port: UInt16, in table: String) -> [UInt64] {
        table.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            // `0: 0100007F:1F90 00000000:0000 0A … inode …`; 0A is LISTEN.
            guard words.count > 9, words[3] == "0A", let digits = words[1].split(separator: ":").last,
                UInt16(digits, radix: 16) == port
            else { return nil }
            return UInt64(words[9])
        }
    }
}
