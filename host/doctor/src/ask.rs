//! Questions to a server: only ones that change nothing, and within limits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, HOST, HeaderMap, HeaderName, HeaderValue, LINK, USER_AGENT};
use http::uri::Authority;
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use solgate_config::UpstreamConfig;
use solgate_config::vnfm_url::base_path;
use solgate_contract::version::ApiVersion;
use solgate_upstream::connect::CertificatesError;
use solgate_upstream::pool::{Flaw, PooledBody, SendError, Unreached};
use solgate_upstream::pools::Pools;
use solgate_upstream::reach::Reach;

/// Most bytes of an answer that are read.
const MOST_BYTES: usize = 16 << 20;
/// For all questions together, in times that one may take.
const TIMES: u32 = 12;

const VERSION: HeaderName = HeaderName::from_static("version");

/// The methods that change nothing on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safe {
    Get,
    Head,
}

impl Safe {
    fn method(self) -> Method {
        match self {
            Self::Get => Method::GET,
            Self::Head => Method::HEAD,
        }
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    #[error("cannot be reached: {0}")]
    Unreached(Unreached),
    #[error("gives an answer that cannot be read: {0}")]
    Unreadable(Flaw),
    #[error("ends the connection")]
    Broken,
    #[error("does not answer within {0:?}")]
    Late(Duration),
    #[error("was not asked: the time for all questions is over")]
    TimeOver,
    #[error("was not asked: the target is not a URI")]
    Target,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub fields: HeaderMap,
    pub content: Content,
    pub took: Duration,
}

/// The content of an answer.
#[derive(Debug)]
pub enum Content {
    /// JSON, and its length in bytes.
    Json(Value, usize),
    /// Anything else, or nothing.
    Other,
    /// More than is read.
    TooLarge,
}

impl Answer {
    #[must_use]
    pub fn json(&self) -> Option<&Value> {
        match &self.content {
            Content::Json(value, _) => Some(value),
            Content::Other | Content::TooLarge => None,
        }
    }

    /// The entries, if it is a list that was found.
    #[must_use]
    pub fn list(&self) -> Option<&[Value]> {
        self.json().filter(|_| self.status == StatusCode::OK)?.as_array().map(Vec::as_slice)
    }

    #[must_use]
    pub fn is_good(&self) -> bool {
        self.status.is_success()
    }

    /// The server wants to know who asks, or does not let that one see it.
    #[must_use]
    pub fn is_withheld(&self) -> bool {
        matches!(self.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
    }

    /// The query of the next page, as the Link field has it.
    #[must_use]
    pub fn next_page(&self) -> Option<&str> {
        let links = self.fields.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
        let next = links.flat_map(|field| field.split(',')).find(|link| {
            link.split(';').skip(1).any(|parameter| {
                let parameter = parameter.trim().to_ascii_lowercase();
                matches!(parameter.as_str(), "rel=next" | "rel=\"next\"")
            })
        })?;
        next.trim().strip_prefix('<')?.split_once('>')?.0.split_once('?').map(|(_, query)| query)
    }
}

/// A question.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    pub method: Safe,
    /// Below the base URL.
    pub target: &'a str,
    pub version: Option<ApiVersion>,
    /// Without what says who asks.
    pub anonymous: bool,
}

impl<'a> Question<'a> {
    #[must_use]
    pub fn get(target: &'a str, version: Option<ApiVersion>) -> Self {
        Self { method: Safe::Get, target, version, anonymous: false }
    }
}

/// Puts questions to one server, one after the other.
pub struct Asker {
    pools: Pools,
    /// The path of the base URL.
    base: String,
    host: HeaderValue,
    /// Fields of every question that is not anonymous.
    fields: HeaderMap,
    /// For one answer.
    limit: Duration,
    began: Instant,
    asked: usize,
    slowest: Duration,
    largest: usize,
    /// Some answer had the field that OpenStack's services give an answer.
    openstack: bool,
}

impl Asker {
    /// To the upstream, which is reached this way. `fields` say who asks; their values are
    /// secrets. `limit` is for one answer.
    ///
    /// # Errors
    /// No certificate can have the host of the URL.
    pub fn new(
        upstream: &UpstreamConfig,
        reach: &Arc<Reach>,
        mut fields: HeaderMap,
        limit: Duration,
    ) -> Result<Self, CertificatesError> {
        fields.values_mut().for_each(|value| value.set_sensitive(true));
        let authority = upstream.url.authority().map(Authority::as_str).unwrap_or_default();
        Ok(Self {
            pools: Pools::new(reach, limit, limit)?,
            base: base_path(&upstream.url).to_owned(),
            host: HeaderValue::from_str(authority).unwrap_or(HeaderValue::from_static("")),
            fields,
            limit,
            began: Instant::now(),
            asked: 0,
            slowest: Duration::ZERO,
            largest: 0,
            openstack: false,
        })
    }

