//! What a server does with lists, filters, identifiers and representations.

use std::collections::BTreeSet;

use http::Uri;
use http::header::ETAG;
use serde_json::Value;
use solgate_contract::version::ApiVersion;

use crate::apis::Root;
use crate::ask::{Answer, Asker, NoAnswer, Question, Safe};
use crate::report::{Findings, Topic};

/// Most of the entries of a list that are looked at.
const MOST: usize = 1000;
/// An identifier and an attribute that nobody has.
const NOBODY: &str = "00000000-0000-4000-8000-0050190a7e00";
const NOTHING: &str = "solgateDoctor";

/// What follows for the gate from the habits of one API.
#[derive(Debug, Default)]
pub struct Habits {
    /// Servers that answers refer to, if not the one that was asked.
    pub elsewhere: BTreeSet<String>,
    /// A question that the gate asks before operations gets no answer that it can use.
    pub facts_fail: bool,
    /// A request without what says who asks is refused with 401.
    pub wants_credentials: bool,
}

/// Puts the questions below one API root, in a version that it has.
pub async fn find(
    asker: &mut Asker,
    root: Root,
    version: Option<ApiVersion>,
    findings: &mut Findings,
    habits: &mut Habits,
) -> Result<(), NoAnswer> {
    let place = Some(root.path);
    let target = root.instances();
    if asker.has_fields() {
        let anonymous = Question { anonymous: true, ..Question::get(&target, version) };
        let answer = asker.ask(anonymous).await?;
        habits.wants_credentials = answer.status.as_u16() == 401;
        let text = if habits.wants_credentials {
            "nobody gets an answer without credentials"
        } else {
            "the answer is the same kind without credentials"
        };
        findings.saw(Topic::Authorization, place, Some(answer.status.as_u16()), text);
    }
    let list = asker.ask(Question::get(&target, version)).await?;
    let Some(entries) = list.list() else {
        let why = format!("the list of instances is answered with {}, not with a JSON array", list.status.as_u16());
        findings.cannot_tell("pages, filters, ETag, identifiers and references of instances", place, why);
        habits.facts_fail |= !list.is_withheld();
        return Ok(());
    };
    let entries = entries.get(..MOST.min(entries.len())).unwrap_or_default();
    references(entries, asker, habits);
    let ids: Vec<&str> =
        entries.iter().filter_map(|entry| entry.get("id")?.as_str()).filter(|id| is_plain(id)).collect();
    pages(asker, root, version, &list, entries.len(), findings).await?;
    lists(asker, &target, version, place, findings).await?;
    one(asker, root, version, &ids, findings, habits).await?;
    occurrences(asker, root, version, ids.first().copied().unwrap_or(NOBODY), findings, habits).await
}

async fn pages(
    asker: &mut Asker,
    root: Root,
    version: Option<ApiVersion>,
    list: &Answer,
    count: usize,
    findings: &mut Findings,
) -> Result<(), NoAnswer> {
    let (place, status) = (Some(root.path), Some(list.status.as_u16()));
    let Some(query) = list.next_page() else {
        findings.saw(Topic::Paging, place, status, format!("the list of instances comes as one page, of {count}"));
        return Ok(());
    };
    let next = asker.ask(Question::get(&format!("{}?{query}", root.instances()), version)).await?;
    let text = match next.list() {
        Some(_) => format!("lists come in pages, of {count}; the gate reads up to 64 pages of a list"),
        None => {
            "the next page that a list names cannot be had: the gate takes such a list for unavailable, and answers 503"
                .to_owned()
        }
    };
    findings.saw(Topic::Paging, place, Some(next.status.as_u16()), text);
    Ok(())
}

/// What a list does with methods and parameters.
async fn lists(
    asker: &mut Asker,
    target: &str,
    version: Option<ApiVersion>,
    place: Option<&'static str>,
    findings: &mut Findings,
) -> Result<(), NoAnswer> {
    let head = asker.ask(Question { method: Safe::Head, ..Question::get(target, version) }).await?;
    let text = if head.is_good() {
        "HEAD is answered; the standard does not have it, and the gate refuses it with 405 unless route.method is relaxed"
    } else {
        "HEAD is refused, as by the gate"
    };
    findings.saw(Topic::Head, place, Some(head.status.as_u16()), text);
    for (topic, query, what) in [
        (
            Topic::UnknownFilterAttribute,
            format!("filter=(eq,{NOTHING},1)"),
            "a filter over an attribute that is not there",
        ),
        (Topic::UnknownSelector, format!("fields={NOTHING}"), "a selector for an attribute that is not there"),
    ] {
        let answer = asker.ask(Question::get(&format!("{target}?{query}"), version)).await?;
        let text = match answer.status.as_u16() {
            200 => format!("{what} is answered like another"),
            400..=499 => format!("{what} is refused"),
            _ => format!("{what} makes the upstream fail"),
        };
        findings.saw(topic, place, Some(answer.status.as_u16()), text);
    }
    Ok(())
}

