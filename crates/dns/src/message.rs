//! Messages (RFC 1035 section 4): read in place ([`Message`]), written piece by piece ([`Builder`]).
//!
//! The rule: [`Message::parse`] looks at every octet once and refuses the message as a whole, or nothing in it can go
//! wrong any more: names lead back and end, records fill their sections, RDATA has the fields of its type, OPT and TSIG
//! stand where they must.

mod builder;
mod compress;
mod names;
mod sections;

use crate::limits;
use crate::{
    Class, Edns, Flags, Header, NameRef, Opcode, ParseError, ParseErrorKind as Kind, QuestionRef, Rcode,
};
use crate::{RecordRef, RrType, edns, rdata};

pub use builder::{Builder, Section};
pub(crate) use names::{Checked, NameChecker, Names, Uncompressed};
use sections::Fixed;
pub use sections::Records;
pub(crate) use sections::skip_name;

/// A message, checked and read where it lies.
///
/// ```
/// use dns::{Message, RrType};
/// let bytes = b"\x12\x34\x81\x80\0\x01\0\x01\0\0\0\0\x07example\0\0\x01\0\x01\xC0\x0C\0\x01\0\x01\0\0\0\x3C\0\x04\xC0\0\x02\x01";
/// let message = Message::parse(bytes)?;
/// let record = message.answer().next().unwrap();
/// assert_eq!(record.to_string(), "example. 60 IN A 192.0.2.1");
/// assert_eq!(message.question().unwrap().rtype, RrType::A);
/// # Ok::<(), dns::ParseError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Message<'a> {
    bytes: &'a [u8],
    /// Where the answer, authority and additional sections start.
    starts: [u16; 3],
    /// Where OPT and TSIG stand; 0: there is none.
    opt: u16,
    tsig: u16,
}

impl<'a> Message<'a> {
    /// Checks a whole message, to its last octet.
    ///
    /// # Errors
    /// What is wrong first, and where: [`ParseError::rcode`] is what to answer.
    pub fn parse(bytes: &'a [u8]) -> Result<Message<'a>, ParseError> {
        let header = Header::parse(bytes)?;
        if bytes.len() > limits::MESSAGE {
            return Err(ParseError::new(Kind::TooLong, limits::MESSAGE));
        }
        Parse { names: NameChecker::new(), flags: header.flags, opt: 0, tsig: 0 }.run(bytes, &header)
    }

    /// The header: id, flags and counts.
    #[inline]
    #[must_use]
    pub fn header(&self) -> Header {
        Header::parse(self.bytes).unwrap_or_default()
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> u16 {
        self.header().id
    }

    /// The flags.
    #[must_use]
    pub fn flags(&self) -> Flags {
        self.header().flags
    }

    /// What is wanted.
    #[must_use]
    pub fn opcode(&self) -> Opcode {
        self.header().opcode()
    }

    /// The response code, with the bits that OPT adds (RFC 6891 section 6.1.3).
    #[must_use]
    pub fn rcode(&self) -> Rcode {
        let high = self.edns().map_or(0, |edns| u16::from(edns.extended_rcode));
        Rcode(high << 4 | self.header().rcode().0)
    }

    /// The octets it was parsed from.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The question, or the zone of an update.
    #[inline]
    #[must_use]
    pub fn question(&self) -> Option<QuestionRef<'a>> {
        let [end, ..] = self.starts;
        let question = self.bytes.get(Header::LEN..usize::from(end))?;
        let [a, b, c, d] = *question.last_chunk()?;
        let name = NameRef::of_valid(self.bytes, Header::LEN);
        Some(QuestionRef {
            name,
            rtype: RrType(u16::from_be_bytes([a, b])),
            class: Class(u16::from_be_bytes([c, d])),
        })
    }

    /// The records of the answer section; the prerequisites of an update.
    #[inline]
    #[must_use]
    pub fn answer(&self) -> Records<'a> {
        Records::new(self.bytes, self.starts[0].into(), self.count(6))
    }

    /// The records of the authority section; the changes of an update.
    #[inline]
    #[must_use]
    pub fn authority(&self) -> Records<'a> {
        Records::new(self.bytes, self.starts[1].into(), self.count(8))
    }

    /// The records of the additional section, OPT and TSIG left out: see [`edns`](Message::edns) and
    /// [`tsig`](Message::tsig).
    #[inline]
    #[must_use]
    pub fn additional(&self) -> Records<'a> {
        Records::new(self.bytes, self.starts[2].into(), self.count(10)).without_pseudo()
    }

    /// The number at this place of the header.
    #[inline]
    fn count(&self, at: usize) -> u16 {
        let octets = self.bytes.get(at..).and_then(|rest| rest.first_chunk());
        octets.map_or(0, |octets| u16::from_be_bytes(*octets))
    }

    /// The records of a section.
    #[must_use]
    pub fn section(&self, section: Section) -> Records<'a> {
        match section {
            Section::Answer => self.answer(),
            Section::Authority => self.authority(),
            Section::Additional => self.additional(),
        }
    }

    /// What OPT says (RFC 6891).
    #[inline]
    #[must_use]
    pub fn edns(&self) -> Option<Edns<'a>> {
        match self.opt {
            0 => None,
            at => Edns::of_record(self.bytes, at.into()),
        }
    }

    /// Where the OPT record starts.
    pub(crate) fn opt_at(&self) -> Option<usize> {
        (self.opt > 0).then_some(self.opt.into())
    }

    /// The TSIG record (RFC 8945), and where it starts: what is in front of it is what it signs.
    #[must_use]
    pub fn tsig(&self) -> Option<(usize, RecordRef<'a>)> {
        let start = Some(usize::from(self.tsig)).filter(|start| *start > 0)?;
        Records::new(self.bytes, start, 1).next().map(|record| (start, record))
    }
}

