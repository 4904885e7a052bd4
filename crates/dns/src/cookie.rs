//! DNS cookies (RFC 7873), those of servers made and checked as RFC 9018 says.

/// The COOKIE option: eight octets of the client's, none or 8 to 32 of the server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cookie<'a> {
    data: &'a [u8],
}

impl<'a> Cookie<'a> {
    /// RFC 7873 section 5.2.2: `None` unless 8 or 16 to 40 octets.
    #[must_use]
    pub fn parse(data: &'a [u8]) -> Option<Cookie<'a>> {
        matches!(data.len(), 8 | 16..=40).then_some(Cookie { data })
    }

    /// The client cookie.
    #[must_use]
    pub fn client(&self) -> &'a [u8] {
        self.data.get(..8).unwrap_or_default()
    }

    /// The server cookie; empty if the client has none yet.
    #[must_use]
    pub fn server(&self) -> &'a [u8] {
        self.data.get(8..).unwrap_or_default()
    }

    /// Both, one behind the other.
    #[must_use]
    pub fn as_octets(&self) -> &'a [u8] {
        self.data
    }
}
