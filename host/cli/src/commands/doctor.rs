//! `solgate doctor`: the configuration that fits a VNFM or NFVO, found by asking it.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Uri};
use solgate_config::{CREDENTIAL_FIELD, UpstreamConfig, parse_credential_field};
use solgate_doctor::ask::Asker;
use solgate_doctor::{Presence, Report, examine};
use solgate_gateway::vnfm::Vnfm;

use crate::args::gateway::{VnfmUrl, only_for_https, own_certificate};
use crate::args::values::time_limit;
use crate::commands::format::Lines;
use crate::commands::output::{Output, print};

/// Ask a VNFM or NFVO how it behaves, and write the configuration that fits.
///
/// Nothing but GET and HEAD is sent, so nothing changes there. It is asked which APIs and versions it has, and
/// what it does with pages, filters, identifiers and versions. The report also says what could not be found out.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  solgate doctor --upstream http://vnfm:9890
  solgate doctor --upstream https://nfvo.example --upstream-ca ca.pem --header 'Authorization: Bearer ...' -o solgate.yaml
  solgate serve --config solgate.yaml --check-config

Exit status: 0 the configuration was written, 1 the upstream has none of the APIs that built-in policies judge, 2 it gives no answer or the configuration cannot be written.")]
pub struct DoctorArgs {
    /// The VNFM or NFVO: http://HOST[:PORT] or https://HOST[:PORT], and the /PATH below which its APIs are
    #[arg(long, value_name = "URL", env = "SOLGATE_UPSTREAM", value_parser = VnfmUrl)]
    upstream: Uri,

    /// PEM certificates to trust for https, instead of the system's
    #[arg(long, value_name = "FILE")]
    upstream_ca: Option<PathBuf>,

    /// PEM certificates to show, one's own first
    #[arg(long, value_name = "FILE", requires = "upstream_key")]
    upstream_cert: Option<PathBuf>,

    /// PEM private key of that certificate
    #[arg(long, value_name = "FILE", requires = "upstream_cert")]
    upstream_key: Option<PathBuf>,

    /// A field that says who asks, such as 'Authorization: Bearer ...'; it is sent to the upstream and shown nowhere
    #[arg(long, value_name = "NAME: VALUE", env = "SOLGATE_HEADER", hide_env_values = true)]
    header: Vec<String>,

    /// Time limit for one answer; all of them together may take twelve times as long
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = time_limit)]
    timeout: Duration,

    /// Write the configuration to this file, which is not there yet, instead of printing it
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// How the result is reported
    #[arg(long, value_enum, default_value_t)]
    format: Lines,
}

pub async fn run(arguments: DoctorArgs) -> anyhow::Result<ExitCode> {
    let fields = fields(&arguments.header)?;
    let url = Some(&arguments.upstream);
    only_for_https("--upstream-ca", arguments.upstream_ca.as_ref(), "--upstream", url)?;
    only_for_https("--upstream-cert", arguments.upstream_cert.as_ref(), "--upstream", url)?;
    // Before the work.
    let output = arguments.output.as_deref().map(Output::create_new).transpose()?;
    let mut upstream = UpstreamConfig::new(arguments.upstream);
    let absolute = |path: Option<PathBuf>| path.map(std::path::absolute).transpose();
    upstream.ca_file = absolute(arguments.upstream_ca)?;
    let (certificate, key) = (absolute(arguments.upstream_cert)?, absolute(arguments.upstream_key)?);
    upstream.own_certificate = own_certificate(certificate.as_ref(), key.as_ref());
    let way = Vnfm::open(&upstream, &[])?;
    let mut asker = Asker::new(&upstream, &way.forward, fields, arguments.timeout)?;
    let report = examine(&mut asker, &upstream)
        .await
        .map_err(|error| anyhow::anyhow!("the upstream {} {error}", solgate_config::vnfm_url::name(&upstream.url)))?;
    let configuration = report.configuration.as_ref().map(|configuration| configuration.text(&report.unknown));
    let shown = match arguments.format {
        Lines::Text => lines(&report, configuration.as_deref(), arguments.output.as_deref()),
        Lines::Json => format!("{}\n", serde_json::to_string(&report)?),
    };
    if let (Some(output), Some(text)) = (output, &configuration) {
        output.write(text.as_bytes())?;
    }
    print(&shown)?;
    Ok(ExitCode::from(u8::from(configuration.is_none())))
}

/// What is wrong with a field is said without its value.
fn fields(arguments: &[String]) -> anyhow::Result<HeaderMap> {
    let mut fields = HeaderMap::new();
    for argument in arguments {
        let (name, value) = argument
            .split_once(':')
            .ok_or_else(|| anyhow::anyhow!("--header: expected NAME: VALUE, such as 'X-Auth-Token: ...'"))?;
        let name = parse_credential_field(name.trim())
            .ok_or_else(|| anyhow::anyhow!("--header: expected {CREDENTIAL_FIELD}, before the colon"))?;
        let value = HeaderValue::from_str(value.trim())
            .map_err(|_| anyhow::anyhow!("--header: the value of {name} has a character that a field cannot have"))?;
        fields.append(name, value);
    }
    Ok(fields)
}

fn lines(report: &Report, configuration: Option<&str>, output: Option<&Path>) -> String {
    let mut text = String::new();
    for root in &report.roots {
        let list = |versions: &[_]| versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let (declared, answered) = (list(&root.declared), list(&root.answered));
        let what = match root.presence {
            Presence::Answers if answered.is_empty() => format!("there, version {declared} by api_versions"),
            Presence::Answers if declared.is_empty() => format!("there, answers version {answered}; no api_versions"),
            Presence::Answers => format!("there, version {declared} by api_versions, answers {answered}"),
            Presence::Withheld => {
                "there, but withheld from this caller: name one that may see it with --header".to_owned()
            }
            Presence::Absent => "not there".to_owned(),
            Presence::Unclear => "not clear".to_owned(),
        };
        let _ = writeln!(text, "{} ({}): {what}", root.root, root.policy);
    }
    let mut last = None;
    for observation in &report.observations {
        if last != Some(observation.root) {
            let _ = writeln!(text, "\n{}", observation.root.map_or("the upstream", |root| root));
            last = Some(observation.root);
        }
        let status = observation.status.map(|status| format!(" ({status})")).unwrap_or_default();
        let _ = writeln!(text, "  {}{status}", observation.text);
    }
    let _ = writeln!(text, "\nnot found out");
    for unknown in &report.unknown {
        let place = unknown.root.map(|root| format!(" below {root}")).unwrap_or_default();
        let _ = writeln!(text, "  {}{place}: {}", unknown.what, unknown.why);
    }
    let _ = writeln!(text, "\n{} requests were sent, nothing but GET and HEAD", report.requests);
    match (configuration, output) {
        (None, _) => {
            text.push_str("no API that a built-in policy judges was found: there is no configuration to suggest\n")
        }
        (Some(_), Some(path)) => {
            let shown = path.display();
            let _ =
                writeln!(text, "the configuration is in {shown}; next: solgate serve --config {shown} --check-config");
        }
        (Some(configuration), None) => {
            let _ = write!(text, "the configuration:\n\n{configuration}");
        }
    }
    text
}
