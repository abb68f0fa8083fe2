//! Who may use the workbench: the browser that has opened its address first.

use std::sync::{Mutex, PoisonError};

use data_encoding::BASE64URL_NOPAD;

/// Random bytes of a secret.
const BYTES: usize = 32;

/// The token of the address, until it is used, and the cookie that takes its place.
pub(crate) struct Session {
    token: Mutex<Option<String>>,
    cookie: String,
    /// Browsers keep cookies by host, whatever the port: several workbenches must not take
    /// each other's.
    name: String,
}

impl Session {
    pub fn new(port: u16) -> Result<Self, getrandom::Error> {
        Ok(Self { token: Mutex::new(Some(secret()?)), cookie: secret()?, name: format!("solgate-ui-{port}") })
    }

    /// The token, as long as nobody has used it.
    pub fn token(&self) -> Option<String> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Uses the token up, if this is it, and returns the field that sets the cookie.
    pub fn spend(&self, given: &str) -> Option<String> {
        let mut token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        if !token.as_deref().is_some_and(|token| equal(token, given)) {
            return None;
        }
        *token = None;
        Some(format!("{}={}; Path=/; HttpOnly; SameSite=Strict", self.name, self.cookie))
    }

    /// Whether one of these fields `Cookie` carries the cookie.
    pub fn knows<'f>(&self, fields: impl Iterator<Item = &'f str>) -> bool {
        let mut pairs = fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.any(|(name, value)| name == self.name && equal(value, &self.cookie))
    }
}

fn secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(BASE64URL_NOPAD.encode(&bytes))
}

/// Compares in a time that tells nothing about where two texts differ.
fn equal(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |seen, (a, b)| seen | (a ^ b)) == 0
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Session;

    #[test]
    fn a_token_works_once_and_the_cookie_from_then_on() {
        let session = Session::new(8000).unwrap();
        let token = session.token().unwrap();
        assert!(session.spend("").is_none() && session.spend(&token[1..]).is_none());
        assert_eq!(session.token().as_ref(), Some(&token), "a wrong one uses nothing up");
        let set = session.spend(&token).unwrap();
        assert!(set.starts_with("solgate-ui-8000=") && set.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{set}");
        assert!(session.spend(&token).is_none() && session.token().is_none());
        let pair = set.split(';').next().unwrap();
        assert!(session.knows([format!("a=b; {pair}").as_str()].into_iter()));
        for other in [pair.replace("8000", "8001"), format!("{pair}x"), "solgate-ui-8000=".to_owned(), String::new()] {
            assert!(!session.knows([other.as_str()].into_iter()), "{other}");
        }
    }
}
