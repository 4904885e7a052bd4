//! The queue of bytes to send.
//!
//! Small writes gather in one buffer, large ones keep their own memory, and a gap stands for bytes that the owner of the
//! socket moves itself (a file by `sendfile`). What is in memory before the first gap goes out in one vectored write, so
//! that a head and its body never leave as two small packets.

use alloc::collections::VecDeque;
use core::fmt;

use bytes::{Buf, Bytes, BytesMut};

/// From this size on gathered bytes are moved as they are; fewer are cheaper to copy.
const PUSH_FROM: usize = 1024;

enum Segment {
    Memory(Bytes),
    Gap(u64),
}

/// Bytes to send, in order: gathered small writes, owned runs, and gaps that somebody else fills.
///
/// ```
/// use bytes::Bytes;
/// use proto_core::Output;
///
/// let mut output = Output::new();
/// output.put(b"HTTP/1.1 200 OK\r\n\r\n");
/// output.push(Bytes::from_static(b"a body, not copied"));
/// output.reserve(1_000_000);
/// output.put(b"after the file");
/// assert_eq!(output.slices().count(), 2); // up to the gap
/// output.advance(19 + 18);
/// assert_eq!(output.gap(), 1_000_000); // the owner of the socket sends the file,
/// output.advance(1_000_000); // and says so
/// assert_eq!(output.slices().next(), Some(&b"after the file"[..]));
/// ```
#[derive(Default)]
pub struct Output {
    /// Closed segments, older than `tail`. None is empty.
    queue: VecDeque<Segment>,
    /// Small writes gather here.
    tail: BytesMut,
    /// Bytes of memory in `queue`.
    queued: usize,
    /// Bytes of gaps in `queue`.
    gaps: u64,
    sent: u64,
}

impl Output {
    /// An empty queue. Allocates nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a copy of `bytes`; for what is small or borrowed.
    pub fn put(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
    }

    /// Appends `bytes` without copying them.
    pub fn push(&mut self, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        self.seal();
        self.queued = self.queued.saturating_add(bytes.len());
        self.queue.push_back(Segment::Memory(bytes));
    }

    /// Leaves a gap of `n` bytes for the owner of the socket to fill from elsewhere.
    pub fn reserve(&mut self, n: u64) {
        if n == 0 {
            return;
        }
        self.seal();
        self.gaps = self.gaps.saturating_add(n);
        match self.queue.back_mut() {
            Some(Segment::Gap(len)) => *len = len.saturating_add(n),
            _ => self.queue.push_back(Segment::Gap(n)),
        }
    }

    /// Moves everything out of `other` to the end of this queue, without copying what is large.
    pub fn append(&mut self, other: &mut Output) {
        for segment in other.queue.drain(..) {
            match segment {
                Segment::Memory(bytes) => self.push(bytes),
                Segment::Gap(n) => self.reserve(n),
            }
        }
        if other.tail.len() >= PUSH_FROM {
            self.push(other.tail.split().freeze());
        } else {
            self.put(&other.tail);
            other.tail.clear();
        }
        (other.queued, other.gaps) = (0, 0);
    }

    /// The buffer that small writes gather in, for encoders to append to. Nothing but appending is right here; but while
    /// [nothing is left to send](Output::is_empty) it may be taken away, and another empty one be put in its place.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.tail
    }

    /// Bytes in memory, gaps not counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queued.saturating_add(self.tail.len())
    }

    /// Nothing is left to send, by whomever.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.tail.is_empty()
    }

    /// How many bytes the gap in front is long; 0 if memory is in front, or nothing.
    #[must_use]
    pub fn gap(&self) -> u64 {
        match self.queue.front() {
            Some(Segment::Gap(n)) => *n,
            _ => 0,
        }
    }

    /// How many bytes are still to come out of gaps, in front or not.
    #[must_use]
    pub fn gaps(&self) -> u64 {
        self.gaps
    }

    /// How many bytes have left, gaps included.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// What is in memory from the front up to the first gap, in order; no slice is empty.
    pub fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let queue = self.queue.iter().map_while(|segment| match segment {
            Segment::Memory(bytes) => Some(&bytes[..]),
            Segment::Gap(_) => None,
        });
        let tail = Some(&self.tail[..]).filter(|tail| !tail.is_empty() && self.gaps == 0);
        queue.chain(tail)
    }

    /// [`slices`](Output::slices) for a vectored write. Returns how many of `out` were filled in.
    #[cfg(feature = "std")]
    pub fn io_slices<'a>(&'a self, out: &mut [std::io::IoSlice<'a>]) -> usize {
        let mut filled = 0;
        for (place, slice) in out.iter_mut().zip(self.slices()) {
            *place = std::io::IoSlice::new(slice);
            filled += 1;
        }
        filled
    }

    /// The next `n` bytes have left: out of memory, or out of the gap in front, but never across the edge of a gap.
    ///
    /// More than there is up to that edge is a mistake of the caller: it counts as all there is.
    pub fn advance(&mut self, n: u64) {
        let before = self.sent;
        match self.queue.front_mut() {
            Some(Segment::Gap(left)) => {
                let n = n.min(*left);
                *left -= n;
                self.gaps = self.gaps.saturating_sub(n);
                self.sent = self.sent.saturating_add(n);
                if *left == 0 {
                    self.queue.pop_front();
                }
            }
            _ => self.advance_memory(n),
        }
        debug_assert_eq!(self.sent.wrapping_sub(before), n, "advanced past a gap's edge or the end");
    }

    /// Forgets all that is still to be sent.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.tail.clear();
        (self.queued, self.gaps) = (0, 0);
    }

    fn advance_memory(&mut self, n: u64) {
        let mut left = usize::try_from(n).unwrap_or(usize::MAX);
        while left > 0 {
            match self.queue.front_mut() {
                Some(Segment::Memory(bytes)) => {
                    let part = left.min(bytes.len());
                    bytes.advance(part);
                    if bytes.is_empty() {
                        self.queue.pop_front();
                    }
                    self.queued -= part;
                    left -= part;
                    self.sent = self.sent.saturating_add(part as u64);
                }
                Some(Segment::Gap(_)) => return,
                None => {
                    let part = left.min(self.tail.len());
                    self.advance_tail(part);
                    self.sent = self.sent.saturating_add(part as u64);
                    return;
                }
            }
        }
    }

    fn advance_tail(&mut self, n: usize) {
        if n == self.tail.len() {
            self.tail.clear(); // keeps the whole allocation in reach
        } else {
            self.tail.advance(n);
        }
    }

    /// Closes the gathering buffer, so that a segment can follow it.
    fn seal(&mut self) {
        if !self.tail.is_empty() {
            let bytes = self.tail.split().freeze();
            self.queued = self.queued.saturating_add(bytes.len());
            self.queue.push_back(Segment::Memory(bytes));
        }
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("len", &self.len())
            .field("gaps", &self.gaps)
            .field("sent", &self.sent)
            .finish()
    }
}
