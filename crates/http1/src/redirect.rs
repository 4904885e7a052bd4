//! Redirections (RFC 9110 section 15.4): what to ask next, whom, and what not to tell them.
//!
//! The rule: a server that sends us elsewhere must not learn to whom we were loyal before. What proves who we are goes to
//! the origin it was meant for, and is dropped for good once a redirection leads to another one.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::uri::{self, Reference, Uri};

/// How many redirections are followed one after the other by default.
pub const MAX_REDIRECTS: u32 = 10;

/// The redirections of one request, one after the other.
///
/// ```
/// use http1::redirect::Redirects;
/// use http1::uri::Uri;
///
/// let mut redirects = Redirects::default();
/// let uri = Uri::parse("http://example.org/form#result")?;
/// let step = redirects.follow("POST", &uri, 303, Some(b"/done"))?.unwrap();
/// assert_eq!((&*step.method, &*step.uri), ("GET", "http://example.org/done#result"));
/// assert!(step.keeps("Authorization") && !step.keeps("Content-Type"));
///
/// let uri = Uri::parse(&step.uri)?;
/// let step = redirects.follow("GET", &uri, 302, Some(b"http://elsewhere.example/"))?.unwrap();
/// assert!(!step.keeps("Authorization"));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirects {
    left: u32,
    keeps_credentials: bool,
}

/// The request to make next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// Its method.
    pub method: Cow<'a, str>,
    /// Its URI, with the fragment that goes with it.
    pub uri: String,
    /// The content is sent again. If not, the request has none.
    pub keeps_content: bool,
    /// What proves who we are is sent again.
    pub keeps_credentials: bool,
    /// The way led from `https` to `http`: what was secret is not any more. Ask before going there.
    pub is_downgrade: bool,
}

/// Why a redirection is not followed. The server is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Too many, one after the other; most likely in a circle.
    #[error("too many redirections")]
    TooMany,
    /// The `Location` is no URI reference.
    #[error("the Location is not a URI: {0}")]
    Location(uri::Error),
    /// It leads out of `http` and `https`: to a local file, perhaps.
    #[error("the Location is neither http nor https")]
    Scheme,
}

impl Default for Redirects {
    fn default() -> Self {
        Redirects::up_to(MAX_REDIRECTS)
    }
}

impl Redirects {
    /// To follow so many and no more.
    #[must_use]
    pub fn up_to(limit: u32) -> Self {
        Redirects { left: limit, keeps_credentials: true }
    }

    /// What to do about the response of this status and with this `Location` to a request with this method for this URI.
    ///
    /// `None`: it is not to be followed, but is the answer.
    ///
    /// # Errors
    /// It can't be followed.
    pub fn follow<'a>(
        &mut self,
        method: &'a str,
        uri: &Uri<'_>,
        status: u16,
        location: Option<&[u8]>,
    ) -> Result<Option<Step<'a>>, Error> {
        let (Some(next), Some(location)) = (next_method(status, method), location) else { return Ok(None) };
        let target = resolve(uri, location)?;
        let Ok(to) = Uri::parse(&target).and_then(|to| to.origin()) else { return Err(Error::Scheme) };
        self.left = self.left.checked_sub(1).ok_or(Error::TooMany)?;
        let from = uri.origin().ok();
        self.keeps_credentials &= from == Some(to);
        let keeps_content = next == method;
        let keeps_credentials = self.keeps_credentials;
        let is_downgrade = from.is_some_and(|from| from.is_secure()) && !to.is_secure();
        Ok(Some(Step { method: next, uri: target, keeps_content, keeps_credentials, is_downgrade }))
    }
}

impl Step<'_> {
    /// Whether a field of the first request is also one of the next (RFC 9110 section 15.4).
    #[must_use]
    pub fn keeps(&self, name: &str) -> bool {
        let is = |names: &[&str]| names.iter().any(|field| field.eq_ignore_ascii_case(name));
        // Written anew for each request, by whoever sends it.
        let is_of_message =
            is(&["Host", "Referer", "Origin", "Connection", "Proxy-Connection", "Keep-Alive", "TE"])
                || is(&["Upgrade", "Expect", "Content-Length", "Transfer-Encoding", "Trailer"]);
        // About a representation that is not asked for any more.
        let is_condition =
            is(&["If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range"]);
        let is_credential = is(&["Authorization", "Cookie", "Cookie2", "Proxy-Authorization"]);
        let is_of_content = starts_with(name, "Content-") || is(&["Digest", "Last-Modified"]);
        !is_of_message
            && !is_condition
            && (self.keeps_credentials || !is_credential)
            && (self.keeps_content || !is_of_content)
    }
}

/// RFC 9110 sections 15.4.2 to 15.4.9. `None`: no redirection that is followed without asking.
fn next_method(status: u16, method: &str) -> Option<Cow<'_, str>> {
    match (status, method) {
        // "For historical reasons, a user agent MAY change the request method from POST to GET", and all do.
        (301 | 302, "POST") => Some(Cow::Borrowed("GET")),
        (303, "HEAD") => Some(Cow::Borrowed("HEAD")),
        (303, _) => Some(Cow::Borrowed("GET")),
        (301 | 302 | 307 | 308, method) => Some(Cow::Borrowed(method)),
        _ => None,
    }
}

/// RFC 9110 section 10.2.2: relative to the URI of the request, whose fragment is inherited.
fn resolve(uri: &Uri<'_>, location: &[u8]) -> Result<String, Error> {
    // Servers write names into `Location` as they are.
    let location = uri::percent::encode_stray(location);
    let reference = Reference::parse(&location).map_err(Error::Location)?;
    let mut target = uri.resolve(&reference);
    if let (None, Some(fragment)) = (reference.fragment(), uri.fragment()) {
        target.push('#');
        target.push_str(fragment);
    }
    Ok(target)
}

fn starts_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
