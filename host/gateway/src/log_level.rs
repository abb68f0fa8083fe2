//! The log level at the admin address: everybody who reaches the address may read it, and
//! only somebody on this machine may change it.

use std::time::Duration;

use http::header::{FORWARDED, HeaderName, ORIGIN};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use solgate_telemetry::level::{self, LevelError};
use solgate_telemetry::log;

use crate::hops::FORWARDED_FOR;
use crate::peer::Peer;

/// Bytes of a level.
const LIMIT: usize = 1024;
/// For them to come.
const PATIENCE: Duration = Duration::from_secs(5);

/// Fields of those who ask for somebody else: browsers for a page, proxies for a client.
const FOR_OTHERS: [HeaderName; 3] = [ORIGIN, FORWARDED, FORWARDED_FOR];

/// The answer with the level in use.
pub fn shown() -> (StatusCode, String) {
    match level::current() {
        Some(level) => (StatusCode::OK, format!("{level}\n")),
        None => (StatusCode::NOT_FOUND, format!("{}\n", LevelError::Elsewhere)),
    }
}

/// Sets the level that the body of a request from `asker` names.
pub async fn change(request: Request<Incoming>, asker: Peer) -> (StatusCode, String) {
    let (parts, body) = request.into_parts();
    if !is_local(asker, &parts.headers) {
        let text = "only this machine changes the log level: ask through a loopback address or a Unix socket, and not for others\n";
        return (StatusCode::FORBIDDEN, text.to_owned());
    }
    let read = tokio::time::timeout(PATIENCE, Limited::new(body, LIMIT).collect());
    let Ok(Ok(body)) = read.await else {
        return (StatusCode::BAD_REQUEST, format!("expected a level of at most {LIMIT} bytes, as the body\n"));
    };
    let bytes = body.to_bytes();
    let text = String::from_utf8_lossy(&bytes);
    let before = level::current();
    match level::set(text.trim()) {
        Ok(()) => {
            // Whatever the level is now.
            let before = before.unwrap_or_default();
            log::say(&format!(
                "solgate: the log level is {} now; it was {before}",
                level::current().unwrap_or_default()
            ));
            shown()
        }
        Err(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")),
    }
}

/// Whether somebody on this machine asks, for themselves.
fn is_local(asker: Peer, headers: &HeaderMap) -> bool {
    let local = asker == Peer::Unix || asker.ip().is_some_and(|address| address.is_loopback());
    local && !FOR_OTHERS.iter().any(|name| headers.contains_key(name))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_who_is_on_this_machine_may_change_it() {
        let fields = |name: Option<&'static str>| {
            let fields = name.map(|name| (HeaderName::from_static(name), "x".parse().unwrap()));
            fields.into_iter().collect::<HeaderMap>()
        };
        let table = [
            ("127.0.0.1", None, true),
            ("127.9.9.9", None, true),
            ("::1", None, true),
            ("::ffff:127.0.0.1", None, true),
            ("10.0.0.1", None, false),
            ("0.0.0.0", None, false),
            ("fe80::1", None, false),
            ("::ffff:10.0.0.1", None, false),
            ("127.0.0.1", Some("accept"), true),
            ("127.0.0.1", Some("origin"), false),
            ("127.0.0.1", Some("forwarded"), false),
            ("::1", Some("x-forwarded-for"), false),
        ];
        for (asker, field, expected) in table {
            let at = Peer::At(std::net::SocketAddr::new(asker.parse().unwrap(), 1));
            assert_eq!(is_local(at, &fields(field)), expected, "{asker} {field:?}");
        }
        assert!(is_local(Peer::Unix, &fields(None)) && !is_local(Peer::Unix, &fields(Some("origin"))));
    }
}
