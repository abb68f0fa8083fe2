//! How many requests a door takes on at one time.
//!
//! Anything more is refused at once. In a queue without end everybody would wait, and
//! in the end for answers that nobody waits for any more.

use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Body;
use solgate::body::{Unread, collect};
use solgate::fault::Fault;
use solgate_config::{Limits, Misfit};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::GatewayError;

/// The room that requests share.
#[derive(Debug)]
pub struct Admission {
    requests: Arc<Semaphore>,
    /// In bytes.
    bodies: Arc<Semaphore>,
    limits: Limits,
}

/// A request's place among those that are judged or wait for an answer; it is free
/// again when this is dropped.
#[derive(Debug)]
pub struct RequestPlace {
    _permit: OwnedSemaphorePermit,
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
    bodies: Arc<Semaphore>,
    held: Option<OwnedSemaphorePermit>,
    limit: usize,
}

impl Admission {
    /// For bodies of up to `largest_body` bytes.
    ///
    /// # Errors
    /// Not even one such body has room.
    pub fn new(limits: &Limits, largest_body: usize) -> Result<Self, GatewayError> {
        check(limits, largest_body)?;
        Ok(Self {
            requests: Arc::new(Semaphore::new(limits.requests.min(Semaphore::MAX_PERMITS))),
            bodies: Arc::new(Semaphore::new(limits.body_memory.min(Semaphore::MAX_PERMITS))),
            limits: *limits,
        })
    }

    /// A place for one more request.
    ///
    /// # Errors
    /// All are taken.
    pub fn place(&self) -> Result<RequestPlace, Fault> {
        match self.requests.clone().try_acquire_owned() {
            Ok(permit) => Ok(RequestPlace { _permit: permit }),
            Err(_) => Err(Fault::TooManyRequests { limit: self.limits.requests }),
        }
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
        broken: impl FnOnce() -> Fault,
    ) -> Result<AdmittedBody, Fault> {
        let mut room = self.room();
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

    /// Room for a body, which grows while it is read.
    fn room(&self) -> BodyRoom {
        BodyRoom { bodies: self.bodies.clone(), held: None, limit: self.limits.body_memory }
    }
}

impl BodyRoom {
    /// Makes room for this number of bytes more; false if there is none.
    fn grow(&mut self, bytes: usize) -> bool {
        let Ok(count) = u32::try_from(bytes) else { return false };
        let Ok(more) = self.bodies.clone().try_acquire_many_owned(count) else { return false };
        match &mut self.held {
            Some(held) => held.merge(more),
            None => self.held = Some(more),
        }
        true
    }

    /// What to answer when there is no room.
    fn fault(&self) -> Fault {
        Fault::NoRoomForBody { limit: self.limit }
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
    use super::*;

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let limits = Limits { requests: 1, body_memory: 10, ..Limits::default() };
        let admission = Admission::new(&limits, 10).unwrap();
        let place = admission.place().unwrap();
        assert_eq!(admission.place().unwrap_err(), Fault::TooManyRequests { limit: 1 });
        drop(place);
        drop(admission.place().unwrap());

        let (mut first, mut second) = (admission.room(), admission.room());
        assert!(first.grow(4) && first.grow(2) && second.grow(4));
        assert!(!second.grow(1), "10 are held");
        assert_eq!(second.fault(), Fault::NoRoomForBody { limit: 10 });
        drop(first);
        assert!(second.grow(6));
        assert!(Admission::new(&limits, 11).is_err());
    }
}
