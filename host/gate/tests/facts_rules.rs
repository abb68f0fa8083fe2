//! Facts before and after the wire: targets, projections, and documents.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use http::HeaderMap;
use serde_json::{Value, json};
use solgate::facts::expand::{ExpandError, expand};
use solgate::facts::project;
use solgate::facts::project::ProjectError;
use solgate::facts::{FactAnswer, FactRequest, FactSource, FactTemplate, MapFacts};

fn template(path: &str, query: &[(&str, Option<&str>)]) -> FactTemplate {
    FactTemplate {
        name: "fact".into(),
        path: path.into(),
        query: query.iter().map(|(n, v)| ((*n).to_owned(), v.map(str::to_owned))).collect(),
        plain_on_400: false,
        members: vec!["id".into()],
        list: false,
    }
}

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

#[test]
fn the_filter_for_open_operations_is_spelled_as_vnfms_read_it() {
    let filter = "(eq,vnfInstanceId,{vnfInstanceId});(in,operationState,STARTING,PROCESSING,ROLLING_BACK,FAILED_TEMP)";
    let open_ops = template("/vnf_lcm_op_occs", &[("exclude_default", None), ("filter", Some(filter))]);
    let id = "6fc3539c-e602-4afa-8e13-962fb5a7d81f";
    let target = expand(&open_ops, &variables(&[("vnfInstanceId", id)]), "/vnflcm/v2").unwrap();
    assert_eq!(
        target.to_string(),
        format!(
            "/vnflcm/v2/vnf_lcm_op_occs?exclude_default&filter=(eq,vnfInstanceId,{id})\
             %3B(in,operationState,STARTING,PROCESSING,ROLLING_BACK,FAILED_TEMP)"
        )
    );
    assert_eq!((target.path(), target.resource()), ("/vnflcm/v2/vnf_lcm_op_occs", "/vnf_lcm_op_occs"));
}

#[test]
fn a_value_stays_one_segment_of_the_path() {
    use ExpandError::{Control, DotSegment, Empty, Slash};
    let ok = |s: &str| Ok(format!("/r/a/{s}/b"));
    let table = [
        ("6fc3539c-E602_4.~", ok("6fc3539c-E602_4.~")),
        ("a b", ok("a%20b")),
        ("a?b#c&d=e", ok("a%3Fb%23c%26d%3De")),
        ("100%", ok("100%25")),
        ("%2e%2e", ok("%252e%252e")),
        ("a;b", ok("a%3Bb")),
        ("a:b@c", ok("a%3Ab%40c")),
        ("ü€", ok("%C3%BC%E2%82%AC")),
        ("...", ok("...")),
        ("{x}", ok("%7Bx%7D")),
        (".", Err(DotSegment)),
        ("..", Err(DotSegment)),
        ("", Err(Empty("v".into()))),
        ("a/b", Err(Slash("v".into()))),
        ("..\\b", Err(Slash("v".into()))),
        ("a\r\nb", Err(Control("v".into()))),
        ("a\u{0}", Err(Control("v".into()))),
        ("a\u{85}b", Err(Control("v".into()))),
    ];
    for (value, expected) in table {
        let target = expand(&template("/a/{v}/b", &[]), &variables(&[("v", value)]), "/r");
        assert_eq!(target.map(|t| t.to_string()), expected, "{value:?}");
    }
}

#[test]
fn a_value_stays_one_value_of_the_query() {
    let table = [
        // In a filter, a value that would end early stands in quotes.
        ("filter", "(eq,a,{v})", "x", "/l?filter=(eq,a,x)"),
        ("filter", "(eq,a,{v})", "x,y", "/l?filter=(eq,a,%27x,y%27)"),
        ("filter", "(eq,a,{v})", "it's", "/l?filter=(eq,a,%27it%27%27s%27)"),
        ("filter", "(eq,a,{v})", "x);(eq,b,c", "/l?filter=(eq,a,%27x)%3B(eq,b,c%27)"),
        ("filter", "(eq,a,{v})", "x&y=z", "/l?filter=(eq,a,x%26y=z)"),
        ("filter", "(eq,a,{v})", "a+b c", "/l?filter=(eq,a,a%2Bb%20c)"),
        ("filter", "(eq,a/b,{v});(neq,c,{v})", "x", "/l?filter=(eq,a/b,x)%3B(neq,c,x)"),
        // Elsewhere it is only encoded.
        ("fields", "{v}", "a,b", "/l?fields=a,b"),
        ("fields", "x{v}", "it's;#%", "/l?fields=xit%27s%3B%23%25"),
        ("a b&", "", "x", "/l?a%20b%26="),
    ];
    for (name, text, value, expected) in table {
        let target = expand(&template("/l", &[(name, Some(text))]), &variables(&[("v", value)]), "").unwrap();
        assert_eq!(target.to_string(), expected);
    }
}

