//! `Authentication-Info` (RFC 7616 section 3.5): the server shows that it knows the password too, and may hand out the next nonce.
//!
//! The rule: it is about one exchange. What the client checks is bound to the nonces, the count and the target it sent itself.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{
    Credentials, DigestError, Misuse, Params, Proof, Qop, Rejected, Request, User, Writer, clean, is_equal,
};
use crate::auth::Scheme;

/// What a server says at the end of a log-in.
///
/// ```
/// use http1::auth::digest::{AuthenticationInfo, Challenge, Credentials, Request, User};
///
/// let (request, user) = (Request { method: "GET", uri: "/", body: None }, User { name: "Mufasa", password: "Circle of Life" });
/// let shown = Challenge::new("r", "nonce1")?.answer(&user, &request, "cnonce", 1)?;
/// let shown = Credentials::parse(&shown)?;
///
/// let value = shown.info(&user, None, Some("nonce2"))?;
/// let info = AuthenticationInfo::parse(&value)?;
/// assert_eq!(info.verify(&shown, &user, None), Ok(()));
/// assert_eq!(info.next_nonce(), Some("nonce2"));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticationInfo {
    next_nonce: Option<String>,
    proof: Option<Shown>,
}

/// `rspauth` and what it was made with.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shown {
    response: String,
    qop: Qop,
    cnonce: String,
    nonce_count: u32,
}

impl Credentials {
    /// The value of the `Authentication-Info` (or `Proxy-Authentication-Info`) field of the response to a request with these
    /// credentials, which were [verified](Self::verify). `body` is the content of the response, needed for `auth-int`.
    ///
    /// # Errors
    /// A control character in the nonce, or the body is needed and not there.
    pub fn info(
        &self,
        user: &User<'_>,
        body: Option<&[u8]>,
        next_nonce: Option<&str>,
    ) -> Result<Vec<u8>, Misuse> {
        let next_nonce = next_nonce.map(clean).transpose()?;
        let response = self.response_of_server(user, body).ok_or(Misuse::Body)?;
        let mut out = Writer(Vec::new());
        out.quoted("rspauth", &response);
        out.plain("qop", self.qop.name());
        out.quoted("cnonce", &self.cnonce);
        out.plain("nc", &format!("{:08x}", self.nonce_count));
        if let Some(next_nonce) = next_nonce {
            out.quoted("nextnonce", &next_nonce);
        }
        Ok(out.0)
    }

    /// Section 3.5: as the client's, but that "A2 = ":" request-uri", with the response's body for `auth-int`.
    fn response_of_server(&self, user: &User<'_>, body: Option<&[u8]>) -> Option<String> {
        let proof =
            Proof { algorithm: self.algorithm, realm: &self.realm, nonce: &self.nonce, cnonce: &self.cnonce };
        let answered = Request { method: "", uri: &self.uri, body };
        proof.response(user, &answered, Some((self.qop, self.nonce_count)))
    }
}

impl AuthenticationInfo {
    /// Reads the value of the field.
    ///
    /// # Errors
    /// It is no list of parameters, or one of them makes no sense.
    pub fn parse(value: &[u8]) -> Result<Self, DigestError> {
        let value = [&b"Digest "[..], value].concat();
        let scheme = Scheme::parse_credentials(&value).map_err(|_| DigestError::Scheme)?;
        let params = Params::of(&scheme)?;
        let next_nonce = scheme.param("nextnonce").map(|_| params.text("nextnonce")).transpose()?;
        let proof = scheme.param("rspauth").map(|_| Shown::of(&scheme, &params)).transpose()?;
        Ok(AuthenticationInfo { next_nonce, proof })
    }

    /// The nonce for the next request; the count begins anew with it.
    #[must_use]
    pub fn next_nonce(&self) -> Option<&str> {
        self.next_nonce.as_deref()
    }

    /// The server knows the password: it answered what was `sent`. `body` is the content of its response.
    ///
    /// # Errors
    /// It shows nothing, something of another request, or does not know the password.
    pub fn verify(&self, sent: &Credentials, user: &User<'_>, body: Option<&[u8]>) -> Result<(), Rejected> {
        let shown = self.proof.as_ref().ok_or(Rejected::Parameter("rspauth"))?;
        for (parameter, fits) in [
            ("qop", shown.qop == sent.qop),
            ("cnonce", shown.cnonce == sent.cnonce),
            ("nc", shown.nonce_count == sent.nonce_count),
        ] {
            if !fits {
                return Err(Rejected::Parameter(parameter));
            }
        }
        let expected = sent.response_of_server(user, body).ok_or(Rejected::Parameter("qop"))?;
        let is_good = is_equal(&shown.response.to_ascii_lowercase(), &expected);
        if is_good { Ok(()) } else { Err(Rejected::Response) }
    }
}

impl Shown {
    fn of(scheme: &Scheme<'_>, params: &Params<'_, '_>) -> Result<Self, DigestError> {
        Ok(Shown {
            response: params.text("rspauth")?,
            qop: scheme.param("qop").and_then(Qop::named).ok_or(DigestError::Parameter("qop"))?,
            cnonce: params.text("cnonce")?,
            nonce_count: params.nonce_count()?,
        })
    }
}
