//! How much a door takes on at one time.
//!
//! What is more is refused at once: in a queue without end everybody would wait, and
//! in the end for answers that nobody waits for any more.

use std::sync::Arc;

use solgate::fault::Fault;
use solgate_config::Limits;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::GatewayError;

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
pub struct Place {
    _permit: OwnedSemaphorePermit,
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
    pub fn request(&self) -> Result<Place, Fault> {
        match self.requests.clone().try_acquire_owned() {
            Ok(permit) => Ok(Place { _permit: permit }),
            Err(_) => Err(Fault::TooManyRequests { limit: self.limits.requests }),
        }
    }

    /// Room for a body, which grows while it is read.
    #[must_use]
    pub fn body(&self) -> BodyRoom {
        BodyRoom { bodies: self.bodies.clone(), held: None, limit: self.limits.body_memory }
    }
}

impl BodyRoom {
    /// Makes room for so many bytes more; false if there is none.
    pub fn grow(&mut self, bytes: usize) -> bool {
        let Ok(count) = u32::try_from(bytes) else { return false };
        let Ok(more) = self.bodies.clone().try_acquire_many_owned(count) else { return false };
        match &mut self.held {
            Some(held) => held.merge(more),
            None => self.held = Some(more),
        }
        true
    }

    /// What to answer when there is no room.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::NoRoomForBody { limit: self.limit }
    }
}

/// # Errors
/// A body that a policy judges could never be held.
pub fn check(limits: &Limits, largest_body: usize) -> Result<(), GatewayError> {
    if largest_body <= limits.body_memory {
        return Ok(());
    }
    Err(GatewayError::Arguments(format!(
        "limits: bodyMemoryBytes is {}, and a policy judges bodies of {largest_body} bytes: none of them would ever have room",
        limits.body_memory
    )))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let limits = Limits { requests: 1, body_memory: 10, ..Limits::default() };
        let admission = Admission::new(&limits, 10).unwrap();
        let place = admission.request().unwrap();
        assert_eq!(admission.request().unwrap_err(), Fault::TooManyRequests { limit: 1 });
        drop(place);
        drop(admission.request().unwrap());

        let (mut first, mut second) = (admission.body(), admission.body());
        assert!(first.grow(4) && first.grow(2) && second.grow(4));
        assert!(!second.grow(1), "10 are held");
        assert_eq!(second.fault(), Fault::NoRoomForBody { limit: 10 });
        drop(first);
        assert!(second.grow(6));
        assert!(Admission::new(&limits, 11).is_err());
    }
}
