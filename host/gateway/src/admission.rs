//! How many requests a door takes on at one time.
//!
//! Anything more is refused at once. In a queue without end everybody would wait, and
//! in the end for answers that nobody waits for any more.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Body;
use solgate::body::{Unread, collect};
use solgate::fault::Fault;
use solgate::request::Caller;
use solgate_config::networks::Networks;
use solgate_config::{Config, Limits, Misfit};

use crate::error::GatewayError;
use crate::rates::{Named, Rate};
use crate::shares::{AnswerInFlight, Full, Held, Limit, NamedRequest, Resource, Shares};

/// Bytes of a body for which room is kept while large ones take what they can get.
const SMALL_BODY: usize = 64 << 10;

/// What requests and connections may have, as the configuration says, of what they share.
#[derive(Debug)]
pub struct Admission {
    pub shares: Arc<Shares>,
    pub limits: Limits,
    /// Many clients come from one address in these.
    shared: [Networks; 2],
}

/// A body, as far as it was read.
#[derive(Debug)]
pub struct AdmittedBody {
    pub bytes: Bytes,
    /// False if there is more of it.
    pub complete: bool,
    pub room: BodyRoom,
}

/// The memory of one body; it is free again when this is dropped.
#[derive(Debug)]
pub struct BodyRoom {
    held: Held,
    client: Option<IpAddr>,
    limit: Limit,
    full: Full,
}

/// The requests of a caller and its tenant, where they have limits; over when this is
/// dropped.
pub type OfCaller = [Option<NamedRequest>; 2];

impl Admission {
    /// For bodies of up to `largest_body` bytes. What is held of `shares` stays held.
    ///
    /// # Errors
    /// Not even one such body has room.
    pub fn new(config: &Config, largest_body: usize, shares: Arc<Shares>) -> Result<Self, GatewayError> {
        check(&config.limits, largest_body)?;
        Ok(Self { shares, limits: config.limits, shared: [config.trusted_hops.clone(), config.asking.clone()] })
    }

    /// A place among `connections` for one that `client` has opened, if its address is
    /// known.
    ///
    /// # Errors
    /// All are taken, or this client has its share.
    pub fn connection(&self, client: Option<IpAddr>, connections: usize) -> Result<Held, Full> {
        let share = client.and_then(|client| self.client(client));
        let place = self.shares.one(Resource::Connections, share, self.limit(connections));
        place.inspect_err(|full| say(*full, client, "connections"))
    }

    /// Places for `more` of them beside the `place` that the same client has.
    ///
    /// # Errors
    /// There are not so many, or this client has its share.
    pub fn more_connections(&self, place: &mut Held, more: usize, connections: usize) -> Result<(), Full> {
        place.grow(more, self.limit(connections))
    }

    /// A place among those that are judged or wait for an answer. Without a `client` it
    /// is not yet known for whom.
    ///
    /// # Errors
    /// All are taken, or this client has its share.
    pub fn place(&self, client: Option<IpAddr>) -> Result<Held, Fault> {
        let limit = self.limits.requests;
        self.one((Resource::Requests, "requests"), client, limit, Fault::TooManyRequests { limit })
    }

    /// A place and the room of a body are this client's, as their content has shown.
    ///
    /// # Errors
    /// The client has its share of one of them.
    pub fn known(&self, place: &mut Held, room: &mut BodyRoom, client: IpAddr) -> Result<(), Fault> {
        let Some(client) = self.client(client) else { return Ok(()) };
        let (requests, body) = (self.limit(self.limits.requests), room.limit);
        for (held, limit, name) in [(place, requests, "requests"), (&mut room.held, body, "bodyMemoryBytes")] {
            held.belongs_to(client, limit).map_err(|full| {
                say(full, Some(client), name);
                Fault::ClientShare
            })?;
        }
        room.client = Some(client);
        Ok(())
    }

    /// A place among those that wait for their turn.
    ///
    /// # Errors
    /// All are taken, or this client has its share.
    pub fn waiting(&self, client: Option<IpAddr>) -> Result<Held, Fault> {
        let limit = self.limits.waiting_total;
        self.one((Resource::Waiting, "waitingTotal"), client, limit, Fault::TooManyWaitingInAll { limit })
    }

