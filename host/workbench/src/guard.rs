//! Whom the server listens to: its own page, in the browser of the person who started it.
//!
//! Other pages in that browser can send requests to 127.0.0.1 as well, and a name that
//! somebody else resolves may lead here. So a request must carry the cookie, be meant for this
//! very address (`Host`), and, if it changes or asks for work, come from our page (`Origin`)
//! in a media type that no form can send.

use http::header::{CONTENT_TYPE, COOKIE, HOST, ORIGIN};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use serde_json::Value;

use crate::answer::{self, Answer};
use crate::session::Session;

/// Where browsers say from what kind of place a request comes.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The address of the workbench.
pub(crate) struct Guard {
    session: Session,
    port: u16,
}

impl Guard {
    pub fn new(session: Session, port: u16) -> Self {
        Self { session, port }
    }

    /// What the person opens, while it still works.
    pub fn url(&self) -> Option<String> {
        self.session.token().map(|token| format!("http://127.0.0.1:{}/?token={token}", self.port))
    }

    /// Answers whoever may not go on, and whoever has opened the address with its token.
    pub fn stops<B>(&self, request: &Request<B>) -> Option<Answer> {
        let fields = request.headers();
        if !only(fields, &HOST).is_some_and(|host| self.is_here(host)) {
            let detail = format!("This server is 127.0.0.1:{} and nothing else.", self.port);
            return Some(refused("The request is meant for another host", &detail));
        }
        let has_cookie = self.session.knows(fields.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()));
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        if is_read
            && request.uri().path() == "/"
            && let Some(token) = token(request.uri().query())
        {
            return Some(self.enter(token, has_cookie));
        }
        if !has_cookie {
            return Some(match request.uri().path().starts_with("/api/") {
                true => refused("The workbench does not know this browser", WAY_IN),
                false => answer::words(StatusCode::FORBIDDEN, WAY_IN),
            });
        }
        if is_read {
            return None;
        }
        let from_elsewhere = only(fields, &FETCH_SITE).is_some_and(|site| site != "same-origin")
            || fields.contains_key(ORIGIN) && !only(fields, &ORIGIN).is_some_and(|origin| self.is_ours(origin));
        if from_elsewhere {
            return Some(refused("The request comes from another page", "Only the page of the workbench may send it."));
        }
        let is_json = only(fields, &CONTENT_TYPE)
            .and_then(|field| field.split(';').next())
            .is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"));
        (!is_json).then(|| {
            answer::problem(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The body is not JSON",
                "Send it with Content-Type: application/json.",
                Value::Null,
            )
        })
    }

    fn enter(&self, token: &str, has_cookie: bool) -> Answer {
        let cookie = match self.session.spend(token) {
            Some(cookie) => Some(cookie),
            // The same browser, going back.
            None if has_cookie => None,
            None => return answer::words(StatusCode::FORBIDDEN, SPENT),
        };
        let mut answer = answer::words(StatusCode::SEE_OTHER, "Go on at /.");
        let fields = answer.headers_mut();
        fields.insert(http::header::LOCATION, HeaderValue::from_static("/"));
        if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::try_from(cookie).ok()) {
            fields.insert(http::header::SET_COOKIE, cookie);
        }
        answer
    }

    fn is_here(&self, host: &str) -> bool {
        let port = host.strip_prefix("127.0.0.1:").or_else(|| host.strip_prefix("localhost:"));
        port.is_some_and(|port| port == self.port.to_string())
    }

    fn is_ours(&self, origin: &str) -> bool {
        origin.strip_prefix("http://").is_some_and(|host| self.is_here(host))
    }
}

const WAY_IN: &str = "Open the address that `solgate ui` has printed, in this browser.";
const SPENT: &str = "This address has been opened already, and it works once. End `solgate ui` with Ctrl-C and start it again for another.";

fn refused(title: &str, detail: &str) -> Answer {
    answer::problem(StatusCode::FORBIDDEN, title, detail, Value::Null)
}

/// The value of a field that is there once.
fn only<'f>(fields: &'f HeaderMap, name: &HeaderName) -> Option<&'f str> {
    let mut values = fields.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn token(query: Option<&str>) -> Option<&str> {
    query?.split('&').find_map(|pair| pair.strip_prefix("token="))
}
