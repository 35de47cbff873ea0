import Program
import Testing

/// Swift's and the kernel's view of the command line, and which of them counts.
@Suite("A program's arguments")
struct ArgumentsTests {
    private func words(_ texts: String...) -> [[UInt8]] { texts.map { Array($0.utf8) } }

    @Test("the words of /proc/self/cmdline end with a zero, and may be empty")
    func split() {
        #expect(ProcessArguments.split(commandLine: Array("p\0--data\0\0x\0".utf8)) == words("p", "--data", "", "x"))
        #expect(ProcessArguments.split(commandLine: Array("p\0\0".utf8)) == words("p", ""))
        #expect(ProcessArguments.split(commandLine: Array("p".utf8)) == words("p"))
        #expect(ProcessArguments.split(commandLine: []).isEmpty)
        #expect(ProcessArguments.split(commandLine: [0x70, 0, 0xff, 0]) == [[0x70], [0xff]])
    }

    @Test("if Swift finds no arguments, the kernel's count")
    func lost() throws {
        let told = words("puffin-server", "--port", "0")
        #expect(try ProcessArguments.find(found: [], told: told) == told)
        #expect(try ProcessArguments.find(found: told, told: told) == told)
        // Without /proc there is one view.
        #expect(try ProcessArguments.find(found: told, told: nil) == told)
        // A program that was started without any, not even a name.
        #expect(try ProcessArguments.find(found: [], told: []).isEmpty)
        // An emulator stands in front.
        #expect(try ProcessArguments.find(found: told, told: words("emulator") + told) == told)
    }

    @Test("unknown or contradictory arguments are an error that says what to do")
    func unknown() {
        let told = words("puffin-server", "--port", "0")
        for (found, told) in [([], nil), (words("puffin-server"), told), (words("x", "y", "z"), told)]
            as [([[UInt8]], [[UInt8]]?)]
        {
            let error = #expect(throws: ArgumentError.self) { try ProcessArguments.find(found: found, told: told) }
            #expect(error?.description.contains("LD_PRELOAD") == true)
        }
    }
}
