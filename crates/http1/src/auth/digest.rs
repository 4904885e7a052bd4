//! The Digest scheme (RFC 7616): the password is shown without being said, by a hash over it and what the server asked.
//!
//! The rule: randomness is an argument. A server makes up nonces and remembers which it gave out and how often each was used
//! ([`Credentials::nonce_count`]); a client makes up a `cnonce`. Over a connection without TLS it protects the password a
//! little and nothing else. Nothing here prints a password.
//!
//! ```
//! use http1::auth::digest::{Challenge, Credentials, Request, User};
//!
//! let request = Request { method: "GET", uri: "/dir/index.html", body: None };
//! let wanted = Challenge::new("http-auth@example.org", "7ypf/xlj9XXwfDPEoM4URrv")?;
//! let user = User { name: "Mufasa", password: "Circle of Life" };
//!
//! let seen = Challenge::all([&wanted.to_value()[..]]).next().unwrap();
//! let value = seen.answer(&user, &request, "f2/wE4q74E6zIJEtWaHKaf5wv", 1)?;
//! let shown = Credentials::parse(&value)?;
//! assert_eq!(shown.user(), "Mufasa");
//! assert_eq!(shown.verify(&wanted, &request, &user), Ok(()));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod info;

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use md5::Md5;
use sha2::{Sha256, Sha512_256};

use super::{Scheme, offered};
use crate::field_value::push_quoted;
use crate::octets::{ATTR_CHAR, QUOTED_PAIR};
use crate::uri::percent;

pub use info::AuthenticationInfo;

/// How to hash (section 3.2, `algorithm`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Algorithm {
    /// The hash.
    pub hash: Hash,
    /// `-sess`: hashed once per session, with both nonces.
    pub is_session: bool,
}

/// A hash function (section 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hash {
    /// For old peers only: "MUST NOT be used [...] for new implementations".
    Md5,
    /// What everybody has.
    Sha256,
    /// SHA-512/256.
    Sha512_256,
}

/// What is protected (section 3.2, `qop`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Qop {
    /// Method and target.
    Auth,
    /// The body too.
    AuthInt,
}

/// What a server asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    /// In their order; none: a server of RFC 2069.
    qops: Vec<Qop>,
    is_stale: bool,
    hashes_user: bool,
    is_utf8: bool,
}

/// What a client shows. Printing it shows no response.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    user: String,
    realm: String,
    nonce: String,
    uri: String,
    response: String,
    algorithm: Algorithm,
    cnonce: String,
    opaque: Option<String>,
    qop: Qop,
    nonce_count: u32,
    is_hashed: bool,
}

/// A name and a password.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct User<'a> {
    /// The name.
    pub name: &'a str,
    /// The password.
    pub password: &'a str,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its target, as it is in the request line.
    pub uri: &'a str,
    /// Its content, if it is at hand; without it `auth-int` can't be used.
    pub body: Option<&'a [u8]>,
}

/// Not Digest, or ill-formed. The peer is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DigestError {
    /// Another scheme, or none.
    #[error("this is not of the Digest scheme")]
    Scheme,
    /// Section 3.3 or 3.4: a parameter is missing, or makes no sense.
    #[error("the parameter '{0}' of Digest is missing or makes no sense")]
    Parameter(&'static str),
}

/// Why credentials are not good. Answer with a new challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejected {
    /// A parameter is not the one of the challenge or the request.
    #[error("the parameter '{0}' is not the one expected")]
    Parameter(&'static str),
    /// The nonce is another one: if the server gave it out, challenge again as [`Challenge::stale`].
    #[error("the nonce is another one")]
    Nonce,
    /// Wrong name or password.
    #[error("the response does not fit the name and the password")]
    Response,
}

/// A value that can't be sent, or a challenge that can't be answered. The caller is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// A control character.
    #[error("control characters are not allowed")]
    Control,
    /// The server wants the body protected, and it is not at hand.
    #[error("the challenge asks for a hash of the body, which is not at hand")]
    Body,
}

