//! What a forwarder must not forward (RFC 9110 section 7.6.1): the fields about one connection.
//!
//! The rule: `Connection` says which fields to take out, but it does not get to take out what the next recipient needs to
//! read the message as its sender meant it: framing, `Host`, and what describes the content.
//!
//! ```
//! use http1::hop_by_hop::HopByHop;
//!
//! let hop_by_hop = HopByHop::of([&b"close, X-Trace, Content-Length"[..]]);
//! assert!(hop_by_hop.strips("x-trace") && hop_by_hop.strips("Keep-Alive"));
//! assert!(!hop_by_hop.strips("Content-Length") && !hop_by_hop.strips("Accept"));
//! ```

use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::field_value::{is_token, trim};

/// RFC 9110 section 7.6.1: "fields that are known to require removal", named by `Connection` or not.
///
/// The next hop's framing is written by whoever writes to it, which is why `Transfer-Encoding` is here.
const ALWAYS: [&str; 7] =
    ["Connection", "Proxy-Connection", "Keep-Alive", "TE", "Transfer-Encoding", "Upgrade", "HTTP2-Settings"];

/// Never, whatever `Connection` says: routing, framing, and what is "intended for all recipients of the content".
const NEVER: [&str; 7] = ["Host", "Trailer", "Cache-Control", "Via", "Forwarded", "Date", "Age"];

/// Which fields of one message are about its connection only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HopByHop<'a> {
    /// In the order of [`compare`]: there may be thousands, and a look-up for each field of the message.
    options: Vec<&'a [u8]>,
}

impl<'a> HopByHop<'a> {
    /// Of a message with these values of `Connection`, one for each field line. What is no token names nothing.
    #[must_use]
    pub fn of(connection: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let options = connection.into_iter().flat_map(|value| value.split(|&octet| octet == b','));
        let options = options.map(trim).filter(|option| is_token(option) && !is_protected(option));
        let mut options: Vec<_> = options.collect();
        options.sort_unstable_by(|one, other| compare(one, other));
        HopByHop { options }
    }

    /// The field of this name is not to be forwarded.
    #[must_use]
    pub fn strips(&self, name: impl AsRef<[u8]>) -> bool {
        let name = name.as_ref();
        ALWAYS.iter().any(|field| name.eq_ignore_ascii_case(field.as_bytes())) || self.names(name)
    }

    /// `Connection` has this option, for example `close`.
    #[must_use]
    pub fn has(&self, option: &str) -> bool {
        self.names(option.as_bytes())
    }

    fn names(&self, name: &[u8]) -> bool {
        self.options.binary_search_by(|option| compare(option, name)).is_ok()
    }
}

fn is_protected(option: &[u8]) -> bool {
    let is_of_content = option.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"Content-"));
    is_of_content || NEVER.iter().any(|field| option.eq_ignore_ascii_case(field.as_bytes()))
}

/// The order of names, whatever their case.
fn compare(one: &[u8], other: &[u8]) -> Ordering {
    one.iter().map(u8::to_ascii_lowercase).cmp(other.iter().map(u8::to_ascii_lowercase))
}