impl core::fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Message")
            .field("header", &self.header())
            .field("question", &self.question())
            .field("answer", &self.answer())
            .field("authority", &self.authority())
            .field("additional", &self.additional())
            .field("edns", &self.edns())
            .finish_non_exhaustive()
    }
}

/// A message being checked.
struct Parse {
    names: NameChecker,
    flags: Flags,
    opt: u16,
    tsig: u16,
}

impl Parse {
    #[inline]
    fn run<'a>(&mut self, bytes: &'a [u8], header: &Header) -> Result<Message<'a>, ParseError> {
        let answer = self.question(bytes, header.questions)?;
        let authority = self.section(bytes, answer, (Section::Answer, header.answers))?;
        let additional = self.section(bytes, authority, (Section::Authority, header.authorities))?;
        let end = self.section(bytes, additional, (Section::Additional, header.additionals))?;
        if end != bytes.len() {
            return Err(ParseError::new(Kind::Trailing, end));
        }
        let starts = [answer, authority, additional].map(narrow);
        Ok(Message { bytes, starts, opt: self.opt, tsig: self.tsig })
    }

    /// RFC 9619: one question at most; none with a cookie alone (RFC 7873 section 5.4) and behind the first message of
    /// a transfer (RFC 5936 section 2.2).
    #[inline]
    fn question(&mut self, bytes: &[u8], count: u16) -> Result<usize, ParseError> {
        match count {
            0 => Ok(Header::LEN),
            1 => {
                let end = self.names.end(bytes, Header::LEN)? + 4;
                if end <= bytes.len() { Ok(end) } else { Err(ParseError::new(Kind::Short, bytes.len())) }
            }
            _ => Err(ParseError::new(Kind::Questions, 4)),
        }
    }

    #[inline]
    fn section(&mut self, bytes: &[u8], at: usize, section: (Section, u16)) -> Result<usize, ParseError> {
        if section.1 == 0 { Ok(at) } else { self.records(bytes, at, section) }
    }

    fn records(
        &mut self,
        bytes: &[u8],
        mut at: usize,
        (section, count): (Section, u16),
    ) -> Result<usize, ParseError> {
        let mut left = count;
        while left > 0 {
            left -= 1;
            at = self.record(bytes, at, (section, left))?;
        }
        Ok(at)
    }

    /// The number tells how many records of the section are behind this one.
    #[inline]
    fn record(&mut self, bytes: &[u8], at: usize, place: (Section, u16)) -> Result<usize, ParseError> {
        let fixed_at = self.names.end(bytes, at)?;
        let fixed = Fixed::read(bytes, fixed_at).ok_or(ParseError::new(Kind::Short, bytes.len()))?;
        let start = fixed_at + Fixed::LEN;
        let end = start + fixed.rdlength();
        if end > bytes.len() {
            return Err(ParseError::new(Kind::RdataLength, fixed_at + 8));
        }
        match fixed.rtype().shape(fixed.class()) {
            Some(shape) if start < end => shape.check(&mut self.names, bytes, (start, end), fixed.rtype())?,
            _ => self.rare(bytes, (at, start, end), place, fixed)?,
        }
        Ok(end)
    }

    #[inline(never)]
    fn rare(
        &mut self,
        bytes: &[u8],
        (at, start, end): (usize, usize, usize),
        place: (Section, u16),
        fixed: Fixed<'_>,
    ) -> Result<(), ParseError> {
        let (rtype, class) = (fixed.rtype(), fixed.class());
        match rtype {
            RrType::OPT => return self.opt(bytes, (at, start, end), place.0, fixed.ttl()),
            RrType::TSIG => self.tsig(at, place, fixed)?,
            // RFC 2136 sections 2.4 and 2.5: what is named and not said.
            _ if start == end && self.is_update() && matches!(class, Class::ANY | Class::NONE) => {
                return Ok(());
            }
            _ => {}
        }
        rdata::check(rtype.fields(class), &mut self.names, bytes, (start, end))
    }

    fn is_update(&self) -> bool {
        self.flags.opcode() == Opcode::UPDATE
    }

    /// RFC 6891 section 6.1.1: at most one, in the additional section, at the root.
    fn opt(
        &mut self,
        bytes: &[u8],
        (at, start, end): (usize, usize, usize),
        section: Section,
        ttl: u32,
    ) -> Result<(), ParseError> {
        let kind = match core::mem::replace(&mut self.opt, narrow(at)) {
            _ if section != Section::Additional => Kind::OptSection,
            _ if bytes.get(at) != Some(&0) => Kind::OptOwner,
            0 => return edns::check(ttl, bytes.get(start..end).unwrap_or_default(), start),
            _ => Kind::OptTwice,
        };
        Err(ParseError::new(kind, at))
    }

    /// RFC 8945 sections 4.2 and 5.1: the last of all, class ANY, TTL 0.
    fn tsig(&mut self, at: usize, place: (Section, u16), fixed: Fixed<'_>) -> Result<(), ParseError> {
        if place != (Section::Additional, 0) {
            return Err(ParseError::new(Kind::TsigPlace, at));
        }
        if fixed.class() != Class::ANY || fixed.ttl() != 0 {
            return Err(ParseError::new(Kind::TsigForm, at));
        }
        self.tsig = narrow(at);
        Ok(())
    }
}

/// An offset into a message, none of which is longer than [`limits::MESSAGE`].
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "checked: a message has at most 65535 octets")]
fn narrow(offset: usize) -> u16 {
    offset as u16
}