impl Challenge {
    /// A challenge for this realm with this nonce: SHA-256, `auth`.
    ///
    /// # Errors
    /// One has a control character in it.
    pub fn new(realm: &str, nonce: &str) -> Result<Self, Misuse> {
        Ok(Challenge {
            realm: clean(realm)?,
            nonce: clean(nonce)?,
            opaque: None,
            algorithm: Algorithm { hash: Hash::Sha256, is_session: false },
            qops: [Qop::Auth].to_vec(),
            is_stale: false,
            hashes_user: false,
            is_utf8: true,
        })
    }

    /// With another algorithm. "The server MAY include multiple [...] challenges", the preferred one first (section 3.7).
    #[must_use]
    pub fn with_algorithm(self, algorithm: Algorithm) -> Self {
        Challenge { algorithm, ..self }
    }

    /// With text that the client has to give back.
    ///
    /// # Errors
    /// It has a control character in it.
    pub fn with_opaque(self, opaque: &str) -> Result<Self, Misuse> {
        Ok(Challenge { opaque: Some(clean(opaque)?), ..self })
    }

    /// With these protections to choose from; none is as good as [`Qop::Auth`].
    #[must_use]
    pub fn with_qops(self, qops: &[Qop]) -> Self {
        Challenge { qops: if qops.is_empty() { [Qop::Auth].to_vec() } else { qops.to_vec() }, ..self }
    }

    /// The client is to hash the name too (section 3.4.4).
    #[must_use]
    pub fn with_userhash(self) -> Self {
        Challenge { hashes_user: true, ..self }
    }

    /// Name and password may well have been right, but the nonce was old: nobody needs to be asked again.
    #[must_use]
    pub fn stale(self) -> Self {
        Challenge { is_stale: true, ..self }
    }

    /// The challenges of this scheme that can be answered, of all in these field lines, in the order of the server's
    /// preference. "When the client receives the first challenge, it SHOULD use the first challenge it supports" (section
    /// 3.7).
    pub fn all<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> impl Iterator<Item = Challenge> {
        offered(lines).filter_map(|scheme| Challenge::from_scheme(&scheme).ok())
    }

    /// Reads a challenge (section 3.3).
    ///
    /// # Errors
    /// It is not Digest, has no realm or nonce, or wants an algorithm or protection that is not known here.
    pub fn from_scheme(scheme: &Scheme<'_>) -> Result<Self, DigestError> {
        let params = Params::of(scheme)?;
        let qops =
            scheme.param("qop").map(|value| value.split(|&octet| octet == b',').filter_map(Qop::named));
        let qops: Option<Vec<Qop>> = qops.map(Iterator::collect);
        // "Unrecognized options MUST be ignored", but one has to be left.
        if qops.as_ref().is_some_and(Vec::is_empty) {
            return Err(DigestError::Parameter("qop"));
        }
        Ok(Challenge {
            realm: params.text("realm")?,
            nonce: params.text("nonce")?,
            opaque: scheme.param("opaque").map(|_| params.text("opaque")).transpose()?,
            algorithm: params.algorithm()?,
            qops: qops.unwrap_or_default(),
            is_stale: params.is_true("stale"),
            hashes_user: params.is_true("userhash"),
            is_utf8: scheme.param("charset").is_some_and(|name| name.eq_ignore_ascii_case(b"UTF-8")),
        })
    }

