//! A real server with the gate in it, and whether it answers as the library does.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::asked::{Asked, Said};
use super::http::{self, Fate};
use super::{library, of_the_bundle, transport};
use crate::markdown::rows;
use crate::vnfm::Vnfm;

/// A server in front of a scripted VNFM, with the default policy in its own
/// settings.
pub struct Gateway<'a> {
    pub address: SocketAddr,
    pub vnfm: &'a Vnfm,
    /// The page that guides its operator. It lists what differs.
    pub guide: &'a str,
}

/// The requests that every server is asked: the policy's own cases without settings
/// and callers, which need another gate, and those of [`transport`].
#[must_use]
pub fn corpus() -> Vec<Asked> {
    let plain = |asked: &Asked| asked.case.caller.is_none() && asked.group() == PLAIN;
    of_the_bundle().into_iter().filter(plain).chain(transport::requests()).collect()
}

/// The [group](Asked::group) of what is judged in the default policy's own settings.
const PLAIN: &str = "enforce []";

impl Gateway<'_> {
    /// Sends the corpus through the server. Status and ProblemDetails must be the
    /// library's, and what is allowed must arrive as it was sent, except where the
    /// guide says what comes instead.
    ///
    /// # Panics
    /// If an answer differs that the guide does not list, or does not differ
    /// although it does.
    pub fn compare(&self) {
        let corpus = corpus();
        let mut listed = differences(self.guide);
        let mut faults = Vec::new();
        let mut statuses = BTreeSet::new();
        for asked in &corpus {
            println!("{}", asked.label);
            let (said, facts) = library::judge(asked);
            statuses.insert(said.as_ref().map_or(0, |said| said.status));
            let found = http::ask(self.address, "vnfm.example", self.vnfm, asked, &facts);
            let same = agree(said.as_ref(), &found);
            let here = match &found {
                Fate::Passed => "passes".to_owned(),
                Fate::Changed(_) => "changed".to_owned(),
                Fate::Answered(said) => said.status.to_string(),
            };
            match listed.remove(&asked.label) {
                Some(guide) if same => {
                    faults.push(format!("{}: the guide says {guide}, but it does not differ", asked.label));
                }
                Some(guide) if guide != here => {
                    faults.push(format!("{}: the guide says {guide}, but it is {}", asked.label, shown_fate(&found)));
                }
                None if !same => {
                    faults.push(format!(
                        "{}: it says\n  {}\nbut the library\n  {}",
                        asked.label,
                        shown_fate(&found),
                        shown(said.as_ref())
                    ));
                }
                _ => {}
            }
        }
        faults.extend(listed.keys().map(|label| format!("{label}: the guide lists it, but it is not in the corpus")));
        assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), corpus.len(), faults.join("\n\n"));
        println!("{} requests; statuses {statuses:?}, 0 for those that pass", corpus.len());
        assert!(corpus.len() >= 60 && statuses.len() >= 10, "the corpus has shrunk");
    }
}

/// Status, ProblemDetails and all of the library's fields; a server adds others.
fn agree(said: Option<&Said>, found: &Fate) -> bool {
    match (said, found) {
        (None, Fate::Passed) => true,
        (Some(said), Fate::Answered(found)) => {
            said.status == found.status
                && said.problem == found.problem
                && said.fields.iter().all(|(name, value)| found.fields.get(name) == Some(value))
        }
        _ => false,
    }
}

fn shown(said: Option<&Said>) -> String {
    said.map_or("passes".to_owned(), |said| format!("{} {:?} {}", said.status, said.fields, said.problem))
}

fn shown_fate(fate: &Fate) -> String {
    match fate {
        Fate::Passed => "passes".to_owned(),
        Fate::Changed(how) => format!("changed: {how}"),
        Fate::Answered(said) => shown(Some(said)),
    }
}

/// The table below the heading "What differs": request, what becomes of it here (a
/// status, `passes`, or `changed` if it passes other than it was sent), reason.
fn differences(guide: &str) -> BTreeMap<String, String> {
    let rows = rows(guide, "What differs").into_iter();
    rows.map(|row| {
        let mut cells = row.into_iter();
        let (label, here) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
        (label, here.split([' ', ',']).next().unwrap_or_default().to_owned())
    })
    .collect()
}
