//! What a lease is, and what keeps them.

use std::time::Duration;

use data_encoding::HEXLOWER;
use futures_util::future::BoxFuture;

/// Whose a lease is: a number that nobody has twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder(String);

/// Letters and digits of a [`Holder`].
pub(crate) const HOLDER: usize = 32;

impl Holder {
    /// Another one than all before. `None` if the system has no random numbers.
    #[must_use]
    pub fn unique() -> Option<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).ok()?;
        Some(Self(HEXLOWER.encode(&bytes)))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What a lease with this note says.
    pub(crate) fn with(&self, note: &str) -> String {
        format!("{}{note}", self.0)
    }

    /// The holder and the note of what a lease says.
    pub(crate) fn parse(value: &str) -> (Self, String) {
        let (holder, note) = value.split_at_checked(HOLDER).unwrap_or((value, ""));
        (Self(holder.to_owned()), note.to_owned())
    }
}

/// What became of an attempt to take a lease.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    Yes,
    /// Somebody has it, who has left this note in it.
    Held {
        holder: Holder,
        note: String,
    },
}

/// What became of a lease that was to be renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewed {
    /// It holds on.
    Kept,
    /// It had ended, and nobody has it: it was taken again. Somebody may have had it
    /// meanwhile.
    Again,
    /// It is somebody else's.
    Lost,
}

/// A store cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub(crate) String);

/// Keeps leases. One holder at most has the lease of a resource.
pub trait LeaseStore: Send + Sync {
    /// Takes the lease of a resource for `time`, without a note, if nobody has it.
    fn take<'a>(
        &'a self,
        resource: &'a str,
        holder: &'a Holder,
        time: Duration,
    ) -> BoxFuture<'a, Result<Taken, StoreError>>;

    /// Lets the lease hold for `time` from now on, with this note.
    fn renew<'a>(
        &'a self,
        resource: &'a str,
        holder: &'a Holder,
        note: &'a str,
        time: Duration,
    ) -> BoxFuture<'a, Result<Renewed, StoreError>>;

    /// Ends the lease, if it is the holder's.
    fn give_back<'a>(&'a self, resource: &'a str, holder: &'a Holder) -> BoxFuture<'a, Result<(), StoreError>>;
}
