import Foundation
import Logging
import Server
import Synchronization
import Testing

/// The lines written, and a clock that the test advances.
private final class Paper: Sendable {
    let bytes = Mutex<[UInt8]>([])
    /// How many more bytes are accepted.
    let room = Mutex(Int.max)
    let time = Mutex(0)

    func output(_ format: LogOutputFormat, level: Logger.Level = .info) -> LogOutput {
        LogOutput(
            level: level, format: format,
            write: { [self] bytes in
                let count = room.withLock { room in
                    let count = min(room, bytes.count)
                    room -= count
                    return count
                }
                self.bytes.withLock { $0 += bytes.prefix(count) }
                return count
            }, clock: { [self] in time.withLock { $0 } })
    }

    var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
    var lines: [String] { text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init) }
}

@Suite("The server's log")
struct LogOutputTests {
    private let paper = Paper()

    private func object(_ line: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    @Test("text: time, level, message, then the fields by name")
    func text() {
        let log = paper.output(.text).logger()
        log.warning(
            "Client dropped", metadata: ["limit": "64", "address": "127.0.0.1:1", "why": "too slow", "empty": ""])
        #expect(
            paper.text.wholeMatch(
                of:
                    #/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d WARNING Client dropped address=127\.0\.0\.1:1 empty="" limit=64 why="too slow"\n/#
            ) != nil, "\(paper.text)")
    }

    @Test("JSON: ts, level, message, then the fields by name, in this order")
    func json() throws {
        var log = paper.output(.json).logger()
        log[metadataKey: "server"] = "a"
        log.error("Failed", metadata: ["level": "mine", "b": "1"])
        #expect(
            paper.text.wholeMatch(
                of:
                    #/{"ts":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","level":"error","message":"Failed","b":"1","level_":"mine","server":"a"}\n/#
            ) != nil, "\(paper.text)")
        #expect(try object(paper.lines[0]).count == 6)
    }

    @Test(
        "whatever is in a message or a field, it is one line, and JSON has it unchanged",
        arguments: LogOutputFormat.allCases)
    func everyCharacter(format: LogOutputFormat) throws {
        let log = paper.output(format, level: .trace).logger()
        let scalars = (UInt32(0)...0x17f).compactMap(Unicode.Scalar.init) + ["\u{2028}", "\u{202e}", "🐧"]
        for scalar in scalars {
            log.debug("a\(scalar)b", metadata: ["k\(scalar)": "\(scalar)"])
            // As it comes from bytes that are not UTF-8.
            log.debug("\(String(decoding: [UInt8(truncatingIfNeeded: scalar.value), 0xff], as: UTF8.self))")
        }
        #expect(paper.lines.count == 2 * scalars.count)
        for (index, scalar) in scalars.enumerated() {
            let line = paper.lines[2 * index]
            if format == .json {
                let object = try object(line)
                #expect(object["message"] as? String == "a\(scalar)b")
                #expect(object["k\(scalar)"] as? String == "\(scalar)")
            } else {
                #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) })
                #expect(!line.unicodeScalars.contains("\u{202e}"))
            }
        }
    }

    @Test("levels: what is less important than the output's is not said, and a change changes every logger")
    func levels() {
        let output = paper.output(.text, level: .warning)
        let loggers = [output.logger(), output.logger()]
        for level in Logger.Level.allCases { loggers[0].log(level: level, "\(level)") }
        #expect(paper.lines.map { String($0.split(separator: " ")[2]) } == ["WARNING", "ERROR", "CRITICAL"])
        output.level = .trace
        output.format = .json
        loggers[1].trace("x")
        #expect(paper.lines.last?.contains("\"level\":\"trace\",\"message\":\"x\"") == true)
    }

    @Test("repeats are said five times, then counted and summed up, in text")
    func repeats() {
        let output = paper.output(.text)
        let log = output.logger()
        for _ in 0..<100 { log.warning("full") }
        #expect(paper.lines.count == 5)
        paper.time.withLock { $0 = 9_999 }
        output.sumUp()
        #expect(paper.lines.count == 5)
        paper.time.withLock { $0 = 10_000 }
        output.sumUp()
        #expect(paper.lines.count == 6)
        #expect(paper.lines[5].hasSuffix(" WARNING full (95 times more in the last 10 s)"), "\(paper.text)")
    }

    @Test("and in JSON, also when only another message comes, or at the end")
    func repeatsInJSON() throws {
        let output = paper.output(.json)
        let log = output.logger()
        for _ in 0..<10 { log.error("full") }
        paper.time.withLock { $0 = 20_000 }
        log.info("other")
        var object = try object(paper.lines[5])
        #expect(object["message"] as? String == "full" && object["repeated"] as? Int == 5)
        #expect(object["level"] as? String == "error")
        #expect(paper.lines[6].contains("other"))
        for number in 0..<60 { log.notice("number \(number)") }
        output.sumUp(all: true)
        object = try self.object(paper.lines[paper.lines.count - 1])
        #expect(object["message"] as? String == "number 59, and others like it" && object["repeated"] as? Int == 10)
    }

    @Test("what is critical, and what whoever debugs has asked for, is said each time")
    func unlimited() {
        let log = paper.output(.text, level: .trace).logger()
        for _ in 0..<20 {
            log.critical("c")
            log.debug("d")
        }
        #expect(paper.lines.count == 40)
    }

    @Test("lines that cannot be written are counted, and a line that was cut ends before the next")
    func failing() throws {
        let output = paper.output(.json)
        let log = output.logger()
        log.info("first")
        paper.room.withLock { $0 = 10 }
        log.info("second")
        log.info("third")
        paper.room.withLock { $0 = .max }
        log.info("fourth")
        let lines = paper.lines
        #expect(lines.count == 4)
        #expect(lines[1].count == 10)
        #expect(
            try object(lines[2])["message"] as? String
                == "2 lines of the log are missing here: standard error could not be written")
        #expect(try object(lines[3])["message"] as? String == "fourth")
        #expect(output.lostLineCount == 2)
    }
}
