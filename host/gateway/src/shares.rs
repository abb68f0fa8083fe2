//! What all requests and connections of a door share, and who has how much of it.
//!
//! A limit is for all together. As long as a quarter of it is free, anybody may have
//! the rest. Of the last quarter each client address gets its share only, so that one
//! client cannot shut out the others. An address may always have one connection, one
//! request and one body: whoever comes for the first time is not in the way.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::rates::{Named, Rate, Rates, Sender};

/// A thing that is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// Client connections.
    Connections,
    /// Requests that are judged or wait for the head of an answer.
    Requests,
    /// Requests that wait for their turn.
    Waiting,
    /// Bytes of request bodies.
    BodyMemory,
}

/// So much of each resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Amounts {
    connections: usize,
    requests: usize,
    waiting: usize,
    body_memory: usize,
}

/// What is taken now. Lives as long as the door, whatever configuration holds.
#[derive(Debug, Default)]
pub struct Shares {
    books: Mutex<Books>,
    rates: Mutex<Rates>,
    /// Answers of VNFMs that are on their way to a client.
    answers: AtomicUsize,
}

#[derive(Debug, Default)]
struct Books {
    total: Amounts,
    clients: HashMap<IpAddr, Amounts>,
    /// Requests of callers and tenants that have a limit.
    named: HashMap<(Named, Arc<str>), usize>,
}

/// How much of a resource there may be.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    pub total: usize,
    /// For one address while little is left.
    pub share: usize,
}

/// Why nothing can be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// For nobody.
    Total,
    /// For this client, which has its share.
    Share,
}

/// A part of a resource that somebody has; it is free again when this is dropped.
#[derive(Debug)]
pub struct Held {
    shares: Arc<Shares>,
    resource: Resource,
    client: Option<IpAddr>,
    amount: usize,
}

/// A request of a caller or tenant that has a limit; it has ended when this is dropped.
#[derive(Debug)]
pub struct NamedRequest {
    shares: Arc<Shares>,
    key: (Named, Arc<str>),
}

/// An answer that is on its way to a client until this is dropped.
#[derive(Debug)]
pub struct AnswerInFlight(Arc<Shares>);

impl Amounts {
    fn of(&mut self, resource: Resource) -> &mut usize {
        match resource {
            Resource::Connections => &mut self.connections,
            Resource::Requests => &mut self.requests,
            Resource::Waiting => &mut self.waiting,
            Resource::BodyMemory => &mut self.body_memory,
        }
    }
}

impl Shares {
    /// Nothing of a resource yet, for this client; `None` is whoever has no share.
    #[must_use]
    pub fn nothing(self: &Arc<Self>, resource: Resource, client: Option<IpAddr>) -> Held {
        Held { shares: Arc::clone(self), resource, client: client.map(network), amount: 0 }
    }

    /// One of a resource.
    ///
    /// # Errors
    /// There is none left.
    pub fn one(self: &Arc<Self>, resource: Resource, client: Option<IpAddr>, limit: Limit) -> Result<Held, Full> {
        let mut held = self.nothing(resource, client);
        held.grow(1, limit).map(|()| held)
    }

    /// One request of a caller or tenant.
    ///
    /// # Errors
    /// There are `limit` already.
    pub fn named(self: &Arc<Self>, named: Named, name: &str, limit: usize) -> Result<NamedRequest, Full> {
        let key = (named, Arc::from(name));
        let mut books = self.books();
        let count = books.named.entry(key.clone()).or_default();
        if *count >= limit {
            return Err(Full::Share);
        }
        *count = count.saturating_add(1);
        drop(books);
        Ok(NamedRequest { shares: Arc::clone(self), key })
    }

    /// One request of a client that comes now.
    ///
    /// # Errors
    /// It has sent as many as it may; the time until it may send one.
    pub fn rate_of_client(&self, client: IpAddr, rate: Rate) -> Result<(), Duration> {
        self.rates().take(Sender::Client(network(client)), rate, Instant::now())
    }

