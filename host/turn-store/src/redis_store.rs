//! Leases in Redis or Valkey.
//!
//! A lease is a key with an end: `SET NX PX` takes it, and two scripts, which the server
//! runs as one step, renew it and give it back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use redis::{RedisError, Script, SetExpiry, SetOptions};
use solgate_config::turns::TurnsConfig;
use tokio::sync::watch;

use crate::connection::{self, ConnectError, Connection, PATIENCE, StoreFault};
use crate::lease::{HOLDER, Holder, LeaseStore, Renewed, StoreError, Taken};

/// How long the store is left alone after a failure.
const PAUSE: Duration = Duration::from_millis(500);

/// What the keys of leases begin with.
const PREFIX: &str = "solgate:turn:";

/// The store that gates share.
pub struct RedisStore {
    shared: Arc<Shared>,
    renew: Script,
    give_back: Script,
}

struct Shared {
    config: TurnsConfig,
    connection: Mutex<Option<Connection>>,
    /// Whether there is a connection; `None` before the first attempt.
    state: watch::Sender<Option<bool>>,
}

impl RedisStore {
    /// The store of a configuration, and a task that keeps connected to it. To be called
    /// in a runtime.
    ///
    /// # Errors
    /// A file that the configuration names cannot be used. Whether there is a store shows
    /// later.
    pub fn open(config: &TurnsConfig) -> Result<Self, StoreFault> {
        connection::check(config)?;
        let shared =
            Arc::new(Shared { config: config.clone(), connection: Mutex::default(), state: watch::Sender::new(None) });
        tokio::spawn(connect(Arc::downgrade(&shared)));
        let holder = format!("string.sub(held, 1, {HOLDER}) == ARGV[1]");
        let renew = Script::new(&format!(
            "local held = redis.call('GET', KEYS[1]) \
             if held and not ({holder}) then return -1 end \
             redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) \
             if held then return 1 else return 0 end"
        ));
        let give_back = Script::new(&format!(
            "local held = redis.call('GET', KEYS[1]) \
             if held and {holder} then redis.call('DEL', KEYS[1]) end \
             return 0"
        ));
        Ok(Self { shared, renew, give_back })
    }

    /// Whether the files that a configuration names can be used.
    ///
    /// # Errors
    /// One cannot.
    pub fn check(config: &TurnsConfig) -> Result<(), StoreFault> {
        connection::check(config)
    }

    /// Tells whether there is a connection, whenever that changes; `None` before the first
    /// attempt.
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<Option<bool>> {
        self.shared.state.subscribe()
    }

    /// The connection, if there is one. Before the first attempt has ended it is waited
    /// for.
    async fn connection(&self) -> Result<Connection, StoreError> {
        if self.shared.state.borrow().is_none() {
            let mut state = self.shared.state.subscribe();
            let _ = tokio::time::timeout(PATIENCE, state.wait_for(Option::is_some)).await;
        }
        self.shared.lock().clone().ok_or_else(|| StoreError("there is no connection".to_owned()))
    }

    async fn ask<T>(&self, question: impl Future<Output = Result<T, RedisError>>) -> Result<T, StoreError> {
        let answer = match tokio::time::timeout(PATIENCE, question).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} ms", PATIENCE.as_millis()),
        };
        self.shared.lost(&answer);
        Err(StoreError(answer))
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Option<Connection>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection is of no use any more.
    fn lost(self: &Arc<Self>, reason: &str) {
        if self.lock().take().is_some() {
            let store = &self.config.store;
            tracing::warn!(%store, reason, "the store of turns cannot be used");
            self.state.send_replace(Some(false));
            tokio::spawn(connect(Arc::downgrade(self)));
        }
    }
}

/// Tries until there is a connection on which leases can be written, or nobody needs one
/// any more.
async fn connect(shared: Weak<Shared>) {
    let mut said = None;
    loop {
        let Some(shared) = shared.upgrade() else { return };
        let store = shared.config.store.to_string();
        let opened = async {
            let mut connection = Connection::open(&shared.config).await?;
            probe(&mut connection).await?;
            Ok::<_, ConnectError>(connection)
        };
        match opened.await {
            Ok(connection) => {
                *shared.lock() = Some(connection);
                shared.state.send_replace(Some(true));
                tracing::info!(store, "the store of turns is connected");
                return;
            }
            Err(error) => {
                shared.state.send_replace(Some(false));
                let reason = error.to_string();
                if said.as_ref() != Some(&reason) {
                    tracing::warn!(store, reason, "there is no way to the store of turns");
                    said = Some(reason);
                }
            }
        }
        drop(shared);
        tokio::time::sleep(PAUSE).await;
    }
}

/// A replica, a server without room and a user without rights say no here.
async fn probe(connection: &mut Connection) -> Result<(), ConnectError> {
    let key = format!("{PREFIX}probe");
    let attempt = async {
        redis::cmd("SET").arg(&key).arg("").arg("PX").arg(1).exec_async(connection).await?;
        redis::cmd("GET").arg(&key).query_async::<Option<String>>(connection).await
    };
    match tokio::time::timeout(PATIENCE, attempt).await {
        Ok(answer) => Ok(answer.map(drop)?),
        Err(_) => Err(ConnectError::Timeout),
    }
}

fn key(resource: &str) -> String {
    format!("{PREFIX}{resource}")
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1)
}

impl LeaseStore for RedisStore {
    fn take<'a>(
        &'a self,
        resource: &'a str,
        holder: &'a Holder,
        time: Duration,
    ) -> BoxFuture<'a, Result<Taken, StoreError>> {
        async move {
            let mut connection = self.connection().await?;
            let key = key(resource);
            let options = SetOptions::default()
                .conditional_set(redis::ExistenceCheck::NX)
                .with_expiration(SetExpiry::PX(millis(time)));
            self.ask(async {
                let mut set = redis::cmd("SET");
                set.arg(&key).arg(holder.as_str()).arg(options);
                loop {
                    if set.query_async::<Option<String>>(&mut connection).await?.is_some() {
                        return Ok(Taken::Yes);
                    }
                    let held: Option<String> = redis::cmd("GET").arg(&key).query_async(&mut connection).await?;
                    // Else it has ended between the two.
                    if let Some(held) = held {
                        let (holder, note) = Holder::parse(&held);
                        return Ok(Taken::Held { holder, note });
                    }
                }
            })
            .await
        }
        .boxed()
    }

    fn renew<'a>(
        &'a self,
        resource: &'a str,
        holder: &'a Holder,
        note: &'a str,
        time: Duration,
    ) -> BoxFuture<'a, Result<Renewed, StoreError>> {
        async move {
            let mut connection = self.connection().await?;
            let mut call = self.renew.key(key(resource));
            call.arg(holder.as_str()).arg(holder.with(note)).arg(millis(time));
            let renewed: i64 = self.ask(call.invoke_async(&mut connection)).await?;
            Ok(match renewed {
                1 => Renewed::Kept,
                0 => Renewed::Again,
                _ => Renewed::Lost,
            })
        }
        .boxed()
    }

    fn give_back<'a>(&'a self, resource: &'a str, holder: &'a Holder) -> BoxFuture<'a, Result<(), StoreError>> {
        async move {
            let mut connection = self.connection().await?;
            let mut call = self.give_back.key(key(resource));
            call.arg(holder.as_str());
            self.ask(call.invoke_async::<i64>(&mut connection)).await.map(drop)
        }
        .boxed()
    }
}
