//! What is wrong with a token.

use solgate::fault::Fault;

/// Why a token is not accepted. Nothing of the token is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    Form,
    Algorithm,
    Critical,
    /// It is no access token.
    Type,
    UnknownKey,
    UnnamedKey,
    Signature,
    Claims,
    NoEnd,
    Expired,
    Early,
    TooLong,
    Issuer,
    Audience,
    Confirmation,
    ProofOfKey,
    UnseenCertificate,
    OtherCertificate,
}

impl Flaw {
    fn text(self) -> &'static str {
        match self {
            Self::Form => "it is not a signed JWT; send the whole token that the authorization server issued",
            Self::Algorithm => {
                "its algorithm is not accepted here; use RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 or EdDSA"
            }
            Self::Critical => "it has a header parameter (crit or b64) that is not understood here",
            Self::Type => "it is for another purpose (typ); send an access token",
            Self::UnnamedKey => {
                "it does not name its key (kid), and none of the first keys of the issuer that fit has signed it; get a token that names its key"
            }
            Self::UnknownKey => "no key of the issuer matches it; get a new token",
            Self::Signature => "its signature is wrong; send the token exactly as the authorization server issued it",
            Self::Claims => "its claims cannot be read, or one of them occurs twice",
            Self::NoEnd => "it has no exp; get a token that expires",
            Self::Expired => "it has expired; get a new token",
            Self::Early => "it is not valid yet; compare the clocks of gate and authorization server",
            Self::TooLong => "it is valid for longer than is accepted here; get a token that ends sooner",
            Self::Confirmation => {
                "it is bound to a key (cnf) in a way that is not verified here; get a different token"
            }
            Self::ProofOfKey => {
                "it is bound to a key of the client (jkt in cnf), and DPoP is not verified here; get a token that is bound to a certificate, or to nothing"
            }
            Self::UnseenCertificate => {
                "it is bound to a certificate (cnf), and the certificates of clients do not come to this gate; get a token that is not bound"
            }
            Self::OtherCertificate => {
                "it is bound to a certificate (cnf) that the client has not shown on this connection; connect with that certificate"
            }
            Self::Issuer => "it is from a different issuer; get a token from the authorization server of this gate",
            Self::Audience => "it is for a different audience; get a token for this gate",
        }
    }
}

impl From<Flaw> for Fault {
    fn from(flaw: Flaw) -> Self {
        Self::TokenInvalid(flaw.text())
    }
}
