import Bytes
import Commands
import Server
import Store
import SystemPackage
import TestSupport
import Testing
import Wire

/// What is asked before a command runs, without a server.
@Suite("The gate")
struct GateTests {
    /// A server, as far as a gate asks for one.
    private final class Keeper: GateKeeper {
        let notServing = ReplyError("loading", code: "LOADING")
        var readOnly: ReplyError?
        private(set) var obstacles: [WriteObstacle] = []
        private(set) var news: [MemoryBudget.News] = []

        func tell(_ obstacle: WriteObstacle) { obstacles.append(obstacle) }
        func tell(_ news: MemoryBudget.News) { self.news.append(news) }
    }

    /// A disk in memory that says of itself how much is free.
    private final class SmallDisk: ForwardingDisk, @unchecked Sendable {
        let base = MemoryDisk()
        var available = 1 << 40

        func pass(_ operation: DiskOperation, _ path: FilePath) throws(StoreError) {}
        func wrap(_ file: any DiskFile) -> any DiskFile { file }
        func space(at path: FilePath) throws(StoreError) -> DiskSpace {
            DiskSpace(available: available, total: 1 << 40)
        }
    }

    private let disk = SmallDisk()
    private let keeper = Keeper()
    private let store: Store
    private let gate: Gate
    private static let memory = 1 << 20

    init() throws {
        var options = StoreOptions()
        options.layout.preallocation = 0
        options.layout.reserve = 64 << 10
        store = try Store(
            data: "data/puffin.json", options: options, disk: disk, background: SeededBackground(seed: 1), now: 1
        ) {}
        gate = Gate(store, memory: MemoryBudget(wanted: Self.memory), keySize: 100)
        gate.attach(to: keeper)
    }

    private func serve() throws {
        while try store.load(lines: 1000) {}
        gate.isServing = true
    }

    /// Asks for a request as the door does, and does what a SET or DEL does.
    /// - Returns: the code and text of the refusal; nil where the request ran.
    private func ask(_ command: Command, _ arguments: [String]) -> ReplyError? {
        let spec = command.spec
        var request = ByteBuffer()
        request.append(requestOf: arguments.count + 1)
        for argument in [spec.name] + arguments { request.append(requestArgument: Array(argument.utf8).span) }
        var parser = RequestParser(
            limits: RequestLimits(lineSize: 1 << 22, bulkSize: 1 << 22, argumentCount: 100, requestSize: 1 << 23))
        guard case .complete = parser.parse(request.bytes) else { return ReplyError("no request") }
        let found = parser.arguments(in: request.bytes)
        do throws(ReplyError) {
            try gate.admitKeys(of: found, extent: found.extent, spec.keys)
            guard spec.traits.contains(.change) else {
                try gate.admitRead()
                return nil
            }
            let permit = try gate.admitChange(found, extent: found.extent, spec.traits, spec.keys)
            if spec.traits.contains(.storesValues) { _ = store.set(found[1], to: found[2], expires: 0, permit) }
            if spec.traits.contains(.clears) { _ = store.clear(permit) }
            return nil
        } catch {
            return error
        }
    }

    @Test("is closed to data until the data set can be used, and again while it is loaded anew")
    func loading() throws {
        #expect(ask(.get, ["a"]) == keeper.notServing && ask(.set, ["a", "b"]) == keeper.notServing)
        try serve()
        #expect(ask(.get, ["a"]) == nil && ask(.set, ["a", "b"]) == nil)
        gate.isServing = false
        #expect(ask(.get, ["a"]) == keeper.notServing)
    }

    @Test("a key may be as long as the limit, whatever else the request has")
    func keys() throws {
        try serve()
        let (longest, value) = (String(repeating: "k", count: 100), String(repeating: "v", count: 5000))
        #expect(ask(.set, [longest, value]) == nil && ask(.get, [longest]) == nil)
        #expect(ask(.get, [longest + "k"])?.line == "Key too long: 101 bytes, the limit is 100")
        #expect(ask(.mset, ["a", value, longest + "kk", value])?.line == "Key too long: 102 bytes, the limit is 100")
        #expect(ask(.del, ["a", longest + "k"])?.line == "Key too long: 101 bytes, the limit is 100")
    }

