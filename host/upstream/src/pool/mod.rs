//! Connections to a VNFM that are kept for the next request.
//!
//! hyper-util's client gives each connection its own task. Requests go there and
//! answers come back through channels, and most of a small exchange is wake-ups. Here
//! the task that sends a request drives the connection meanwhile, so the whole exchange
//! belongs to one task.

mod body;
mod flaw;
mod framing;
mod sips;
mod unreached;

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

pub use body::{BodyError, PooledBody};
use bytes::Bytes;
pub use flaw::Flaw;
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::task::unconstrained;

use self::sips::Sips;
pub use unreached::Unreached;

use crate::address::Address;
use crate::connect::{Connector, Stream};
use crate::reach::Reach;

/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(30);
/// How often those that are too old are looked for.
const LOOK: Duration = Duration::from_secs(5);

type Io = TokioIo<Sips<TokioIo<Stream>>>;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The connections to one VNFM.
pub struct Pool {
    connector: Connector,
    reach: Arc<Reach>,
    address: Arc<Address>,
    /// For a connection, with name resolution and TLS handshake.
    limit: Duration,
    /// Between two reads of the body of an answer.
    silence: Duration,
    idle: Mutex<Idle>,
    open: Arc<Open>,
}

/// Counts the connections that exist.
#[derive(Debug, Default)]
struct Open(AtomicUsize);

/// How many connections there are to a VNFM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolUse {
    /// A request, or its answer, is under way on them.
    pub busy: usize,
    pub idle: usize,
}

#[derive(Default)]
struct Idle {
    /// The one that was used last is at the end.
    #[expect(clippy::vec_box, reason = "they are large, and each request hands one on several times")]
    connections: Vec<Box<Connection>>,
    /// A task looks for those that are too old.
    swept: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Nothing was sent. So many addresses were tried; the error is that of the last.
    #[error("there is no connection")]
    Connect {
        #[source]
        error: BoxError,
        tried: usize,
    },
    /// Nothing was sent: it may [not be sent any more](SendWhile).
    #[error("it may not be sent any more")]
    TooLate,
    /// Whether the request was carried out, nobody knows.
    #[error("the connection failed")]
    Broken(#[source] hyper::Error),
    /// Neither does anybody here: there is an answer, and it cannot be read.
    #[error("the answer cannot be read: {0}")]
    Unreadable(Flaw),
}

impl SendError {
    /// Why there was no connection, if there was none.
    pub fn unreached(&self) -> Option<Unreached> {
        match self {
            Self::Connect { error, .. } => Some(Unreached::of(&**error)),
            Self::TooLate | Self::Broken(_) | Self::Unreadable(_) => None,
        }
    }
}

/// Says whether a request may still be sent: it is asked when there is a connection, right
/// before anything is written. To be put into the extensions of the request.
#[derive(Clone)]
pub struct SendWhile(Arc<dyn Fn() -> bool + Send + Sync>);

impl SendWhile {
    /// For as long as `holds` says so.
    pub fn new(holds: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(holds))
    }
}

/// Why an address gives no answer to a request.
pub(crate) enum Failed {
    /// It has nothing of the request.
    Unsent(Box<Unsent>),
    /// It may have it.
    Lost(SendError),
}

/// A request that another address may get.
pub(crate) struct Unsent {
    pub request: Request<Full<Bytes>>,
    pub error: BoxError,
}

impl Failed {
    /// If no other address gets the request, after so many.
    pub fn error(self, tried: usize) -> SendError {
        match self {
            Self::Unsent(unsent) => SendError::Connect { error: unsent.error, tried },
            Self::Lost(error) => error,
        }
    }

    fn unsent(request: Request<Full<Bytes>>, error: impl Into<BoxError>) -> Self {
        Self::Unsent(Box::new(Unsent { request, error: error.into() }))
    }
}

/// A connection, with the future that moves its bytes.
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: http1::Connection<Io, Full<Bytes>>,
    /// The driver has nothing more to do.
    ended: bool,
    since: Instant,
    _counted: Counted,
}

/// Counts a connection for as long as it exists.
struct Counted(Arc<Open>);

