//! The field names this crate knows by heart, each with a number.
//!
//! A name is taken for a few numbers that don't know upper from lower case (RFC 9110 section 5.1), found through a perfect
//! hash of them, and compared as numbers. What is not in the table is no worse a field: it is looked up by its name.

/// One past the largest number.
const COUNT: usize = NAMES.len() + 1;

/// The number of a name that is not known, and an empty place in the table.
pub(crate) const NONE: u8 = u8::MAX;

macro_rules! known {
    ($($id:ident = $name:literal,)*) => {
        /// A field name known to this crate. `as_str` gives the spelling it is sent in.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        #[non_exhaustive]
        #[expect(missing_docs, reason = "the name is the documentation")]
        pub enum Known { $($id,)* }

        const ALL: &[Known] = &[$(Known::$id,)*];
        const NAMES: &[&str] = &[$($name,)*];
    };
}

// Those that decide about framing, routing and connections come first.
known! {
    Host = "Host",
    ContentLength = "Content-Length",
    TransferEncoding = "Transfer-Encoding",
    Connection = "Connection",
    Expect = "Expect",
    Upgrade = "Upgrade",
    Te = "TE",
    Trailer = "Trailer",
    KeepAlive = "Keep-Alive",
    ProxyConnection = "Proxy-Connection",
    Accept = "Accept",
    AcceptCharset = "Accept-Charset",
    AcceptEncoding = "Accept-Encoding",
    AcceptLanguage = "Accept-Language",
    AcceptRanges = "Accept-Ranges",
    AccessControlAllowCredentials = "Access-Control-Allow-Credentials",
    AccessControlAllowHeaders = "Access-Control-Allow-Headers",
    AccessControlAllowMethods = "Access-Control-Allow-Methods",
    AccessControlAllowOrigin = "Access-Control-Allow-Origin",
    AccessControlExposeHeaders = "Access-Control-Expose-Headers",
    AccessControlMaxAge = "Access-Control-Max-Age",
    AccessControlRequestHeaders = "Access-Control-Request-Headers",
    AccessControlRequestMethod = "Access-Control-Request-Method",
    Age = "Age",
    Allow = "Allow",
    AltSvc = "Alt-Svc",
    AuthenticationInfo = "Authentication-Info",
    Authorization = "Authorization",
    CacheControl = "Cache-Control",
    CacheStatus = "Cache-Status",
    CdnCacheControl = "CDN-Cache-Control",
    ContentDisposition = "Content-Disposition",
    ContentEncoding = "Content-Encoding",
    ContentLanguage = "Content-Language",
    ContentLocation = "Content-Location",
    ContentRange = "Content-Range",
    ContentSecurityPolicy = "Content-Security-Policy",
    ContentType = "Content-Type",
    Cookie = "Cookie",
    Date = "Date",
    Dnt = "DNT",
    EarlyData = "Early-Data",
    ETag = "ETag",
    Expires = "Expires",
    Forwarded = "Forwarded",
    From = "From",
    IfMatch = "If-Match",
    IfModifiedSince = "If-Modified-Since",
    IfNoneMatch = "If-None-Match",
    IfRange = "If-Range",
    IfUnmodifiedSince = "If-Unmodified-Since",
    LastModified = "Last-Modified",
    Link = "Link",
    Location = "Location",
    MaxForwards = "Max-Forwards",
    Origin = "Origin",
    Pragma = "Pragma",
    Priority = "Priority",
    ProxyAuthenticate = "Proxy-Authenticate",
    ProxyAuthenticationInfo = "Proxy-Authentication-Info",
    ProxyAuthorization = "Proxy-Authorization",
    ProxyStatus = "Proxy-Status",
    Range = "Range",
    Referer = "Referer",
    RetryAfter = "Retry-After",
    SecChUa = "Sec-CH-UA",
    SecChUaMobile = "Sec-CH-UA-Mobile",
    SecChUaPlatform = "Sec-CH-UA-Platform",
    SecFetchDest = "Sec-Fetch-Dest",
    SecFetchMode = "Sec-Fetch-Mode",
    SecFetchSite = "Sec-Fetch-Site",
    SecFetchUser = "Sec-Fetch-User",
    SecWebsocketAccept = "Sec-WebSocket-Accept",
    SecWebsocketExtensions = "Sec-WebSocket-Extensions",
    SecWebsocketKey = "Sec-WebSocket-Key",
    SecWebsocketProtocol = "Sec-WebSocket-Protocol",
    SecWebsocketVersion = "Sec-WebSocket-Version",
    Server = "Server",
    SetCookie = "Set-Cookie",
    StrictTransportSecurity = "Strict-Transport-Security",
    UpgradeInsecureRequests = "Upgrade-Insecure-Requests",
    UserAgent = "User-Agent",
    Vary = "Vary",
    Via = "Via",
    Warning = "Warning",
    WwwAuthenticate = "WWW-Authenticate",
    XContentTypeOptions = "X-Content-Type-Options",
    XForwardedFor = "X-Forwarded-For",
    XForwardedHost = "X-Forwarded-Host",
    XForwardedProto = "X-Forwarded-Proto",
    XFrameOptions = "X-Frame-Options",
    XRequestId = "X-Request-ID",
}

