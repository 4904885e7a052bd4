//! Messages on their way in, for either role: heads as they grow, then bodies run by run.
//!
//! The rule: what is not complete is remembered, not looked at again; what is complete is a slice of the input.

use alloc::sync::Arc;
use alloc::vec::Vec;

use bytes::{Buf, Bytes, BytesMut};

use crate::head::{Bound, Progress, StartLine, split_line, unfold};
use crate::syntax::slice;
use crate::{Chunk, ChunkDecoder, Config, Error, ErrorKind, Fields, Framing, Trailers};

/// Reads one head after the other.
#[derive(Debug)]
pub(crate) struct HeadReader<S> {
    progress: Progress<S>,
    /// The index of the head under way.
    fields: Fields,
    /// That of the last one, until the next begins. It is used again once nobody else holds it.
    whole: Arc<Fields>,
    /// The last head, if that is what `whole` belongs to; else nothing.
    last: Vec<u8>,
    /// A folded line was met: the end of the head is looked for, then lines are joined and all is read again.
    folded: Option<Folded>,
}

/// How far the end of a head with folded lines was looked for.
#[derive(Clone, Copy, Debug)]
struct Folded {
    /// Where the line in question begins.
    line: usize,
    scanned: usize,
}

/// A whole head.
#[derive(Debug)]
pub(crate) struct WholeHead<S> {
    pub(crate) bytes: Bytes,
    pub(crate) line: S,
    pub(crate) fields: Arc<Fields>,
}

/// Heads up to this length are remembered.
const MEMORY: usize = 1024;

impl<S: StartLine> HeadReader<S> {
    pub(crate) fn new() -> Self {
        HeadReader {
            progress: Progress::new(),
            fields: Fields::new(),
            whole: Arc::default(),
            last: Vec::new(),
            folded: None,
        }
    }

    /// No byte of a head has been seen.
    pub(crate) fn is_fresh(&self) -> bool {
        self.progress.is_fresh()
    }

    /// A few bytes came that can't complete a line: nothing else need be done about them.
    #[inline]
    pub(crate) fn is_waiting(&mut self, input: &[u8]) -> bool {
        self.progress.is_waiting(input)
    }

    /// A byte came that completes a usual field line: that line is read, and nothing else need be done.
    #[inline(never)]
    pub(crate) fn takes_line(&mut self, input: &[u8], config: &Config) -> bool {
        self.progress.takes_line(input, &mut self.fields, config)
    }

    /// Takes the head off the front of the input that was [remembered](HeadReader::remember), if it is there once more: its
    /// bytes and its index.
    #[inline]
    pub(crate) fn again(&mut self, input: &mut BytesMut) -> Option<(Bytes, Arc<Fields>)> {
        let is_there = !self.last.is_empty() && self.is_fresh() && input.starts_with(&self.last);
        is_there.then(|| (input.split_to(self.last.len()).freeze(), Arc::clone(&self.whole)))
    }

    /// The head that was just taken may come again. Only of a short one a copy is kept. Whether it is.
    pub(crate) fn remember(&mut self, head: &[u8]) -> bool {
        let is_short = head.len() <= MEMORY;
        if is_short {
            self.last.extend_from_slice(head);
        }
        is_short
    }

    /// Forgets the last head, and takes the room of its index if nobody else needs it.
    fn begin(&mut self) {
        self.last.clear();
        if let Some(whole) = Arc::get_mut(&mut self.whole) {
            core::mem::swap(whole, &mut self.fields);
        }
        self.fields.clear();
    }

    /// The index is complete, and others may hold it too.
    fn end(&mut self) -> Arc<Fields> {
        match Arc::get_mut(&mut self.whole) {
            Some(whole) => core::mem::swap(whole, &mut self.fields),
            None => self.whole = Arc::new(core::mem::take(&mut self.fields)),
        }
        Arc::clone(&self.whole)
    }

    /// Takes a head off the front of the input, once it is complete. `folds`: folded lines are joined.
    pub(crate) fn next(
        &mut self,
        input: &mut BytesMut,
        folds: bool,
        config: &Config,
    ) -> Result<Option<WholeHead<S>>, Error> {
        if input.is_empty() {
            return Ok(None);
        }
        if self.is_fresh() {
            self.begin();
        }
        let Some(len) = self.advance(input, folds, config)? else { return Ok(None) };
        let line = self.progress.start;
        self.progress = Progress::after(len);
        Ok(line.map(|line| WholeHead { bytes: input.split_to(len).freeze(), line, fields: self.end() }))
    }

    fn advance(
        &mut self,
        input: &mut BytesMut,
        folds: bool,
        config: &Config,
    ) -> Result<Option<usize>, Error> {
        if self.folded.is_none() {
            match self.progress.advance(input, &mut self.fields, config) {
                Err(Error { kind: ErrorKind::FoldedLine, offset, .. }) if folds => {
                    self.folded = Some(Folded { line: offset, scanned: offset });
                }
                other => return other,
            }
        }
        let Some(folded) = &mut self.folded else { return Ok(None) };
        let Some(len) = folded.end_of_head(input, config)? else { return Ok(None) };
        unfold(input.get_mut(..len).unwrap_or_default());
        self.folded = None;
        self.progress = Progress::new();
        self.fields.clear();
        self.progress.advance(input, &mut self.fields, config)
    }
}

