//! A tree of parts as bytes: codings written, boundaries found, delimiters set.

use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;
use proto_core::scan;

use super::coding::Coding;
use super::fields::Fields;
use super::hex;
use super::part::{Content, Part};
use crate::lexical::slice;
use crate::{QpEncoder, base64};

/// Content of at least this many bytes is handed on as it is; what is smaller is copied together.
const SHARED: usize = 4096;

/// A message, ready to be sent.
#[derive(Clone, Debug, Default)]
pub struct Built {
    pieces: Vec<Piece>,
}

/// A stretch of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// These bytes.
    Bytes(Bytes),
    /// The content of the streamed attachment of this number, counted from 0, goes here: base64 in lines that end in CRLF.
    Streamed(usize),
}

impl Built {
    /// What it is made of, in order.
    #[must_use]
    pub fn into_pieces(self) -> Vec<Piece> {
        self.pieces
    }

    /// The chunks of bytes, in order.
    pub fn chunks(&self) -> impl Iterator<Item = &Bytes> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Bytes(bytes) => Some(bytes),
            Piece::Streamed(_) => None,
        })
    }

    /// How many bytes it has, without what is streamed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.chunks().map(Bytes::len).sum()
    }

    /// It has none; that can't be.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All in one, without what is streamed.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        self.chunks().fold(Vec::with_capacity(self.len()), |mut all, chunk| {
            all.extend_from_slice(chunk);
            all
        })
    }
}

pub(super) fn write(fields: Fields, body: &Part, eight_bit: bool, random: &[u8]) -> Built {
    let plan = Plan::of(body, eight_bit);
    let mut writer =
        Writer { plan, next: 0, out: Vec::new(), built: Built::default(), streams: 0, random: hex(random) };
    writer.out.reserve(1024 + writer.plan.size);
    fields.write(&mut writer.out);
    writer.out.extend_from_slice(b"MIME-Version: 1.0\r\n");
    writer.part(body, true);
    writer.flush();
    writer.built
}

/// What has to be known before the first byte is written.
struct Plan {
    /// Of every part, in the order in which they are written.
    codings: Vec<Coding>,
    /// The number of the next boundary.
    boundary: u64,
    /// About how many bytes will be copied together.
    size: usize,
}

impl Plan {
    fn of(body: &Part, eight_bit: bool) -> Plan {
        let mut plan = Plan { codings: Vec::new(), boundary: 1, size: 0 };
        plan.visit(body, eight_bit);
        plan
    }

    fn visit(&mut self, part: &Part, eight_bit: bool) -> Coding {
        let place = self.codings.len();
        let mut coding = part.coding(eight_bit);
        self.codings.push(coding);
        match &part.content {
            Content::Parts(parts) => {
                // RFC 2045 section 6.4: as much as the parts need. What is coded needs no more than 7bit.
                let needs = |coding| if coding > Coding::Binary { Coding::SevenBit } else { coding };
                coding = parts.iter().map(|part| needs(self.visit(part, eight_bit))).max().unwrap_or(coding);
                if let Some(mine) = self.codings.get_mut(place) {
                    *mine = coding;
                }
            }
            Content::Leaf(bytes) | Content::Message(bytes) => {
                if coding <= Coding::Binary {
                    self.boundary = self.boundary.max(highest_boundary(bytes).saturating_add(1));
                }
                let len = base64::encoded_len(bytes.len());
                self.size += if len < SHARED { 256 + len } else { 256 };
            }
            Content::Streamed => {}
        }
        coding
    }
}

/// The highest number in what looks like a boundary of ours, `=_N_`; 0 if there is none. In a coded content there is none:
/// `=_` is neither base64 nor quoted-printable (RFC 2045 section 6.7).
fn highest_boundary(content: &[u8]) -> u64 {
    let (mut highest, mut at) = (0, 0);
    while let Some(found) = scan::find_byte(b'=', slice(content, at, content.len())) {
        at += found + 1;
        let Some([b'_', rest @ ..]) = content.get(at..) else { continue };
        // Ours never has more digits.
        let digits = rest.iter().take(18).take_while(|byte| byte.is_ascii_digit());
        let number = digits.fold(0_u64, |number, digit| number * 10 + u64::from(digit - b'0'));
        highest = highest.max(number);
    }
    highest
}