/// What is compared in place of a name: numbers made of its first and last bytes, in lower case. Both overlap where the name
/// is shorter than the two.
#[derive(Clone, Copy)]
struct Key {
    first: u64,
    last: u64,
    len: usize,
}

/// What is known of a known name, to be found by its key.
#[repr(align(64))]
pub(crate) struct Slot {
    key: Key,
    /// What the key leaves out of names of more than 16 bytes, which have 32 at most.
    middle: (u64, u64),
    /// [`Known::mark`].
    pub(crate) mark: u64,
    /// Which one it is; [`NONE`] if none.
    pub(crate) number: u8,
}

/// Turns an upper-case letter into its lower-case one, in each byte. No two bytes of a token but those become equal.
const FOLD: u64 = 0x2020_2020_2020_2020;

impl Key {
    #[inline(always)]
    const fn of(name: &[u8]) -> Key {
        let (first, last) = if let Some((first, last)) = ends(name) {
            (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
        } else if let Some((first, last)) = ends(name) {
            (u32::from_le_bytes(*first) as u64, u32::from_le_bytes(*last) as u64)
        } else if let Some((first, last)) = ends(name) {
            (u16::from_le_bytes(*first) as u64, u16::from_le_bytes(*last) as u64)
        } else {
            (0, 0)
        };
        Key { first: first | FOLD, last: last | FOLD, len: name.len() }
    }

    /// Where it would be in the table.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "nine bits are left")]
    const fn place(&self) -> usize {
        let mixed = self.first.wrapping_add(self.last.rotate_left(29)).wrapping_add(self.len as u64);
        (mixed.wrapping_mul(MULTIPLIER) >> (u64::BITS - PLACES.ilog2())) as usize
    }

    #[inline(always)]
    const fn is(&self, other: &Key) -> bool {
        self.first == other.first && self.last == other.last && self.len == other.len
    }
}

/// The first bytes of a name and the last ones, if it has as many.
#[inline(always)]
const fn ends<const N: usize>(name: &[u8]) -> Option<(&[u8; N], &[u8; N])> {
    let Some((_, tail)) = name.split_at_checked(name.len().wrapping_sub(N)) else { return None };
    match (name.first_chunk(), tail.first_chunk()) {
        (Some(first), Some(last)) => Some((first, last)),
        _ => None,
    }
}

/// The bytes that a key leaves out, of a name of 17 to 32 bytes.
const fn middle(name: &[u8]) -> (u64, u64) {
    let (Some((_, behind)), Some((before, _))) =
        (name.split_first_chunk::<8>(), name.split_last_chunk::<8>())
    else {
        return (0, 0);
    };
    match (behind.first_chunk(), before.last_chunk()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first) | FOLD, u64::from_le_bytes(*last) | FOLD),
        _ => (0, 0),
    }
}

/// 512 places without a collision for this multiplier: checked when compiled.
const MULTIPLIER: u64 = 0xc997_16ef_d5c3_1443;
const PLACES: usize = 512;
/// Which slot is at which place; [`EMPTY`] if none is.
static TABLE: [u8; PLACES] = table();
static SLOTS: [Slot; 128] = slots();
/// The last slot: no name is like that.
const EMPTY: u8 = 127;
/// Of all names that are not known.
pub(crate) static UNKNOWN: Slot = EMPTY_SLOT;
const EMPTY_SLOT: Slot =
    Slot { key: Key { first: 0, last: 0, len: 0 }, middle: (0, 0), mark: mark(NONE), number: NONE };

#[expect(clippy::indexing_slicing, reason = "evaluated when compiled: a wrong index would not build")]
#[expect(clippy::cast_possible_truncation, reason = "fewer than 127 names")]
const fn slots() -> [Slot; 128] {
    let mut slots = [const { EMPTY_SLOT }; 128];
    let mut i = 0;
    while i < NAMES.len() {
        let name = NAMES[i].as_bytes();
        assert!(name.len() >= 2 && name.len() <= 32, "a slot holds all of a name");
        let middle = if name.len() > 16 { middle(name) } else { (0, 0) };
        slots[i] = Slot { key: Key::of(name), middle, mark: mark(i as u8), number: i as u8 };
        i += 1;
    }
    slots
}

#[expect(clippy::indexing_slicing, reason = "evaluated when compiled: a wrong index would not build")]
#[expect(clippy::cast_possible_truncation, reason = "fewer than 127 names")]
const fn table() -> [u8; PLACES] {
    assert!(NAMES.len() < EMPTY as usize, "a slot for each and one for none");
    let mut table = [EMPTY; PLACES];
    let mut i = 0;
    while i < NAMES.len() {
        let place = Key::of(NAMES[i].as_bytes()).place();
        assert!(table[place] == EMPTY, "two names in one place");
        table[place] = i as u8;
        i += 1;
    }
    table
}

