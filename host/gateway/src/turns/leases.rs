//! Leases that gates share, and what happens while their store is away.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use solgate::fault::Fault;
use solgate::gate::{Decision, Verdict};
use solgate_config::turns::{OnStoreLoss, TurnsConfig};
use solgate_turn_store::{Holder, LeaseStore, LocalStore, RedisStore, Renewed, StoreFault, Taken};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::claims::Seen;
use super::margin;
use super::metrics::{Outcome, TurnMetrics};
use super::queues::Place;

/// How often a lease is asked for that somebody else has: at first, and at most.
const POLL: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(50));
/// The same where the VNFM is asked each time.
const LOOK: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(320));

/// How many stores were opened.
static OPENED: AtomicUsize = AtomicUsize::new(0);

/// The leases of all VNFMs in one store.
pub struct Leases {
    config: TurnsConfig,
    store: Arc<dyn LeaseStore>,
    /// What this process has, also while the store is away.
    local: LocalStore,
    metrics: TurnMetrics,
    began: Instant,
    /// Tells this store from others of the process.
    number: usize,
    connected: watch::Receiver<Option<bool>>,
    watching: JoinHandle<()>,
}

impl fmt::Debug for Leases {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Leases").field("store", &self.config.store).finish_non_exhaustive()
    }
}

/// Who waits for which lease.
pub(super) struct Wait {
    pub key: String,
    /// `None` if that is too far away.
    pub until: Option<Instant>,
    /// The patience, for who has lost it.
    pub seconds: u64,
}

/// A lease that this process has.
pub(super) struct Lease {
    lives: Lives,
    /// It is in the store, too.
    shared: bool,
    end: Option<oneshot::Sender<End>>,
}

impl fmt::Debug for Lease {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Lease").field("shared", &self.shared).finish_non_exhaustive()
    }
}

/// Until when a lease holds for sure. The time is this process's own, and begins before
/// the store was asked.
#[derive(Debug, Clone)]
pub struct Lives {
    began: Instant,
    /// Milliseconds from there.
    until: Arc<AtomicU64>,
}

impl Lives {
    /// Whether what the lease is for may still be done.
    #[must_use]
    pub fn now(&self) -> bool {
        self.began.elapsed() < Duration::from_millis(self.until.load(Ordering::Relaxed))
    }