struct Writer {
    plan: Plan,
    /// Which coding comes next.
    next: usize,
    out: Vec<u8>,
    built: Built,
    streams: usize,
    random: String,
}

impl Writer {
    /// The rest of the header section, and the body.
    fn part(&mut self, part: &Part, is_root: bool) {
        let coding = self.plan.codings.get(self.next).copied().unwrap_or(Coding::Base64);
        self.next += 1;
        let mut media_type = part.media_type.clone();
        let mut boundary = String::new();
        if let Content::Parts(_) = part.content {
            boundary = alloc::format!("=_{}_{}", self.plan.boundary, self.random);
            self.plan.boundary = self.plan.boundary.saturating_add(1);
            // It is made of characters that may be there.
            let _ = media_type.parameters.set("boundary", boundary.clone());
        }
        const NAME: &[u8] = b"Content-Type: ";
        self.out.extend_from_slice(NAME);
        media_type.write(&mut self.out, NAME.len());
        self.out.extend_from_slice(b"\r\n");
        if coding != Coding::SevenBit || (is_root && boundary.is_empty()) {
            self.out.extend_from_slice(b"Content-Transfer-Encoding: ");
            self.out.extend_from_slice(coding.name().as_bytes());
            self.out.extend_from_slice(b"\r\n");
        }
        self.out.extend_from_slice(&part.fields);
        self.out.extend_from_slice(b"\r\n");
        match &part.content {
            Content::Parts(parts) => self.multipart(parts, &boundary),
            Content::Leaf(bytes) | Content::Message(bytes) => self.leaf(bytes, coding, is_root),
            Content::Streamed => {
                self.flush();
                self.built.pieces.push(Piece::Streamed(self.streams));
                self.streams += 1;
            }
        }
    }

    /// RFC 2046 section 5.1.1: the line end before a delimiter belongs to it. Base64 ends in one that nobody misses.
    fn multipart(&mut self, parts: &[Part], boundary: &str) {
        let mut needs_end = false;
        for part in parts {
            self.delimiter(boundary, b"\r\n", needs_end);
            needs_end = !self.ends_in_base64();
            self.part(part, false);
        }
        self.delimiter(boundary, b"--\r\n", needs_end || parts.is_empty());
    }

    fn delimiter(&mut self, boundary: &str, end: &[u8], needs_end: bool) {
        if needs_end {
            self.out.extend_from_slice(b"\r\n");
        }
        self.out.extend_from_slice(b"--");
        self.out.extend_from_slice(boundary.as_bytes());
        self.out.extend_from_slice(end);
    }

    /// Whether the next part will be written as base64.
    fn ends_in_base64(&self) -> bool {
        self.plan.codings.get(self.next) == Some(&Coding::Base64)
    }

    fn leaf(&mut self, bytes: &Bytes, coding: Coding, is_root: bool) {
        match coding {
            Coding::Base64 => self.share(base64::encode(bytes).into()),
            Coding::QuotedPrintable => {
                let mut encoder = QpEncoder::text();
                encoder.push(bytes, &mut self.out);
                encoder.finish(&mut self.out);
            }
            _ => self.share(bytes.clone()),
        }
        // The last line of a message ends, in quoted-printable without being one more of the content.
        if is_root && coding != Coding::Base64 && !bytes.is_empty() && !bytes.ends_with(b"\n") {
            self.out.extend_from_slice(if coding == Coding::QuotedPrintable { b"=\r\n" } else { b"\r\n" });
        }
    }

    fn share(&mut self, bytes: Bytes) {
        if bytes.len() < SHARED {
            self.out.extend_from_slice(&bytes);
            return;
        }
        self.flush();
        self.built.pieces.push(Piece::Bytes(bytes));
    }

    fn flush(&mut self) {
        if !self.out.is_empty() {
            let out = core::mem::take(&mut self.out);
            self.built.pieces.push(Piece::Bytes(Bytes::from(out)));
        }
    }
}