impl Folded {
    /// Where the head ends: behind its first empty line.
    fn end_of_head(&mut self, input: &[u8], config: &Config) -> Result<Option<usize>, Error> {
        let kind = ErrorKind::HeadTooLarge;
        loop {
            let bound = Bound { max: config.limits.head.saturating_sub(self.line + 2), kind };
            let line = split_line(input, self.line, &mut self.scanned, bound, config.lenient.bare_lf)?;
            match line {
                None => return Ok(None),
                Some([]) => return Ok(Some(self.scanned)),
                Some(_) => self.line = self.scanned,
            }
        }
    }
}

/// What is next in a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Data(Bytes),
    Extension(Bytes),
    End(Option<Trailers>),
}

/// Reads the body that follows a head.
#[derive(Debug)]
pub(crate) enum BodyReader {
    /// So many bytes are left.
    Length(u64),
    Chunked(ChunkDecoder),
    Trailers(TrailerReader),
    UntilClose {
        /// Bytes so far.
        seen: u64,
    },
}

impl BodyReader {
    pub(crate) const EMPTY: BodyReader = BodyReader::Length(0);

    pub(crate) fn new(framing: Framing, config: &Config) -> Self {
        match framing {
            Framing::None => BodyReader::EMPTY,
            Framing::Length(n) => BodyReader::Length(n),
            Framing::Chunked => {
                BodyReader::Chunked(ChunkDecoder::with_limits(&config.limits, config.chunk_extensions))
            }
            Framing::UntilClose => BodyReader::UntilClose { seen: 0 },
        }
    }

    /// The next piece, off the front of the input.
    pub(crate) fn next(&mut self, input: &mut BytesMut, config: &Config) -> Result<Option<Piece>, Error> {
        match self {
            BodyReader::Length(0) => Ok(Some(Piece::End(None))),
            BodyReader::Length(left) => {
                let data = take(input, *left);
                *left -= data.as_ref().map_or(0, |data| data.len() as u64);
                Ok(data.map(Piece::Data))
            }
            BodyReader::UntilClose { seen } => {
                let data = take(input, u64::MAX);
                *seen = seen.saturating_add(data.as_ref().map_or(0, |data| data.len() as u64));
                check_size(*seen, config)?;
                Ok(data.map(Piece::Data))
            }
            BodyReader::Chunked(decoder) => match next_chunk(decoder, input, config)? {
                Some(piece) => Ok(Some(piece)),
                None if decoder.is_over() => {
                    *self = BodyReader::Trailers(TrailerReader::default());
                    self.next(input, config)
                }
                None => Ok(None),
            },
            BodyReader::Trailers(reader) => Ok(reader.next(input, config)?.map(Piece::End)),
        }
    }

    /// The end of the stream has come: was it the end of the body?
    pub(crate) fn ends_with_stream(&self) -> bool {
        matches!(self, BodyReader::UntilClose { .. })
    }

    /// How many opaque bytes come next.
    pub(crate) fn payload(&self) -> u64 {
        match self {
            BodyReader::Length(left) => *left,
            BodyReader::UntilClose { .. } => u64::MAX,
            BodyReader::Chunked(decoder) => decoder.left(),
            BodyReader::Trailers(_) => 0,
        }
    }

    /// So many of them were moved by the caller.
    pub(crate) fn skip(&mut self, n: u64) {
        match self {
            BodyReader::Length(left) => *left = left.saturating_sub(n),
            BodyReader::UntilClose { seen } => *seen = seen.saturating_add(n),
            BodyReader::Chunked(decoder) => decoder.skip(n),
            BodyReader::Trailers(_) => {}
        }
    }
}

/// A body larger than its limit (413).
pub(crate) fn check_size(size: u64, config: &Config) -> Result<(), Error> {
    match config.limits.body {
        Some(max) if size > max => Err(Error::peer(ErrorKind::BodyTooLarge, 0)),
        _ => Ok(()),
    }
}

/// Up to `most` bytes, if there are any.
fn take(input: &mut BytesMut, most: u64) -> Option<Bytes> {
    let n = usize::try_from(most).map_or(input.len(), |most| most.min(input.len()));
    (n > 0).then(|| input.split_to(n).freeze())
}

