//! Why a question of the page has no answer.

use http::StatusCode;
use serde_json::{Value, json};
use solgate_bundle::Diagnostics;
use solgate_page_data::diagnostics;

use crate::answer::{self, Answer};

/// Each has words for the person at the page.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{0}")]
    Unreadable(String),
    #[error("the body is larger than {} MiB", .limit >> 20)]
    TooLarge { limit: usize },
    #[error("nothing of the workbench is at {0}")]
    NoSuchAddress(String),
    #[error("the bundle has no file {0}")]
    NoSuchFile(String),
    #[error("{path}: {why}")]
    BadPath { path: String, why: &'static str },
    #[error("{0} is a policy's file, and what is in it cannot be changed")]
    ReadOnly(String),
    #[error("{path} has been changed by somebody else since it was read")]
    Changed {
        path: String,
        /// As it is now; `None` if it is not there.
        text: Option<String>,
    },
    #[error("the bundle has mistakes; mend them first")]
    Mistakes(Diagnostics),
    #[error("this policy does not carry the bundle that it was made from, so nothing is known of its rules")]
    NoBundle,
    #[error("a newer text of the bundle is being compiled")]
    Superseded,
    #[error("{0}")]
    NotFound(String),
    /// Of the program or the machine.
    #[error("{0}")]
    Failed(String),
}

impl Fault {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unreadable(_) | Self::BadPath { .. } => StatusCode::BAD_REQUEST,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NoSuchAddress(_) | Self::NoSuchFile(_) | Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::ReadOnly(_) => StatusCode::FORBIDDEN,
            Self::Changed { .. } | Self::Superseded => StatusCode::CONFLICT,
            Self::Mistakes(_) | Self::NoBundle => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "The question cannot be read",
            Self::TooLarge { .. } => "The body is too large",
            Self::NoSuchAddress(_) => "There is no such address",
            Self::NoSuchFile(_) => "There is no such file",
            Self::BadPath { .. } => "This is not a file of the bundle",
            Self::ReadOnly(_) => "The file cannot be changed",
            Self::Changed { .. } => "The file has changed on disk",
            Self::Mistakes(_) => "The bundle has mistakes",
            Self::NoBundle => "The policy carries no bundle",
            Self::Superseded => "Another text is newer",
            Self::NotFound(_) => "It is not there",
            Self::Failed(_) => "It did not work",
        }
    }

    pub fn answer(self) -> Answer {
        let (status, title, detail) = (self.status(), self.title(), self.to_string());
        let more = match self {
            Self::Mistakes(mistakes) => {
                let (found, sources) = mistakes.into_parts();
                json!({ "diagnostics": diagnostics::all(&found, &sources) })
            }
            Self::Changed { text, .. } => json!({ "text": text }),
            Self::Superseded => json!({ "superseded": true }),
            _ => Value::Null,
        };
        answer::problem(status, title, &detail, more)
    }
}
