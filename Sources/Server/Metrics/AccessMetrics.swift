// Who has logged in, and who has not.

extension Server {
    private func append(_ tls: TLSService, to page: inout MetricsText) {
        let counts = tls.counts
        page.begin(
            "puffin_tls_handshakes_total", .counter, "TLS handshakes by result; resumed ones are among the done.")
        page.sample("puffin_tls_handshakes_total", "result", "done", .number(counts.done))
        page.sample("puffin_tls_handshakes_total", "result", "resumed", .number(counts.resumed))
        page.sample("puffin_tls_handshakes_total", "result", "failed", .number(counts.failed))
        page.begin("puffin_tls_plain_connections_total", .counter, "Connections without TLS, by result.")
        page.sample("puffin_tls_plain_connections_total", "result", "accepted", .number(counts.plain))
        page.sample("puffin_tls_plain_connections_total", "result", "refused", .number(counts.plainRefused))
        page.gauge(
            "puffin_tls_pending_connections", "Connections whose handshake is not done.", .number(pendingCount))
        page.gauge(
            "puffin_tls_certificate_expires_seconds", "Time until the server's certificate ends; negative once it has.",
            .number(tls.secondsLeft(at: Int(clock.now / 1000))))
        page.gauge(
            "puffin_tls_reload_failed", "Whether the newest certificate files could not be loaded.",
            .flag(tls.failure != nil))
    }

    private func append(_ audit: AuditTrail, to page: inout MetricsText) {
        let state = audit.state
        page.gauge("puffin_audit_writable", "Whether the audit can be written.", .flag(state.health.isWritable))
        page.counter("puffin_audit_events_total", "Events that the audit has.", .number(Int(clamping: state.events)))
        page.counter(
            "puffin_audit_lost_total", "Events that could not be written.", .number(Int(clamping: state.health.lost)))
    }

    func appendAccess(to page: inout MetricsText) {
        let counts = authentication.counts
        page.gauge(
            "puffin_open_to_all", "Whether everyone who reaches the server from elsewhere may do everything.",
            .flag(authentication.isOpenToAll))
        page.begin("puffin_auth_attempts_total", .counter, "Logins, and proofs of other servers, by result.")
        page.sample("puffin_auth_attempts_total", "result", "accepted", .number(counts.accepted))
        page.sample("puffin_auth_attempts_total", "result", "refused", .number(counts.refused))
        page.begin("puffin_denied_total", .counter, "Requests that were refused for want of a login or a right.")
        page.sample("puffin_denied_total", "why", "login", .number(counts.denied))
        page.sample("puffin_denied_total", "why", "right", .number(counts.notPermitted))
        page.gauge("puffin_users", "Users in the log.", .number(authentication.directory.userNames.count))
        page.counter(
            "puffin_auth_dropped_total", "Connections closed because they did not log in.", .number(counts.dropped))
        page.gauge(
            "puffin_connections_unauthenticated", "Connected clients that must log in and have not.",
            .number(unauthenticated.count))
        if let tls { append(tls, to: &page) }
        if let audit { append(audit, to: &page) }
        guard let http else { return }
        page.begin("puffin_http_requests_total", .counter, "Answers of the HTTP service by route, method and status.")
        for (route, method, status, count) in http.counts {
            page.sample(
                "puffin_http_requests_total", [("route", route), ("method", method), ("code", "\(status)")],
                .number(count))
        }
    }
}
