// The memory limit: a given one, or a share of the machine's or control group's memory.

import Bytes

/// The memory that the server may use, and the reason.
package struct MemoryLimit: Equatable, Sendable {
    /// In bytes; nil if there is no limit.
    package let size: Int?
    /// The source of the limit, for people.
    let reason: String
    /// Why the limit cannot work as intended, for people.
    package let warning: String?

    /// - Parameters:
    ///   - wanted: the configured limit, in bytes; 0 for none, nil for a share of the available memory.
    ///   - memory: the available memory; nil if the system does not report it.
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
            // The rest is for the system, its page cache included, and for short-lived allocations.
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
