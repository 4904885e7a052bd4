//! The field names this crate knows by heart, each with a number.
//!
//! A name is taken for a few numbers that don't know upper from lower case (RFC 9110 section 5.1), found through a perfect
//! hash of them, and compared as numbers. What is not in the table is no worse a field: it is looked up by its name.

/// One past the largest number.
const COUNT: usize = NAMES.len() + 1;

/// Empty place in the table.
const NONE: u8 = u8::MAX;

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

/// What is compared in place of a name: its first and last bytes as numbers, in lower case. Both parts overlap where the
/// name is shorter than the two; up to 32 bytes nothing is left out.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    first: u64,
    last: u64,
    /// What lies between, for names of 16 bytes and more.
    middle: (u64, u64),
    len: usize,
}

/// Turns an upper-case letter into its lower-case one, in each byte. No two bytes of a token but those become equal.
const FOLD: u64 = 0x2020_2020_2020_2020;

impl Key {
    #[inline]
    const fn of(name: &[u8]) -> Key {
        if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
            let (first, last) = (u128::from_le_bytes(*first), u128::from_le_bytes(*last));
            let ((first, second), (third, last)) = (halves(first), halves(last));
            return Key { first, last, middle: (second, third), len: name.len() };
        }
        let (first, last) = if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
            (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
        } else if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
            (u32::from_le_bytes(*first) as u64, u32::from_le_bytes(*last) as u64)
        } else if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
            (u16::from_le_bytes(*first) as u64, u16::from_le_bytes(*last) as u64)
        } else {
            (0, 0)
        };
        Key { first: first | FOLD, last: last | FOLD, middle: (0, 0), len: name.len() }
    }

    /// Where it would be in the table.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "nine bits are left")]
    const fn place(&self) -> usize {
        let mixed = self.first.wrapping_add(self.last.rotate_left(29)).wrapping_add(self.len as u64);
        (mixed.wrapping_mul(MULTIPLIER) >> (u64::BITS - PLACES.ilog2())) as usize
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
const fn halves(number: u128) -> (u64, u64) {
    (number as u64 | FOLD, (number >> 64) as u64 | FOLD)
}

/// 512 places without a collision for this multiplier: checked when compiled.
const MULTIPLIER: u64 = 0xc997_16ef_d5c3_1443;
const PLACES: usize = 512;
static TABLE: [u8; PLACES] = table();
static KEYS: [Key; NAMES.len()] = keys();

#[expect(clippy::indexing_slicing, reason = "evaluated when compiled: a wrong index would not build")]
const fn keys() -> [Key; NAMES.len()] {
    let mut keys = [Key::of(b""); NAMES.len()];
    let mut i = 0;
    while i < NAMES.len() {
        assert!(NAMES[i].len() >= 2 && NAMES[i].len() <= 32, "a key holds all of a name");
        keys[i] = Key::of(NAMES[i].as_bytes());
        i += 1;
    }
    keys
}

#[expect(clippy::indexing_slicing, reason = "evaluated when compiled: a wrong index would not build")]
#[expect(clippy::cast_possible_truncation, reason = "fewer than 255 names")]
const fn table() -> [u8; PLACES] {
    let mut table = [NONE; PLACES];
    let mut i = 0;
    while i < NAMES.len() {
        let place = Key::of(NAMES[i].as_bytes()).place();
        assert!(table[place] == NONE, "two names in one place");
        table[place] = i as u8;
        i += 1;
    }
    table
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
    #[inline]
    pub(crate) fn find_token(name: &[u8]) -> Option<Known> {
        let key = Key::of(name);
        let number = *TABLE.get(key.place())?;
        let found = KEYS.get(usize::from(number))?;
        if *found == key { Self::from_number(number) } else { None }
    }

    /// The usual spelling.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        NAMES.get(self as usize).copied().unwrap_or_default()
    }

    /// The one with this number.
    pub(crate) fn from_number(number: u8) -> Option<Known> {
        ALL.get(usize::from(number)).copied()
    }

    /// A set with just this one in it.
    pub(crate) const fn bit(self) -> u128 {
        1 << (self as u8)
    }
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
