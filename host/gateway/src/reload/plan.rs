//! What of a configuration holds at once, and what needs a restart.

use solgate_config::{Config, Limits};

/// What becomes of a configuration while another one holds.
#[derive(Debug)]
pub struct Plan {
    /// That which can hold at once; the rest is as before.
    pub config: Config,
    /// Members of the file that are others than before and need a restart.
    pub restart: Vec<&'static str>,
}

impl Plan {
    /// Compares what is `wanted` with what holds.
    pub fn new(running: &Config, wanted: Config) -> Self {
        let Config {
            listen,
            admin,
            http2,
            tls,
            jwt,
            trusted_hops,
            client_address,
            asking,
            proxy_protocol,
            forwarding,
            limits,
            upstreams,
            log,
            record,
            decision_export,
            tracing,
            turns,
            reload,
            labels,
            registry,
        } = wanted;
        let members = [
            ("listen", listen != running.listen),
            ("admin", admin != running.admin),
            ("http2", http2 != running.http2),
            ("tls", tls != running.tls),
            ("decisionExport", decision_export != running.decision_export),
            ("tracing", tracing != running.tracing),
            ("reload", reload != running.reload),
            ("registry", registry != running.registry),
            ("limits.connections", limits.connections != running.limits.connections),
            ("limits.adminConnections", limits.admin_connections != running.limits.admin_connections),
            ("limits.evaluations", limits.evaluations != running.limits.evaluations),
            ("limits.drain", limits.drain != running.limits.drain),
        ];
        let restart = members.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect();
        let Limits { connections, admin_connections, evaluations, drain, .. } = running.limits;
        let limits = Limits { connections, admin_connections, evaluations, drain, ..limits };
        let at_once = Config {
            jwt,
            trusted_hops,
            client_address,
            asking,
            proxy_protocol,
            forwarding,
            limits,
            upstreams,
            log,
            record,
            labels,
            turns,
            ..running.clone()
        };
        Self { config: at_once, restart }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use solgate_config::file::parse;

    use super::*;

    fn config(members: &str) -> Config {
        parse(Path::new("t.yaml"), &format!("upstreams: [{{ url: http://a }}]\n{members}")).unwrap()
    }

    #[test]
    fn what_needs_a_restart_is_named_and_left() {
        let running = config("");
        let table = [
            ("listen: 127.0.0.1:1", &["listen"][..]),
            ("admin: 127.0.0.1:1", &["admin"]),
            ("http2: true\ntls: { certFile: a, keyFile: b }", &["http2", "tls"]),
            ("decisionExport: { otlp: \"http://c\" }", &["decisionExport"]),
            ("tracing: { otlp: \"http://c\" }", &["tracing"]),
            ("registry: { poll: 1s }", &["registry"]),
            (
                "reload: false\nlimits: { drain: 1s, connections: 1, adminConnections: 1, evaluations: 1 }",
                &["reload", "limits.connections", "limits.adminConnections", "limits.evaluations", "limits.drain"],
            ),
        ];
        for (members, expected) in table {
            let plan = Plan::new(&running, config(members));
            assert_eq!((plan.config, plan.restart.as_slice()), (running.clone(), expected), "{members}");
        }
    }

    #[test]
    fn the_rest_holds_at_once() {
        let running = config("");
        for members in [
            "log: off",
            "labels: { site: a }",
            "limits: { requests: 1, answerTimeout: 1s, lameDuck: 1s, clientShare: 0.5, callerRequests: 1 }",
            "problem: { typeBase: a }",
            "decisionLog: { file: a }",
            "turns: { store: \"redis://a\" }",
            "jwt: { jwks: k }",
            "trustedHops: [10.0.0.0/24]\nproxyProtocol: true\nclientAddress: forwarded",
            "forwarding: { clientFields: true, callerField: X-Caller }",
        ] {
            let wanted = config(members);
            let plan = Plan::new(&running, wanted.clone());
            assert_eq!((&plan.config, plan.restart.len()), (&wanted, 0), "{members}");
            assert_ne!(plan.config, running, "{members}");
        }
    }
}
