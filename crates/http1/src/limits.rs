//! Everything that can grow, everything that can last, and everything that may be forgiven.
//!
//! The rule: a limit holds while a message is still incomplete, and never depends on how bytes were cut into reads.
//! Every leniency is a named switch, and all of them are off.

use core::time::Duration;

/// What can grow, and how far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a start line without its CRLF; past it 414. 8 KiB: RFC 9112 section 3 recommends 8000 octets.
    pub start_line: usize,
    /// Bytes of a field line without its CRLF; past it 431. At most 65 535. 16 KiB: the largest cookies in real traffic.
    pub field_line: usize,
    /// Bytes of a whole head; past it 431. 64 KiB.
    pub head: usize,
    /// Field lines in a head; past it 431. 100: look-ups stay cheap.
    pub fields: usize,
    /// Empty lines before a request. 1: RFC 9112 section 2.2 names just that sin of old browsers.
    pub empty_lines: usize,
    /// Bytes of extensions per chunk; past it 413. 1 KiB.
    pub chunk_extension: usize,
    /// Bytes of extensions per body; past it 413. 16 KiB.
    pub chunk_extensions: usize,
    /// Bytes of chunk framing per body above which framing may be at most three quarters of all bytes. 100 KiB.
    pub chunk_overhead: u64,
    /// Field lines in a trailer section; past it 431. 32.
    pub trailers: usize,
    /// Bytes of a trailer section; past it 431. 8 KiB.
    pub trailer_bytes: usize,
    /// Requests a client has in flight. 16. A server takes one request at a time; what is pipelined behind it waits in
    /// the driver's input, which has its own cap.
    pub pipeline: usize,
    /// Bytes of a body; past it 413. `None`: as the caller likes.
    pub body: Option<u64>,
    /// Bytes of a request body that are read and dropped once it was answered; if more are to come, the connection is
    /// closed instead. 256 KiB: cheaper than a new connection.
    pub drain: u64,
    /// Interim responses to one request. 16: no more is known to make sense, and a flood would hold a client forever.
    pub interim: usize,
}

impl Limits {
    /// The defaults.
    pub const DEFAULT: Limits = Limits {
        start_line: 8 << 10,
        field_line: 16 << 10,
        head: 64 << 10,
        fields: 100,
        empty_lines: 1,
        chunk_extension: 1 << 10,
        chunk_extensions: 16 << 10,
        chunk_overhead: 100 << 10,
        trailers: 32,
        trailer_bytes: 8 << 10,
        pipeline: 16,
        body: None,
        drain: 256 << 10,
        interim: 16,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What can last, and how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// From the first byte of a head to its last; also how long a new connection may stay silent. 10 s: slow peers
    /// would hold a place for nothing.
    pub head: Duration,
    /// Without any byte moved although one is due. 60 s.
    pub stall: Duration,
    /// Least mean rate of a body in bytes per second, after `stall` as a grace. 240. 0: any.
    pub rate: u64,
    /// How long a client waits for 100 Continue before it sends the body anyway. 1 s: servers before HTTP/1.1 never
    /// send it (RFC 9110 section 10.1.1).
    pub expect: Duration,
    /// A server's connection between two requests. 60 s; then it is closed without a word.
    pub idle: Duration,
}

impl Timeouts {
    /// The defaults.
    pub const DEFAULT: Timeouts = Timeouts {
        head: Duration::from_secs(10),
        stall: Duration::from_secs(60),
        rate: 240,
        expect: Duration::from_secs(1),
        idle: Duration::from_secs(60),
    };
    /// No clock at all.
    pub const NEVER: Timeouts = Timeouts {
        head: Duration::MAX,
        stall: Duration::MAX,
        rate: 0,
        expect: Duration::MAX,
        idle: Duration::MAX,
    };
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What may be forgiven. Each is a way for two parsers to read one message differently: switch on only what a known
/// peer needs.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Lenient {
    /// Lines of a head may end in a bare LF (RFC 9112 section 2.2, MAY).
    pub bare_lf: bool,
    /// Folded lines in requests are joined by one space (RFC 9112 section 5.2), as they always are in responses. At
    /// layer 0 call [`unfold`](crate::unfold) first.
    pub folded_lines: bool,
    /// Any visible ASCII character in a target, as browsers send `|` or `"`. Fragments stay forbidden.
    pub target_characters: bool,
    /// Several Content-Lengths in a request that are all equal count as one (RFC 9110 section 8.6, MAY).
    pub equal_lengths: bool,
    /// An HTTP/1.1 request may lack Host.
    pub missing_host: bool,
    /// After a CONNECT that was refused the connection goes on. A client that sent tunnel bytes early would have them
    /// read as requests.
    pub refused_connect: bool,
}

impl Lenient {
    /// Nothing is forgiven.
    pub const NOTHING: Lenient = Lenient {
        bare_lf: false,
        folded_lines: false,
        target_characters: false,
        equal_lengths: false,
        missing_host: false,
        refused_connect: false,
    };
}

/// What becomes of a request body that waits for `100 Continue` when the final response comes instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Unread {
    /// The response says `Connection: close`, and the connection ends with it: the client need not send the body.
    #[default]
    Close,
    /// The body is read and dropped, up to [`Limits::drain`].
    Drain,
}

/// All settings of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// What can grow.
    pub limits: Limits,
    /// What can last.
    pub timeouts: Timeouts,
    /// What is forgiven.
    pub lenient: Lenient,
    /// What becomes of a body that was not asked for.
    pub unread: Unread,
    /// Chunk extensions are told as events; otherwise they are checked and ignored.
    pub chunk_extensions: bool,
    /// A server answers the peer's faults by itself. Otherwise the caller may, with `reject`.
    pub answer_faults: bool,
}

impl Config {
    /// The defaults.
    pub const DEFAULT: Config = Config {
        limits: Limits::DEFAULT,
        timeouts: Timeouts::DEFAULT,
        lenient: Lenient::NOTHING,
        unread: Unread::Close,
        chunk_extensions: false,
        answer_faults: true,
    };
}

impl Default for Config {
    fn default() -> Self {
        Self::DEFAULT
    }
}