    @Test(
        "changes are refused by the role, reads are not; the data set comes before the role, the role before the disk")
    func order() throws {
        keeper.readOnly = ReplyError("follower", code: "READONLY")
        disk.available = 0
        #expect(ask(.set, ["a", "b"]) == keeper.notServing)
        disk.available = 1 << 40
        try serve()
        store.isReadOnly = true
        disk.available = 0
        #expect(ask(.set, ["a", "b"]) == keeper.readOnly && ask(.del, ["a"]) == keeper.readOnly)
        #expect(ask(.get, ["a"]) == nil && keeper.obstacles == [])
        (keeper.readOnly, store.isReadOnly) = (nil, false)
        #expect(ask(.set, ["a", String(repeating: "v", count: 20_000)])?.kind == "DISKFULL")
    }

    @Test("a change that the disk has no room for is refused and told; less is permitted without a look at the disk")
    func diskRoom() throws {
        try serve()
        disk.available = 1000
        let value = String(repeating: "v", count: 20_000)
        let refusal = ask(.set, ["a", value])
        #expect(refusal?.kind == "DISKFULL")
        let needed = keeper.obstacles.first.map { obstacle in
            if case .diskFull(_, 1000, let needed) = obstacle { needed } else { 0 }
        }
        #expect(keeper.obstacles.count == 1 && (needed ?? 0) > 20_000)
        #expect(ask(.set, ["a", "b"]) == nil && store.position.seq == 1)
        disk.available = 1 << 40
        #expect(ask(.set, ["a", value]) == nil && keeper.obstacles.count == 1)
    }

    @Test("values are refused where the memory limit leaves no room; what frees memory never is")
    func memoryRoom() throws {
        try serve()
        let value = String(repeating: "v", count: 100_000)
        var count = 0
        while count < 100, ask(.set, ["key \(count)", value]) == nil { count += 1 }
        #expect(count > 5 && count < 11 && keeper.news == [.isReached])
        let refusal = ask(.set, ["another", value])
        #expect(refusal?.code == "OOM" && gate.memory.refusals == 2 && keeper.news.count == 1)
        // It takes no more than is in use now.
        #expect(ask(.set, ["key 0", value]) == nil)
        #expect(ask(.del, ["key 1"]) == nil && ask(.get, ["key 1"]) == nil)
        // What was cleared is given back when somebody needs it.
        #expect(ask(.flushall, []) == nil)
        #expect(store.clearedSize > 0)
        for number in 0..<count { #expect(ask(.set, ["new \(number)", value]) == nil) }
        #expect(store.size + store.clearedSize <= Self.memory)
    }

    /// Asks for an effect as a command does that makes a value.
    private func change(_ key: String, valueSize: Int) -> ReplyError? {
        let (key, value) = (Array(key.utf8), [UInt8](repeating: 0x76, count: valueSize))
        do throws(ReplyError) {
            let permit = try gate.admitEffect(on: key.span, valueSize: valueSize)
            _ = store.set(key.span, to: value.span, expires: 0, permit)
            return nil
        } catch {
            return error
        }
    }

    @Test("an effect that is larger than its request is refused as a request of its size is, by disk and by memory")
    func effects() throws {
        try serve()
        disk.available = 1000
        #expect(change("a", valueSize: 20_000)?.kind == "DISKFULL" && keeper.obstacles.count == 1)
        #expect(change("a", valueSize: 10) == nil && store.position.seq == 1)
        disk.available = 1 << 40
        var count = 0
        while count < 100, change("key \(count)", valueSize: 100_000) == nil { count += 1 }
        #expect(count > 5 && count < 11 && keeper.news == [.isReached])
        #expect(change("another", valueSize: 100_000)?.code == "OOM" && gate.memory.refusals == 2)
        #expect(change("key 0", valueSize: 100_000) == nil)
        store.isReadOnly = true
        keeper.readOnly = ReplyError("follower", code: "READONLY")
        #expect(change("a", valueSize: 1) == keeper.readOnly)
        #expect(store.size + store.clearedSize <= Self.memory)
    }
}