    /// The same of a caller or tenant.
    ///
    /// # Errors
    /// The same.
    pub fn rate_of(&self, named: Named, name: &str, rate: Rate) -> Result<(), Duration> {
        self.rates().take(Sender::Named(named, Arc::from(name)), rate, Instant::now())
    }

    /// Clients, callers and tenants whose requests in a second are counted.
    #[must_use]
    pub fn rated(&self) -> usize {
        self.rates().count()
    }

    /// Counts an answer.
    #[must_use]
    pub fn answer(self: &Arc<Self>) -> AnswerInFlight {
        self.answers.fetch_add(1, Ordering::Relaxed);
        AnswerInFlight(Arc::clone(self))
    }

    /// How much of a resource is taken.
    #[must_use]
    pub fn taken(&self, resource: Resource) -> usize {
        *self.books().total.of(resource)
    }

    /// Answers on their way to clients.
    #[must_use]
    pub fn answers(&self) -> usize {
        self.answers.load(Ordering::Relaxed)
    }

    fn rates(&self) -> MutexGuard<'_, Rates> {
        self.rates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// So much of it.
    #[must_use]
    pub fn amount(&self) -> usize {
        self.amount
    }

    /// Takes so much more.
    ///
    /// # Errors
    /// There is not so much left; what is held stays held.
    pub fn grow(&mut self, more: usize, limit: Limit) -> Result<(), Full> {
        let mut books = self.shares.books();
        let taken = *books.total.of(self.resource);
        let total = taken.saturating_add(more);
        // Whoever is alone may have all.
        if total > limit.total {
            return Err(Full::Total);
        }
        if let Some(client) = self.client {
            let of_client = books.clients.entry(client).or_default().of(self.resource);
            let others = of_client.saturating_sub(self.amount);
            let wanted = of_client.saturating_add(more);
            if others > 0 && wanted > limit.share && taken > quarters(limit.total) {
                return Err(Full::Share);
            }
            *of_client = wanted;
        }
        *books.total.of(self.resource) = total;
        drop(books);
        self.amount = self.amount.saturating_add(more);
        Ok(())
    }

    /// It is this client's: that was not known before.
    ///
    /// # Errors
    /// The client has its share. What is held stays held, by nobody.
    pub fn belongs_to(&mut self, client: IpAddr, limit: Limit) -> Result<(), Full> {
        let client = network(client);
        if self.client.is_some() || self.amount == 0 {
            return Ok(());
        }
        let mut books = self.shares.books();
        let before = books.total.of(self.resource).saturating_sub(self.amount);
        let of_client = books.clients.get(&client).copied().unwrap_or_default().of(self.resource).to_owned();
        let wanted = of_client.saturating_add(self.amount);
        if of_client > 0 && wanted > limit.share && before > quarters(limit.total) {
            return Err(Full::Share);
        }
        *books.clients.entry(client).or_default().of(self.resource) = wanted;
        drop(books);
        self.client = Some(client);
        Ok(())
    }

    /// Nobody else has any of it.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.shares.taken(self.resource) == self.amount
    }
}

/// Three of the four.
fn quarters(total: usize) -> usize {
    total.saturating_sub(total / 4)
}

/// Whoever has an address of IPv6 has the 64 bits behind its network as well.
fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.amount == 0 {
            return;
        }
        let mut books = self.shares.books();
        let taken = books.total.of(self.resource);
        *taken = taken.saturating_sub(self.amount);
        if let Some(client) = self.client
            && let Entry::Occupied(mut entry) = books.clients.entry(client)
        {
            let taken = entry.get_mut().of(self.resource);
            *taken = taken.saturating_sub(self.amount);
            if *entry.get() == Amounts::default() {
                entry.remove();
            }
        }
    }
}

impl Drop for NamedRequest {
    fn drop(&mut self) {
        let mut books = self.shares.books();
        if let Some(count) = books.named.get_mut(&self.key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                books.named.remove(&self.key);
            }
        }
    }
}

