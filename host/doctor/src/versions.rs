//! Which versions there are below an API root: what is declared, and what is answered.

use serde_json::Value;
use solgate_contract::version::ApiVersion;

use crate::apis::Root;
use crate::ask::{Answer, Asker, NoAnswer, Question};
use crate::report::{Findings, Presence, Topic};

/// Most versions of one answer that are looked at.
const MOST: usize = 64;

/// What is below an API root.
pub struct Versions {
    pub presence: Presence,
    /// Of the last answer that decided the presence.
    pub status: Option<u16>,
    pub declared: Vec<ApiVersion>,
    pub answered: Vec<ApiVersion>,
}

impl Versions {
    /// The version in which further questions are put.
    pub fn best(&self) -> Option<ApiVersion> {
        self.answered
            .iter()
            .chain(&self.declared)
            .copied()
            .max_by_key(|version| (self.answered.contains(version), *version))
    }

    /// Those that the gate is to support.
    pub fn supported(&self) -> Vec<ApiVersion> {
        let mut all = self.declared.clone();
        all.extend(&self.answered);
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// `stranger` is the answer to a path that nobody has.
pub async fn find(
    asker: &mut Asker,
    root: Root,
    stranger: &Answer,
    findings: &mut Findings,
) -> Result<Versions, NoAnswer> {
    let declared = declared(asker, root).await?;
    let mut versions = Versions { presence: Presence::Absent, status: None, declared, answered: Vec::new() };
    let list = root.instances();
    let mut candidates = versions.declared.clone();
    candidates.extend(root.known_versions());
    candidates.sort_unstable();
    candidates.dedup();
    let mut withheld = false;
    for version in candidates.iter().rev() {
        let answer = asker.ask(Question::get(&list, Some(*version))).await?;
        versions.status = Some(answer.status.as_u16());
        if answer.list().is_some() {
            versions.answered.push(*version);
        } else if answer.is_withheld() {
            withheld = true;
            break;
        } else if versions.declared.is_empty() && answer.status.as_u16() != 406 && answer.status.as_u16() != 400 {
            // Not because of its version.
            break;
        }
    }
    versions.answered.sort_unstable();
    versions.presence = if !versions.answered.is_empty() || !versions.declared.is_empty() {
        Presence::Answers
    } else if withheld && stranger.is_withheld() || versions.status == Some(406) {
        Presence::Unclear
    } else if withheld {
        Presence::Withheld
    } else {
        Presence::Absent
    };
    if versions.presence == Presence::Answers
        && let Err(error) = compare(asker, root, &mut versions, withheld, findings).await
    {
        findings.cannot_tell("what it does with Version", Some(root.path), format!("the upstream {error}"));
    }
    Ok(versions)
}

/// Says what differs between the versions that are declared and those that are answered.
async fn compare(
    asker: &mut Asker,
    root: Root,
    versions: &mut Versions,
    withheld: bool,
    findings: &mut Findings,
) -> Result<(), NoAnswer> {
    let place = Some(root.path);
    if withheld {
        let why = "its lists are withheld from this caller: name one that may see them with --header";
        findings.cannot_tell("versions that are answered", place, why);
        return Ok(());
    }
    let list = root.instances();
    let invented = asker.ask(Question::get(&list, root.invented_version())).await?;
    let any = invented.list().is_some();
    let status = Some(invented.status.as_u16());
    if any {
        findings.saw(
            Topic::UnknownVersion,
            place,
            status,
            "a Version that no release has is answered like any other: what is answered says nothing about the versions",
        );
        versions.answered.retain(|version| versions.declared.contains(version));
        if versions.declared.is_empty() {
            let why = "there is no api_versions, and every Version is answered; the policy's default stays";
            findings.cannot_tell("supportedVersions", place, why);
        }
    } else if invented.status.as_u16() == 406 {
        findings.saw(
            Topic::UnknownVersion,
            place,
            status,
            "a Version that no release has is refused with 406, as by the gate",
        );
    } else {
        findings.saw(
            Topic::UnknownVersion,
            place,
            status,
            "a Version that no release has gets another status than 406; behind the gate, clients get 406",
        );
    }
    for (topic, (these, text)) in [
        (
            versions.declared.as_slice(),
            versions.answered.as_slice(),
            "is declared by api_versions, and its list of instances is not answered in it",
        ),
        (
            versions.answered.as_slice(),
            versions.declared.as_slice(),
            "is answered, and api_versions does not declare it",
        ),
    ]
    .map(|(these, others, text)| (Topic::Versions, (missing(these, others), text)))
    {
        if !these.is_empty() && !versions.declared.is_empty() {
            findings.saw(topic, place, None, format!("{} {text}", these.join(", ")));
        }
    }
    let bare = asker.ask(Question::get(&list, None)).await?;
    let text = match bare.list() {
        Some(_) => {
            "a request without Version is answered; the gate refuses it with 400 unless header.version.required is relaxed"
        }
        None => "a request without Version is refused, as by the gate",
    };
    findings.saw(Topic::NoVersion, place, Some(bare.status.as_u16()), text);
    Ok(())
}

fn missing(these: &[ApiVersion], others: &[ApiVersion]) -> Vec<String> {
    these.iter().filter(|version| !others.contains(version)).map(ToString::to_string).collect()
}

/// What api_versions says below the root, and beside it for all major versions.
async fn declared(asker: &mut Asker, root: Root) -> Result<Vec<ApiVersion>, NoAnswer> {
    let mut found = Vec::new();
    for place in [root.path, root.family] {
        let target = format!("{place}/api_versions");
        let mut answer = asker.ask(Question::get(&target, None)).await?;
        if matches!(answer.status.as_u16(), 400 | 406) {
            answer = asker.ask(Question::get(&target, root.known_versions().first().copied())).await?;
        }
        found.extend(listed(&answer).into_iter().filter(|version| root.has(*version)));
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// The versions that an answer lists (ETSI GS NFV-SOL 013, 9.3.3).
pub fn listed(answer: &Answer) -> Vec<ApiVersion> {
    let versions = answer.json().filter(|_| answer.is_good()).and_then(|body| body.get("apiVersions"));
    let versions = versions.and_then(Value::as_array).into_iter().flatten().take(MOST);
    versions.filter_map(|one| ApiVersion::parse(one.get("version")?.as_str()?)).collect()
}
