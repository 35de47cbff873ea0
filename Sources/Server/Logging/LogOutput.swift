// The output of the server's log. All loggers share it, so a reload changes them all.

import Logging
import Reactor
import Synchronization

/// Writes events as lines to standard error. Safe from any thread; never waits for the reader.
package final class LogOutput: Sendable {
    private struct State {
        var format: LogOutputFormat
        var limiter = LogRateLimiter()
        /// Lines lost since the last one that was written.
        var lost = 0
        /// Lines lost since the start.
        var allLost = 0

        mutating func countLost() {
            lost += 1
            allLost += 1
        }
        /// Whether the last line was written only partly.
        var isCut = false
    }

    private let leastLevel: Atomic<Int>
    private let state: Mutex<State>
    private let write: @Sendable ([UInt8]) -> Int
    private let clock: @Sendable () -> Int

    /// - Parameters:
    ///   - write: takes bytes without waiting, and returns how many it took.
    ///   - clock: milliseconds of the monotonic clock.
    package init(
        level: Logger.Level, format: LogOutputFormat,
        write: @escaping @Sendable ([UInt8]) -> Int = { StandardError.write($0) },
        clock: @escaping @Sendable () -> Int = { MonotonicClock.milliseconds }
    ) {
        leastLevel = Atomic(LogOutput.levels.firstIndex(of: level) ?? 0)
        state = Mutex(State(format: format))
        self.write = write
        self.clock = clock
    }

    private static let levels = Logger.Level.allCases

    /// The minimum level to log.
    package var level: Logger.Level {
        get { LogOutput.levels[leastLevel.load(ordering: .relaxed)] }
        set { leastLevel.store(LogOutput.levels.firstIndex(of: newValue) ?? 0, ordering: .relaxed) }
    }

    package var format: LogOutputFormat {
        get { state.withLock { $0.format } }
        set { state.withLock { $0.format = newValue } }
    }

    /// Lines lost since the start, because standard error could not be written.
    package var lostLineCount: Int { state.withLock { $0.allLost } }

    /// A logger with this output.
    package func logger() -> Logger { Logger(label: "puffin") { [self] _ in LineLogHandler(self) } }

    /// Logs the summaries of repeated messages. Call it each second.
    /// - Parameter all: whether to include unfinished intervals, because the server ends.
    package func sumUp(all: Bool = false) {
        let now = clock()
        state.withLock { sumUp(&$0, at: now, all: all) }
    }

    private func sumUp(_ state: inout State, at now: Int, all: Bool) {
        for summary in state.limiter.takeSummaries(at: now, all: all) {
            let message = summary.isOfPlace ? summary.message + ", and others like it" : summary.message
            emit(EventLine(level: summary.level, message: message, fields: [], repeated: summary.count), &state)
        }
    }

    /// Logs an event, unless it is throttled.
    fileprivate func take(_ event: LogEvent, _ metadata: Logger.Metadata) {
        let now = clock()
        let (message, level) = ("\(event.message)", event.level.rawValue)
        state.withLock { state in
            sumUp(&state, at: now, all: false)
            let fields = metadata.sorted { $0.key < $1.key }.map { (name: $0.key, value: "\($0.value)") }
            // Debug output is never throttled, and neither are critical messages, which may be a server's last.
            let isLimited = event.level >= .info && event.level < .critical
            let shown = fields.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
            if isLimited,
                !state.limiter.admits(
                    message, fields: shown, level: level, file: event.file, line: event.line, at: now)
            {
                return
            }
            emit(EventLine(level: level, message: message, fields: fields), &state)
        }
    }

    /// Writes a line, after a note of how many lines were lost before it.
    private func emit(_ line: EventLine, _ state: inout State) {
        if state.lost > 0 {
            let lost = "\(state.lost) lines of the log are missing here: standard error could not be written"
            guard put(EventLine(level: "warning", message: lost, fields: []), &state) else {
                state.countLost()
                return
            }
            state.lost = 0
        }
        if !put(line, &state) { state.countLost() }
    }

    private func put(_ line: EventLine, _ state: inout State) -> Bool {
        let bytes = (state.isCut ? [UInt8(ascii: "\n")] : []) + line.bytes(state.format, at: WallClock.milliseconds)
        let count = write(bytes)
        if count > 0 { state.isCut = count < bytes.count }
        return count == bytes.count
    }
}

/// The handler for swift-log. All handlers share the level of their output.
package struct LineLogHandler: LogHandler {
    private let output: LogOutput
    package var metadata: Logger.Metadata = [:]

    init(_ output: LogOutput) { self.output = output }

    package var logLevel: Logger.Level {
        get { output.level }
        set { output.level = newValue }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        output.take(event, metadata.merging(event.metadata ?? [:]) { _, new in new })
    }
}
