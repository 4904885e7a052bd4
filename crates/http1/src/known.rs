//! The field names this crate knows by heart, each with a number.
//!
//! A name is found by its length, its first and its last two bytes through a perfect hash, then compared without case
//! (RFC 9110 section 5.1). What is not in the table is no worse a field: it is looked up by its name.

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

/// 512 places without a collision for this multiplier: checked when compiled.
const MULTIPLIER: u32 = 0x9fd8_9b27;
const PLACES: usize = 512;
static TABLE: [u8; PLACES] = table();

#[expect(clippy::indexing_slicing, reason = "evaluated when compiled: a wrong index would not build")]
#[expect(clippy::cast_possible_truncation, reason = "fewer than 255 names")]
const fn table() -> [u8; PLACES] {
    let mut table = [NONE; PLACES];
    let mut i = 0;
    while i < NAMES.len() {
        let name = NAMES[i].as_bytes();
        let place = place(name.len(), name[0], name[name.len() - 2], name[name.len() - 1]);
        assert!(table[place] == NONE, "two names in one place");
        table[place] = i as u8;
        i += 1;
    }
    table
}

/// Where a name of this length with these bytes would be, whatever their case.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a length beyond 255 is folded, and then no name is equal"
)]
const fn place(len: usize, first: u8, last_but_one: u8, last: u8) -> usize {
    let key = u32::from_le_bytes([first | 0x20, last_but_one | 0x20, last | 0x20, len as u8]);
    (key.wrapping_mul(MULTIPLIER) >> 23) as usize
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
        let [first, .., last_but_one, last] = name else { return Self::find_two(name) };
        Self::at(place(name.len(), *first, *last_but_one, *last), name)
    }

    fn find_two(name: &[u8]) -> Option<Known> {
        let [first, last] = name else { return None };
        Self::at(place(2, *first, *first, *last), name)
    }

    fn at(place: usize, name: &[u8]) -> Option<Known> {
        let known = *ALL.get(usize::from(*TABLE.get(place)?))?;
        known.as_str().as_bytes().eq_ignore_ascii_case(name).then_some(known)
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
    }
}
