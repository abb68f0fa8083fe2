//! Tells a connection for which there is no room that it is refused, and ends it.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use http::Response;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;

use crate::connection_metrics::{ConnectionMetrics, Farewells};
use crate::listen::stream::Stream;
use crate::shares::Full;

/// So many clients are told at a time; others are only let go.
const AT_A_TIME: usize = 64;
/// For one of them, with the wait for what it may still be sending.
const PATIENCE: Duration = Duration::from_secs(1);
/// Bytes of a request that are read and thrown away: to close with unread input
/// could take the answer from the client.
const UNREAD: usize = 64 << 10;
/// The log says so at most this often.
const REPORT: Duration = Duration::from_secs(10);

/// Lets connections go.
pub struct Farewell {
    /// The whole answer; `None` if clients do not speak plain HTTP here.
    answer: Option<Bytes>,
    speakers: Arc<Semaphore>,
    metrics: ConnectionMetrics,
    reported: Mutex<Option<Instant>>,
}

impl Farewell {
    /// With an answer that ends the connection.
    #[must_use]
    pub fn new(answer: Option<&Response<Bytes>>, metrics: ConnectionMetrics) -> Self {
        Self {
            answer: answer.map(written),
            speakers: Arc::new(Semaphore::new(AT_A_TIME)),
            metrics,
            reported: Mutex::default(),
        }
    }

    /// Ends a connection for which there is no place, and never takes long.
    pub fn say(&self, mut stream: Stream, full: Full) {
        match full {
            Full::Total => self.report(),
            Full::Share => {
                self.metrics.of_clients.inc();
            }
        }
        let (Some(answer), Ok(speaker)) = (self.answer.clone(), self.speakers.clone().try_acquire_owned()) else {
            self.metrics.refused.count(Farewells::Closed);
            return;
        };
        self.metrics.refused.count(Farewells::Answered);
        tokio::spawn(async move {
            let _ = tokio::time::timeout(PATIENCE, tell(&mut stream, &answer)).await;
            drop(speaker);
        });
    }

    fn report(&self) {
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        if reported.is_none_or(|last| last.elapsed() >= REPORT) {
            *reported = Some(Instant::now());
            tracing::warn!("connections are refused: the limit of open connections is reached");
        }
    }
}

async fn tell(stream: &mut Stream, answer: &[u8]) -> std::io::Result<()> {
    stream.write_all(answer).await?;
    stream.shutdown().await?;
    let mut unread = stream.take(u64::try_from(UNREAD).unwrap_or(u64::MAX));
    tokio::io::copy(&mut unread, &mut tokio::io::sink()).await.map(drop)
}

/// An answer as it goes over the wire.
fn written(answer: &Response<Bytes>) -> Bytes {
    let mut bytes = BytesMut::new().writer();
    // Writing to memory cannot fail.
    let _ = write!(bytes, "HTTP/1.1 {}\r\nconnection: close\r\n", answer.status());
    for (name, value) in answer.headers() {
        let _ = write!(bytes, "{name}: ");
        let _ = bytes.write_all(value.as_bytes());
        let _ = bytes.write_all(b"\r\n");
    }
    let _ = bytes.write_all(b"\r\n");
    let _ = bytes.write_all(answer.body());
    bytes.into_inner().freeze()
}
