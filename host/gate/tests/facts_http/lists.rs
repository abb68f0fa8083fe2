//! Lists: filters that a VNFM refuses, pages, and their bounds.

use std::time::Duration;

use solgate::facts::{FactAnswer, HttpFacts};

use crate::upstream::{self, Upstream, answer};
use crate::{ask, found, open_ops, reason};

#[tokio::test]
async fn a_refused_filter_is_asked_for_again_without_it() {
    let plain = "/vnflcm/v2/vnf_lcm_op_occs";
    let filtered = format!(
        "{plain}?exclude_default&filter=(eq,vnfInstanceId,i1)%3B(in,operationState,STARTING,PROCESSING,ROLLING_BACK,FAILED_TEMP)"
    );
    for (second, expected) in [
        (200, found(r#"[{"id":"o1"}]"#)),
        (404, FactAnswer::Absent),
        (403, FactAnswer::Withheld),
        (400, FactAnswer::Unavailable("the VNFM or NFVO answered with status 400".into())),
    ] {
        let upstream = Upstream::start(move |seen| {
            let status = if seen.target.contains('?') { 400 } else { second };
            answer(status, &[], r#"[{"id":"o1","grantId":"g"}]"#)
        })
        .await;
        let facts = HttpFacts::builder(&upstream.url).build().unwrap();
        assert_eq!(ask(&facts, &open_ops()).await, expected);
        assert_eq!(upstream.targets(), [filtered.as_str(), plain]);
    }
}

#[tokio::test]
async fn a_list_is_read_over_its_pages() {
    let upstream = Upstream::start(|seen| match seen.target.rsplit_once("m=") {
        None => {
            answer(200, &[("link", "<?m=2>; rel=\"next\""), ("etag", "\"1\"")], r#"[{"id":"a"},{"id":"b","x":[1]}]"#)
        }
        Some((_, "2")) => answer(200, &[("link", "</vnflcm/v2/vnf_lcm_op_occs?m=3>;rel=next")], "[]"),
        Some(_) => answer(200, &[], r#"[{"operationState":"STARTING"}]"#),
    })
    .await;
    let facts = HttpFacts::builder(&upstream.url).build().unwrap();
    assert_eq!(ask(&facts, &open_ops()).await, found(r#"[{"id":"a"},{"id":"b"},{"operationState":"STARTING"}]"#));
    assert_eq!(upstream.targets()[1..], ["/vnflcm/v2/vnf_lcm_op_occs?m=2", "/vnflcm/v2/vnf_lcm_op_occs?m=3"]);
    assert_eq!(upstream.connections(), 1);
}

#[tokio::test]
async fn a_list_that_cannot_be_read_to_its_end_is_unavailable() {
    let table = [
        ("<?m=1>; rel=next", 200, "[]", "the pages of the list form a loop"),
        ("</vnflcm/v2/vnf_lcm_op_occs/2>; rel=next", 200, "[]", "the next page has no query to ask for it by"),
        ("<?m=1; rel=next", 200, "[]", "the Link field of the answer cannot be read"),
        ("<?m=1>; rel=next", 404, "[]", "the VNFM or NFVO answered with status 404"),
        ("<?m=1>; rel=next", 200, "{}", "the answer is not a JSON array"),
        ("<?m=1>; rel=next", 200, "[1]", "item 1 of the answer is not a JSON object"),
    ];
    for (link, second, body, expected) in table {
        let upstream = Upstream::start(move |seen| {
            let (status, body) = if seen.target.contains("m=1") { (second, body) } else { (200, r#"[{"id":"a"}]"#) };
            answer(status, &[("link", link)], body)
        })
        .await;
        let facts = HttpFacts::builder(&upstream.url).build().unwrap();
        assert_eq!(reason(ask(&facts, &open_ops()).await), expected, "{link}");
    }
}

#[tokio::test]
async fn pages_and_bytes_are_bounded_together() {
    let endless = |seen: &upstream::Seen| {
        let page: u32 = seen.target.rsplit_once("m=").map_or(0, |(_, m)| m.parse().unwrap());
        answer(200, &[("link", format!("<?m={}>; rel=next", page + 1).as_str())], r#"[{"id":"0123456789"}]"#)
    };
    let upstream = Upstream::start(endless).await;
    let facts = HttpFacts::builder(&upstream.url).max_pages(3).build().unwrap();
    assert_eq!(reason(ask(&facts, &open_ops()).await), "the list has more than 3 pages");
    assert_eq!(upstream.seen().len(), 3);

    let facts = HttpFacts::builder(&upstream.url).max_bytes(50).build().unwrap();
    assert_eq!(reason(ask(&facts, &open_ops()).await), "the answer is larger than 50 bytes");
    assert_eq!(upstream.seen().len(), 6);
}

/// A VNFM that refuses filters has all that there ever was in its list.
#[tokio::test]
async fn a_long_list_is_read_to_its_end_and_an_endless_one_is_not() {
    for (pages, expected) in [(64, None), (65, Some("the list has more than 64 pages"))] {
        let upstream = Upstream::start(move |seen| {
            let page: u32 = seen.target.rsplit_once("m=").map_or(1, |(_, m)| m.parse().unwrap());
            let link = format!("<?m={}>; rel=next", page + 1);
            let fields = if page < pages { vec![("link", link.as_str())] } else { vec![] };
            answer(200, &fields, r#"[{"id":"a"}]"#)
        })
        .await;
        let facts = HttpFacts::builder(&upstream.url).timeout(Duration::from_secs(20)).build().unwrap();
        let fact = ask(&facts, &open_ops()).await;
        match expected {
            None => assert!(matches!(fact, FactAnswer::Found { .. }), "{fact:?}"),
            Some(expected) => assert_eq!(reason(fact), expected),
        }
        assert_eq!(upstream.seen().len(), 64);
    }
}

#[tokio::test]
async fn a_link_is_asked_for_where_the_list_is_whatever_it_names() {
    for prefix in [
        "",
        "vnf_lcm_op_occs",
        "/vnflcm/v2/vnf_lcm_op_occs",
        "https://nfv.example/api/vnflcm/v2/vnf_lcm_op_occs",
        "http://nfv.example:8080/vnflcm/v2/vnf_lcm_op_occs",
        "//nfv.example/vnflcm/v2/vnf_lcm_op_occs",
        "https://user@nfv.example/vnflcm/v2/vnf_lcm_op_occs",
        "http://nfv.example/vnflcm/v2/vnf_instances",
    ] {
        let upstream = Upstream::start(move |seen| {
            let link = format!("<{prefix}?m=1>; rel=next");
            let fields = if seen.target.contains("m=1") { vec![] } else { vec![("link", link.as_str())] };
            answer(200, &fields, r#"[{"id":"a"}]"#)
        })
        .await;
        let facts = HttpFacts::builder(format!("{}/tacker", upstream.url)).build().unwrap();
        assert_eq!(ask(&facts, &open_ops()).await, found(r#"[{"id":"a"},{"id":"a"}]"#), "{prefix}");
        assert_eq!(upstream.targets()[1..], ["/tacker/vnflcm/v2/vnf_lcm_op_occs?m=1"], "{prefix}");
    }
}
