// One run: starts threads together, and waits for them.

import Bytes
import Dispatch
import Reactor

/// Runs a load against one server.
package struct LoadRun {
    private let target: Target
    private let workload: Workload
    private let settings: LoadSettings
    private let space: KeySpace

    /// - Parameter space: the existing keys; runs against the same data share it.
    package init(_ target: Target, _ workload: Workload, _ settings: LoadSettings, _ space: KeySpace) {
        self.target = target
        var workload = workload
        workload.readsRanges = target.identity.rangeRefusal == nil
        self.workload = workload
        self.settings = settings
        self.space = space
    }

    /// A run that sets every key once. It is not measured.
    package static func filling(
        _ target: Target, _ workload: Workload, _ settings: LoadSettings, _ space: KeySpace
    ) -> LoadRun {
        var (fillWorkload, fillSettings) = (workload, settings)
        fillWorkload.mix = OperationMix([.set: 1])
        fillWorkload.distribution = .sequential
        fillSettings.pipeline = 64
        fillSettings.rate = nil
        fillSettings.reconnect = nil
        fillSettings.warmup = TimeSpan(seconds: 0)
        fillSettings.limit = .requests(workload.keyCount)
        return LoadRun(target, fillWorkload, fillSettings, space)
    }

    /// Runs to the end, or until the user interrupts it.
    /// - Parameter tick: called occasionally during the run.
    /// - Throws: `LoadError` if the run could not begin.
    package func run(_ tick: ((LiveState) -> Void)? = nil) throws(LoadError) -> RunResult {
        do throws(ReactorError) {
            return try run(on: EventLoop(), tick)
        } catch {
            throw LoadError(description: "cannot \(error.operation): \(error.reason)")
        }
    }

    private func run(on loop: EventLoop, _ tick: ((LiveState) -> Void)?) throws(ReactorError) -> RunResult {
        _ = Descriptors.raiseLimit(to: settings.clients + 64)
        let wakeup = try Wakeup(loop)
        let progress = LoadProgress(bell: wakeup.bell)
        var isInterrupted = false
        let signals = Signal.stopping.map { number in
            Signal(loop, number: number) {
                isInterrupted = true
                progress.stop()
            }
        }
        let timer = Timer(loop, every: 100) {}
        let plans = makePlans()
        for plan in plans { start(plan, progress) }
        var server = ServerWatch(target.identity.process)
        var times: RunTimes?
        while progress.finishedCount < plans.count {
            loop.turn(waiting: true)
            let now = MonotonicClock.nanoseconds
            if times == nil && progress.readyCount == plans.count {
                let beginning = RunTimes(start: now, settings)
                times = beginning
                progress.begin(at: now)
                server.begin(beginning)
            }
            server.sample(at: now, isOver: progress.isStopping)
            if let times, let tick {
                tick(progress.withTimeline { LiveState(now: now, times: times, settings: settings, $0) })
            }
        }
        withExtendedLifetime((signals, timer)) {}
        server.end()
        return RunResult(
            progress, settings: settings, started: times != nil, isInterrupted: isInterrupted,
            server: server.use)
    }

    private func start(_ plan: WorkerPlan, _ progress: LoadProgress) {
        DispatchQueue(label: "load \(plan.thread)").async {
            do throws(ReactorError) {
                progress.finish(try LoadWorker(plan, progress).run())
            } catch {
                progress.finish(WorkerResult(failure: "cannot \(error.operation): \(error.reason)"))
            }
        }
    }

    private func makePlans() -> [WorkerPlan] {
        let threads = settings.threads
        return (0..<threads).map { thread in
            var quota = Int.max
            // The first threads take the remainder, as with sequential keys.
            if case .requests(let count) = settings.limit { quota = (count - thread + threads - 1) / threads }
            return WorkerPlan(
                address: target.address, security: target.security, user: target.access.user,
                dialect: target.dialect, workload: workload, settings: settings, space: space, thread: thread,
                threads: threads,
                connections: (settings.clients - thread + threads - 1) / threads, quota: quota)
        }
    }
}

/// Samples the server's processor time during the run.
private struct ServerWatch {
    private let process: ServerProcessor?
    private var times: RunTimes?
    private var first: (time: Int, busy: Int)?
    private var last: (time: Int, busy: Int)?

    init(_ process: ServerProcessor?) { self.process = process }

    mutating func begin(_ times: RunTimes) { self.times = times }

    mutating func sample(at now: Int, isOver: Bool) {
        guard let times, now >= times.measureStart, now <= times.measureEnd, !isOver else { return }
        take(at: now)
    }

    /// The last sample of a run that ends with its last request.
    mutating func end() {
        guard let times, times.measureEnd == .max else { return }
        take(at: MonotonicClock.nanoseconds)
    }

    private mutating func take(at now: Int) {
        guard let busy = process?.nanoseconds else { return }
        if first == nil { first = (now, busy) }
        last = (now, busy)
    }

    /// The share of one processor, 1 for a whole one; nil if it is unknown.
    var use: Double? {
        guard let first, let last, last.time - first.time >= 100_000_000 else { return nil }
        return Double(last.busy - first.busy) / Double(last.time - first.time)
    }
}
