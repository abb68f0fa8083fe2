//! Which fetches share a request to the VNFM, and which answers are kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{join, join_all};
use solgate::facts::{Fact, FactAnswer, HttpFacts};

use crate::upstream::{Upstream, answer};
use crate::{ask_as, found, open_ops, vnf_instance};

const HOUR: Option<Duration> = Some(Duration::from_secs(3600));

fn alice() -> [(&'static str, &'static str); 1] {
    [("authorization", "Bearer alice")]
}

/// A VNFM whose answer counts its requests.
fn counting() -> impl Fn(&crate::upstream::Seen) -> http::Response<bytes::Bytes> {
    let requests = AtomicUsize::new(0);
    move |_| answer(200, &[], &format!(r#"{{"id":"{}"}}"#, requests.fetch_add(1, Ordering::SeqCst) + 1))
}

fn nth(n: usize, cached: bool) -> Fact {
    Fact { answer: found(&format!(r#"{{"id":"{n}"}}"#)), cached }
}

#[tokio::test]
async fn identical_fetches_at_the_same_time_share_a_request() {
    let upstream = Upstream::start_held(counting()).await;
    let facts = HttpFacts::builder(&upstream.url).build().unwrap();
    let (template, headers) = (vnf_instance(), alice());
    // All are polled before the first answer can arrive.
    let asked = join_all((0..5).map(|_| ask_as(&facts, &template, &headers, false)));
    let (answers, ()) = join(asked, async {
        upstream.arrival().await;
        upstream.release(5);
    })
    .await;
    // Those that joined a fetch that had begun before count as cached.
    assert_eq!(answers, [nth(1, false), nth(1, true), nth(1, true), nth(1, true), nth(1, true)]);
    // Nothing is kept.
    assert_eq!(ask_as(&facts, &template, &headers, false).await, nth(2, false));
    assert_eq!(upstream.seen().len(), 2);
}

#[tokio::test]
async fn requests_of_different_traces_share_a_request_in_that_of_the_first() {
    let upstream = Upstream::start_held(counting()).await;
    let facts = HttpFacts::builder(&upstream.url).build().unwrap();
    let template = vnf_instance();
    let parents = [1, 2, 3].map(|n| format!("00-4bf92f3577b34da6a3ce929d0e0e473{n}-00f067aa0ba902b7-01"));
    let fields = parents.each_ref().map(|parent| [("traceparent", parent.as_str()), ("tracestate", "a=1")]);
    let asked = join_all(fields.iter().map(|fields| ask_as(&facts, &template, fields, false)));
    let (answers, ()) = join(asked, async {
        upstream.arrival().await;
        upstream.release(3);
    })
    .await;
    assert_eq!(answers, [nth(1, false), nth(1, true), nth(1, true)]);
    let seen = upstream.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].headers["traceparent"], parents[0].as_str());
    assert_eq!(seen[0].headers["tracestate"], "a=1");
}

#[tokio::test]
async fn what_differs_is_asked_for_separately() {
    let upstream = Upstream::start_held(|_| answer(200, &[], "{}")).await;
    let facts = HttpFacts::builder(&upstream.url).build().unwrap();
    let template = vnf_instance();
    let wider = solgate::facts::FactTemplate { members: vec!["metadata".into()], ..vnf_instance() };
    let list = open_ops();
    let questions: [(_, &[(&str, &str)]); 7] = [
        (&template, &[("authorization", "Bearer alice")]),
        (&template, &[("authorization", "Bearer bob")]),
        (&template, &[("x-auth-token", "Bearer alice")]),
        (&template, &[]),
        (&template, &[("version", "2.1.0")]),
        (&wider, &[]),
        (&list, &[]),
    ];
    let asked = join_all(questions.iter().map(|(template, headers)| ask_as(&facts, template, headers, false)));
    let (answers, ()) = join(asked, async {
        for _ in 0..7 {
            upstream.arrival().await;
        }
        upstream.release(7);
    })
    .await;
    assert!(answers.iter().all(|fact| !fact.cached));
    assert_eq!(upstream.seen().len(), 7);
}

#[tokio::test]
async fn one_who_gives_up_does_not_take_the_answer_from_the_others() {
    let upstream = Upstream::start_held(counting()).await;
    let facts = Arc::new(HttpFacts::builder(&upstream.url).build().unwrap());
    let spawn = || {
        let facts = Arc::clone(&facts);
        tokio::spawn(async move { ask_as(&facts, &vnf_instance(), &[], false).await })
    };
    let first = spawn();
    upstream.arrival().await;
    let second = spawn();
    tokio::task::yield_now().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    upstream.release(1);
    assert_eq!(second.await.unwrap(), nth(1, true));
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn a_fetch_that_all_gave_up_is_forgotten() {
    let upstream = Upstream::start_held(counting()).await;
    let facts = Arc::new(HttpFacts::builder(&upstream.url).build().unwrap());
    let waiting = Arc::clone(&facts);
    let first = tokio::spawn(async move { ask_as(&waiting, &vnf_instance(), &[], false).await });
    upstream.arrival().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    upstream.release(8);
    assert!(!ask_as(&facts, &vnf_instance(), &[], false).await.cached);
    assert_eq!(upstream.seen().len(), 2);
}

#[tokio::test]
async fn a_fresh_answer_is_asked_for_after_the_question() {
    let upstream = Upstream::start_held(counting()).await;
    let facts = HttpFacts::builder(&upstream.url).build().unwrap();
    let template = vnf_instance();
    let earlier = ask_as(&facts, &template, &[], false);
    let fresh = join_all((0..3).map(|_| ask_as(&facts, &template, &[], true)));
    let ((earlier, fresh), ()) = join(join(earlier, fresh), async {
        upstream.arrival().await;
        upstream.release(8);
    })
    .await;
    assert_eq!(earlier, nth(1, false));
    // The three share the second request, which began after all of them asked.
    assert_eq!(fresh, [nth(2, false), nth(2, false), nth(2, false)]);
    assert_eq!(upstream.seen().len(), 2);
}

#[tokio::test]
async fn with_a_time_to_live_answers_are_kept_per_caller() {
    let upstream = Upstream::start(counting()).await;
    let facts = HttpFacts::builder(&upstream.url).ttl(HOUR).build().unwrap();
    let template = vnf_instance();
    let bob = [("authorization", "Bearer bob")];
    type Step<'a> = (&'a [(&'a str, &'a str)], bool, Fact);
    let steps: [Step<'_>; 7] = [
        (&alice(), false, nth(1, false)),
        (&alice(), false, nth(1, true)),
        (&bob, false, nth(2, false)),
        (&alice(), true, nth(3, false)),
        // The fresh answer is the one that is kept.
        (&alice(), false, nth(3, true)),
        (&bob, false, nth(2, true)),
        (&[], false, nth(4, false)),
    ];
    for (step, (headers, fresh, expected)) in steps.into_iter().enumerate() {
        assert_eq!(ask_as(&facts, &template, headers, fresh).await, expected, "step {step}");
    }
}

#[tokio::test]
async fn a_time_to_live_ends() {
    let upstream = Upstream::start(counting()).await;
    let facts = HttpFacts::builder(&upstream.url).ttl(Some(Duration::from_millis(1))).build().unwrap();
    let template = vnf_instance();
    assert_eq!(ask_as(&facts, &template, &[], false).await, nth(1, false));
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(ask_as(&facts, &template, &[], false).await, nth(2, false));
}

#[tokio::test]
async fn only_what_the_vnfm_said_about_its_state_is_kept() {
    let status = Arc::new(AtomicU16::new(200));
    let script = Arc::clone(&status);
    let upstream = Upstream::start(move |_| answer(script.load(Ordering::SeqCst), &[], "{}")).await;
    let facts = HttpFacts::builder(&upstream.url).ttl(HOUR).build().unwrap();
    let template = vnf_instance();
    for (code, kept) in [(200, true), (404, true), (401, false), (403, false), (503, false)] {
        status.store(code, Ordering::SeqCst);
        assert!(!ask_as(&facts, &template, &[], true).await.cached);
        // What was kept before is in doubt now, and must not come back.
        let again = ask_as(&facts, &template, &[], false).await;
        assert_eq!(again.cached, kept, "{code}");
        assert_eq!(matches!(again.answer, FactAnswer::Found { .. }), code == 200, "{code}");
    }
}
