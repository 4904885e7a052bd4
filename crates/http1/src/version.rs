//! HTTP versions (RFC 9112 section 2.3). This crate speaks major version 1: a minor version above 1 is treated as 1.1
//! (RFC 9110 section 2.5), any other major version is refused.

use crate::ErrorKind;

/// The version of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Version {
    /// HTTP/1.0 (RFC 1945): one exchange per connection unless both ends say otherwise, no chunks, no 1xx.
    Http10,
    /// HTTP/1.1, or a later minor version read as 1.1.
    #[default]
    Http11,
}

impl Version {
    /// Reads `HTTP-name "/" DIGIT "." DIGIT` (RFC 9112 section 2.3): case-sensitive, eight bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Version`] if it is not of that form, [`ErrorKind::MajorVersion`] above major version 1.
    pub fn parse(bytes: &[u8]) -> Result<Version, ErrorKind> {
        match bytes {
            b"HTTP/1.1" => Ok(Version::Http11),
            b"HTTP/1.0" => Ok(Version::Http10),
            [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'2'..=b'9'] => Ok(Version::Http11),
            [b'H', b'T', b'T', b'P', b'/', b'2'..=b'9', b'.', b'0'..=b'9'] => Err(ErrorKind::MajorVersion),
            _ => Err(ErrorKind::Version),
        }
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Version::Http10 => "HTTP/1.0",
            Version::Http11 => "HTTP/1.1",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_by_the_letter() {
        for (bytes, want) in [
            (&b"HTTP/1.1"[..], Ok(Version::Http11)),
            (b"HTTP/1.0", Ok(Version::Http10)),
            (b"HTTP/1.7", Ok(Version::Http11)),
            (b"HTTP/2.0", Err(ErrorKind::MajorVersion)),
            (b"HTTP/0.9", Err(ErrorKind::Version)),
            (b"http/1.1", Err(ErrorKind::Version)),
            (b"HTTP/1", Err(ErrorKind::Version)),
            (b"HTTP/1.10", Err(ErrorKind::Version)),
            (b"HTTP/1,1", Err(ErrorKind::Version)),
            (b"HTTP/+1.1", Err(ErrorKind::Version)),
            (b"", Err(ErrorKind::Version)),
        ] {
            assert_eq!(Version::parse(bytes), want, "{}", bytes.escape_ascii());
        }
    }
}
