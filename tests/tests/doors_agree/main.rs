//! A request gets the same answer wherever it is judged: by the library, by
//! `solgate check`, by `solgate serve` over HTTP/1.1 and HTTP/2, by `solgate ext-authz` over gRPC and
//! by `solgate forward-auth`. Compared are the status, all response fields and the parsed
//! ProblemDetails, or that it is allowed and, behind `solgate serve`, arrives at the
//! VNFM as it was sent.

mod check;
mod http_refuses;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use solgate_tests::domain::{self, PROFILES};
use solgate_tests::doors::{self, Asked, ExtAuthz, ForwardAuth, Said, Serve, library, transport};

#[test]
fn on_the_policys_own_cases() {
    let asked = doors::of_the_bundle();
    assert!(asked.len() > 200, "{} cases", asked.len());
    compare(&asked, true);
}

#[test]
fn on_the_domains_cases_in_their_profiles() {
    let Some(cases) = domain::read(&domain::folder()).expect("it is readable") else {
        println!("skipped: {} has no cases.jsonl", domain::folder().display());
        return;
    };
    compare(&doors::of_the_domain(&cases, |case| vec![case.profile.clone()]), true);
}

#[test]
fn on_requests_that_try_the_transport() {
    compare(&transport::requests(), false);
}

/// A case says what is right in one profile only; that the doors agree can be
/// seen in all of them.
#[test]
fn on_the_domains_cases_in_every_other_profile() {
    let Some(cases) = domain::read(&domain::folder()).expect("it is readable") else {
        println!("skipped: {} has no cases.jsonl", domain::folder().display());
        return;
    };
    let others = |case: &domain::DomainCase| {
        PROFILES.iter().filter(|profile| **profile != case.profile).map(|profile| (*profile).to_owned()).collect()
    };
    compare(&doors::of_the_domain(&cases, others), false);
}

/// Asks all doors, `solgate check` only if `checked`: that is a process for each.
fn compare(asked: &[Asked], checked: bool) {
    let serve = Serve::start(asked, &[]);
    let ext_authz = ExtAuthz::start(asked);
    let forward_auth = ForwardAuth::start(asked);
    let faults = Mutex::new(Vec::new());
    let (denied, over_http2) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let by_library: Vec<_> = asked.iter().map(library::judge).collect();
    let pairs: Vec<_> = asked.iter().zip(&by_library).collect();
    let fault = |asked: &Asked, door: &str, found: &str, expected: &str| {
        faults.lock().unwrap().push(format!("{}: {door} says\n  {found}\nbut the library\n  {expected}", asked.label));
    };
    std::thread::scope(|threads| {
        threads.spawn(|| {
            for (asked, (said, facts)) in &pairs {
                denied.fetch_add(usize::from(said.is_some()), Ordering::Relaxed);
                let found = serve.judge(asked, facts);
                if found != *said {
                    fault(asked, "solgate serve", &shown(&found), &shown(said));
                }
                let Some(found) = serve.judge_http2(asked, facts) else { continue };
                over_http2.fetch_add(1, Ordering::Relaxed);
                if found != *said {
                    fault(asked, "solgate serve over HTTP/2", &shown(&found), &shown(said));
                }
            }
        });
        threads.spawn(|| {
            for (asked, (said, facts)) in &pairs {
                let found = ext_authz.judge(asked, facts);
                if found != *said {
                    fault(asked, "solgate ext-authz", &shown(&found), &shown(said));
                }
            }
        });
        threads.spawn(|| {
            for (asked, (said, facts)) in &pairs {
                let found = forward_auth.judge(asked, facts);
                if found != *said {
                    fault(asked, "solgate forward-auth", &shown(&found), &shown(said));
                }
            }
        });
        // A process for each, which takes most of the time: every third.
        for first in [0, 3].into_iter().filter(|_| checked) {
            let pairs = &pairs;
            threads.spawn(move || {
                for (asked, (said, facts)) in pairs.iter().skip(first).step_by(6) {
                    match check::judge(asked, facts) {
                        Ok(found) if found == *said => {}
                        Ok(found) => fault(asked, "solgate check", &shown(&found), &shown(said)),
                        Err(reason) => fault(asked, "solgate check", &reason, &shown(said)),
                    }
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{} of {} differ:\n{}", faults.len(), asked.len(), faults.join("\n\n"));
    let denied = denied.into_inner();
    let over_http2 = over_http2.into_inner();
    println!("{} requests, {denied} of them denied, {over_http2} asked over HTTP/2 also", asked.len());
    // Requests that try the transport of HTTP/1.1 often cannot.
    let least = if checked { asked.len() / 2 } else { 1 };
    assert!(over_http2 > least, "only {over_http2} of {} can be said in HTTP/2", asked.len());
    assert!(denied * 4 > asked.len() && denied < asked.len(), "{denied} of {} are denied", asked.len());
}

fn shown(said: &Option<Said>) -> String {
    said.as_ref().map_or("allowed".to_owned(), |said| format!("{} {:?} {}", said.status, said.fields, said.problem))
}
