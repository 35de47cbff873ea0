import Server
import ServerConfiguration
import Settings
import Testing

@Suite("The server's settings")
struct ServerSettingTests {
    @Test("each sets a property of its own, and the defaults of both are the same")
    func properties() throws {
        let settings = try resolve()
        let (made, defaults) = (Configuration(settings), Configuration())
        #expect(Set(ServerSettings.all.map(\.property)).count == ServerSettings.all.count)
        for setting in ServerSettings.all {
            #expect(
                "\(made[keyPath: setting.property])" == "\(defaults[keyPath: setting.property])",
                "\(setting.setting.name)")
        }
    }

    @Test("a value reaches the property that its setting names")
    func values() throws {
        for setting in ServerSettings.all.map(\.setting) where setting.name != "server.data_file" {
            guard
                let value =
                    ((setting.isSecret ? [] : setting.words) + ["17", "2M", "7d", "a:1", "0.5", "https://a.example"]
                    + (setting.isSecret ? ["correct horse battery"] : [])).first(where: setting.isAllowed)
            else {
                Issue.record("no value of \(setting.name)")
                continue
            }
            let changed = Configuration(try resolve(flags: [(setting, [value])]))
            let defaults = Configuration(try resolve())
            for other in ServerSettings.all {
                let isSame =
                    "\(changed[keyPath: other.property])" == "\(defaults[keyPath: other.property])"
                #expect(
                    isSame == (other.setting.name != setting.name || [value] == setting.default), "\(setting.name)")
            }
        }
    }

    @Test("a follower sets damage aside, and a leader does not start with it")
    func damage() throws {
        #expect(try Configuration(resolve()).store.damage == .refuse)
        #expect(
            try Configuration(resolve(flags: [(setting("replication.mode"), ["follower"])])).store.damage == .setAside)
    }

    @Test("a setting's default flag is its name with dashes")
    func flag() {
        let setting = ServerSetting(
            "storage.time_travel", \.limits.scanCount, .count(1...9), default: "1", "How far one can go back.")
        #expect(setting.setting.flag == "storage-time-travel")
    }

    @Test(
        "a number of followers",
        arguments: [
            ("local", AckPolicy.local), ("0", .local), ("00", .local), ("one", .followers(1)), ("2", .followers(2)),
            ("all", .all),
        ])
    func acknowledgements(text: String, policy: AckPolicy) throws {
        #expect(
            try Configuration(resolve(flags: [(setting("replication.ack"), [text])])).replication.acks == policy)
    }
}