    /// What is protected, to be shown to the user.
    #[must_use]
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The server's nonce.
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// How to hash.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The last credentials were refused for their nonce only: try the same password again.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.is_stale
    }

    /// The value of a `WWW-Authenticate` or `Proxy-Authenticate` field.
    #[must_use]
    pub fn to_value(&self) -> Vec<u8> {
        let qops: Vec<&str> = self.qops.iter().map(|qop| qop.name()).collect();
        let mut out = Writer::begin();
        out.quoted("realm", &self.realm);
        if !qops.is_empty() {
            out.quoted("qop", &qops.join(", "));
        }
        out.plain("algorithm", &self.algorithm.to_string());
        out.quoted("nonce", &self.nonce);
        if let Some(opaque) = &self.opaque {
            out.quoted("opaque", opaque);
        }
        for (name, is_so) in [("stale", self.is_stale), ("userhash", self.hashes_user)] {
            if is_so {
                out.plain(name, "true");
            }
        }
        if self.is_utf8 {
            out.plain("charset", "UTF-8");
        }
        out.0
    }

    /// The value of an `Authorization` or `Proxy-Authorization` field (section 3.4). `cnonce` is fresh randomness,
    /// `nonce_count` how many requests were sent with this nonce, this one included.
    ///
    /// # Errors
    /// A control character, or the body is needed and not there.
    pub fn answer(
        &self,
        user: &User<'_>,
        request: &Request<'_>,
        cnonce: &str,
        nonce_count: u32,
    ) -> Result<Vec<u8>, Misuse> {
        let (name, cnonce, uri) = (clean(user.name)?, clean(cnonce)?, clean(request.uri)?);
        let qop = self.choose(request)?;
        let proof =
            Proof { algorithm: self.algorithm, realm: &self.realm, nonce: &self.nonce, cnonce: &cnonce };
        let response =
            proof.response(user, request, qop.map(|qop| (qop, nonce_count))).ok_or(Misuse::Body)?;
        let mut out = Writer::begin();
        match () {
            () if self.hashes_user => out.quoted("username", &self.algorithm.hash_of(&[&name, &self.realm])),
            // Section 3.4: "username* [...] if the userhash parameter value is [...] false" and it is not ASCII.
            () if self.is_utf8 && !name.is_ascii() => {
                out.plain("username*", &format!("UTF-8''{}", percent::encode(name.as_bytes(), &ATTR_CHAR)));
            }
            () => out.quoted("username", &name),
        }
        out.quoted("realm", &self.realm);
        out.quoted("uri", &uri);
        out.plain("algorithm", &self.algorithm.to_string());
        out.quoted("nonce", &self.nonce);
        if let Some(qop) = qop {
            out.plain("nc", &format!("{nonce_count:08x}"));
            out.quoted("cnonce", &cnonce);
            out.plain("qop", qop.name());
        }
        out.quoted("response", &response);
        if let Some(opaque) = &self.opaque {
            out.quoted("opaque", opaque);
        }
        if self.hashes_user {
            out.plain("userhash", "true");
        }
        Ok(out.0)
    }

    /// The first protection that can be had; `None` with a server of RFC 2069.
    fn choose(&self, request: &Request<'_>) -> Result<Option<Qop>, Misuse> {
        let fits = |qop: &&Qop| **qop == Qop::Auth || request.body.is_some();
        match self.qops.iter().find(fits) {
            None if !self.qops.is_empty() => Err(Misuse::Body),
            found => Ok(found.copied()),
        }
    }
}

impl Credentials {
    /// Reads the value of an `Authorization` or `Proxy-Authorization` field. Those of RFC 2069, without `qop`, are refused:
    /// anybody could use them again.
    ///
    /// # Errors
    /// It is not Digest, or a parameter of section 3.4 is missing or makes no sense.
    pub fn parse(value: &[u8]) -> Result<Self, DigestError> {
        let scheme = Scheme::parse_credentials(value).map_err(|_| DigestError::Scheme)?;
        let params = Params::of(&scheme)?;
        let qop = scheme.param("qop").and_then(Qop::named).ok_or(DigestError::Parameter("qop"))?;
        Ok(Credentials {
            user: params.user()?,
            realm: params.text("realm")?,
            nonce: params.text("nonce")?,
            uri: params.text("uri")?,
            response: params.text("response")?,
            algorithm: params.algorithm()?,
            cnonce: params.text("cnonce")?,
            opaque: scheme.param("opaque").map(|_| params.text("opaque")).transpose()?,
            qop,
            nonce_count: params.nonce_count()?,
            is_hashed: params.is_true("userhash"),
        })
    }

    /// The name, or its hash if [`is_user_hashed`](Self::is_user_hashed).
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The name is hashed: it is that of the user for whom [`user_hash`] gives the same.
    #[must_use]
    pub fn is_user_hashed(&self) -> bool {
        self.is_hashed
    }

    /// The nonce that the client answers to.
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// The how many-th request with this nonce it is. One that is not above all seen before is a replay.
    #[must_use]
    pub fn nonce_count(&self) -> u32 {
        self.nonce_count
    }

