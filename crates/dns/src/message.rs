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
use crate::{RecordRef, RrType, rdata};

pub use builder::{Builder, Section};
pub(crate) use names::NameChecker;
use sections::Fixed;
pub use sections::Records;

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
    header: Header,
    /// Where the answer, authority and additional sections start.
    starts: [usize; 3],
    opt: Option<usize>,
    tsig: Option<usize>,
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
        let message = Message { bytes, header, starts: [0; 3], opt: None, tsig: None };
        Parse { message, names: NameChecker::new() }.run()
    }

    /// The header: id, flags and counts.
    #[inline]
    #[must_use]
    pub fn header(&self) -> Header {
        self.header
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> u16 {
        self.header.id
    }

    /// The flags.
    #[must_use]
    pub fn flags(&self) -> Flags {
        self.header.flags
    }

    /// What is wanted.
    #[must_use]
    pub fn opcode(&self) -> Opcode {
        self.header.opcode()
    }

    /// The response code, with the bits that OPT adds (RFC 6891 section 6.1.3).
    #[must_use]
    pub fn rcode(&self) -> Rcode {
        let high = self.edns().map_or(0, |edns| u16::from(edns.extended_rcode));
        Rcode(high << 4 | self.header.rcode().0)
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
        let end = self.starts.first().filter(|_| self.header.questions == 1)?;
        let fixed = self.bytes.get(end.checked_sub(4)?..*end)?;
        let [a, b, c, d] = *fixed.first_chunk()?;
        let name = NameRef::of_valid(self.bytes, Header::LEN);
        Some(QuestionRef {
            name,
            rtype: RrType(u16::from_be_bytes([a, b])),
            class: Class(u16::from_be_bytes([c, d])),
        })
    }

    /// The records of the answer section; the prerequisites of an update.
    #[must_use]
    pub fn answer(&self) -> Records<'a> {
        Records::new(self.bytes, self.starts[0], self.header.answers)
    }

    /// The records of the authority section; the changes of an update.
    #[must_use]
    pub fn authority(&self) -> Records<'a> {
        Records::new(self.bytes, self.starts[1], self.header.authorities)
    }

    /// The records of the additional section, OPT and TSIG left out: see [`edns`](Message::edns) and
    /// [`tsig`](Message::tsig).
    #[must_use]
    pub fn additional(&self) -> Records<'a> {
        Records::new(self.bytes, self.starts[2], self.header.additionals).without_pseudo()
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
        Edns::of_record(self.bytes, self.opt?)
    }

    /// The TSIG record (RFC 8945), and where it starts: what is in front of it is what it signs.
    #[must_use]
    pub fn tsig(&self) -> Option<(usize, RecordRef<'a>)> {
        let start = self.tsig?;
        Records::new(self.bytes, start, 1).next().map(|record| (start, record))
    }
}

impl core::fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Message")
            .field("header", &self.header)
            .field("question", &self.question())
            .field("answer", &self.answer())
            .field("authority", &self.authority())
            .field("additional", &self.additional())
            .field("edns", &self.edns())
            .finish_non_exhaustive()
    }
}

/// A message being checked.
struct Parse<'a> {
    message: Message<'a>,
    names: NameChecker,
}

impl<'a> Parse<'a> {
    fn run(mut self) -> Result<Message<'a>, ParseError> {
        let Header { answers, authorities, additionals, .. } = self.message.header;
        let answer = self.question()?;
        let authority = self.records(answer, answers, Section::Answer)?;
        let additional = self.records(authority, authorities, Section::Authority)?;
        let end = self.records(additional, additionals, Section::Additional)?;
        if end != self.message.bytes.len() {
            return Err(ParseError::new(Kind::Trailing, end));
        }
        self.message.starts = [answer, authority, additional];
        Ok(self.message)
    }

    /// RFC 9619: one question at most; none with a cookie alone (RFC 7873 section 5.4) and behind the first message of
    /// a transfer (RFC 5936 section 2.2).
    fn question(&mut self) -> Result<usize, ParseError> {
        let bytes = self.message.bytes;
        match self.message.header.questions {
            0 => Ok(Header::LEN),
            1 => {
                let end = self.names.check(bytes, Header::LEN)? + 4;
                if end > bytes.len() { Err(ParseError::new(Kind::Short, bytes.len())) } else { Ok(end) }
            }
            _ => Err(ParseError::new(Kind::Questions, 4)),
        }
    }

    fn records(&mut self, mut at: usize, count: u16, section: Section) -> Result<usize, ParseError> {
        for left in (0..count).rev() {
            at = self.record(at, section, left)?;
        }
        Ok(at)
    }

    /// `left`: records of the section behind this one.
    #[inline]
    fn record(&mut self, at: usize, section: Section, left: u16) -> Result<usize, ParseError> {
        let bytes = self.message.bytes;
        let fixed_at = self.names.check(bytes, at)?;
        let fixed = Fixed::read(bytes, fixed_at).ok_or(ParseError::new(Kind::Short, bytes.len()))?;
        let start = fixed_at + Fixed::LEN;
        let end = start + fixed.rdlength;
        if end > bytes.len() {
            return Err(ParseError::new(Kind::RdataLength, fixed_at + 8));
        }
        match fixed.rtype {
            RrType::OPT => self.opt(at, section, &fixed)?,
            RrType::TSIG => self.tsig(at, section, left, &fixed)?,
            _ => {}
        }
        if !self.may_lack_rdata(&fixed) {
            rdata::check(fixed.rtype.fields(fixed.class), &mut self.names, bytes, (start, end))?;
        }
        Ok(end)
    }

    /// RFC 2136 sections 2.4 and 2.5: what is named and not said. RFC 6891 section 6.1.3: nobody knows the options of
    /// another version.
    fn may_lack_rdata(&self, fixed: &Fixed) -> bool {
        let update = fixed.rdlength == 0
            && matches!(fixed.class, Class::ANY | Class::NONE)
            && self.message.header.opcode() == Opcode::UPDATE;
        update || fixed.rtype == RrType::OPT && fixed.ttl.to_be_bytes()[1] != 0
    }

    /// RFC 6891 section 6.1.1: at most one, in the additional section, at the root.
    fn opt(&mut self, at: usize, section: Section, _: &Fixed) -> Result<(), ParseError> {
        let wrong = |kind| Err(ParseError::new(kind, at));
        if section != Section::Additional {
            return wrong(Kind::OptSection);
        }
        if self.message.bytes.get(at) != Some(&0) {
            return wrong(Kind::OptOwner);
        }
        match self.message.opt.replace(at) {
            None => Ok(()),
            Some(_) => wrong(Kind::OptTwice),
        }
    }

    /// RFC 8945 sections 4.2 and 5.1: the last of all, class ANY, TTL 0.
    fn tsig(&mut self, at: usize, section: Section, left: u16, fixed: &Fixed) -> Result<(), ParseError> {
        if section != Section::Additional || left > 0 {
            return Err(ParseError::new(Kind::TsigPlace, at));
        }
        if fixed.class != Class::ANY || fixed.ttl != 0 {
            return Err(ParseError::new(Kind::TsigForm, at));
        }
        self.message.tsig = Some(at);
        Ok(())
    }
}
