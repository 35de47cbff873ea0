// The slow log and the settings as JSON, for the console. They take the rights of SLOWLOG GET and CONFIG GET.

import Access
import Bytes
import Wire

extension Server {
    /// The reply of /v1/status/slow: the slow requests that are kept, the newest first. Times are nanoseconds.
    /// - Parameter rights: keys are shown to those who may read them.
    func slowPage(_ rights: AccessRights) -> HTTPResponse {
        HTTPResponse(json: .compact) { json in
            json.object { json in
                json.member("threshold_nanoseconds", slowLog.isOn ? slowLog.threshold : nil)
                json.member("total", slowLog.total)
                json.member(
                    "requests",
                    list: { json in
                        for request in slowLog.last(SlowLog.entryCount) {
                            json.object { request.append(to: &$0, rights) }
                        }
                    })
            }
        }
    }

    /// The reply of /v1/status/settings. The values of secrets are not in it.
    func settingsPage() -> HTTPResponse {
        HTTPResponse(json: .compact) { json in
            json.object { json in
                json.member(
                    "settings",
                    list: { json in
                        for setting in settingsKeeper?.describedSettings ?? [] {
                            json.object { setting.append(to: &$0) }
                        }
                    })
            }
        }
    }
}

extension SlowRequest {
    fileprivate func append(to json: inout JSONWriter, _ rights: AccessRights) {
        json.member("id", id)
        json.member("time", time)
        json.member("command", command)
        let key = key
        if keySize > 0, rights.may(.read, key.span) {
            json.member("key", bytes: key.span)
            json.member("key_bytes", keySize)
        }
        json.member("requests", count)
        json.member("client", client)
        json.member("client_name", clientName)
        json.member("total", phases.total)
        json.member("queue", phases.queue)
        json.member("run", phases.run)
        json.member("disk", phases.disk)
        json.member("replica", phases.replica)
        json.member("send", phases.send)
    }
}

extension SettingDescription {
    fileprivate func append(to json: inout JSONWriter) {
        json.member("name", name)
        json.member("value", value)
        json.member("default", defaultValue)
        json.member("origin", origin)
        json.member("is_default", isDefault)
        json.member("is_live", isLive)
        json.member("help", help)
    }
}