#[test]
fn a_target_that_its_author_did_not_mean_is_refused() {
    use ExpandError::{
        BadCharacter, DotSegment, EmptySegment, NamelessParameter, NotAPath, Repeated, TooLong, Unbalanced, Undeclared,
    };
    let none = &[][..];
    let one = &[("v", "1")][..];
    let long = "x".repeat(9000);
    let long = &[("v", long.as_str())][..];
    type Case<'a> = (&'a str, Option<&'a str>, &'a [(&'a str, &'a str)], &'a str, ExpandError);
    let table: Vec<Case<'_>> = vec![
        ("/a/{v}", None, none, "", Undeclared("v".into())),
        ("/a", Some("{w}"), one, "", Undeclared("w".into())),
        ("/a/{v}", None, &[("v", "1"), ("v", "2")], "", Repeated("v".into())),
        ("/a/{v", None, one, "", Unbalanced),
        ("/a/v}", None, one, "", Unbalanced),
        ("/a/{}", None, one, "", Unbalanced),
        ("/a/{{v}}", None, one, "", Unbalanced),
        ("/a", Some("}{v}"), one, "", Unbalanced),
        ("a", None, none, "", NotAPath),
        ("", None, none, "", NotAPath),
        ("/a//b", None, none, "", EmptySegment),
        ("/a/", None, none, "", EmptySegment),
        ("/a/../b", None, none, "", DotSegment),
        ("/a/%2E./b", None, none, "", DotSegment),
        ("/a", None, none, "/r/..", DotSegment),
        ("/a", None, none, "//evil", EmptySegment),
        ("/a b", None, none, "", BadCharacter(' ')),
        ("/a?b", None, none, "", BadCharacter('?')),
        ("/a", None, none, "/r\n", BadCharacter('\n')),
        ("/a/{v}", None, long, "", TooLong),
    ];
    for (path, filter, values, root, expected) in table {
        let query: Vec<_> = filter.map(|f| ("filter", Some(f))).into_iter().collect();
        let target = expand(&template(path, &query), &variables(values), root);
        assert_eq!(target, Err(expected), "{path} {filter:?} {root}");
    }
    assert_eq!(expand(&template("/a", &[("", None)]), &[], ""), Err(NamelessParameter));
}

