//! Tokens in the configuration file.

use std::path::{Path, PathBuf};

pub use crate::jwks_source::{JwksSource, JwksUrl};
use crate::presence::{PRESENCE, Presence, parse_presence};
use crate::yaml::{ConfigError, Node};

/// How tokens are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtConfig {
    pub keys: JwksSource,
    /// PEM certificates to trust instead of the system's, when the keys are fetched.
    pub ca_file: Option<PathBuf>,
    /// Who must have issued a token; anybody who has the keys if it is not given.
    pub issuer: Option<String>,
    /// For whom tokens must be: one of these; anybody if there are none.
    pub audience: Vec<String>,
    pub presence: Presence,
}

/// Reads the member `jwt`. Paths are relative to `folder`.
///
/// # Errors
/// A member is unknown or wrong, or the keys are missing.
pub fn jwt(node: Node<'_>, folder: &Path) -> Result<JwtConfig, ConfigError> {
    let (mut keys, mut ca_file) = (None, None);
    let (mut issuer, mut audience, mut presence) = (None, Vec::new(), Presence::default());
    for (name, member) in node.members(&["jwks", "caFile", "issuer", "audience", "presence"])? {
        match name {
            "jwks" => keys = Some(member.parse(JwksSource::EXPECTED, JwksSource::parse)?),
            "caFile" => ca_file = Some((member, folder.join(text(member)?))),
            "issuer" => issuer = Some(text(member)?),
            "audience" => {
                audience = member.items()?.into_iter().map(text).collect::<Result<_, _>>()?;
                if audience.is_empty() {
                    return Err(member.error("audience is empty; leave it out if tokens for anybody are accepted"));
                }
            }
            _ => presence = member.parse(PRESENCE, parse_presence)?,
        }
    }
    let keys = match keys.ok_or_else(|| node.error("jwks is missing: the file, or the https URL, of the keys"))? {
        JwksSource::File(path) => match ca_file {
            Some((member, _)) => return Err(member.error("caFile is for keys at an https URL: leave it out")),
            None => JwksSource::File(folder.join(path)),
        },
        url @ JwksSource::Url(_) => url,
    };
    Ok(JwtConfig { keys, ca_file: ca_file.map(|(_, path)| path), issuer, audience, presence })
}

fn text(node: Node<'_>) -> Result<String, ConfigError> {
    node.parse("a text that is not empty", |text| (!text.is_empty()).then(|| text.to_owned()))
}
