//! Facts that an embedding program fetches: what it is asked, and what its
//! answers come to.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use solgate::facts::delegated::{Delegation, Question};
use solgate::facts::{Fact, FactAnswer, FactRequest, FactSource, FactTemplate};

/// What a test answers to one question: status, fields and content; `None` is no
/// answer.
type Reply<'a> = Option<(u16, &'a [(&'a str, &'a str)], &'a str)>;

fn open_ops() -> FactTemplate {
    FactTemplate {
        name: "openOps".into(),
        path: "/vnf_lcm_op_occs".into(),
        query: vec![("filter".into(), Some("(eq,vnfInstanceId,{id})".into()))],
        plain_on_400: true,
        members: vec!["id".into()],
        list: true,
    }
}

fn instance() -> FactTemplate {
    FactTemplate {
        name: "vnfInstance".into(),
        path: "/vnf_instances/{id}".into(),
        query: vec![],
        plain_on_400: false,
        members: vec!["id".into()],
        list: false,
    }
}

/// The fact, and the targets and fields that were asked on the way.
fn fetch(
    delegation: &Delegation,
    template: &FactTemplate,
    judged: &HeaderMap,
    replies: &[Reply<'_>],
) -> (Fact, Vec<(String, HeaderMap)>) {
    let facts = delegation.facts();
    let variables = [("id".to_owned(), "i1".to_owned())];
    let mut fetched = facts.fetch(FactRequest {
        template,
        variables: &variables,
        api_root: "/vnflcm/v2",
        headers: judged,
        fresh: true,
    });
    let mut asked = Vec::new();
    let mut replies = replies.iter();
    loop {
        if let Some(fact) = (&mut fetched).now_or_never() {
            assert!(replies.next().is_none(), "not all replies were asked for");
            return (fact, asked);
        }
        let mut questions = facts.take_questions();
        assert_eq!(questions.len(), 1, "one request at a time");
        let question = questions.remove(0);
        asked.push((question.target.clone(), question.headers.clone()));
        answer(question, *replies.next().expect("a reply to each question"));
    }
}

fn answer(question: Question, reply: Reply<'_>) {
    let Some((status, fields, content)) = reply else { return };
    let mut response = Response::builder().status(status);
    for (name, value) in fields {
        response = response.header(*name, *value);
    }
    question.answer(response.body(Bytes::copy_from_slice(content.as_bytes())).unwrap());
}

fn answers(template: &FactTemplate, replies: &[Reply<'_>]) -> FactAnswer {
    fetch(&Delegation::default(), template, &HeaderMap::new(), replies).0.answer
}

fn unavailable(reason: &str) -> FactAnswer {
    FactAnswer::Unavailable(reason.to_owned())
}

#[test]
fn a_question_carries_the_credentials_and_nothing_else_of_the_caller() {
    let mut judged = HeaderMap::new();
    for (name, value) in [
        ("authorization", "Bearer t"),
        ("x-auth-token", "a"),
        ("x-auth-token", "b"),
        ("cookie", "c"),
        ("version", "2.1.0"),
    ] {
        judged.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let reply = Some((200, &[("etag", "\"7\"")][..], r#"{"id":"i1","secret":1}"#));
    let (fact, asked) = fetch(&Delegation::default(), &instance(), &judged, &[reply]);
    let expected = FactAnswer::Found { etag: Some("\"7\"".into()), body: Bytes::from_static(br#"{"id":"i1"}"#) };
    assert_eq!((fact.answer, fact.cached), (expected, false));

    let [(target, fields)] = asked.as_slice() else { panic!("one question") };
    assert_eq!(target, "/vnflcm/v2/vnf_instances/i1");
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    let agent = concat!("solgate/", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        fields,
        [
            ("accept", "application/json"),
            ("accept-encoding", "identity"),
            ("user-agent", agent),
            ("version", "2.1.0"),
            ("authorization", "Bearer t"),
            ("x-auth-token", "a"),
            ("x-auth-token", "b"),
        ]
    );

    let own = Delegation::new(vec![HeaderName::from_static("cookie")], 100);
    let (_, asked) = fetch(&own, &instance(), &judged, &[None]);
    assert_eq!(
        (asked[0].1.get("cookie").unwrap(), asked[0].1.get("authorization")),
        (&HeaderValue::from_static("c"), None)
    );
}

#[test]
fn what_each_status_means() {
    let table = [
        (Some((404, &[][..], "")), FactAnswer::Absent),
        (Some((401, &[], "")), FactAnswer::Withheld),
        (Some((403, &[], "")), FactAnswer::Withheld),
        (Some((500, &[], "")), unavailable("the VNFM or NFVO answered with status 500")),
        (
            Some((302, &[], "")),
            unavailable("the VNFM or NFVO answered with status 302, and redirections are not followed"),
        ),
        (Some((200, &[], "[]")), unavailable("the answer is not a JSON object")),
        (
            Some((200, &[("content-encoding", "gzip")], "{}")),
            unavailable("the answer has a content coding, although none was asked for"),
        ),
        (None, unavailable("there was no answer from the VNFM or NFVO")),
    ];
    for (reply, expected) in table {
        assert_eq!(answers(&instance(), &[reply]), expected, "{reply:?}");
    }
}

#[test]
fn a_list_is_asked_for_page_by_page() {
    let replies = [
        Some((400, &[][..], "no filters here")),
        Some((
            200,
            &[("link", "<http://vnfm.example/root/vnflcm/v2/vnf_lcm_op_occs?m=1>; rel=next")],
            r#"[{"id":"a"}]"#,
        )),
        Some((200, &[], r#"[{"id":"b","more":1}]"#)),
    ];
    let (fact, asked) = fetch(&Delegation::default(), &open_ops(), &HeaderMap::new(), &replies);
    let expected = FactAnswer::Found { etag: None, body: Bytes::from_static(br#"[{"id":"a"},{"id":"b"}]"#) };
    assert_eq!(fact.answer, expected);
    let targets: Vec<_> = asked.iter().map(|(target, _)| target.as_str()).collect();
    let plain = "/vnflcm/v2/vnf_lcm_op_occs";
    assert_eq!(targets, [&format!("{plain}?filter=(eq,vnfInstanceId,i1)"), plain, &format!("{plain}?m=1")]);
}

#[test]
fn a_fact_has_its_size_with_all_pages() {
    let next = &[("link", "<?m=1>; rel=next")][..];
    let small = Delegation::new(vec![], 20);
    let first = Some((200, next, r#"[{"id":"a"}]"#));
    let (fact, _) = fetch(&small, &open_ops(), &HeaderMap::new(), &[first, Some((200, &[], r#"[{"id":"b"}]"#))]);
    assert_eq!(fact.answer, unavailable("the answer is larger than 20 bytes"));
    let (fact, _) = fetch(&small, &open_ops(), &HeaderMap::new(), &[first, Some((200, &[], "[]"))]);
    assert_eq!(fact.answer, FactAnswer::Found { etag: None, body: Bytes::from_static(br#"[{"id":"a"}]"#) });
}
