//! Status codes (RFC 9110 section 15): 100 to 599, five classes, and the reasons usually given.

use core::fmt;

/// A status code from 100 to 599.
///
/// ```
/// use http1::StatusCode;
/// assert_eq!(StatusCode::new(404), Some(StatusCode::NOT_FOUND));
/// assert_eq!(StatusCode::NOT_FOUND.reason(), "Not Found");
/// assert_eq!(StatusCode::new(600), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatusCode(u16);

impl StatusCode {
    /// The status with this number, if it is one.
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        match code {
            100..=599 => Some(StatusCode(code)),
            _ => None,
        }
    }

    /// Reads three digits (RFC 9112 section 4).
    pub(crate) fn parse(digits: [u8; 3]) -> Option<Self> {
        let mut code = 0;
        for digit in digits {
            code = code * 10 + u16::from(char::from(digit).to_digit(10).and_then(|d| u8::try_from(d).ok())?);
        }
        Self::new(code)
    }

    /// As three digits.
    pub(crate) fn digits(self) -> [u8; 3] {
        [self.0 / 100, self.0 / 10 % 10, self.0 % 10]
            .map(|digit| u8::try_from(digit).unwrap_or_default() + b'0')
    }

    /// The number.
    #[must_use]
    pub const fn code(self) -> u16 {
        self.0
    }

    /// 1xx: more responses to the same request follow (RFC 9110 section 15.2).
    #[must_use]
    pub const fn is_interim(self) -> bool {
        self.0 < 200
    }

    /// 2xx.
    #[must_use]
    pub const fn is_success(self) -> bool {
        self.0 >= 200 && self.0 < 300
    }

    /// 3xx.
    #[must_use]
    pub const fn is_redirection(self) -> bool {
        self.0 >= 300 && self.0 < 400
    }

    /// A response with this status never has content (RFC 9110 sections 15.2, 15.3.5, 15.4.5).
    #[must_use]
    pub const fn is_bodiless(self) -> bool {
        self.is_interim() || self.0 == 204 || self.0 == 304
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, self.reason())
    }
}

macro_rules! statuses {
    ($($id:ident = $code:literal $reason:literal,)*) => {
        #[expect(missing_docs, reason = "the name is the documentation")]
        impl StatusCode {
            $(pub const $id: StatusCode = StatusCode($code);)*
        }

        impl StatusCode {
            /// The reason usually given, empty for a status this crate does not know.
            #[must_use]
            pub const fn reason(self) -> &'static str {
                match self.0 {
                    $($code => $reason,)*
                    _ => "",
                }
            }

            /// `HTTP/1.1 200 OK` and CRLF, for the known ones.
            pub(crate) const fn line(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some(concat!("HTTP/1.1 ", $code, " ", $reason, "\r\n")),)*
                    _ => None,
                }
            }
        }
    };
}

// RFC 9110 section 15, and RFCs 2518, 2295, 4918, 5842, 6585, 7725, 8297, 8470.
statuses! {
    CONTINUE = 100 "Continue",
    SWITCHING_PROTOCOLS = 101 "Switching Protocols",
    PROCESSING = 102 "Processing",
    EARLY_HINTS = 103 "Early Hints",
    OK = 200 "OK",
    CREATED = 201 "Created",
    ACCEPTED = 202 "Accepted",
    NON_AUTHORITATIVE_INFORMATION = 203 "Non-Authoritative Information",
    NO_CONTENT = 204 "No Content",
    RESET_CONTENT = 205 "Reset Content",
    PARTIAL_CONTENT = 206 "Partial Content",
    MULTI_STATUS = 207 "Multi-Status",
    ALREADY_REPORTED = 208 "Already Reported",
    MULTIPLE_CHOICES = 300 "Multiple Choices",
    MOVED_PERMANENTLY = 301 "Moved Permanently",
    FOUND = 302 "Found",
    SEE_OTHER = 303 "See Other",
    NOT_MODIFIED = 304 "Not Modified",
    USE_PROXY = 305 "Use Proxy",
    TEMPORARY_REDIRECT = 307 "Temporary Redirect",
    PERMANENT_REDIRECT = 308 "Permanent Redirect",
    BAD_REQUEST = 400 "Bad Request",
    UNAUTHORIZED = 401 "Unauthorized",
    PAYMENT_REQUIRED = 402 "Payment Required",
    FORBIDDEN = 403 "Forbidden",
    NOT_FOUND = 404 "Not Found",
    METHOD_NOT_ALLOWED = 405 "Method Not Allowed",
    NOT_ACCEPTABLE = 406 "Not Acceptable",
    PROXY_AUTHENTICATION_REQUIRED = 407 "Proxy Authentication Required",
    REQUEST_TIMEOUT = 408 "Request Timeout",
    CONFLICT = 409 "Conflict",
    GONE = 410 "Gone",
    LENGTH_REQUIRED = 411 "Length Required",
    PRECONDITION_FAILED = 412 "Precondition Failed",
    CONTENT_TOO_LARGE = 413 "Content Too Large",
    URI_TOO_LONG = 414 "URI Too Long",
    UNSUPPORTED_MEDIA_TYPE = 415 "Unsupported Media Type",
    RANGE_NOT_SATISFIABLE = 416 "Range Not Satisfiable",
    EXPECTATION_FAILED = 417 "Expectation Failed",
    MISDIRECTED_REQUEST = 421 "Misdirected Request",
    UNPROCESSABLE_CONTENT = 422 "Unprocessable Content",
    LOCKED = 423 "Locked",
    FAILED_DEPENDENCY = 424 "Failed Dependency",
    TOO_EARLY = 425 "Too Early",
    UPGRADE_REQUIRED = 426 "Upgrade Required",
    PRECONDITION_REQUIRED = 428 "Precondition Required",
    TOO_MANY_REQUESTS = 429 "Too Many Requests",
    REQUEST_HEADER_FIELDS_TOO_LARGE = 431 "Request Header Fields Too Large",
    UNAVAILABLE_FOR_LEGAL_REASONS = 451 "Unavailable For Legal Reasons",
    INTERNAL_SERVER_ERROR = 500 "Internal Server Error",
    NOT_IMPLEMENTED = 501 "Not Implemented",
    BAD_GATEWAY = 502 "Bad Gateway",
    SERVICE_UNAVAILABLE = 503 "Service Unavailable",
    GATEWAY_TIMEOUT = 504 "Gateway Timeout",
    HTTP_VERSION_NOT_SUPPORTED = 505 "HTTP Version Not Supported",
    VARIANT_ALSO_NEGOTIATES = 506 "Variant Also Negotiates",
    INSUFFICIENT_STORAGE = 507 "Insufficient Storage",
    LOOP_DETECTED = 508 "Loop Detected",
    NETWORK_AUTHENTICATION_REQUIRED = 511 "Network Authentication Required",
}