    /// Counts a request of this client, if it is known.
    ///
    /// # Errors
    /// The client has sent as many in this time as it may.
    pub fn rate_of_client(&self, client: Option<IpAddr>) -> Result<(), Fault> {
        let Some((client, rate)) = client.zip(rate(self.limits.client_rate, self.limits.client_burst)) else {
            return Ok(());
        };
        if self.is_of_many(client) {
            return Ok(());
        }
        self.shares.rate_of_client(client, rate).map_err(|wait| {
            let hint = "if many clients come from this address, name it in trustedHops";
            tracing::warn!(%client, limit = "clientRate", hint, "a client sends too many requests in a second");
            Fault::ClientRate { limit: rate.per_second, wait: seconds(wait) }
        })
    }

    /// Counts a request of this caller, and of its tenant.
    ///
    /// # Errors
    /// One of them has sent as many in this time as it may.
    pub fn rate_of_caller(&self, caller: Option<&Caller>) -> Result<(), Fault> {
        let Some(caller) = caller else { return Ok(()) };
        if let Some((name, rate)) =
            caller.subject.as_deref().zip(rate(self.limits.caller_rate, self.limits.caller_burst))
        {
            let taken = self.shares.rate_of(Named::Caller, name, rate);
            taken.map_err(|wait| Fault::CallerRate { limit: rate.per_second, wait: seconds(wait) })?;
        }
        if let Some((name, rate)) =
            caller.tenant.as_deref().zip(rate(self.limits.tenant_rate, self.limits.tenant_burst))
        {
            let taken = self.shares.rate_of(Named::Tenant, name, rate);
            taken.map_err(|wait| Fault::TenantRate { limit: rate.per_second, wait: seconds(wait) })?;
        }
        Ok(())
    }

    /// A place among the requests of a caller, and of its tenant.
    ///
    /// # Errors
    /// The caller or its tenant has as many under way as it may.
    pub fn caller(&self, caller: Option<&Caller>) -> Result<OfCaller, Fault> {
        let (name, tenant) = match caller {
            Some(caller) => (caller.subject.as_deref(), caller.tenant.as_deref()),
            None => (None, None),
        };
        let named = |kind, name, limit, fault: fn(usize) -> Fault| match (name, limit) {
            (Some(name), Some(limit)) => self.shares.named(kind, name, limit).map(Some).map_err(|_: Full| fault(limit)),
            _ => Ok(None),
        };
        let of_caller =
            named(Named::Caller, name, self.limits.caller_requests, |limit| Fault::CallerRequests { limit })?;
        let of_tenant =
            named(Named::Tenant, tenant, self.limits.tenant_requests, |limit| Fault::TenantRequests { limit })?;
        Ok([of_caller, of_tenant])
    }

    /// Counts an answer that a VNFM begins to send.
    #[must_use]
    pub fn answer(&self) -> AnswerInFlight {
        self.shares.answer()
    }

    /// Reads a body, of which only `limit` bytes matter. `broken` is the fault of a body
    /// that breaks off.
    ///
    /// # Errors
    /// It breaks off, there is no room for it, or it does not come in time.
    pub async fn body<B: Body>(
        &self,
        body: B,
        limit: usize,
        client: Option<IpAddr>,
        broken: impl FnOnce() -> Fault,
    ) -> Result<AdmittedBody, Fault> {
        let mut room = self.room(client);
        if body.is_end_stream() {
            return Ok(AdmittedBody { bytes: Bytes::new(), complete: true, room });
        }
        let patience = self.limits.body_timeout;
        match tokio::time::timeout(patience, collect(body, limit, |bytes| room.grow(bytes))).await {
            Ok(Ok((bytes, complete))) => Ok(AdmittedBody { bytes, complete, room }),
            Ok(Err(Unread::NoRoom)) => Err(room.fault()),
            Ok(Err(Unread::Broken(_))) => Err(broken()),
            Err(_) => Err(Fault::RequestTimeout { seconds: patience.as_secs() }),
        }
    }

    /// A body of which nothing is read.
    pub fn unread(&self) -> AdmittedBody {
        AdmittedBody { bytes: Bytes::new(), complete: false, room: self.room(None) }
    }

