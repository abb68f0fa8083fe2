//! `solgate serve`: one process in front of a scripted VNFM.

use super::asked::{Asked, Said};
use super::http::{self, Fate};
use super::http2;
use super::library::Given;
use super::settings::Settings;
use crate::process::Serving;

/// The running process.
pub struct Serve {
    serving: Serving,
    settings: Settings,
    http2: http2::Client,
}

impl Serve {
    /// Starts it for these requests, and with these arguments.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start(asked: &[Asked], arguments: &[&str]) -> Self {
        let settings = Settings::write(asked);
        let serving = Serving::start(&[&["--config", &settings.file()], arguments].concat());
        Self { serving, settings, http2: http2::Client::default() }
    }

    /// What it answers; `None` if the request arrives at the VNFM, which is checked
    /// to be as it was sent.
    ///
    /// # Panics
    /// If it is not, or there is no answer.
    #[must_use]
    pub fn judge(&self, asked: &Asked, facts: &[Given]) -> Option<Said> {
        let fate = http::ask(self.serving.address, self.settings.host(asked), &self.settings.vnfm, asked, facts);
        said(fate, asked)
    }

    /// The same over HTTP/2; `None` around it if the request cannot be said there.
    ///
    /// # Panics
    /// As [`judge`](Self::judge).
    #[must_use]
    pub fn judge_http2(&self, asked: &Asked, facts: &[Given]) -> Option<Option<Said>> {
        let (host, vnfm) = (self.settings.host(asked), &self.settings.vnfm);
        self.http2.ask(self.serving.address, host, vnfm, asked, facts).map(|fate| said(fate, asked))
    }
}

fn said(fate: Fate, asked: &Asked) -> Option<Said> {
    match fate {
        Fate::Passed => None,
        Fate::Changed(how) => panic!("{}: {how}", asked.label),
        Fate::Answered(said) => Some(said),
    }
}