    /// These are good for `request`, if `challenge` was made to the client and `user` is the one it
    /// [names](Self::user) (section 3.4.6).
    ///
    /// # Errors
    /// Why they are not.
    pub fn verify(
        &self,
        challenge: &Challenge,
        request: &Request<'_>,
        user: &User<'_>,
    ) -> Result<(), Rejected> {
        let name = match self.is_hashed {
            true => user_hash(self.algorithm.hash, user.name, &self.realm),
            false => user.name.to_string(),
        };
        for (parameter, fits) in [
            ("realm", self.realm == challenge.realm),
            ("algorithm", self.algorithm == challenge.algorithm),
            ("opaque", self.opaque == challenge.opaque),
            ("qop", challenge.qops.contains(&self.qop)),
            // Section 3.4.6: "the uri parameter [...] MUST [...] be the same resource" as the target.
            ("uri", self.uri == request.uri),
        ] {
            if !fits {
                return Err(Rejected::Parameter(parameter));
            }
        }
        if !is_equal(&self.nonce, &challenge.nonce) {
            return Err(Rejected::Nonce);
        }
        let proof =
            Proof { algorithm: self.algorithm, realm: &self.realm, nonce: &self.nonce, cnonce: &self.cnonce };
        let expected = proof.response(user, request, Some((self.qop, self.nonce_count)));
        let expected = expected.ok_or(Rejected::Parameter("qop"))?;
        let is_good = is_equal(&self.user, &name) & is_equal(&self.response.to_ascii_lowercase(), &expected);
        if is_good { Ok(()) } else { Err(Rejected::Response) }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .field("uri", &self.uri)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for User<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What stands for a user's name if names are hashed (section 3.4.4).
#[must_use]
pub fn user_hash(hash: Hash, name: &str, realm: &str) -> String {
    Algorithm { hash, is_session: false }.hash_of(&[name, realm])
}

/// What a response is made of, besides user and request.
struct Proof<'a> {
    algorithm: Algorithm,
    realm: &'a str,
    nonce: &'a str,
    cnonce: &'a str,
}

impl Proof<'_> {
    /// Sections 3.4.1 to 3.4.3. `None`: the body is needed and not there.
    fn response(&self, user: &User<'_>, request: &Request<'_>, qop: Option<(Qop, u32)>) -> Option<String> {
        let hash = |parts: &[&str]| self.algorithm.hash_of(parts);
        let mut secret = hash(&[user.name, self.realm, user.password]);
        if self.algorithm.is_session {
            secret = hash(&[&secret, self.nonce, self.cnonce]);
        }
        let asked = match qop {
            Some((Qop::AuthInt, _)) => {
                let body = self.algorithm.hash.of([request.body?]);
                hash(&[request.method, request.uri, &body])
            }
            _ => hash(&[request.method, request.uri]),
        };
        Some(match qop {
            Some((qop, count)) => {
                hash(&[&secret, self.nonce, &format!("{count:08x}"), self.cnonce, qop.name(), &asked])
            }
            None => hash(&[&secret, self.nonce, &asked]),
        })
    }
}

impl Algorithm {
    fn named(name: &[u8]) -> Option<Self> {
        let (base, is_session) = match name.len().checked_sub(5).and_then(|at| name.split_at_checked(at)) {
            Some((base, end)) if end.eq_ignore_ascii_case(b"-sess") => (base, true),
            _ => (name, false),
        };
        let hashes = [Hash::Md5, Hash::Sha256, Hash::Sha512_256];
        let hash = hashes.into_iter().find(|hash| base.eq_ignore_ascii_case(hash.name().as_bytes()))?;
        Some(Algorithm { hash, is_session })
    }

    /// The parts with colons between them, hashed, in hexadecimal.
    fn hash_of(self, parts: &[&str]) -> String {
        let with_colons = parts.iter().enumerate().flat_map(|(place, part)| {
            let colon: &[u8] = if place > 0 { b":" } else { b"" };
            [colon, part.as_bytes()]
        });
        self.hash.of(with_colons)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.hash.name(), if self.is_session { "-sess" } else { "" })
    }
}

impl Hash {
    fn name(self) -> &'static str {
        match self {
            Hash::Md5 => "MD5",
            Hash::Sha256 => "SHA-256",
            Hash::Sha512_256 => "SHA-512-256",
        }
    }

    fn of<'a>(self, parts: impl IntoIterator<Item = &'a [u8]>) -> String {
        match self {
            Hash::Md5 => hash_with::<Md5>(parts),
            Hash::Sha256 => hash_with::<Sha256>(parts),
            Hash::Sha512_256 => hash_with::<Sha512_256>(parts),
        }
    }
}

