//! Origins (RFC 9110 section 4.3.1): scheme, host and port, the unit of trust.

use super::{Error, ErrorKind, Uri};

/// The origin of an `http` or `https` URI. Equal ones are one server, as far as names can tell.
///
/// ```
/// use http1::uri::Uri;
///
/// let one = Uri::parse("http://Example.org/a")?.origin();
/// let two = Uri::parse("HTTP://example.org:80")?.origin();
/// let other = Uri::parse("https://example.org/a")?.origin();
/// assert_eq!(one, two);
/// assert_ne!(one, other);
/// # Ok::<(), http1::uri::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    is_secure: bool,
    host: &'a str,
    port: u16,
}

impl<'a> Origin<'a> {
    /// The scheme is `https`.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// The host as it was written, with the brackets of an IP literal; never empty.
    #[must_use]
    pub fn host(&self) -> &'a str {
        self.host
    }

    /// The port: the scheme's own one if the URI named none.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl PartialEq for Origin<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.is_secure == other.is_secure
            && self.port == other.port
            && self.host.eq_ignore_ascii_case(other.host)
    }
}

impl Eq for Origin<'_> {}

impl<'a> Uri<'a> {
    /// Scheme, host and port.
    ///
    /// # Errors
    /// The scheme is neither `http` nor `https`, or there is no host, which RFC 9110 section 4.2.1 declares invalid.
    pub fn origin(&self) -> Result<Origin<'a>, Error> {
        let default_port = default_port(self.scheme()).ok_or(Error::new(ErrorKind::Scheme, 0))?;
        let no_host = Error::new(ErrorKind::Host, self.scheme().len() + 1);
        let authority = self.authority().ok_or(no_host)?;
        if authority.host_text().is_empty() {
            return Err(no_host);
        }
        Ok(Origin {
            is_secure: default_port == 443,
            host: authority.host_text(),
            port: authority.port().unwrap_or(default_port),
        })
    }
}

/// RFC 9110 sections 4.2.1 and 4.2.2.
pub(super) fn default_port(scheme: &str) -> Option<u16> {
    if scheme.eq_ignore_ascii_case("http") {
        Some(80)
    } else if scheme.eq_ignore_ascii_case("https") {
        Some(443)
    } else {
        None
    }
}
