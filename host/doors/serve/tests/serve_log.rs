//! The decision log: one line per request, and no secret in it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod serve_support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use solgate_telemetry::line::TARGET as DECISION_TARGET;
use tracing::field::{Field, Visit};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

use serve_support::{Act, Client, Upstream, config, exchange, send, start};

/// Collects every event as text; decision lines apart.
#[derive(Clone, Default)]
struct Collector {
    lines: Arc<Mutex<Vec<String>>>,
    all: Arc<Mutex<String>>,
}

impl<S: tracing::Subscriber> Layer<S> for Collector {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        if event.metadata().target() == DECISION_TARGET {
            self.lines.lock().unwrap().extend(text.line);
        }
        self.all.lock().unwrap().push_str(&text.all);
    }
}

#[derive(Default)]
struct Text {
    line: Option<String>,
    all: String,
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "line" {
            self.line = Some(value.to_owned());
        }
        self.all.push_str(value);
    }

    fn record_debug(&mut self, _: &Field, value: &dyn std::fmt::Debug) {
        self.all.push_str(&format!("{value:?}"));
    }
}

impl Collector {
    /// The first `count` lines, once they are there.
    async fn lines(&self, count: usize) -> Vec<serde_json::Value> {
        for _ in 0..1000 {
            let lines = self.lines.lock().unwrap().clone();
            if lines.len() >= count {
                return lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{:?}", self.lines.lock().unwrap());
    }
}

#[tokio::test]
async fn one_line_per_request_and_no_secret() {
    let collector = Collector::default();
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(collector.clone())).unwrap();

    let upstream = Upstream::start(|request| {
        if request.starts_with(b"POST") {
            vec![Act::Hang]
        } else {
            send("HTTP/1.1 202 Accepted\r\nSet-Cookie: s3cret\r\nContent-Length: 6\r\n\r\ns3cret")
        }
    })
    .await;
    let gate = start(config(upstream.address)).await;
    let secrets = "Authorization: Bearer s3cret\r\nX-Auth-Token: s3cret\r\nCookie: s3cret\r\n";
    exchange(
        gate.address,
        format!("PUT /a/b?token=s3cret HTTP/1.1\r\nHost: h\r\n{secrets}Content-Length: 6\r\n\r\ns3cret"),
    )
    .await;
    let first = &collector.lines(1).await[0];
    assert_eq!(
        (&first["method"], &first["path"], &first["status"], &first["verdict"]),
        (&"PUT".into(), &"/a/b".into(), &202.into(), &"allow".into())
    );
    assert_eq!(
        (&first["upstreamStatus"], &first["requestBytes"], &first["responseBytes"]),
        (&202.into(), &6.into(), &6.into())
    );
    assert_eq!(first["peer"], "127.0.0.1");
    assert!(first["time"].as_str().unwrap().ends_with('Z'));
    assert!(first["micros"]["total"].as_u64().unwrap() >= first["micros"]["upstream"].as_u64().unwrap());

    exchange(gate.address, format!("GET /a?s3cret HTTP/1.1\r\nHost: h\r\nX-HTTP-Method: s3cret\r\n{secrets}\r\n"))
        .await;
    let second = &collector.lines(2).await[1];
    assert_eq!((&second["path"], &second["status"], &second["verdict"]), (&"/a".into(), &400.into(), &"fault".into()));
    assert_eq!(
        (&second["rule"], &second["upstreamStatus"]),
        (&"transport.method-override".into(), &serde_json::Value::Null)
    );
    assert_ne!(first["id"], second["id"]);

    let mut client = Client::connect(gate.address).await;
    client.send(format!("POST /gone HTTP/1.1\r\nHost: h\r\n{secrets}\r\n")).await;
    upstream.arrived.notified().await;
    drop(client);
    let third = &collector.lines(3).await[2];
    assert_eq!((&third["path"], &third["status"]), (&"/gone".into(), &serde_json::Value::Null));

    assert!(!collector.all.lock().unwrap().contains("s3cret"));
}