/// What is known of a name, in any case.
///
/// The name must be a token, or at least have no control character in it: then what it is found to be, it is.
#[inline(always)]
pub(crate) fn look_up(name: &[u8]) -> Option<&'static Slot> {
    let key = Key::of(name);
    let place = TABLE.get(key.place()).copied().unwrap_or(EMPTY);
    let slot = SLOTS.get(usize::from(place & EMPTY))?;
    (slot.key.is(&key) && (key.len <= 16 || slot.middle == middle(name))).then_some(slot)
}

/// Room for the longest name, a colon and a space.
pub(crate) const PREFIX: usize = 40;

struct Prefix {
    bytes: [u8; PREFIX],
    len: usize,
}

static PREFIXES: [Prefix; NAMES.len()] = prefixes();

#[expect(clippy::indexing_slicing, reason = "evaluated when compiled: a wrong index would not build")]
const fn prefixes() -> [Prefix; NAMES.len()] {
    let mut prefixes = [const { Prefix { bytes: [0; PREFIX], len: 0 } }; NAMES.len()];
    let mut i = 0;
    while i < NAMES.len() {
        let (name, mut at) = (NAMES[i].as_bytes(), 0);
        while at < name.len() {
            prefixes[i].bytes[at] = name[at];
            at += 1;
        }
        prefixes[i].bytes[at] = b':';
        prefixes[i].bytes[at + 1] = b' ';
        prefixes[i].len = at + 2;
        i += 1;
    }
    prefixes
}

impl Known {
    /// The known field of this name, in any case.
    ///
    /// ```
    /// use http1::Known;
    /// assert_eq!(Known::find(b"content-LENGTH"), Some(Known::ContentLength));
    /// assert_eq!(Known::find(b"x-none"), None);
    /// ```
    #[must_use]
    pub fn find(name: &[u8]) -> Option<Known> {
        Self::find_token(name).filter(|known| known.as_str().as_bytes().eq_ignore_ascii_case(name))
    }

    /// The same for a name that is known to be a token.
    pub(crate) fn find_token(name: &[u8]) -> Option<Known> {
        look_up(name).and_then(|slot| Self::from_number(slot.number))
    }

    /// The usual spelling.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        NAMES.get(self as usize).copied().unwrap_or_default()
    }

    /// Name, colon and space, at the front of some bytes that are always as many; and how many of them count.
    #[inline]
    pub(crate) fn prefix(self) -> (&'static [u8; PREFIX], usize) {
        const NOTHING: &Prefix = &Prefix { bytes: [0; PREFIX], len: 0 };
        let prefix = PREFIXES.get(self as usize).unwrap_or(NOTHING);
        (&prefix.bytes, prefix.len)
    }

    /// The one with this number.
    pub(crate) fn from_number(number: u8) -> Option<Known> {
        ALL.get(usize::from(number)).copied()
    }

    /// A bit of its own if its number is below 63; one that it shares with all others if not.
    #[inline]
    pub(crate) const fn mark(self) -> u64 {
        mark(self as u8)
    }

    /// A set with just this one in it.
    pub(crate) const fn bit(self) -> u128 {
        1 << (self as u8)
    }
}

/// [`Known::mark`] of the one with this number; that of the others if there is none.
#[inline]
pub(crate) const fn mark(number: u8) -> u64 {
    1 << (if number < 63 { number } else { 63 })
}

const _: () = assert!(COUNT <= 128, "a u128 holds a bit for each");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case() {
        for (known, name) in ALL.iter().zip(NAMES) {
            assert_eq!(Known::find(name.as_bytes()), Some(*known));
            assert_eq!(Known::find(name.to_ascii_uppercase().as_bytes()), Some(*known));
            assert_eq!(Known::find(name.to_ascii_lowercase().as_bytes()), Some(*known));
            assert_eq!(Known::from_number(*known as u8), Some(*known));
        }
    }

    #[test]
    fn neighbours_are_not_found() {
        for name in ["", "T", "H", "Hos", "Hosts", "Hast", "Content_Length", "Content-Lengtj", "\u{b}ost"] {
            assert_eq!(Known::find(name.as_bytes()), None, "{name}");
        }
        assert_eq!(Known::find(b"Content\rLength"), None, "folding is for tokens");
    }

    #[test]
    fn a_token_one_byte_off_is_another_name() {
        let tchars = (0..128_u8).filter(|&byte| crate::syntax::is_token(&[byte]));
        for byte in tchars {
            for name in NAMES {
                for at in 0..name.len() {
                    let mut other = name.as_bytes().to_vec();
                    other[at] = byte;
                    assert_eq!(Known::find_token(&other), Known::find(&other));
                }
                let longer = [name.as_bytes(), &[byte]].concat();
                assert_eq!(Known::find_token(&longer), Known::find(&longer));
            }
        }
    }
}
