//! What a connection was sent last.
//!
//! The rule: the very same head again, while nothing can have changed, gets the very same answer: without a look-up, a
//! lock, or a copy more than the one into the output. Whoever fetches the same small thing over and over (a monitor, a
//! load generator) is served at the cost of parsing.

use std::sync::Arc;

use http1::date::HttpDate;
use http1::server::Server;
use http1::{Error, Known, Method, PreparedResponse, Request};
use proto_core::Time;

use super::answer::{Answer, Head, Payload, Piece};

/// What was sent last, and how long it is certainly still right.
#[derive(Debug)]
pub(super) struct Recent {
    /// The request's head, byte for byte.
    request: Vec<u8>,
    answer: Arc<PreparedResponse>,
    /// The date in the head.
    date: HttpDate,
    /// The disk need not be asked before.
    until: Time,
    /// What had been written to the site when it was sent; more than that, and it may be wrong.
    writes: u64,
}

/// When it is, and what has happened.
#[derive(Clone, Copy)]
pub(super) struct Present {
    pub(super) now: Time,
    pub(super) date: HttpDate,
    pub(super) writes: u64,
}

/// A longer head is not kept.
const LONGEST: usize = 4096;
/// What makes an answer depend on more than the target.
const CONDITIONS: [Known; 5] =
    [Known::Range, Known::IfNoneMatch, Known::IfModifiedSince, Known::IfMatch, Known::IfUnmodifiedSince];

/// A request for a page that depends on nothing but what the site has.
fn is_plain(request: &Request) -> bool {
    let fields = request.fields();
    request.framing().is_empty()
        && matches!(request.method(), Method::Get | Method::Head)
        && !CONDITIONS.iter().any(|&field| fields.has(field))
}

impl Recent {
    /// Of an answer, if it is one that can be given again.
    pub(super) fn of(request: &Request, answer: &Answer, present: Present) -> Option<Self> {
        if !is_plain(request) || request.head().as_bytes().len() > LONGEST {
            return None;
        }
        let (Head::Shared { answer, until }, Payload::One(Piece::Memory(_))) = (&answer.head, &answer.body)
        else {
            return None;
        };
        Some(Recent {
            request: request.head().as_bytes().to_vec(),
            answer: Arc::clone(answer),
            date: present.date,
            until: *until,
            writes: present.writes,
        })
    }

    /// This request asks for it, and it is still right.
    pub(super) fn answers(&self, request: &Request, present: Present) -> bool {
        let same = self.date == present.date && self.writes == present.writes;
        same && present.now < self.until && request.head().as_bytes() == self.request
    }

    /// Sends it once more.
    pub(super) fn send(&self, server: &mut Server) -> Result<(), Error> {
        server.answer_prepared(&self.answer)
    }
}
