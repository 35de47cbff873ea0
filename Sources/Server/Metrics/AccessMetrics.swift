// Who has logged in, and who has not.

extension Server {
    func appendAccess(to page: inout MetricsText) {
        let counts = authentication.counts
        page.gauge(
            "puffin_open_to_all", "Whether everyone who reaches the server from elsewhere may do everything.",
            .flag(authentication.isOpenToAll))
        page.begin("puffin_auth_attempts_total", .counter, "Logins, and proofs of other servers, by result.")
        page.sample("puffin_auth_attempts_total", "result", "accepted", .number(counts.accepted))
        page.sample("puffin_auth_attempts_total", "result", "refused", .number(counts.refused))
        page.counter(
            "puffin_denied_total", "Requests of clients that had not logged in.", .number(counts.denied))
        page.counter(
            "puffin_auth_dropped_total", "Connections closed because they did not log in.", .number(counts.dropped))
        page.gauge(
            "puffin_connections_unauthenticated", "Connected clients that must log in and have not.",
            .number(unauthenticated.count))
        guard let http else { return }
        page.begin("puffin_http_responses_total", .counter, "Responses of the HTTP service by status code.")
        for (code, count) in http.responses.sorted(by: { $0.key < $1.key }) {
            page.sample("puffin_http_responses_total", "code", "\(code)", .number(count))
        }
    }
}