/// What becomes of questions for one instance.
async fn one(
    asker: &mut Asker,
    root: Root,
    version: Option<ApiVersion>,
    ids: &[&str],
    findings: &mut Findings,
    habits: &mut Habits,
) -> Result<(), NoAnswer> {
    let place = Some(root.path);
    let at = |id: &str| format!("{}/{id}", root.instances());
    let missing = asker.ask(Question::get(&at(NOBODY), version)).await?;
    let status = missing.status.as_u16();
    if status == 404 {
        findings.saw(
            Topic::Missing,
            place,
            Some(status),
            "an instance that does not exist is 404, as the gate expects",
        );
    } else {
        habits.facts_fail |= !missing.is_withheld();
        let text = "an instance that does not exist is not 404: the gate cannot tell that it is missing, and answers 503 to its operations";
        findings.saw(Topic::Missing, place, Some(status), text);
    }
    let Some(id) = ids.first() else {
        findings.cannot_tell("ETag, references, identifiers in another case", place, "there is no instance to ask for");
        return Ok(());
    };
    let answer = asker.ask(Question::get(&at(id), version)).await?;
    if let Some(body) = answer.json().filter(|_| answer.is_good()) {
        references(std::slice::from_ref(body), asker, habits);
        let text = if answer.fields.contains_key(ETAG) {
            "an instance has an ETag: the gate compares If-Match with it"
        } else {
            "an instance has no ETag: the upstream alone judges If-Match"
        };
        findings.saw(Topic::ETag, place, Some(answer.status.as_u16()), text);
    } else {
        habits.facts_fail |= !answer.is_withheld();
        let text = "an instance that is in the list cannot be had by itself: the gate answers 503 to its operations";
        findings.saw(Topic::Missing, place, Some(answer.status.as_u16()), text);
    }
    match ids.iter().find_map(|id| in_other_case(id).map(|other| (*id, other))) {
        None => findings.cannot_tell("identifiers in another case", place, "no identifier in the list has a letter"),
        Some((_, other)) => {
            let answer = asker.ask(Question::get(&at(&other), version)).await?;
            let text = if answer.is_good() {
                "an identifier in another case finds the same instance; the built-in policies compare identifiers as the upstream spells them, so nothing is to be set"
            } else {
                "identifiers are told apart by case"
            };
            findings.saw(Topic::IdentifierCase, place, Some(answer.status.as_u16()), text);
        }
    }
    Ok(())
}

/// The question that the gate asks before each operation of an instance.
async fn occurrences(
    asker: &mut Asker,
    root: Root,
    version: Option<ApiVersion>,
    id: &str,
    findings: &mut Findings,
    habits: &mut Habits,
) -> Result<(), NoAnswer> {
    let place = Some(root.path);
    let (list, instance, open) = (root.occurrences(), root.api.instance, root.api.open);
    let target = format!("{list}?exclude_default&filter=(eq,{instance},{id})%3B(in,operationState,{open})");
    let answer = asker.ask(Question::get(&target, version)).await?;
    let status = answer.status.as_u16();
    if let Some(entries) = answer.list() {
        let foreign = entries.iter().any(|entry| entry.get(instance).and_then(Value::as_str) != Some(id));
        let text = if foreign {
            "the filter for open operations does not hold: the built-in policies filter again, so nothing is to be set"
        } else {
            "the filter by which the gate asks for open operations is understood"
        };
        findings.saw(Topic::Filter, place, Some(status), text);
        return Ok(());
    }
    if status == 400 {
        let plain = asker.ask(Question::get(&list, version)).await?;
        if plain.list().is_some() {
            let text = "the filter for open operations is refused with 400; the gate then asks without it (plainOn400 of the built-in policies), \
                        which reads every occurrence";
            findings.saw(Topic::Filter, place, Some(status), text);
            return Ok(());
        }
    }
    habits.facts_fail |= !answer.is_withheld();
    let text = if answer.is_withheld() {
        "open operations are withheld from this caller: the rules that need them are skipped, and the upstream judges"
    } else {
        "open operations cannot be had: the gate answers 503 to operations that need to know them"
    };
    findings.saw(Topic::Filter, place, Some(status), text);
    Ok(())
}

/// Servers that the links of entries name.
fn references(entries: &[Value], asker: &Asker, habits: &mut Habits) {
    let links = entries.iter().filter_map(|entry| entry.get("_links")?.as_object()).flat_map(|links| links.values());
    let targets = links.filter_map(|link| link.get("href")?.as_str()?.parse::<Uri>().ok());
    for authority in targets.filter_map(|uri| uri.authority().map(|one| one.as_str().to_ascii_lowercase())) {
        // A user in it would be a secret.
        if !asker.is_asked(&authority)
            && !authority.contains('@')
            && authority.len() < 256
            && habits.elsewhere.len() < 8
        {
            habits.elsewhere.insert(authority);
        }
    }
}

/// An identifier that needs no encoding in a path.
fn is_plain(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= 256
        && !id.starts_with('.')
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// `None` for an identifier without a letter.
fn in_other_case(id: &str) -> Option<String> {
    let upper = id.to_ascii_uppercase();
    let other = if upper == id { id.to_ascii_lowercase() } else { upper };
    (other != id).then_some(other)
}
