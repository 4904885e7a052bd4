//! The Basic scheme (RFC 7617): a name and a password, in the clear but for base64. For TLS, or for loopback.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use proto_core::base64;

use super::Scheme;
use crate::field_value::push_quoted;

/// A name and a password. Printing it shows no password.
#[derive(Clone, PartialEq, Eq)]
pub struct Basic {
    user: String,
    password: String,
}

/// Credentials that are not Basic, or can't be decoded. The client is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BasicError {
    /// Another scheme, or none.
    #[error("these are not credentials of the Basic scheme")]
    Scheme,
    /// Not base64 of RFC 4648 section 4.
    #[error("the credentials are not base64")]
    Base64,
    /// No colon between name and password, or a control character (RFC 7617 section 2).
    #[error("the credentials are not a name and a password with a colon between them")]
    Form,
}

/// A name, password or realm that can't be sent. The caller is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// RFC 7617 section 2: it would be read as the end of the name.
    #[error("a user name can't have a colon in it")]
    Colon,
    /// RFC 7617 section 2.
    #[error("control characters are not allowed")]
    Control,
}

impl Basic {
    /// A name and a password to show.
    ///
    /// # Errors
    /// The name has a colon in it, or one of them a control character.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Result<Self, Misuse> {
        let (user, password) = (user.into(), password.into());
        if user.contains(':') {
            return Err(Misuse::Colon);
        }
        if user.chars().chain(password.chars()).any(char::is_control) {
            return Err(Misuse::Control);
        }
        Ok(Basic { user, password })
    }

    /// Reads the value of an `Authorization` or `Proxy-Authorization` field.
    ///
    /// Text that is not UTF-8 is taken for ISO-8859-1, as old clients send it.
    ///
    /// # Errors
    /// It is not Basic, or ill-formed.
    pub fn parse(value: &[u8]) -> Result<Self, BasicError> {
        let scheme = Scheme::parse_credentials(value).map_err(|_| BasicError::Scheme)?;
        let token68 = scheme.token68().filter(|_| scheme.is("Basic")).ok_or(BasicError::Scheme)?;
        let octets = base64::STANDARD.decode(token68).map_err(|_| BasicError::Base64)?;
        let text = String::from_utf8(octets).unwrap_or_else(|error| latin1(error.as_bytes()));
        let (user, password) = text.split_once(':').ok_or(BasicError::Form)?;
        Basic::new(user, password).map_err(|_| BasicError::Form)
    }

    /// The name.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password. Compare it in constant time.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The value of an `Authorization` or `Proxy-Authorization` field.
    #[must_use]
    pub fn to_value(&self) -> String {
        let text = format!("{}:{}", self.user, self.password);
        format!("Basic {}", base64::STANDARD.encode(text.as_bytes()))
    }

    /// The value of a `WWW-Authenticate` or `Proxy-Authenticate` field that asks for this, in UTF-8 (RFC 7617 section 2.1).
    ///
    /// # Errors
    /// The realm has a control character in it.
    pub fn challenge(realm: &str) -> Result<Vec<u8>, Misuse> {
        let mut value = b"Basic realm=".to_vec();
        push_quoted(&mut value, realm.as_bytes()).ok_or(Misuse::Control)?;
        value.extend(b", charset=\"UTF-8\"");
        Ok(value)
    }
}

impl fmt::Debug for Basic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Basic").field("user", &self.user).finish_non_exhaustive()
    }
}

fn latin1(octets: &[u8]) -> String {
    octets.iter().map(|&octet| char::from(octet)).collect()
}
