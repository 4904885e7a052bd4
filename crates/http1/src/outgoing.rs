//! Messages on their way out, for either role: a head with the framing that its body has, then the body itself.
//!
//! The rule: a command is judged whole before the first byte is emitted, and what is emitted is framed as
//! [`Framing`] would read it.

use bytes::{Bytes, BytesMut};
use proto_core::Output;

use crate::{Error, ErrorKind, FieldLines, Framing};

/// How the body of a message to be sent is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// There is none: the message is complete with its head.
    Empty,
    /// So many bytes. Nothing else may be sent, nor less.
    Known(u64),
    /// Chunks, for which the peer must speak HTTP/1.1; trailers may follow.
    Chunked,
    /// Length unknown: chunks to a peer that speaks HTTP/1.1, else all until the connection is closed.
    Unknown,
}

/// What the endpoint adds to a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Added {
    /// `Length` and `Chunked` are written as fields, the others not.
    pub(crate) framing: Framing,
    pub(crate) connection: Connection,
}

/// What Connection says about persistence (RFC 9112 section 9.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    /// Nothing: what is usual for the version.
    Usual,
    Close,
    KeepAlive,
}

/// More than this is not copied.
pub(crate) const COPY: usize = 4096;

/// Writes a head: what was built, then framing, Connection and the empty line.
pub(crate) fn put_head(output: &mut Output, lines: &FieldLines, added: Added) {
    let out = output.buffer();
    let head = lines.as_bytes();
    // The longest framing field, Connection with its usual options, and the empty line.
    out.reserve(head.len() + 128);
    out.extend_from_slice(head);
    match added.framing {
        Framing::Length(n) => {
            out.extend_from_slice(b"Content-Length: ");
            put_decimal(out, n);
            out.extend_from_slice(b"\r\n");
        }
        Framing::Chunked => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
        Framing::None | Framing::UntilClose => {}
    }
    put_connection(out, lines, added.connection);
    out.extend_from_slice(b"\r\n");
}

/// One Connection field, if there is anything to say (RFC 9110 section 7.6.1).
fn put_connection(out: &mut BytesMut, lines: &FieldLines, connection: Connection) {
    let persistence: &[u8] = match connection {
        Connection::Usual => b"",
        Connection::Close => b", close",
        Connection::KeepAlive => b", keep-alive",
    };
    let [upgrade, te, options] = lines.options();
    let mut name: &[u8] = b"Connection: ";
    for option in [persistence, upgrade, te, options] {
        let Some(bare) = option.strip_prefix(b", ") else { continue };
        out.extend_from_slice(name);
        out.extend_from_slice(bare);
        name = b", ";
    }
    if name == b", " {
        out.extend_from_slice(b"\r\n");
    }
}

fn put_decimal(out: &mut BytesMut, n: u64) {
    let mut digits = [b'0'; 20];
    let mut left = n;
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(left % 10).unwrap_or_default();
        left /= 10;
        used += 1;
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(20 - used..).unwrap_or_default());
}

/// A chunk's size line (RFC 9112 section 7.1).
fn put_chunk_size(out: &mut BytesMut, n: u64) {
    let digits = (u64::BITS - n.leading_zeros()).div_ceil(4).max(1);
    for place in (0..digits).rev() {
        let digit = u32::try_from((n >> (4 * place)) & 15).unwrap_or_default();
        out.extend_from_slice(&[u8::try_from(char::from_digit(digit, 16).unwrap_or('0')).unwrap_or(b'0')]);
    }
    out.extend_from_slice(b"\r\n");
}

/// Writes the body that follows a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyWriter {
    /// No content may follow: the answer to HEAD, 304, or a message without a body.
    Nothing,
    /// So many bytes are still due.
    Length(u64),
    Chunked,
    UntilClose,
}

impl BodyWriter {
    pub(crate) fn new(framing: Framing) -> Self {
        match framing {
            Framing::None => BodyWriter::Nothing,
            Framing::Length(n) => BodyWriter::Length(n),
            Framing::Chunked => BodyWriter::Chunked,
            Framing::UntilClose => BodyWriter::UntilClose,
        }
    }

    /// Content that need not be copied.
    pub(crate) fn push(&mut self, bytes: Bytes, output: &mut Output) -> Result<(), Error> {
        if bytes.len() <= COPY {
            return self.put(&bytes, output);
        }
        self.open(bytes.len() as u64, output)?;
        output.push(bytes);
        self.close(output);
        Ok(())
    }

    /// Content that is copied.
    pub(crate) fn put(&mut self, bytes: &[u8], output: &mut Output) -> Result<(), Error> {
        if bytes.is_empty() {
            return Ok(()); // a chunk of size 0 would be the last
        }
        self.open(bytes.len() as u64, output)?;
        output.put(bytes);
        self.close(output);
        Ok(())
    }

    /// Content that the owner of the socket puts in.
    pub(crate) fn reserve(&mut self, n: u64, output: &mut Output) -> Result<(), Error> {
        if n == 0 {
            return Ok(());
        }
        self.open(n, output)?;
        output.reserve(n);
        self.close(output);
        Ok(())
    }

    /// What stands before `n` bytes of content.
    fn open(&mut self, n: u64, output: &mut Output) -> Result<(), Error> {
        match self {
            BodyWriter::Nothing => return Err(Error::caller(ErrorKind::NoBody)),
            BodyWriter::Length(left) => {
                *left = left.checked_sub(n).ok_or_else(|| Error::caller(ErrorKind::LengthMismatch))?;
            }
            BodyWriter::Chunked => put_chunk_size(output.buffer(), n),
            BodyWriter::UntilClose => {}
        }
        Ok(())
    }

    /// What stands behind content.
    fn close(&self, output: &mut Output) {
        if *self == BodyWriter::Chunked {
            output.put(b"\r\n");
        }
    }

    /// May it end here, with these trailers?
    pub(crate) fn check_end(&self, trailers: Option<&FieldLines>) -> Result<(), Error> {
        if let BodyWriter::Length(1..) = self {
            return Err(Error::caller(ErrorKind::LengthMismatch));
        }
        match trailers {
            Some(lines) if !lines.may_trail() => Err(Error::caller(ErrorKind::FramingField)),
            Some(lines) if !lines.is_empty() && matches!(self, BodyWriter::Length(_)) => {
                Err(Error::caller(ErrorKind::NotNow))
            }
            _ => Ok(()),
        }
    }

    /// The end, after [`check_end`](BodyWriter::check_end). Trailers that the framing has no place for are left out
    /// (RFC 9110 section 6.5.1 allows to discard them).
    pub(crate) fn end(&mut self, trailers: Option<&FieldLines>, output: &mut Output) {
        if *self == BodyWriter::Chunked {
            output.put(b"0\r\n");
            output.put(trailers.map_or(&[], FieldLines::as_bytes));
            output.put(b"\r\n");
        }
        *self = BodyWriter::Nothing;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut BytesMut)) -> BytesMut {
        let mut out = BytesMut::new();
        write(&mut out);
        out
    }

    #[test]
    fn numbers_are_written_in_full_and_without_leading_zeros() {
        for n in [0, 1, 9, 10, 255, 256, 4096, u64::from(u32::MAX), u64::MAX] {
            assert_eq!(written(|out| put_decimal(out, n)), n.to_string().as_bytes());
            assert_eq!(written(|out| put_chunk_size(out, n)), format!("{n:x}\r\n").as_bytes());
        }
    }
}