#[test]
fn only_declared_members_are_kept_and_byte_for_byte() {
    use ProjectError::{Duplicate, NotAnObject, NotJson, NotUtf8};
    let members = ["id".to_owned(), "a\"b".to_owned(), "state".to_owned()];
    let table: Vec<(&[u8], Result<&str, ProjectError>)> = vec![
        (b"{}", Ok("{}")),
        (br#"{"vim":{"password":"x"},"n":1}"#, Ok("{}")),
        (br#" { "x" : [1,{"id":2}] , "id" : 1.50 , "y":"}" } "#, Ok(r#"{"id":1.50}"#)),
        (br#"{"state":"A","id":12345678901234567890123}"#, Ok(r#"{"state":"A","id":12345678901234567890123}"#)),
        (br#"{"id":{"id":[ "\"]}" ,{}], "id":1}}"#, Ok(r#"{"id":{"id":[ "\"]}" ,{}], "id":1}}"#)),
        (br#"{"\u0069d":true,"a\"b":null}"#, Ok(r#"{"\u0069d":true,"a\"b":null}"#)),
        ("{\"id\":\"ü\u{2028}\"}".as_bytes(), Ok("{\"id\":\"ü\u{2028}\"}")),
        (br#"{"x":1,"x":2}"#, Ok("{}")),
        (br#"{"id":1,"id":1}"#, Err(Duplicate("id".into()))),
        (br#"{"id":1,"\u0069d":1}"#, Err(Duplicate("id".into()))),
        (b"[]", Err(NotAnObject)),
        (b"\"id\"", Err(NotAnObject)),
        (b"null", Err(NotAnObject)),
        (b"{", Err(NotJson { line: 1, column: 1 })),
        (b"{}\n{}", Err(NotJson { line: 2, column: 1 })),
        (br#"{"id":01}"#, Err(NotJson { line: 1, column: 8 })),
        (b"{\"x\":\"\xff\"}", Err(NotUtf8)),
    ];
    for (json, expected) in table {
        let kept = project::object(json, &members);
        let text = String::from_utf8_lossy(json);
        assert_eq!(kept, expected.map(|e| e.to_owned().into()), "{text}");
    }
}

#[test]
fn deep_nesting_in_what_is_dropped_does_no_harm() {
    let deep = format!(r#"{{"x":{}{},"id":1}}"#, "[".repeat(200_000), "]".repeat(200_000));
    assert_eq!(project::object(deep.as_bytes(), &["id".to_owned()]).unwrap(), r#"{"id":1}"#);
}

#[test]
fn what_a_policy_could_not_read_is_not_kept() {
    let members = ["id".to_owned()];
    let deep = format!(r#"{{"id":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    for json in [deep.as_str(), r#"{"id":"\ud800"}"#, r#"{"id":{"\udc00":1}}"#, r#"{"id":[1e999]}"#] {
        assert_eq!(project::object(json.as_bytes(), &members), Err(ProjectError::Unreadable), "{json}");
        let mut list = project::List::new(&members);
        assert!(list.page(format!("[{json}]").as_bytes()).is_err(), "{json}");
        let dropped = json.replace("{\"id\":", "{\"x\":");
        assert_eq!(project::object(dropped.as_bytes(), &members).unwrap(), "{}", "{json}");
    }
}

#[test]
fn pages_become_one_list() {
    let members = ["id".to_owned()];
    let mut list = project::List::new(&members);
    for page in ["[]", r#"[{"id":1,"x":2},{"x":3}]"#, " [ ] ", r#" [ {"id" : [2]} ] "#] {
        list.page(page.as_bytes()).unwrap();
    }
    assert_eq!(list.page(b"{}"), Err(ProjectError::NotAnArray));
    assert_eq!(list.page(b"[[]]"), Err(ProjectError::ItemNotAnObject(3)));
    assert_eq!(list.finish(), r#"[{"id":1},{},{"id":[2]}]"#);
    assert_eq!(project::List::new(&members).finish(), "[]");
}

#[tokio::test]
async fn a_document_answers_by_name_or_by_path() {
    let found = |etag: Option<&str>, body: &str| FactAnswer::Found {
        etag: etag.map(str::to_owned),
        body: body.to_owned().into(),
    };
    let unavailable = |reason: &str| FactAnswer::Unavailable(reason.into());
    let table: Vec<(Value, bool, FactAnswer)> = vec![
        (json!({"fact": {"id": 1, "x": 2}}), false, found(None, r#"{"id":1}"#)),
        (json!({"facts": {"fact": {"id": 1}}}), false, found(None, r#"{"id":1}"#)),
        (json!({"fact": {"body": {"id": 1}, "etag": "\"7\""}}), false, found(Some("\"7\""), r#"{"id":1}"#)),
        (json!({"fact": {"body": {}, "status": 200}}), false, found(None, "{}")),
        (json!({"fact": []}), true, found(None, "[]")),
        (json!({"fact": {"body": [{"id": 1, "x": 0}]}}), true, found(None, r#"[{"id":1}]"#)),
        (json!({"fact": []}), false, unavailable("the answer is not a JSON object")),
        (json!({"fact": {"id": 1}}), true, unavailable("the answer is not a JSON array")),
        (json!({"fact": {"status": 404}}), false, FactAnswer::Absent),
        (json!({"fact": {"status": 401}}), false, FactAnswer::Withheld),
        (json!({"fact": {"status": 403}}), false, FactAnswer::Withheld),
        (json!({"fact": {"status": 503}}), false, unavailable("the facts that were given say status 503")),
        (json!({"/things/t1": {"id": 1}}), false, found(None, r#"{"id":1}"#)),
        (json!({"/things/t1": {"id": 1}, "fact": {"id": 2}}), false, found(None, r#"{"id":2}"#)),
        (json!({"/things/t2": {"id": 1}}), false, unavailable("the facts that were given have no \"fact\"")),
        (json!({}), false, unavailable("the facts that were given have no \"fact\"")),
    ];
    for (document, list, expected) in table {
        let facts = MapFacts::from_value(&document).unwrap();
        let template = FactTemplate { list, ..template("/things/{v}", &[]) };
        let variables = variables(&[("v", "t1")]);
        let (headers, api_root) = (HeaderMap::new(), "/vnflcm/v2");
        let request =
            FactRequest { template: &template, variables: &variables, api_root, headers: &headers, fresh: true };
        let fact = facts.fetch(request).await;
        assert_eq!((fact.answer, fact.cached), (expected, false), "{document}");
    }
}

#[test]
fn a_document_that_is_not_facts_is_refused() {
    let table = [
        (json!([]), "the facts are not an object: expected {NAME: ANSWER}, such as {\"openOps\": []}"),
        (json!({"facts": 1}), "the facts are not an object: expected {NAME: ANSWER}, such as {\"openOps\": []}"),
        (
            json!({"f": null}),
            "fact \"f\": expected an object or an array, or for a resource that is absent {\"status\": 404}",
        ),
        (json!({"f": {"status": 99}}), "fact \"f\": `status` is not a number from 100 to 599"),
        (json!({"f": {"status": "404"}}), "fact \"f\": `status` is not a number from 100 to 599"),
        (
            json!({"f": {"etag": 1, "body": {}}}),
            "fact \"f\": `etag` is not a text, such as \"\\\"1\\\"\" with its quotes",
        ),
        (json!({"f": {"status": 200}}), "fact \"f\": status 200 without `body`"),
        (
            json!({"f": {"status": 404, "x": 1}}),
            "fact \"f\": unknown member \"x\"; an answer has `status`, `etag` and `body`",
        ),
    ];
    for (document, expected) in table {
        assert_eq!(MapFacts::from_value(&document).unwrap_err().to_string(), expected, "{document}");
    }
}
