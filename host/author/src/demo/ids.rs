//! The resources that are there from the start, in each API.

/// An instance that is not instantiated.
pub const NOT_INSTANTIATED: &str = "a0000000-0000-4000-8000-000000000001";
/// An instantiated instance with nothing going on.
pub const INSTANTIATED: &str = "a0000000-0000-4000-8000-000000000002";
/// An instantiated instance with an operation in PROCESSING.
pub const BUSY: &str = "a0000000-0000-4000-8000-000000000003";
/// An instantiated instance with an operation in FAILED_TEMP.
pub const STUCK: &str = "a0000000-0000-4000-8000-000000000004";
/// An instance with an operation in STARTING; in PROCESSING where operations begin with that.
pub const BEGINNING: &str = "a0000000-0000-4000-8000-000000000005";
/// An instance with an operation in ROLLING_BACK.
pub const RETURNING: &str = "a0000000-0000-4000-8000-000000000006";

/// An operation occurrence in each state; the first is in PROCESSING where operations begin with that.
pub const STARTING: &str = "b0000000-0000-4000-8000-000000000001";
pub const PROCESSING: &str = "b0000000-0000-4000-8000-000000000002";
pub const COMPLETED: &str = "b0000000-0000-4000-8000-000000000003";
pub const FAILED_TEMP: &str = "b0000000-0000-4000-8000-000000000004";
pub const FAILED: &str = "b0000000-0000-4000-8000-000000000005";
pub const ROLLING_BACK: &str = "b0000000-0000-4000-8000-000000000006";
pub const ROLLED_BACK: &str = "b0000000-0000-4000-8000-000000000007";

pub const SUBSCRIPTION: &str = "c0000000-0000-4000-8000-000000000001";

/// A VNF snapshot that the NFVO knows.
pub const SNAPSHOT: &str = "d0000000-0000-4000-8000-000000000001";