fn hash_with<'a, D: sha2::Digest>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = D::new();
    parts.into_iter().for_each(|part| hash.update(part));
    hash.finalize().iter().flat_map(|octet| [hex(octet >> 4), hex(octet & 0xf)]).collect()
}

fn hex(digit: u8) -> char {
    char::from_digit(digit.into(), 16).unwrap_or('0')
}

impl Qop {
    fn name(self) -> &'static str {
        match self {
            Qop::Auth => "auth",
            Qop::AuthInt => "auth-int",
        }
    }

    fn named(name: &[u8]) -> Option<Self> {
        let name = name.trim_ascii();
        [Qop::Auth, Qop::AuthInt].into_iter().find(|qop| name.eq_ignore_ascii_case(qop.name().as_bytes()))
    }
}

/// The parameters of a challenge or of credentials.
struct Params<'a, 'b>(&'b Scheme<'a>);

impl<'a, 'b> Params<'a, 'b> {
    fn of(scheme: &'b Scheme<'a>) -> Result<Self, DigestError> {
        if scheme.is("Digest") { Ok(Params(scheme)) } else { Err(DigestError::Scheme) }
    }

    fn text(&self, name: &'static str) -> Result<String, DigestError> {
        let value = self.0.param(name).and_then(|value| core::str::from_utf8(value).ok());
        value.and_then(|value| clean(value).ok()).ok_or(DigestError::Parameter(name))
    }

    fn is_true(&self, name: &str) -> bool {
        self.0.param(name).is_some_and(|value| value.eq_ignore_ascii_case(b"true"))
    }

    /// Section 3.3: "If it is not present, it is assumed to be "MD5". If the algorithm is not understood, the challenge
    /// SHOULD be ignored".
    fn algorithm(&self) -> Result<Algorithm, DigestError> {
        let name = self.0.param("algorithm").unwrap_or(b"MD5");
        Algorithm::named(name).ok_or(DigestError::Parameter("algorithm"))
    }

    /// Section 3.4: "nc [...] 8LHEX", read in either case.
    fn nonce_count(&self) -> Result<u32, DigestError> {
        let digits = self.text("nc")?;
        let is_hex = digits.len() == 8 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let count = u32::from_str_radix(&digits, 16).ok().filter(|_| is_hex);
        count.ok_or(DigestError::Parameter("nc"))
    }

    /// `username` or `username*`, never both.
    fn user(&self) -> Result<String, DigestError> {
        let Some(extended) = self.0.param("username*") else { return self.text("username") };
        let start = extended.get(..7).is_some_and(|start| start.eq_ignore_ascii_case(b"UTF-8''"));
        let octets = extended.get(7..).filter(|_| start && self.0.param("username").is_none());
        let octets = octets.and_then(|text| percent::decode(text).ok());
        let user = octets.and_then(|octets| String::from_utf8(octets.into_owned()).ok());
        user.and_then(|user| clean(&user).ok()).ok_or(DigestError::Parameter("username"))
    }
}

/// A field value in the making. What goes in is [`clean`].
struct Writer(Vec<u8>);

impl Writer {
    fn begin() -> Self {
        Writer(b"Digest".to_vec())
    }

    fn quoted(&mut self, name: &str, value: &str) {
        self.name(name);
        let _is_clean = push_quoted(&mut self.0, value.as_bytes());
    }

    fn plain(&mut self, name: &str, value: &str) {
        self.name(name);
        self.0.extend(value.bytes());
    }

    fn name(&mut self, name: &str) {
        self.0.extend(match &*self.0 {
            b"" => &b""[..],
            b"Digest" => b" ",
            _ => b", ",
        });
        self.0.extend(name.bytes());
        self.0.push(b'=');
    }
}

/// What can stand in a quoted string.
fn clean(text: &str) -> Result<String, Misuse> {
    let fits = text.bytes().all(|octet| QUOTED_PAIR.has(octet));
    if fits { Ok(text.to_string()) } else { Err(Misuse::Control) }
}

/// In a time that depends on the lengths only.
fn is_equal(one: &str, other: &str) -> bool {
    let differs = one.bytes().zip(other.bytes()).fold(0, |differs, (one, other)| differs | (one ^ other));
    one.len() == other.len() && differs == 0
}