    fn extend(&self, asked: Instant, lease: Duration) {
        let end = asked.saturating_duration_since(self.began).saturating_add(lease).saturating_sub(margin(lease));
        self.until.store(u64::try_from(end.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn end(&self) {
        self.until.store(0, Ordering::Relaxed);
    }
}

impl Leases {
    /// The leases of a configuration. To be called in a runtime.
    ///
    /// # Errors
    /// A file that it names cannot be used.
    pub fn open(config: &TurnsConfig, metrics: &TurnMetrics) -> Result<Arc<Self>, StoreFault> {
        let store = RedisStore::open(config)?;
        let number = OPENED.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let connected = store.follow();
        let (mut follow, reported, url) = (connected.clone(), metrics.clone(), config.store.clone());
        let watching = tokio::spawn(async move {
            while follow.changed().await.is_ok() {
                reported.connected(number, &url, follow.borrow_and_update().unwrap_or_default());
            }
        });
        let (store, metrics): (Arc<dyn LeaseStore>, _) = (Arc::new(store), metrics.clone());
        let (config, local, began) = (config.clone(), LocalStore::default(), Instant::now());
        Ok(Arc::new(Self { config, store, local, metrics, began, number, connected, watching }))
    }

    /// They are in use from here on: metrics show whether their store is there.
    pub fn report(&self) {
        self.metrics.begin(self.number);
        self.metrics.connected(self.number, &self.config.store, self.connected.borrow().unwrap_or_default());
    }

    /// What they were opened with.
    #[must_use]
    pub fn config(&self) -> &TurnsConfig {
        &self.config
    }

    /// Waits for a lease. While somebody has claimed it, `look` judges by what the VNFM
    /// says now.
    pub(super) async fn wait<'l, P>(
        self: &Arc<Self>,
        wait: Wait,
        admit: impl Fn() -> Result<P, Fault>,
        look: impl Fn() -> BoxFuture<'l, (Decision, Seen)>,
    ) -> Result<Result<Lease, Box<Decision>>, Fault> {
        let Wait { key, until, seconds } = wait;
        let no_numbers = || Fault::Internal("the system gives no random numbers".to_owned());
        let holder = Holder::unique().ok_or_else(no_numbers)?;
        let (mut place, mut pause) = (None, None);
        loop {
            let (other, note) = match self.take(&key, &holder).await? {
                Ok(lease) => return Ok(Ok(lease)),
                Err(Held { holder, note }) => (holder, note),
            };
            if place.is_none() {
                place = Some(admit()?);
            }
            let claimed = !note.is_empty();
            let mut settled = false;
            if claimed {
                let (decision, seen) = look().await;
                settled = seen.differs(&note);
                if settled {
                    // The VNFM shows what the claim was for.
                    self.give_back(&key, &other).await;
                }
                if matches!(decision.verdict, Verdict::Deny(_)) && !decision.fault {
                    return Ok(Err(Box::new(decision)));
                }
            }
            let (first, most) = if claimed { LOOK } else { POLL };
            let next = pause.map_or(first, |pause: Duration| pause.saturating_mul(2)).min(most);
            let next = if settled { POLL.0 } else { next };
            pause = Some(next);
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Err(Fault::TurnTimeout { seconds });
            }
            tokio::time::sleep(left.map_or(next, |left| next.min(left))).await;
        }
    }

    /// Gives a lease back here and in the store, also if the store did not answer when it
    /// was taken: it may have it all the same. What does not get there ends by itself.
    async fn give_back(&self, key: &str, holder: &Holder) {
        let _ = self.local.give_back(key, holder).await;
        let _ = self.store.give_back(key, holder).await;
    }

    /// Takes a lease, here and in the store. If the store cannot be used, here.
    async fn take(self: &Arc<Self>, key: &str, holder: &Holder) -> Result<Result<Lease, Held>, Fault> {
        let lives = Lives { began: self.began, until: Arc::new(AtomicU64::new(u64::MAX)) };
        let lease = |shared| {
            let (leases, key, holder, lives) = (Arc::clone(self), key.to_owned(), holder.clone(), lives.clone());
            let (end, ended) = oneshot::channel();
            tokio::spawn(Keeper { leases, key, holder, lives: lives.clone(), shared }.keep(ended));
            Lease { lives, shared, end: Some(end) }
        };
        let time = self.config.lease;
        if let Ok(Taken::Held { holder, note }) = self.local.take(key, holder, time).await {
            return Ok(Err(Held { holder, note }));
        }
        let mut attempt = Attempt { leases: self, key, holder, open: true };
        let asked = Instant::now();
        let taken = self.store.take(key, holder, time).await;
        attempt.open = false;
        match taken {
            Ok(Taken::Yes) => {
                self.metrics.outcomes.count(Outcome::Shared);
                lives.extend(asked, time);
                Ok(Ok(lease(true)))
            }
            Ok(Taken::Held { holder: other, note }) => {
                let _ = self.local.give_back(key, holder).await;
                Ok(Err(Held { holder: other, note }))
            }
            // It may have been taken all the same: then it ends by itself.
            Err(_) if self.config.on_store_loss == OnStoreLoss::Local => {
                self.metrics.outcomes.count(Outcome::Local);
                Ok(Ok(lease(false)))
            }
            Err(_) => {
                attempt.open = true;
                self.metrics.outcomes.count(Outcome::Refused);
                Err(Fault::TurnStore)
            }
        }
    }
}

impl Drop for Leases {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

/// An attempt to take a lease. If its request ends meanwhile, or if it is not known what
/// became of the attempt, the lease is given back.
struct Attempt<'a> {
    leases: &'a Arc<Leases>,
    key: &'a str,
    holder: &'a Holder,
    open: bool,
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.open
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let (leases, key, holder) = (Arc::clone(self.leases), self.key.to_owned(), self.holder.clone());
            runtime.spawn(async move { leases.give_back(&key, &holder).await });
        }
    }
}

