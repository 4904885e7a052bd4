//! How it went: response codes, those that need EDNS or TSIG included (RFC 6895 section 2.3).

use core::fmt;
use core::str::FromStr;

use crate::{TextError, TextErrorKind};

macro_rules! rcodes {
    ($($(#[$doc:meta])* $id:ident = $code:literal,)*) => {
        impl Rcode {
            $($(#[$doc])* pub const $id: Rcode = Rcode($code);)*
        }

        const MNEMONICS: &[(Rcode, &str)] = &[$((Rcode::$id, stringify!($id)),)*];
    };
}

/// A response code: four bits in the header, eight more in OPT, or the error field of TSIG and TKEY.
///
/// ```
/// use dns::Rcode;
/// assert_eq!(Rcode::NXDOMAIN.to_string(), "NXDOMAIN");
/// assert_eq!(Rcode(4000).to_string(), "RCODE4000");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rcode(pub u16);

rcodes! {
    /// RFC 1035: no error.
    NOERROR = 0,
    /// RFC 1035: the query could not be understood.
    FORMERR = 1,
    /// RFC 1035: the server could not do it.
    SERVFAIL = 2,
    /// RFC 1035: the name does not exist.
    NXDOMAIN = 3,
    /// RFC 1035: not implemented.
    NOTIMP = 4,
    /// RFC 1035: the server does not want to.
    REFUSED = 5,
    /// RFC 2136: a name exists that must not; RFC 6672: a name would grow too long.
    YXDOMAIN = 6,
    /// RFC 2136: an RRset exists that must not.
    YXRRSET = 7,
    /// RFC 2136: an RRset does not exist that must.
    NXRRSET = 8,
    /// RFC 2136: not authoritative; RFC 8945: not authorised.
    NOTAUTH = 9,
    /// RFC 2136: a name outside the zone.
    NOTZONE = 10,
    /// RFC 8490: DSO type not implemented.
    DSOTYPENI = 11,
    /// RFC 6891: a version of EDNS that the server does not speak. 16 is BADSIG in a TSIG (RFC 8945).
    BADVERS = 16,
    /// RFC 8945: a key that the server does not know.
    BADKEY = 17,
    /// RFC 8945: a signature out of its time.
    BADTIME = 18,
    /// RFC 2930.
    BADMODE = 19,
    /// RFC 2930.
    BADNAME = 20,
    /// RFC 2930.
    BADALG = 21,
    /// RFC 8945: a MAC cut too short.
    BADTRUNC = 22,
    /// RFC 7873: a wrong server cookie or none.
    BADCOOKIE = 23,
}

impl Rcode {
    /// RFC 8945: a wrong signature. In a TSIG, what elsewhere is BADVERS.
    pub const BADSIG: Rcode = Rcode(16);

    /// The mnemonic, for those that have one.
    #[must_use]
    pub fn mnemonic(self) -> Option<&'static str> {
        MNEMONICS.iter().find(|(rcode, _)| *rcode == self).map(|(_, mnemonic)| *mnemonic)
    }
}

impl fmt::Display for Rcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mnemonic() {
            Some(mnemonic) => f.pad(mnemonic),
            None => write!(f, "RCODE{}", self.0),
        }
    }
}

impl FromStr for Rcode {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let known = MNEMONICS.iter().find(|(_, mnemonic)| mnemonic.eq_ignore_ascii_case(text));
        known
            .map(|(rcode, _)| *rcode)
            .or_else(|| text.eq_ignore_ascii_case("BADSIG").then_some(Rcode::BADSIG))
            .or_else(|| crate::text::numbered(b"RCODE", text.as_bytes()).map(Rcode))
            .ok_or(TextError::new(TextErrorKind::Unknown("response code")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mnemonics_go_both_ways() {
        for code in 0..30 {
            assert_eq!(Rcode(code).to_string().parse(), Ok(Rcode(code)));
        }
        assert_eq!("badsig".parse(), Ok(Rcode(16)));
        assert!("RCODE65536".parse::<Rcode>().is_err());
    }
}
