//! `solgate ext-authz`: one process that is asked as Envoy asks.

use envoy_types::ext_authz::v3::pb::{CheckRequest, HttpResponse};
use envoy_types::pb::envoy::config::core::v3::{HeaderMap, HeaderValue};
use envoy_types::pb::envoy::service::auth::v3::AttributeContext;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Request};
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use serde_json::Value;
use tokio::runtime::Runtime;
use tonic::transport::Channel;

use super::asked::{Asked, Said};
use super::http;
use super::library::Given;
use super::settings::Settings;
use crate::process::Serving;

/// The running process, and a connection to it.
pub struct ExtAuthz {
    _serving: Serving,
    settings: Settings,
    runtime: Runtime,
    client: AuthorizationClient<Channel>,
}

impl ExtAuthz {
    /// Starts it for these requests.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start(asked: &[Asked]) -> Self {
        let settings = Settings::write(asked);
        let serving = Serving::start_door("ext-authz", &["--config", &settings.file()]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
        let client = runtime.block_on(AuthorizationClient::connect(format!("http://{}", serving.address)));
        Self { _serving: serving, settings, runtime, client: client.expect("it listens") }
    }

    /// What it answers; `None` if Envoy may forward the request.
    ///
    /// # Panics
    /// If there is no answer.
    #[must_use]
    pub fn judge(&self, asked: &Asked, facts: &[Given]) -> Option<Said> {
        http::script(&self.settings.vnfm, facts);
        let check = check(asked, self.settings.host(asked));
        let mut client = self.client.clone();
        let answer = self.runtime.block_on(client.check(check)).expect("it answers").into_inner();
        let code = answer.status.map(|status| status.code);
        match answer.http_response.expect("it says what to do") {
            HttpResponse::OkResponse(_) => {
                assert_eq!(code, Some(0), "{} is allowed", asked.label);
                None
            }
            HttpResponse::DeniedResponse(denied) => {
                assert_ne!(code, Some(0), "{} is denied", asked.label);
                let fields = denied.headers.into_iter().filter_map(|option| option.header);
                Some(Said {
                    status: u16::try_from(denied.status.expect("it has a status").code).expect("it is a status"),
                    fields: fields.map(|field| (field.key, field.value)).collect(),
                    problem: match asked.case.method.as_str() {
                        "HEAD" => Value::Null,
                        _ => serde_json::from_str(&denied.body).expect("it is JSON"),
                    },
                })
            }
            HttpResponse::ErrorResponse(error) => panic!("{}: {error:?}", asked.label),
        }
    }
}

/// The check that Envoy makes of a request when it is configured as the guide says.
#[must_use]
pub fn check(asked: &Asked, host: &str) -> CheckRequest {
    let case = &asked.case;
    let fields: Vec<(&str, &str)> = case.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    check_of((&case.method, &case.target), host, &fields, &case.body)
}

/// The same of a request with these fields and this body.
#[must_use]
pub fn check_of((method, target): (&str, &str), host: &str, fields: &[(&str, &str)], body: &[u8]) -> CheckRequest {
    let field = |name: &str, value: &str| HeaderValue {
        key: name.to_owned(),
        value: String::new(),
        raw_value: value.as_bytes().to_vec(),
    };
    let pseudo = [(":authority", host), (":path", target), (":method", method), (":scheme", "http")];
    let mut headers: Vec<HeaderValue> = pseudo.iter().map(|(name, value)| field(name, value)).collect();
    headers.extend(fields.iter().map(|(name, value)| field(name, value)));
    // Envoy waits for a body wherever one is announced.
    let announced = fields.iter().any(|(name, _)| *name == "transfer-encoding");
    if !body.is_empty() || announced {
        headers.push(field("x-envoy-auth-partial-body", "false"));
    }
    let http = HttpRequest {
        method: method.to_owned(),
        path: target.to_owned(),
        host: host.to_owned(),
        header_map: Some(HeaderMap { headers }),
        raw_body: body.to_vec(),
        ..HttpRequest::default()
    };
    let request = Some(Request { http: Some(http), ..Request::default() });
    CheckRequest { attributes: Some(AttributeContext { request, ..AttributeContext::default() }) }
}
