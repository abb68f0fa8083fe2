//! Fetches one fact from the VNFM: which requests are needed, and what their answers
//! mean. [`Ask`] is how a request gets to the VNFM and its answer back.

use std::collections::HashSet;
use std::future::Future;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, ETAG, HeaderMap};
use http::{Response, StatusCode};
use http_body::Body;
use http_body_util::BodyExt;

use super::expand::Target;
use super::link::{LinkError, next_query};
use super::project::{self, ProjectError};
use super::{FactAnswer, FactTemplate};

/// Largest content of an answer that is read only to keep its connection.
const DRAIN: u64 = 64 << 10;

/// Most bytes of a fact, if nothing else is said.
pub(super) const DEFAULT_MAX_BYTES: usize = 4 << 20;
/// Most pages of a list, if nothing else is said.
pub(super) const DEFAULT_MAX_PAGES: usize = 64;

/// Why there is no usable answer. The texts reach the log and the
/// ProblemDetails: they name no address, no credential and no content.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    #[cfg(feature = "http-facts")]
    #[error("the VNFM or NFVO cannot be reached: {0}")]
    Unreachable(solgate_upstream::pool::Unreached),
    #[cfg(feature = "http-facts")]
    #[error("the answer of the VNFM or NFVO cannot be read: {0}")]
    Unreadable(solgate_upstream::pool::Flaw),
    #[error("the VNFM or NFVO ended the connection")]
    Broken,
    #[cfg(feature = "http-facts")]
    #[error("the VNFM or NFVO did not answer within {0:?}")]
    Timeout(std::time::Duration),
    #[error("there was no answer from the VNFM or NFVO")]
    NoAnswer,
    #[error("the VNFM or NFVO answered with status {0}")]
    Status(u16),
    #[error("the VNFM or NFVO answered with status {0}, and redirections are not followed")]
    Redirection(u16),
    #[error("the VNFM or NFVO refuses the gate's own account with status {0}")]
    OwnAccount(u16),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the answer has a content coding, although none was asked for")]
    Encoded,
    #[error("the answer has an ETag field that cannot be read")]
    Etag,
    #[error("the list has more than {0} pages")]
    TooManyPages(usize),
    #[error("the pages of the list form a loop")]
    Loop,
    #[cfg(feature = "http-facts")]
    #[error("the target of the fact is not a URI")]
    BadUri,
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error(transparent)]
    Content(#[from] ProjectError),
}

/// Puts GET requests to the VNFM.
pub(super) trait Ask: Sync {
    type Body: Body<Data = Bytes> + Send + Unpin;

    /// Asks for a target below the VNFM's base URL, with these fields.
    fn ask(
        &self,
        target: &str,
        headers: &HeaderMap,
    ) -> impl Future<Output = Result<Response<Self::Body>, Unusable>> + Send;
}

/// The bounds of a fetch.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    /// For all pages of a fetch together.
    pub(super) max_bytes: usize,
    pub(super) max_pages: usize,
    /// Requests carry the gate's own account, not the caller's.
    pub(super) own_account: bool,
}

impl Exchange {
    /// Asks for one fact, with these request fields.
    pub(super) async fn fetch(
        &self,
        vnfm: &impl Ask,
        target: &Target,
        template: &FactTemplate,
        headers: &HeaderMap,
    ) -> Result<FactAnswer, Unusable> {
        let mut asked = target.to_string();
        let mut response = vnfm.ask(&asked, headers).await?;
        if response.status() == StatusCode::BAD_REQUEST && template.plain_on_400 && target.query().is_some() {
            drain(response.into_body()).await;
            asked = target.path().to_owned();
            response = vnfm.ask(&asked, headers).await?;
        }
        if response.status() != StatusCode::OK {
            return self.other_than_ok(response).await;
        }

        let etag = etag(response.headers())?;
        let mut room = self.max_bytes;
        if !template.list {
            let json = self.read(response, &mut room).await?;
            return Ok(FactAnswer::Found { etag, body: project::object(&json, &template.members)? });
        }

        let mut list = project::List::new(&template.members);
        let mut seen = HashSet::from([asked]);
        loop {
            let next = next_query(response.headers())?;
            list.page(&self.read(response, &mut room).await?)?;
            let Some(query) = next else { break };
            if seen.len() >= self.max_pages {
                return Err(Unusable::TooManyPages(self.max_pages));
            }
            let page = format!("{}?{query}", target.path());
            if seen.contains(&page) {
                return Err(Unusable::Loop);
            }
            response = vnfm.ask(&page, headers).await?;
            if response.status() != StatusCode::OK {
                // Part of a list has been seen: whatever this is, the list is not absent.
                return Err(refused(response.status()));
            }
            seen.insert(page);
        }
        // A tag of the first page says nothing about the others.
        let etag = if seen.len() == 1 { etag } else { None };
        Ok(FactAnswer::Found { etag, body: list.finish() })
    }

    async fn other_than_ok<B: Body + Unpin>(&self, response: Response<B>) -> Result<FactAnswer, Unusable> {
        let status = response.status();
        let answer = match status {
            StatusCode::NOT_FOUND => Ok(FactAnswer::Absent),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if self.own_account => {
                Err(Unusable::OwnAccount(status.as_u16()))
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Ok(FactAnswer::Withheld),
            _ => Err(refused(status)),
        };
        drain(response.into_body()).await;
        answer
    }

    /// The content of an answer, taken from the room that is left.
    async fn read<B>(&self, response: Response<B>, room: &mut usize) -> Result<Vec<u8>, Unusable>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let coded = response
            .headers()
            .get_all(CONTENT_ENCODING)
            .iter()
            .any(|coding| !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity"));
        if coded {
            return Err(Unusable::Encoded);
        }
        let mut body = response.into_body();
        let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if announced > *room {
            return Err(Unusable::TooLarge(self.max_bytes));
        }
        let mut content = Vec::with_capacity(announced);
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| Unusable::Broken)?.into_data() else {
                continue;
            };
            *room = room.checked_sub(data.len()).ok_or(Unusable::TooLarge(self.max_bytes))?;
            content.extend_from_slice(&data);
        }
        Ok(content)
    }
}

fn refused(status: StatusCode) -> Unusable {
    if status.is_redirection() { Unusable::Redirection(status.as_u16()) } else { Unusable::Status(status.as_u16()) }
}

/// An ETag that is there but cannot be read must not pass for none.
fn etag(headers: &HeaderMap) -> Result<Option<String>, Unusable> {
    let mut values = headers.get_all(ETAG).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    match (value.to_str(), values.next()) {
        (Ok(tag), None) => Ok(Some(tag.to_owned())),
        _ => Err(Unusable::Etag),
    }
}

/// Reads a short content to its end, so that the connection can be kept.
async fn drain(mut body: impl Body + Unpin) {
    if body.size_hint().upper().is_some_and(|upper| upper <= DRAIN) {
        while let Some(Ok(_)) = body.frame().await {}
    }
}
