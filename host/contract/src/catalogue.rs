//! The rules that the engine itself decides.

use crate::verdict::Severity;

/// A rule that the engine decides without an expression or a schema.
///
/// A bundle need not declare it; if it does, as a rule of the engine's, its severity,
/// title and clause hold instead of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineRule {
    pub id: &'static str,
    /// The status of a denial, 400 to 499; for `fact.*` of a finding.
    pub status: u16,
    pub title: &'static str,
    /// What holds unless the bundle says otherwise.
    pub severity: Severity,
    /// It holds a request to a list that later versions of an API add to.
    pub ages: bool,
}

/// Defines the table and one constant per row, which is the row's index.
macro_rules! engine_rules {
    ($($name:ident $id:literal $status:literal $severity:ident $title:literal $($ages:ident)?;)*) => {
        /// Every rule that the engine itself decides.
        pub const ENGINE_RULES: &[EngineRule] = &[
            $(EngineRule {
                id: $id,
                status: $status,
                title: $title,
                severity: Severity::$severity,
                ages: engine_rules!(@ages $($ages)?),
            }),*
        ];

        /// Index of a rule in the engine's rule table: those of [`ENGINE_RULES`]
        /// come first, in this order.
        pub mod rule {
            engine_rules!(@index 0usize; $($name)*);
        }
    };
    (@index $at:expr; $name:ident $($rest:ident)*) => {
        pub const $name: usize = $at;
        engine_rules!(@index $at + 1usize; $($rest)*);
    };
    (@index $at:expr;) => {};
    (@ages ages) => { true };
    (@ages) => { false };
}

engine_rules! {
    URI_LENGTH "uri.length" 414 Deny "Request URI is too long";
    ROUTE_UNKNOWN "route.unknown" 404 Deny "No such resource" ages;
    ROUTE_TRAILING_SLASH "route.trailing-slash" 404 Deny "Resource URIs have no trailing slash";
    ROUTE_API_MAJOR "route.api-major" 404 Deny "API major version is not served";
    ROUTE_ENCODED_SLASH "route.encoded-slash" 404 Deny "Encoded slash in the path";
    ROUTE_METHOD "route.method" 405 Deny "Method is not supported by the resource" ages;
    VERSION_REQUIRED "header.version.required" 400 Deny "Version is missing";
    VERSION_DUPLICATE "header.version.duplicate" 400 Deny "Version occurs more than once";
    VERSION_FORMAT "header.version.format" 400 Deny "Version is malformed";
    VERSION_SUPPORTED "header.version.supported" 406 Deny "API version is not supported";
    AUTH_REQUIRED "header.auth.required" 401 Deny "Access token is missing";
    AUTH_MALFORMED "header.auth.malformed" 400 Deny "Authorization is malformed";
    ACCEPT_REQUIRED "header.accept.required" 400 Warn "Accept is missing";
    ACCEPT_JSON "header.accept.json" 406 Deny "No acceptable media type" ages;
    QUERY_UNKNOWN "query.unknown" 400 Deny "Query parameter is not defined" ages;
    QUERY_REPEATED "query.repeated" 400 Deny "Query parameter occurs more than once";
    QUERY_ENCODING "query.encoding" 400 Deny "Query is not percent-encoded UTF-8";
    FILTER_SYNTAX "query.filter.syntax" 400 Deny "Filter is malformed";
    FILTER_OPERATOR "query.filter.operator" 400 Deny "Filter operator is not defined" ages;
    FILTER_ARITY "query.filter.arity" 400 Deny "Filter operator has the wrong number of values";
    SELECTOR_COMBINATION "query.selector.combination" 400 Deny "Attribute selectors cannot be combined" ages;
    SELECTOR_FLAG "query.selector.flag-value" 400 Warn "Attribute selector takes no value";
    SELECTOR_FIELD "query.selector.unknown-field" 400 Deny "Attribute is not defined" ages;
    BODY_SIZE "body.size" 413 Deny "Request body is too large";
    BODY_REQUIRED "body.required" 400 Deny "Request body is missing";
    BODY_NONE "body.none" 400 Deny "Request body is not expected" ages;
    CONTENT_TYPE_REQUIRED "header.content-type.required" 400 Deny "Content-Type is missing";
    CONTENT_TYPE_JSON "header.content-type.json" 415 Deny "Media type is not application/json";
    CONTENT_TYPE_MERGE_PATCH "header.content-type.merge-patch" 415 Deny "Media type is not application/merge-patch+json";
    JSON_UTF8 "body.json.utf8" 400 Deny "Request body is not UTF-8";
    JSON_MALFORMED "body.json.malformed" 400 Deny "Request body is not valid JSON";
    JSON_DUPLICATE_KEY "body.json.duplicate-key" 400 Deny "Member name occurs more than once";
    JSON_DEPTH "body.json.depth" 400 Deny "Request body is nested too deep";
    JSON_MEMBERS "body.json.members" 400 Deny "Object has too many members";
    JSON_NUMBER "body.json.number" 400 Deny "Number cannot be represented exactly";
    JSON_NUMBER_FREE "body.json.number-free" 400 Warn "Number in free parameters may lose digits";
    JSON_NAME_CASE "body.json.name-case" 400 Deny "Member name is in another case than the declared one";
    JSON_OBJECT "body.json.object" 400 Deny "Request body is not a JSON object";
    BODY_SCHEMA "body.schema" 400 Deny "Request body does not match its schema";
    FACT_WITHHELD "fact.withheld" 403 Warn "State of the VNFM or NFVO may not be read";
    FACT_UNAVAILABLE "fact.unavailable" 503 Warn "State of the VNFM or NFVO is not available";
    FACT_ABSENT "fact.absent" 404 Warn "Resource that a rule looks at does not exist";
    FACT_UNASKED "fact.unasked" 400 Warn "Resource that a rule looks at cannot be asked for";
}
