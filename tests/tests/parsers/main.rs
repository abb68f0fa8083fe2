//! Requests that parsers read in different ways, against three that a VNFM may use:
//! what one of them reads differently from the policy is refused, and what passes is
//! read alike by all.
//!
//! The requests are in tests/parsers; `make test-doors` installs the parsers and runs
//! this. Without them the tests stand aside.

mod cases;
mod parsers;
mod reading;

use std::collections::BTreeSet;

use cases::Case;
use parsers::Parsers;
use reading::Reading;

#[test]
#[ignore = "needs parsers that `make test-doors` installs"]
fn bodies_are_read_as_they_were_judged_or_refused() {
    // At least so many of them are refused for a reason that these parsers show.
    compare(&cases::bodies(), 25);
}

#[test]
#[ignore = "needs parsers that `make test-doors` installs"]
fn heads_are_read_as_they_were_judged_or_refused() {
    compare(&cases::heads(), 15);
}

fn compare(cases: &[Case], least: usize) {
    let parsers = Parsers::start();
    let (mut faults, mut passed, mut disputed) = (Vec::new(), 0, 0);
    for case in cases {
        let judged = Reading::of(case);
        let mut direct = BTreeSet::new();
        for parser in &parsers.all {
            let answer = parser.gated(&case.bytes);
            let rules = if answer.status == 200 { vec![] } else { answer.rules() };
            let expected = match &case.expect {
                Some(rule) => rules.contains(rule),
                None => rules.is_empty(),
            };
            if !expected {
                faults.push(format!("{}: expected is {:?}, not {rules:?}", case.name, case.expect));
                continue;
            }
            if case.expect.is_none() {
                let reading = Reading::reported(&answer.body).map(|reading| reading.about(&judged));
                let differs = reading.as_ref() != Some(&judged);
                if differs && case.differs.is_none() {
                    faults.push(format!("{}, by {}: {reading:?}, not {judged:?}", case.name, parser.name));
                }
            } else {
                let reading = parser.direct(&case.bytes).and_then(|answer| Reading::reported(&answer));
                direct.insert(reading.map(|reading| reading.about(&judged)));
            }
        }
        passed += usize::from(case.expect.is_none());
        disputed += usize::from(direct.len() > 1);
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), cases.len(), faults.join("\n"));
    println!("{} requests: {passed} are read alike, {} refused", cases.len(), cases.len() - passed);
    println!("{disputed} of the refused are read in more than one way by these parsers alone");
    assert!(disputed >= least, "the parsers differ about {disputed}");
}