impl Drop for AnswerInFlight {
    fn drop(&mut self) {
        self.0.answers.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { total: 100, share: 10 };

    fn client(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn the_last_quarter_is_shared() {
        let shares = Arc::new(Shares::default());
        let one = |last| shares.one(Resource::Requests, client(last), LIMIT);
        let mut held: Vec<Held> = (0..76).map(|_| one(1).unwrap()).collect();
        assert_eq!(one(1).unwrap_err(), Full::Share);
        held.extend((0..10).map(|_| one(2).unwrap()));
        assert_eq!(one(2).unwrap_err(), Full::Share);
        // A trusted hop has no share, and the total holds for it.
        held.extend((0..14).map(|_| shares.one(Resource::Requests, None, LIMIT).unwrap()));
        assert_eq!(one(3).unwrap_err(), Full::Total);
        assert_eq!(shares.taken(Resource::Requests), 100);
        // Another resource is another matter.
        drop(shares.one(Resource::Waiting, client(1), LIMIT).unwrap());
        held.truncate(76);
        held.push(one(2).unwrap());
        drop(held);
        assert_eq!(shares.books().clients.len(), 0, "nothing is kept");
        assert_eq!(shares.taken(Resource::Requests), 0);
    }

    #[test]
    fn what_is_held_can_turn_out_to_be_a_clients() {
        let shares = Arc::new(Shares::default());
        let limit = Limit { total: 8, share: 1 };
        let one = || shares.one(Resource::Requests, None, limit).unwrap();
        let mut held: Vec<Held> = (0..8).map(|_| one()).collect();
        let results: Vec<_> = held.iter_mut().map(|held| held.belongs_to(client(1).unwrap(), limit).is_ok()).collect();
        // All eight are held already: the first is nobody's to refuse.
        assert_eq!(results, [true, false, false, false, false, false, false, false]);
        assert!(held.pop().unwrap().belongs_to(client(2).unwrap(), limit).is_ok());
        drop(held);
        assert_eq!((shares.taken(Resource::Requests), shares.books().clients.len()), (0, 0));
    }

    #[test]
    fn whoever_has_nothing_else_may_have_one() {
        let shares = Arc::new(Shares::default());
        let mut first = shares.nothing(Resource::BodyMemory, client(1));
        for _ in 0..10 {
            first.grow(10, LIMIT).unwrap();
        }
        assert_eq!(first.grow(1, LIMIT).unwrap_err(), Full::Total);
        assert!(first.is_alone());
        drop(first);
        let mut others = shares.nothing(Resource::BodyMemory, None);
        others.grow(76, LIMIT).unwrap();
        let (mut one, mut two) =
            (shares.nothing(Resource::BodyMemory, client(1)), shares.nothing(Resource::BodyMemory, client(1)));
        one.grow(12, LIMIT).unwrap();
        assert_eq!(two.grow(1, LIMIT).unwrap_err(), Full::Share);
        assert_eq!(two.amount(), 0);
        drop(one);
        two.grow(12, LIMIT).unwrap();
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let shares = Arc::new(Shares::default());
        let one =
            |text: &str| shares.one(Resource::Connections, Some(text.parse().unwrap()), Limit { total: 4, share: 1 });
        let _held = [one("2001:db8::1").unwrap(), one("2001:db8::2").unwrap(), one("2001:db8::3").unwrap()];
        let _fourth = one("2001:db8:0:1::1").unwrap();
        assert_eq!(shares.books().clients.len(), 2);
        assert_eq!(network("::ffff:192.0.2.1".parse().unwrap()), IpAddr::from([192, 0, 2, 1]));
    }

    #[test]
    fn callers_and_tenants_are_counted_by_name() {
        let shares = Arc::new(Shares::default());
        let first = shares.named(Named::Caller, "anna", 1).unwrap();
        assert_eq!(shares.named(Named::Caller, "anna", 1).unwrap_err(), Full::Share);
        let _others =
            [shares.named(Named::Caller, "bert", 1).unwrap(), shares.named(Named::Tenant, "anna", 1).unwrap()];
        drop(first);
        drop(shares.named(Named::Caller, "anna", 1).unwrap());
        assert_eq!(shares.books().named.len(), 2);
    }
}
