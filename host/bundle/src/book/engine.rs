//! What the rules of the engine ask, where a bundle does not say it itself.

/// By rule id.
const DOCS: &[(&str, &str)] = &[
    ("uri.length", "The request target is longer than limits.targetBytes. Send fewer or shorter query parameters."),
    (
        "route.unknown",
        "The path does not belong to the API. Paths are case-sensitive; check the API root and every segment.",
    ),
    (
        "route.trailing-slash",
        "The path names a resource, except for the slash at its end. Send the path without that slash.",
    ),
    (
        "route.api-major",
        "The path belongs to the API under another major version. Send the version that the API root names. With outsideApiRoot: pass, such requests pass unjudged, with a warning.",
    ),
    (
        "route.encoded-slash",
        "A slash that is percent-encoded could be read as part of an identifier or as the end of a segment. Send identifiers without slashes.",
    ),
    ("route.method", "The resource does not have this method. The Allow field of the answer lists those that it has."),
    (
        "header.version.required",
        "Every request but one for api_versions says which version of the API it speaks. Add `Version`, such as 2.0.0.",
    ),
    (
        "header.version.duplicate",
        "Two Version fields, or a list in one, would let gate and server act on different versions. Send one.",
    ),
    (
        "header.version.format",
        "The value is MAJOR.MINOR.PATCH in decimal without leading zeros, optionally followed by `-impl:` and a name.",
    ),
    (
        "header.version.supported",
        "The option supportedVersions lists the versions that are served; ask for one of them.",
    ),
    (
        "header.auth.required",
        "The option requireAuthorization is on. Obtain an access token and send it as `Authorization: Bearer ...`.",
    ),
    (
        "header.auth.malformed",
        "The field holds a scheme and credentials, such as `Bearer` and a token. Something is missing or of the wrong form.",
    ),
    (
        "header.accept.required",
        "The API asks for this field. Add `Accept: application/json`, or the media type that the operation answers with.",
    ),
    (
        "header.accept.json",
        "The Accept field rules out, by omission or with q=0, every media type that the operation answers with. Add one of them, or `*/*`.",
    ),
    ("query.unknown", "The operation has no query parameter of this name. Check the spelling, or leave it out."),
    (
        "query.repeated",
        "Gate and server could act on different values of a parameter that occurs twice and that a rule reads. Send it once.",
    ),
    (
        "query.encoding",
        "A percent sign is followed by two hexadecimal digits; what a rule reads is UTF-8 then. Where an expression reads the query, a plus is sent as %2B and a semicolon as %3B, which readers take for different things.",
    ),
    (
        "query.filter.syntax",
        "A filter consists of `(operator,attribute,value)` and more of these after semicolons (ETSI GS NFV-SOL 013, 5.2).",
    ),
    ("query.filter.operator", "The operators are eq, neq, in, nin, gt, gte, lt, lte, cont and ncont."),
    ("query.filter.arity", "in, nin, cont and ncont take one value or more, the other operators exactly one."),
    (
        "query.selector.combination",
        "At most one of all_fields, exclude_default, fields and exclude_fields may be given; only fields and exclude_default go together.",
    ),
    ("query.selector.flag-value", "all_fields and exclude_default are flags. Send them alone, without `=`."),
    (
        "query.selector.unknown-field",
        "fields, exclude_fields and filters name attributes of the resource; a path within one is separated by slashes.",
    ),
    ("body.size", "The body is larger than limits.bodyBytes. This API does not need bodies of that size."),
    (
        "body.required",
        "The operation takes parameters, and some of them cannot be left out. Send them as a JSON object.",
    ),
    ("body.none", "The operation takes no body, so a body would have no effect. Send none."),
    (
        "header.content-type.required",
        "A body without a media type can be read in more than one way. Send `Content-Type` with every body.",
    ),
    ("header.content-type.json", "The operation does not take the media type of the body. Send application/json."),
    ("header.content-type.merge-patch", "The body of a PATCH is application/merge-patch+json. Send that media type."),
    ("body.json.utf8", "JSON is exchanged in UTF-8. Encode the body in UTF-8."),
    (
        "body.json.malformed",
        "The body cannot be parsed. Comments, trailing commas, NaN, single quotes and text after the value are not JSON.",
    ),
    (
        "body.json.duplicate-key",
        "Parsers disagree about which of two members of the same name counts, so gate and server could act on different values. Send each member once.",
    ),
    ("body.json.depth", "Arrays and objects are nested deeper than limits.depth. No data type of the API needs that."),
    ("body.json.members", "An object has more members than limits.members. Send fewer, or have the limit raised."),
    (
        "body.json.number",
        "Where the schema says integer or number, readers keep different digits of a value beyond plus or minus 9007199254740991, however it is written, so gate and server could act on different values. Send a smaller one.",
    ),
    (
        "body.json.number-free",
        "Where the schema leaves the value to the user, a number beyond plus or minus 9007199254740991 may arrive as a different number: some readers keep every digit, others round it. Send a string where a string is accepted.",
    ),
    (
        "body.json.name-case",
        "Some readers do not tell case apart: they would take this member for the declared one, which the policy has not seen. Send the declared name as it is written, or another name.",
    ),
    ("body.json.object", "The data types of the API are objects at the top. Send the parameters as members of one."),
    (
        "body.schema",
        "The body breaks its schema in a place that has no rule of its own. The detail says where and what was expected.",
    ),
    (
        "fact.withheld",
        "The caller may not read a resource that rules look at (401 or 403), so these rules did not run and the VNFM or NFVO decides. Give the gate an account of its own if they have to.",
    ),
    (
        "fact.unavailable",
        "The VNFM or NFVO could not be asked for a resource that rules look at. The gate refuses the request with 503, or lets it pass with this warning, as it is configured. Try again.",
    ),
    (
        "fact.absent",
        "A resource that rules look at does not exist (404), and no rule asks for its existence, so these rules did not run. The bundle may need a rule with `exists`.",
    ),
    (
        "fact.unasked",
        "A resource that rules look at is asked for by something that this request does not have, such as the caller's tenant or a member of the body, so these rules did not run. Demand it by a rule where it has to be there.",
    ),
];

pub(super) fn doc(id: &str) -> &'static str {
    DOCS.iter().find(|(known, _)| *known == id).map_or("", |(_, doc)| doc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_of_the_engine_is_explained_and_no_other() {
        let rules: Vec<&str> = solgate_engine::ENGINE_RULES.iter().map(|rule| rule.id).collect();
        let explained: Vec<&str> = DOCS.iter().map(|(id, _)| *id).collect();
        assert_eq!(explained, rules);
    }
}
