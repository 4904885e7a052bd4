//! The MACs of TSIG (RFC 8945 section 6), those that are still to be used.

use core::fmt;
use core::str::FromStr;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};

use crate::{Name, TextError, TextErrorKind};

macro_rules! algorithms {
    ($($(#[$doc:meta])* $id:ident $hash:ident $text:literal $len:literal $wire:literal,)*) => {
        /// A MAC.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Algorithm {
            $($(#[$doc])* $id,)*
        }

        impl Algorithm {
            const ALL: &[Algorithm] = &[$(Algorithm::$id,)*];

            /// The mnemonic: `hmac-sha256`.
            #[must_use]
            pub fn mnemonic(self) -> &'static str {
                match self { $(Algorithm::$id => $text,)* }
            }

            /// The name by which TSIG records say it.
            #[must_use]
            pub fn name(self) -> Name {
                match self { $(Algorithm::$id => Name::of_valid($wire),)* }
            }

            /// Octets of a MAC.
            #[must_use]
            pub fn mac_len(self) -> usize {
                match self { $(Algorithm::$id => $len,)* }
            }
        }

        /// A MAC in the making.
        #[derive(Clone)]
        pub(super) enum Hasher {
            $($id(Hmac<$hash>),)*
        }

        impl Hasher {
            /// `None`: never, HMAC takes keys of any length.
            pub(super) fn new(algorithm: Algorithm, secret: &[u8]) -> Option<Self> {
                Some(match algorithm {
                    $(Algorithm::$id => Hasher::$id(Hmac::<$hash>::new_from_slice(secret).ok()?),)*
                })
            }

            pub(super) fn update(&mut self, octets: &[u8]) {
                match self { $(Hasher::$id(mac) => mac.update(octets),)* }
            }

            pub(super) fn finish(self) -> MacOctets {
                let mut octets = MacOctets { octets: [0; 64], len: 0 };
                match self { $(Hasher::$id(mac) => octets.set(&mac.finalize().into_bytes()),)* }
                octets
            }

            /// Compares in constant time.
            pub(super) fn is(self, mac: &[u8]) -> bool {
                match self { $(Hasher::$id(own) => own.verify_slice(mac).is_ok(),)* }
            }
        }
    };
}

algorithms! {
    /// RFC 3174: not for new keys.
    HmacSha1 Sha1 "hmac-sha1" 20 b"\x09hmac-sha1\0",
    /// RFC 6234.
    HmacSha224 Sha224 "hmac-sha224" 28 b"\x0Bhmac-sha224\0",
    /// RFC 6234: what everybody has.
    HmacSha256 Sha256 "hmac-sha256" 32 b"\x0Bhmac-sha256\0",
    /// RFC 6234.
    HmacSha384 Sha384 "hmac-sha384" 48 b"\x0Bhmac-sha384\0",
    /// RFC 6234.
    HmacSha512 Sha512 "hmac-sha512" 64 b"\x0Bhmac-sha512\0",
}

impl Algorithm {
    /// The algorithm with this name.
    #[must_use]
    pub fn of_name(name: &Name) -> Option<Algorithm> {
        Self::ALL.iter().copied().find(|algorithm| algorithm.name() == *name)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.mnemonic())
    }
}

impl FromStr for Algorithm {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let found = Self::ALL.iter().find(|algorithm| algorithm.mnemonic().eq_ignore_ascii_case(text));
        found.copied().ok_or(TextError { kind: TextErrorKind::Unknown("algorithm"), token: 0, offset: 0 })
    }
}

/// A MAC: up to 64 octets.
#[derive(Clone, Copy)]
pub(super) struct MacOctets {
    octets: [u8; 64],
    len: usize,
}

impl MacOctets {
    pub(super) fn of(mac: &[u8]) -> Self {
        let mut octets = MacOctets { octets: [0; 64], len: 0 };
        octets.set(mac);
        octets
    }

    fn set(&mut self, mac: &[u8]) {
        if let Some(place) = self.octets.get_mut(..mac.len()) {
            place.copy_from_slice(mac);
            self.len = mac.len();
        }
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or_default()
    }
}