impl Counted {
    fn new(open: &Arc<Open>) -> Self {
        open.0.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(open))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pool {
    /// Connects to one address of a VNFM within `limit`. An answer that falls silent ends
    /// after `silence`.
    pub(crate) fn new(
        connector: Connector,
        reach: Arc<Reach>,
        address: Arc<Address>,
        limit: Duration,
        silence: Duration,
    ) -> Arc<Self> {
        Arc::new(Self { connector, reach, address, limit, silence, idle: Mutex::default(), open: Arc::default() })
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// How many connections there are.
    #[must_use]
    pub fn in_use(&self) -> PoolUse {
        let idle = self.lock().connections.len();
        PoolUse { busy: self.open.0.load(Ordering::Relaxed).saturating_sub(idle), idle }
    }

    /// Sends a request and waits for the head of its answer. The request's
    /// target is in origin form, and it has a Host field.
    ///
    /// # Errors
    /// There is no connection, or no answer that can be passed on.
    pub(crate) async fn send(
        self: &Arc<Self>,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<PooledBody>, Failed> {
        let to_head = *request.method() == Method::HEAD;
        // An interim answer announced content: it may still come, and is nobody's.
        let astray = Arc::new(AtomicBool::new(false));
        let found = Arc::clone(&astray);
        hyper::ext::on_informational(&mut request, move |interim| {
            if framing::announces_content(interim.headers()) {
                found.store(true, Ordering::Relaxed);
            }
        });
        loop {
            let (mut connection, kept) = match self.take() {
                Some(connection) => (connection, true),
                None => match self.connect().await {
                    Ok(connection) => (connection, false),
                    Err(error) => return Err(Failed::unsent(request, error)),
                },
            };
            if request.extensions().get::<SendWhile>().is_some_and(|SendWhile(holds)| !holds()) {
                self.put(connection);
                return Err(Failed::Lost(SendError::TooLate));
            }
            match connection.exchange(request).await {
                Ok(mut response) => {
                    let status = response.status();
                    let reusable = framing::settle(to_head, status, response.headers_mut())
                        .map_err(|flaw| Failed::Lost(SendError::Unreadable(flaw)))?
                        && !astray.load(Ordering::Relaxed);
                    return Ok(response.map(|body| PooledBody::new(body, connection, reusable, self)));
                }
                Err(mut error) => match error.take_message() {
                    // The VNFM had closed it, and nothing was sent.
                    Some(unsent) if kept => request = unsent,
                    Some(unsent) if self.reach.addresses().len() > 1 => {
                        return Err(Failed::unsent(unsent, error.into_error()));
                    }
                    _ => return Err(Failed::Lost(connection.failed(error.into_error()))),
                },
            }
        }
    }

    /// A connection that is open as far as is known.
    fn take(&self) -> Option<Box<Connection>> {
        loop {
            let mut connection = self.lock().connections.pop()?;
            if connection.is_ready() {
                return Some(connection);
            }
        }
    }

    async fn connect(&self) -> Result<Box<Connection>, BoxError> {
        let opened = self.open().await;
        match &opened {
            Ok(_) => self.address.connected(&self.reach.name),
            Err(error) => self.address.failed(&Unreached::of(&**error), self.reach.rest, &self.reach.name),
        }
        opened
    }

    async fn open(&self) -> Result<Box<Connection>, BoxError> {
        let open = async {
            let io = self.connector.connect(self.address.uri().clone()).await?;
            let (sender, driver) = client().handshake(TokioIo::new(Sips::new(TokioIo::new(io)))).await?;
            let counted = Counted::new(&self.open);
            Ok(Box::new(Connection { sender, driver, ended: false, since: Instant::now(), _counted: counted }))
        };
        tokio::time::timeout(self.limit, open)
            .await
            .unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
    }

    /// Keeps a connection whose answer has been read, if it can be used again.
    fn put(self: &Arc<Self>, mut connection: Box<Connection>) {
        if !connection.is_ready() {
            return;
        }
        connection.since = Instant::now();
        let mut idle = self.lock();
        idle.connections.push(connection);
        if !std::mem::replace(&mut idle.swept, true) {
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn client() -> http1::Builder {
    let mut builder = http1::Builder::new();
    // Most messages are small: to copy the body behind the head costs less than
    // what the kernel does for a write of several pieces.
    builder.preserve_header_case(true).writev(false);
    builder
}

/// Closes connections that were not used for a while or that the VNFM has
/// closed, until none is left.
async fn sweep(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut idle = pool.lock();
        idle.connections.retain_mut(|connection| connection.since.elapsed() < IDLE && connection.is_ready());
        if idle.connections.is_empty() {
            idle.swept = false;
            return;
        }
    }
}

impl Connection {
    /// Sends a request, and drives the connection until the answer's head is there.
    async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Full<Bytes>>>> {
        // Unconstrained: when the task's budget is used up, tokio would wake it
        // through the waker that is not one.
        let mut answer = std::pin::pin!(unconstrained(self.sender.try_send_request(request)));
        std::future::poll_fn(|context| {
            // An answer can only come out of the driver: it is enough that this
            // one wakes the task.
            self.drive(context);
            answer.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        })
        .await
    }

    /// Why there is no answer.
    fn failed(self: Box<Self>, error: hyper::Error) -> SendError {
        if !error.is_parse() {
            return SendError::Broken(error);
        }
        let received = self.driver.into_parts().read_buf;
        SendError::Unreadable(Flaw::find(&error, &received))
    }

    /// Nothing is under way on it, and it has not been closed.
    fn is_ready(&mut self) -> bool {
        let context = &mut Context::from_waker(Waker::noop());
        if !self.ended {
            self.ended = Pin::new(&mut unconstrained(&mut self.driver)).poll(context).is_ready();
        }
        !self.ended && self.sender.is_ready()
    }

    /// Moves what can be moved now. An error of the connection reaches those who
    /// wait for an answer or its content.
    fn drive(&mut self, context: &mut Context<'_>) {
        if !self.ended {
            self.ended = Pin::new(&mut self.driver).poll(context).is_ready();
        }
    }
}