fn next_chunk(
    decoder: &mut ChunkDecoder,
    input: &mut BytesMut,
    config: &Config,
) -> Result<Option<Piece>, Error> {
    let chunk = decoder.next(input)?;
    check_size(decoder.announced(), config)?;
    Ok(match chunk {
        Chunk::Incomplete => None,
        Chunk::Data { start, end } => {
            input.advance(start);
            Some(Piece::Data(input.split_to(end - start).freeze()))
        }
        Chunk::Extension { start, end, consumed } => {
            let line = input.split_to(consumed).freeze();
            Some(Piece::Extension(line.slice(start..end)))
        }
        Chunk::Last { consumed } => {
            input.advance(consumed);
            None
        }
    })
}

/// Reads a trailer section (RFC 9112 section 7.1.2).
#[derive(Debug, Default)]
pub(crate) struct TrailerReader {
    /// Where the first line not yet read begins.
    line: usize,
    scanned: usize,
    fields: Fields,
}

impl TrailerReader {
    /// The whole section, if it is there: `Some(None)` is an empty one.
    fn next(&mut self, input: &mut BytesMut, config: &Config) -> Result<Option<Option<Trailers>>, Error> {
        while let Some(empty) = self.next_line(input, config)? {
            if empty {
                let bytes = input.split_to(self.line).freeze();
                let fields = core::mem::take(&mut self.fields);
                return Ok(Some((!fields.is_empty()).then(|| Trailers::new(bytes, fields))));
            }
        }
        Ok(None)
    }

    /// Reads one line; says whether it was the empty one at the end.
    fn next_line(&mut self, input: &[u8], config: &Config) -> Result<Option<bool>, Error> {
        let limits = &config.limits;
        let at = self.line;
        let max = limits.field_line.min(limits.trailer_bytes.saturating_sub(at + 2));
        let bound = Bound { max, kind: ErrorKind::TrailersTooLarge };
        let Some(line) = split_line(input, at, &mut self.scanned, bound, false)? else { return Ok(None) };
        self.line = self.scanned;
        if line.is_empty() {
            return Ok(Some(true));
        }
        if self.fields.len() >= limits.trailers {
            return Err(Error::peer(ErrorKind::TrailersTooLarge, at));
        }
        self.fields.push_line(slice(input, at, at + line.len()), at)?;
        Ok(Some(false))
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString as _};

    use bytes::BytesMut;
    use proto_core::{Endpoint as _, Time};

    use crate::server::{Event, Server};
    use crate::{ResponseBuilder, StatusCode};

    /// What the requests in `input` are, cut into pieces of `size` bytes, each of them answered; and the fault, if any.
    fn told(bytes: &str, size: usize, keep: bool) -> (Vec<String>, Option<String>) {
        let (mut server, mut input) = (Server::default(), BytesMut::new());
        let (mut told, mut kept) = (Vec::new(), Vec::new());
        for piece in bytes.as_bytes().chunks(size) {
            input.extend_from_slice(piece);
            loop {
                match server.receive(&mut input, Time::ZERO) {
                    Ok(Some(Event::Request(request))) => {
                        told.push(alloc::format!("{request:?} {:?}", request.framing()));
                        if keep {
                            kept.push(request);
                        }
                    }
                    Ok(Some(Event::End { .. })) => {
                        server.answer(&ResponseBuilder::new(StatusCode::OK), "yes".into()).unwrap();
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(error) => return (told, Some(error.kind.to_string())),
                }
            }
        }
        // What was told first has not changed since.
        assert!(kept.iter().zip(&told).all(|(kept, told)| told.starts_with(&alloc::format!("{kept:?}"))));
        (told, None)
    }

    #[test]
    fn a_head_that_comes_again_is_what_it_was() {
        let a = "GET /a HTTP/1.1\r\nHost: a\r\nX-One: 1\r\n\r\n";
        let longer = "GET /a HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nX-Two: 2\r\n\r\n";
        let b = "GET /b HTTP/1.1\r\nHost: b\r\n\r\n";
        let body = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
        let bad = "GET /a HTTP/1.1\r\nHost: a\r\nX-One : 1\r\n\r\n";
        let last = "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        for (requests, count, fault) in [
            (&[a, a, a, a][..], 4, false),
            (&[a, b, a, b, b, a], 6, false),
            (&[a, longer, a, longer, longer], 5, false),
            (&[body, body, a, a, body, a], 6, false),
            (&["\r\n", a, "\r\n", a, a, "\r\n", a], 4, false),
            (&[a, a, bad, a], 2, true),
            (&[a, last, last, a], 2, false),
        ] {
            let bytes = requests.concat();
            let whole = told(&bytes, bytes.len(), false);
            assert_eq!((whole.0.len(), whole.1.is_some()), (count, fault), "{bytes:?}");
            for size in 1..bytes.len() {
                assert_eq!(told(&bytes, size, size % 2 == 0), whole, "{size} of {bytes:?}");
            }
            for (request, told) in whole.0.iter().enumerate() {
                let alone: Vec<String> = requests
                    .iter()
                    .filter(|request| request.len() > 2)
                    .map(|request| self::told(request, 1000, false).0.concat())
                    .collect();
                assert_eq!(alone.get(request), Some(told));
            }
        }
    }
}
