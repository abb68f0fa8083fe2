//! Records of requests that no policy was asked about.

use std::time::SystemTime;

use super::redact::{Redactor, SecretNames};
use super::take::{cut_target, time};
use super::{FORMAT, Record, RecordedCaller, RecordedContext, RecordedRequest, RecordedVerdict};
use crate::fault::Fault;
use crate::request::Caller;

/// A request that was refused before it was judged: for its token, its framing, its body, or
/// because there was no room for it.
#[derive(Debug)]
pub struct RefusedRequest<'a> {
    /// Empty if it could not be read; so is the target.
    pub method: &'a str,
    pub target: &'a str,
    pub operation: Option<String>,
    pub resource: Option<String>,
    /// As far as the door had verified who it is.
    pub caller: Option<&'a Caller>,
    /// As far as the body was read.
    pub body_bytes: usize,
    pub body_complete: bool,
    pub received_at: SystemTime,
}

impl RefusedRequest<'_> {
    /// Its record. There are no fields, facts and policies in it: nothing was judged by them.
    #[must_use]
    pub fn record(&self, fault: &Fault, names: &SecretNames) -> Record {
        let redactor = Redactor::new([], names);
        // Its form was not checked: it may be a whole URI.
        let target = redactor.text(self.target);
        Record {
            format: FORMAT,
            id: None,
            time: time(self.received_at),
            trace_id: None,
            operation: self.operation.clone(),
            resource: self.resource.clone(),
            request: RecordedRequest {
                method: self.method.to_owned(),
                target: cut_target(&redactor.target(&target)),
                fields: Vec::new(),
                body_bytes: self.body_bytes,
                body_complete: self.body_complete,
                body: None,
            },
            context: RecordedContext { caller: self.caller.map(RecordedCaller::from), ..RecordedContext::default() },
            policies: Vec::new(),
            settings_digest: String::new(),
            overrides: Vec::new(),
            facts: Vec::new(),
            verdict: RecordedVerdict::fault(fault.status().as_u16(), fault.id()),
            upstream_status: None,
            upstream_fault: None,
            partial: None,
            chain: None,
        }
    }
}