    /// Room for a body, which grows while it is read.
    fn room(&self, client: Option<IpAddr>) -> BodyRoom {
        let client = client.and_then(|client| self.client(client));
        let held = self.shares.nothing(Resource::BodyMemory, client);
        BodyRoom { held, client, limit: self.limit(self.limits.body_memory), full: Full::Total }
    }

    fn one(
        &self,
        (resource, name): (Resource, &'static str),
        client: Option<IpAddr>,
        total: usize,
        fault: Fault,
    ) -> Result<Held, Fault> {
        let client = client.and_then(|client| self.client(client));
        self.shares.one(resource, client, self.limit(total)).map_err(|full| {
            say(full, client, name);
            match full {
                Full::Total => fault,
                Full::Share => Fault::ClientShare,
            }
        })
    }

    /// Whose share it is: that of nobody if many clients come from this address.
    fn client(&self, address: IpAddr) -> Option<IpAddr> {
        let alone = self.limits.client_share >= 1.0;
        (!alone && !self.is_of_many(address)).then_some(address)
    }

    fn is_of_many(&self, address: IpAddr) -> bool {
        self.shared.iter().any(|networks| networks.contains(address))
    }

    fn limit(&self, total: usize) -> Limit {
        Limit { total, share: part(total, self.limits.client_share) }
    }
}

/// Without a burst, what comes in a second may come at once.
fn rate(per_second: Option<usize>, burst: Option<usize>) -> Option<Rate> {
    per_second.map(|per_second| Rate { per_second, burst: burst.unwrap_or(per_second) })
}

/// After which the next request passes.
fn seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(u32::from(wait.subsec_nanos() > 0))
}

/// Tells the operator who is held to its share: it may be a balancer, of which the gate does
/// not know. That a limit is reached for all can be seen in the metrics.
fn say(full: Full, client: Option<IpAddr>, limit: &str) {
    if full == Full::Share
        && let Some(client) = client
    {
        let hint = "if many clients come from this address, name it in trustedHops";
        tracing::warn!(%client, limit, hint, "a client has its share, and is refused more");
    }
}

/// This part of a number, rounded down.
fn part(total: usize, part: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a part, from 0 to 1, of a number; of one beyond 2^53 it need not be exact"
    )]
    let rounded = (total as f64 * part) as usize;
    rounded.min(total)
}

impl BodyRoom {
    /// Makes room for this number of bytes more; false if there is none.
    fn grow(&mut self, bytes: usize) -> bool {
        let small = self.held.amount().saturating_add(bytes) <= SMALL_BODY;
        let kept = if small || self.held.is_alone() { 0 } else { self.limit.total / 8 };
        let limit = Limit { total: self.limit.total.saturating_sub(kept), ..self.limit };
        match self.held.grow(bytes, limit) {
            Ok(()) => true,
            Err(full) => {
                self.full = full;
                false
            }
        }
    }

    /// What to answer when there is no room.
    fn fault(&self) -> Fault {
        say(self.full, self.client, "bodyMemoryBytes");
        match self.full {
            Full::Total => Fault::NoRoomForBody { limit: self.limit.total },
            Full::Share => Fault::ClientShare,
        }
    }
}