    /// Whether questions say who asks.
    #[must_use]
    pub fn has_fields(&self) -> bool {
        !self.fields.is_empty()
    }

    /// The names of the fields that say who asks.
    pub fn field_names(&self) -> impl Iterator<Item = &HeaderName> {
        self.fields.keys()
    }

    /// Whether an authority, in lower case, is that of the server that is asked.
    #[must_use]
    pub fn is_asked(&self, authority: &str) -> bool {
        let host = self.host.to_str().unwrap_or_default().to_ascii_lowercase();
        let bare = |name: &str| name.trim_end_matches(":80").trim_end_matches(":443").to_owned();
        bare(&host) == bare(authority)
    }

    /// Requests that were sent.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.asked
    }

    /// The longest time that an answer took.
    #[must_use]
    pub fn slowest(&self) -> Duration {
        self.slowest
    }

    /// The most bytes of JSON that an answer had.
    #[must_use]
    pub fn largest(&self) -> usize {
        self.largest
    }

    #[must_use]
    pub fn is_openstack(&self) -> bool {
        self.openstack
    }

    /// # Errors
    /// There is no answer.
    pub async fn ask(&mut self, question: Question<'_>) -> Result<Answer, NoAnswer> {
        if self.began.elapsed() > self.limit.saturating_mul(TIMES) {
            return Err(NoAnswer::TimeOver);
        }
        let began = Instant::now();
        let limit = self.limit;
        let mut answer =
            tokio::time::timeout(limit, self.exchange(question)).await.unwrap_or(Err(NoAnswer::Late(limit)))?;
        answer.took = began.elapsed();
        self.slowest = self.slowest.max(answer.took);
        self.openstack |= answer.fields.contains_key("x-openstack-request-id");
        if let Content::Json(_, length) = answer.content {
            self.largest = self.largest.max(length);
        }
        Ok(answer)
    }

    async fn exchange(&mut self, question: Question<'_>) -> Result<Answer, NoAnswer> {
        let (parts, body) = self.send(question).await?.into_parts();
        let content = read(body).await?;
        Ok(Answer { status: parts.status, fields: parts.headers, content, took: Duration::ZERO })
    }

    async fn send(&mut self, question: Question<'_>) -> Result<Response<PooledBody>, NoAnswer> {
        let target: Uri = format!("{}{}", self.base, question.target).parse().map_err(|_| NoAnswer::Target)?;
        let mut again = true;
        loop {
            let mut request = Request::new(Full::default());
            *request.method_mut() = question.method.method();
            *request.uri_mut() = target.clone();
            *request.headers_mut() = self.request_fields(question);
            self.asked = self.asked.saturating_add(1);
            match self.pools.send(request).await {
                Ok(response) => return Ok(response),
                Err(error) => match (error.unreached(), error) {
                    (Some(cause), _) => return Err(NoAnswer::Unreached(cause)),
                    (None, SendError::Unreadable(flaw)) => return Err(NoAnswer::Unreadable(flaw)),
                    // A server may close a kept connection in the moment in which it is used again.
                    (None, _) if again => again = false,
                    (None, _) => return Err(NoAnswer::Broken),
                },
            }
        }
    }

    fn request_fields(&self, question: Question<'_>) -> HeaderMap {
        let mut fields = if question.anonymous { HeaderMap::new() } else { self.fields.clone() };
        fields.insert(HOST, self.host.clone());
        fields.insert(USER_AGENT, HeaderValue::from_static(concat!("solgate/", env!("CARGO_PKG_VERSION"))));
        fields.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        fields.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(version) = question.version.and_then(|version| HeaderValue::try_from(version.to_string()).ok()) {
            fields.insert(VERSION, version);
        }
        fields
    }
}

async fn read(mut body: PooledBody) -> Result<Content, NoAnswer> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| NoAnswer::Broken)?.into_data() else { continue };
        let data: Bytes = data;
        if bytes.len().saturating_add(data.len()) > MOST_BYTES {
            return Ok(Content::TooLarge);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(serde_json::from_slice(&bytes).map_or(Content::Other, |value| Content::Json(value, bytes.len())))
}
