//! Policies put to the test: [`tested`] runs their cases, [`replay`] judges requests again
//! that a gate has recorded. What is found comes as data, and as the JSON of `solgate test`
//! and `solgate replay`.

#![forbid(unsafe_code)]

pub mod asked;
pub mod recorded;
pub mod replay;
pub mod tested;
