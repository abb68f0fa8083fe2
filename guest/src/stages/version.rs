//! The Version field (ETSI GS NFV-SOL 013, 9.2).

use super::call::{Call, fields};
use crate::{
    catalogue::rule,
    findings::Report,
    media_type::trim,
    settings::Profile,
    text,
    verdict::{Location, Request},
    version::{ApiVersion, VersionPattern},
};

/// Says which version the request asks for, if it is to be judged by one.
pub(super) fn check(call: &Call<'_>, report: &mut Report<'_>) -> Option<ApiVersion> {
    if !call.operation.version {
        return None;
    }
    let mut fields = call.fields("version");
    let location = || Location::Header("Version".to_owned());
    let supported = || text::either(&call.profile.supported_names);
    report.looks_at(&[rule::VERSION_REQUIRED]);
    let Some(value) = fields.next() else {
        let detail =
            format!("The header field Version is missing; send the API version that you use, here {}.", supported());
        report.fail(rule::VERSION_REQUIRED, location(), detail);
        return None;
    };
    let value = trim(value);
    report.looks_at(&[rule::VERSION_DUPLICATE]);
    if fields.next().is_some() || value.contains(',') {
        let detail = format!(
            "The header field Version occurs more than once or holds a list; send one version, here {}.",
            supported()
        );
        report.fail(rule::VERSION_DUPLICATE, location(), detail);
        return None;
    }
    report.looks_at(&[rule::VERSION_FORMAT]);
    let short = if call.operation.short_version { VersionPattern::parse_short(value) } else { None };
    match (ApiVersion::parse(value), short) {
        (None, None) => {
            let detail = format!(
                "The header field Version is {}; expected MAJOR.MINOR.PATCH, such as {}, optionally followed by -impl: and a text.",
                text::quote(value),
                call.profile.version()
            );
            report.fail(rule::VERSION_FORMAT, location(), detail);
            None
        }
        (version, short) => {
            let (is_supported, is_known) = match (version, &short) {
                (Some(version), _) => (call.profile.supports(version), call.profile.knows(version)),
                (None, Some(short)) => (call.profile.supports_like(short), call.profile.knows_like(short)),
                (None, None) => (false, true),
            };
            report.set_beyond(!is_known);
            if is_supported {
                report.looks_at(&[rule::VERSION_SUPPORTED]);
            } else {
                let detail = format!(
                    "The header field Version asks for {}; expected {}.",
                    text::clean(value.split('-').next().unwrap_or_default()),
                    supported()
                );
                report.fail(rule::VERSION_SUPPORTED, location(), detail);
            }
            version.or_else(|| short.map(|short| short.lowest()))
        }
    }
}

/// Whether a request asks, in one plain field, for a version that is supported and
/// whose lists the policy does not know: such a version may have resources and
/// methods that the policy has not.
pub(super) fn is_beyond(request: &Request<'_>, profile: &Profile) -> bool {
    requested(request).is_some_and(|version| profile.supports(version) && !profile.knows(version))
}

/// The version that a request asks for in one plain field.
pub(super) fn requested(request: &Request<'_>) -> Option<ApiVersion> {
    let mut values = fields(request, "version");
    let only = values.next().filter(|_| values.next().is_none());
    only.and_then(|value| ApiVersion::parse(trim(value)))
}