/// A lease that somebody else has.
struct Held {
    holder: Holder,
    note: String,
}

/// How a lease ends.
enum End {
    /// It is given back; the place is free after that.
    GivenBack(Option<Place>),
    /// It is kept with this note. Whether that is done is told.
    Claimed { note: String, told: oneshot::Sender<bool> },
}

impl Lease {
    pub fn lives(&self) -> Option<Lives> {
        self.shared.then(|| self.lives.clone())
    }

    /// Keeps it as a claim, of a request that was judged by what was `seen`.
    pub async fn claim(mut self, seen: &Seen) -> Result<(), Fault> {
        // Never empty: that it is a claim shows by it.
        let note = format!(" claim{}", seen.note());
        let (told, kept) = oneshot::channel();
        let asked = self.end.take().is_some_and(|end| end.send(End::Claimed { note, told }).is_ok());
        if asked && kept.await.unwrap_or_default() && (!self.shared || self.lives.now()) {
            return Ok(());
        }
        Err(Fault::TurnLost)
    }

    /// Gives it back beside other work; `place` is free after that.
    pub fn give_back(mut self, place: Option<Place>) {
        if let Some(end) = self.end.take() {
            // Nobody is there any more when the process ends.
            let _ = end.send(End::GivenBack(place));
        }
    }
}

/// What keeps a lease until it ends. One task asks the store about it, one question after
/// the other, so that it is not renewed after it was given back.
struct Keeper {
    leases: Arc<Leases>,
    key: String,
    holder: Holder,
    lives: Lives,
    shared: bool,
}

impl Keeper {
    async fn keep(self, mut end: oneshot::Receiver<End>) {
        let Self { leases, key, holder, lives, shared } = &self;
        let lease = leases.config.lease;
        let mut lost = false;
        let ended = loop {
            if let Ok(ended) = tokio::time::timeout(lease.checked_div(3).unwrap_or(lease), &mut end).await {
                break ended;
            }
            let _ = leases.local.renew(key, holder, "", lease).await;
            if !shared {
                continue;
            }
            let asked = Instant::now();
            match leases.store.renew(key, holder, "", lease).await {
                Ok(Renewed::Kept) if !lost => lives.extend(asked, lease),
                Ok(Renewed::Kept) => {}
                // Others are kept out again; but somebody may have been in between.
                Ok(Renewed::Again | Renewed::Lost) => {
                    if !std::mem::replace(&mut lost, true) {
                        leases.metrics.outcomes.count(Outcome::Lost);
                    }
                    lives.end();
                }
                // The next time, or never.
                Err(_) => {}
            }
        };
        match ended {
            Ok(End::Claimed { note, told }) => {
                let kept = !lost && self.claim(&note).await;
                if !kept {
                    self.give_back().await;
                }
                let _ = told.send(kept);
            }
            Ok(End::GivenBack(place)) => {
                self.give_back().await;
                drop(place);
            }
            Err(_) => self.give_back().await,
        }
    }

    /// Whether it is still the holder's.
    async fn claim(&self, note: &str) -> bool {
        let Self { leases, key, holder, shared, .. } = self;
        let time = leases.config.claim;
        let _ = leases.local.renew(key, holder, note, time).await;
        if !shared {
            return true;
        }
        match leases.store.renew(key, holder, note, time).await {
            Ok(Renewed::Kept) => true,
            Ok(Renewed::Again | Renewed::Lost) => {
                leases.metrics.outcomes.count(Outcome::Lost);
                false
            }
            // The lease holds on as it is.
            Err(_) => true,
        }
    }

    async fn give_back(&self) {
        self.leases.give_back(&self.key, &self.holder).await;
    }
}
