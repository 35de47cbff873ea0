// The memory limit: a given one, or a share of the machine's or control group's memory.

import Bytes

/// How much memory the server may use, and why so much.
package struct MemoryLimit: Equatable, Sendable {
    /// In bytes; nil if there is no limit.
    package let size: Int?
    /// Where it comes from, for people.
    let reason: String
    /// Why it will not do what it is there for, for people.
    package let warning: String?

    /// - Parameters:
    ///   - wanted: what the options say, in bytes; 0 for no limit, nil for a share of what there is.
    ///   - memory: what there is, nil where the system does not say.
    package init(wanted: Int?, memory: MachineMemory?) {
        let owner = memory?.owner == .controlGroup ? "its control group's" : "the machine's"
        switch (wanted, memory) {
        case (0?, _):
            (size, reason, warning) = (nil, "--max-memory 0", nil)
        case (let wanted?, let memory):
            (size, reason) = (wanted, "--max-memory")
            warning = memory.flatMap { memory in
                guard wanted > memory.size else { return nil }
                return "The memory limit of \(ByteSize(wanted)) is more than \(owner) \(ByteSize(memory.size)): "
                    + "the system may kill the server before it is reached"
            }
        case (nil, let memory?):
            // The rest is for the system, its page cache among it, and for what is in use for moments only.
            (size, reason) = (memory.size / 4 * 3, "three quarters of \(owner) \(ByteSize(memory.size))")
            warning = nil
        case (nil, nil):
            (size, reason) = (nil, "the system does not say how much memory there is")
            warning = "No memory limit: \(reason); set one with --max-memory"
        }
    }

    /// `memory limit 18.0 GiB (three quarters of the machine's 24.0 GiB)`
    package var description: String {
        size.map { "memory limit \(ByteSize($0)) (\(reason))" } ?? "no memory limit (\(reason))"
    }
}
