//! Custom sections: what a policy component carries in addition to its code.

/// The compiled bundle that a component was baked from, as JSON.
pub const BUNDLE: &str = "solgate:bundle";

/// The texts of the cases in tests/, as JSON.
pub const TESTS: &str = "solgate:tests";