/// # Errors
/// A body that a policy judges could never be held.
pub fn check(limits: &Limits, largest_body: usize) -> Result<(), GatewayError> {
    if largest_body <= limits.body_memory {
        return Ok(());
    }
    Err(Misfit::new("/limits/bodyMemoryBytes", format!(
        "limits: bodyMemoryBytes is {}, but a policy judges bodies of up to {largest_body} bytes, which would never have room",
        limits.body_memory
    ))
    .into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use solgate_config::networks::parse_network;

    use super::*;

    fn admission(limits: Limits) -> Admission {
        let config =
            Config { limits, trusted_hops: Networks(vec![parse_network("10.0.0.0/8").unwrap()]), ..Config::default() };
        Admission::new(&config, 10, Arc::default()).unwrap()
    }

    fn client(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let limits = Limits { requests: 1, body_memory: 10, ..Limits::default() };
        let admission = admission(limits);
        let place = admission.place(None).unwrap();
        assert_eq!(admission.place(None).unwrap_err(), Fault::TooManyRequests { limit: 1 });
        drop(place);
        drop(admission.place(None).unwrap());

        let (mut first, mut second) = (admission.room(None), admission.room(None));
        assert!(first.grow(4) && first.grow(2) && second.grow(4));
        assert!(!second.grow(1), "10 are held");
        assert_eq!(second.fault(), Fault::NoRoomForBody { limit: 10 });
        drop(first);
        assert!(second.grow(6));
        assert!(check(&limits, 11).is_err());
    }

    /// As when the configuration is replaced.
    #[test]
    fn what_is_held_stays_held_under_other_limits() {
        let before = admission(Limits { requests: 4, ..Limits::default() });
        let held: Vec<_> = (0..3).map(|last| before.place(Some(client(last))).unwrap()).collect();
        let config = Config { limits: Limits { requests: 2, ..Limits::default() }, ..Config::default() };
        let after = Admission::new(&config, 10, Arc::clone(&before.shares)).unwrap();
        assert_eq!(after.place(Some(client(9))).unwrap_err(), Fault::TooManyRequests { limit: 2 });
        drop(held);
        assert!(after.place(Some(client(9))).is_ok());
    }

    #[test]
    fn the_last_eighth_is_for_small_bodies() {
        let admission = admission(Limits { body_memory: 8 << 20, ..Limits::default() });
        let mut alone = admission.room(Some(client(1)));
        assert!(alone.grow(8 << 20), "there is nobody else");
        drop(alone);
        let mut large: Vec<_> = (1..8).map(|last| admission.room(Some(client(last)))).collect();
        assert!(large.iter_mut().all(|body| body.grow(1 << 20)));
        let mut eighth = admission.room(Some(client(9)));
        assert!(eighth.grow(SMALL_BODY) && !eighth.grow(1));
        assert_eq!(eighth.fault(), Fault::NoRoomForBody { limit: 8 << 20 });
        assert!(admission.room(Some(client(10))).grow(SMALL_BODY));
    }

    #[test]
    fn a_trusted_hop_may_have_all() {
        let limits = Limits { requests: 16, ..Limits::default() };
        let admission = admission(limits);
        let all: Vec<_> = (0..16).map_while(|_| admission.place(Some(IpAddr::from([10, 0, 0, 1]))).ok()).collect();
        assert_eq!(all.len(), 16);
        drop(all);
        let some: Vec<_> = (0..16).map_while(|_| admission.place(Some(client(1))).ok()).collect();
        assert_eq!(some.len(), 13);
        assert_eq!(admission.place(Some(client(1))).unwrap_err(), Fault::ClientShare);
        assert!(admission.place(Some(client(2))).is_ok());
    }

    #[test]
    fn requests_in_a_second_are_counted_for_whoever_is_known() {
        let limits = Limits { client_rate: Some(1), client_burst: Some(2), caller_rate: Some(1), ..Limits::default() };
        let admission = admission(limits);
        let refused = Err(Fault::ClientRate { limit: 1, wait: 1 });
        assert_eq!([(); 3].map(|()| admission.rate_of_client(Some(client(1)))), [Ok(()), Ok(()), refused]);
        assert_eq!(admission.rate_of_client(Some(client(2))), Ok(()));
        // Many clients come from there, or nobody knows from where.
        for address in [Some(IpAddr::from([10, 0, 0, 1])), None] {
            assert!((0..9).all(|_| admission.rate_of_client(address).is_ok()));
        }
        let anna = Caller { subject: Some("anna".to_owned()), tenant: Some("t".to_owned()), ..Caller::default() };
        assert_eq!(admission.rate_of_caller(Some(&anna)), Ok(()));
        assert_eq!(admission.rate_of_caller(Some(&anna)), Err(Fault::CallerRate { limit: 1, wait: 1 }));
        assert!((0..9).all(|_| admission.rate_of_caller(None).is_ok()));
    }

    #[test]
    fn a_part_is_no_more_than_the_whole() {
        for (total, share, expected) in
            [(1024, 0.0625, 64), (10, 0.0625, 0), (10, 1.0, 10), (usize::MAX, 1.0, usize::MAX), (usize::MAX, 0.0, 0)]
        {
            assert_eq!(part(total, share), expected, "{total} {share}");
        }
    }
}
