//! The exports of `wit/policy.wit`.
#![allow(unsafe_code, clippy::all, clippy::pedantic, clippy::restriction, reason = "generated from the contract")]

wit_bindgen::generate!({ path: "../wit", world: "policy" });

pub(super) use exports::solgate::policy::judge as wit;

/// What exports them.
pub(super) struct Policy;

export!(Policy);
