// The fuzzer's program: libFuzzer brings the loop, the checks say what has to hold. Built and run by `make fuzz`.
//
//     puffin-fuzz [libFuzzer's options] <corpus>... -ignore_remaining_args=1 <check>
//
// `unsafe`: libFuzzer lends `count` bytes from `bytes` on for the length of one call; they are copied.

import FuzzChecks
import Glibc

/// libFuzzer's own loop, under its C name. SwiftPM does not leave `main` to a library.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ argumentCount: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ check: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

private enum Chosen {
    static let check = FuzzCheck(rawValue: CommandLine.arguments.last ?? "")
}

guard Chosen.check != nil else {
    print("The last argument names a check: \(FuzzCheck.allCases.map(\.rawValue).joined(separator: ", "))")
    exit(2)
}
var count = CommandLine.argc
var arguments = unsafe CommandLine.unsafeArgv
let result = unsafe runDriver(&count, &arguments) { bytes, count in
    do {
        try Chosen.check?.run(unsafe Array(UnsafeBufferPointer(start: bytes, count: count)))
    } catch {
        fatalError("broken property: \(error)")
    }
    return 0
}
exit(result)
