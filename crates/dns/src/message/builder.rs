//! Messages, written: a header, a question, and RRsets that go in whole or not at all.
//!
//! The rule: whatever is refused leaves no trace, so that what is there is a message at any moment.

use super::compress::Compressor;
use crate::edns::{EdnsHeader, EdnsOption};
use crate::limits;
use crate::{BuildError, Class, Flags, Header, NameRef, QuestionRef, Rcode, RdataRef, RecordRef, RrType};

/// A section that holds records (RFC 1035 section 4.1). In updates: prerequisites, changes, additional data (RFC 2136
/// section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Section {
    /// What was asked for.
    Answer,
    /// Who is in charge.
    Authority,
    /// What may be of use.
    Additional,
}

impl Section {
    /// All three, in their order.
    pub const ALL: [Section; 3] = [Section::Answer, Section::Authority, Section::Additional];
}

/// Writes a message into memory of the caller's, names compressed.
///
/// ```
/// use dns::{Builder, Header, Message, Opcode, Question, RrType};
/// let mut buffer = [0; 512];
/// let mut builder = Builder::new(&mut buffer, Header::query(7, Opcode::QUERY));
/// builder.push_question(Question::new("example.org".parse()?, RrType::MX).as_question_ref())?;
/// let query = Message::parse(builder.finish())?;
/// assert_eq!(query.question().unwrap().to_string(), "example.org. IN MX");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Builder<'b> {
    out: &'b mut [u8],
    len: usize,
    limit: usize,
    reserved: usize,
    header: Header,
    rcode: Rcode,
    section: Option<Section>,
    names: Compressor,
}

impl<'b> Builder<'b> {
    /// A message with the id and flags of `header`; its counts are those of what is pushed. At most as long as `out`,
    /// and as [`limits::MESSAGE`].
    #[must_use]
    pub fn new(out: &'b mut [u8], header: Header) -> Self {
        let limit = out.len().min(limits::MESSAGE);
        let (rcode, flags) = (header.rcode(), header.flags);
        let header = Header { id: header.id, flags, ..Header::default() };
        let names = Compressor::new();
        Builder { out, len: Header::LEN, limit, reserved: 0, header, rcode, section: None, names }
    }

    /// At most `octets` long: what the other side can take.
    #[must_use]
    pub fn limit(mut self, octets: usize) -> Self {
        self.limit = self.limit.min(octets);
        self
    }

    /// Keeps room for what [`push_edns`](Builder::push_edns) and [`push_tsig`](Builder::push_tsig) will write.
    #[must_use]
    pub fn reserve(mut self, octets: usize) -> Self {
        self.reserved = octets;
        self
    }

    /// Octets written so far.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is always a header")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Octets that records can still take.
    #[must_use]
    pub fn room(&self) -> usize {
        self.limit.saturating_sub(self.reserved + self.len)
    }

    /// The header as it stands.
    #[must_use]
    pub fn header(&self) -> Header {
        self.header
    }

    /// Another response code. Of codes over 15 only the low bits fit into the header: set it before
    /// [`push_edns`](Builder::push_edns), which takes the others (RFC 6891 section 6.1.3).
    pub fn set_rcode(&mut self, rcode: Rcode) {
        self.rcode = rcode;
        self.header.flags = self.header.flags.with_rcode(rcode);
    }

    /// Other flags; opcode and response code stay.
    pub fn set_flags(&mut self, flags: Flags) {
        let kept = (self.header.flags.opcode(), self.header.flags.rcode());
        self.header.flags = flags.with_opcode(kept.0).with_rcode(kept.1);
    }

    /// Something that belongs here did not fit: TC (RFC 2181 section 9).
    pub fn set_truncated(&mut self) {
        self.header.flags = self.header.flags.with(Flags::TC);
    }

    /// Writes the question. There is one, in front of everything else.
    ///
    /// # Errors
    /// No room; a second question, or one behind records.
    pub fn push_question(&mut self, question: QuestionRef<'_>) -> Result<(), BuildError> {
        if self.section.is_some() {
            return Err(BuildError::Order);
        }
        if self.header.questions > 0 {
            return Err(BuildError::Count);
        }
        self.whole(|this| {
            this.put_name(question.name, true)?;
            this.put(&question.rtype.0.to_be_bytes())?;
            this.put(&question.class.0.to_be_bytes())
        })?;
        self.header.questions = 1;
        Ok(())
    }

    /// Writes the records of one RRset, all of them or none. An empty one writes nothing.
    ///
    /// # Errors
    /// No room for all of them; a section that comes before the one being written.
    pub fn try_push_rrset<'r>(
        &mut self,
        section: Section,
        owner: NameRef<'_>,
        ttl: u32,
        rdatas: impl IntoIterator<Item = RdataRef<'r>>,
    ) -> Result<(), BuildError> {
        if self.section > Some(section) {
            return Err(BuildError::Order);
        }
        let mut count = 0;
        self.whole(|this| {
            for rdata in rdatas {
                this.put_record(owner, ttl, &rdata)?;
                count += 1;
            }
            Ok(())
        })?;
        self.count(section, count)
    }

    /// Writes one record.
    ///
    /// # Errors
    /// As [`try_push_rrset`](Builder::try_push_rrset).
    pub fn push_record(&mut self, section: Section, record: RecordRef<'_>) -> Result<(), BuildError> {
        self.try_push_rrset(section, record.owner, record.ttl, [record.rdata])
    }

    /// Writes OPT, into reserved room too: the header's response code is completed by its upper bits.
    ///
    /// # Errors
    /// No room.
    pub fn push_edns(&mut self, edns: &EdnsHeader, options: &[EdnsOption<'_>]) -> Result<(), BuildError> {
        let rcode = self.rcode;
        self.with_reserve(|this| {
            this.whole(|this| {
                this.put(&edns.encode(rcode))?;
                this.put_sized(|this| {
                    options.iter().try_for_each(|option| option.encode(&mut |octets| this.put(octets)))
                })
            })?;
            this.count(Section::Additional, 1)
        })
    }

    /// Writes a TSIG record (RFC 8945), into reserved room too. It must be the last.
    ///
    /// # Errors
    /// No room.
    pub fn push_tsig(&mut self, key: NameRef<'_>, rdata: RdataRef<'_>) -> Result<(), BuildError> {
        self.with_reserve(|this| {
            this.whole(|this| {
                this.put_name(key, false)?;
                this.put_fixed(RrType::TSIG, Class::ANY, 0)?;
                this.put_sized(|this| this.put_rdata(&rdata))
            })?;
            this.count(Section::Additional, 1)
        })
    }

    /// The message as it stands, header included.
    pub fn message(&mut self) -> &[u8] {
        let header = self.header.encode();
        if let Some(place) = self.out.first_chunk_mut() {
            *place = header;
        }
        self.out.get(..self.len).unwrap_or_default()
    }

    /// The message. Empty if the memory is shorter than a header.
    #[must_use]
    pub fn finish(mut self) -> &'b [u8] {
        self.message();
        let Builder { out, len, .. } = self;
        out.get(..len).unwrap_or_default()
    }

    fn count(&mut self, section: Section, more: u16) -> Result<(), BuildError> {
        if more == 0 {
            return Ok(());
        }
        self.section = Some(section);
        let count = match section {
            Section::Answer => &mut self.header.answers,
            Section::Authority => &mut self.header.authorities,
            Section::Additional => &mut self.header.additionals,
        };
        // Eleven octets each: 65535 octets don't hold 65536 records.
        *count = count.saturating_add(more);
        Ok(())
    }

    fn with_reserve(
        &mut self,
        push: impl FnOnce(&mut Self) -> Result<(), BuildError>,
    ) -> Result<(), BuildError> {
        let (before, reserved) = (self.len, core::mem::take(&mut self.reserved));
        let pushed = push(self);
        self.reserved = reserved.saturating_sub(self.len - before);
        pushed
    }

    /// All of it or nothing.
    fn whole(&mut self, push: impl FnOnce(&mut Self) -> Result<(), BuildError>) -> Result<(), BuildError> {
        let (len, names) = (self.len, self.names.mark());
        push(self).inspect_err(|_| {
            self.len = len;
            self.names.forget(names);
        })
    }

    #[inline]
    fn put(&mut self, octets: &[u8]) -> Result<(), BuildError> {
        let end = self.len + octets.len();
        if end + self.reserved > self.limit {
            return Err(BuildError::Full);
        }
        let place = self.out.get_mut(self.len..end).ok_or(BuildError::Full)?;
        place.copy_from_slice(octets);
        self.len = end;
        Ok(())
    }

    fn put_name(&mut self, name: NameRef<'_>, compress: bool) -> Result<(), BuildError> {
        let mut buffer = [0; limits::NAME];
        let wire = name.wire_in(&mut buffer);
        if !compress {
            return self.put(wire);
        }
        let written = self.out.get(..self.len).unwrap_or_default();
        let split = self.names.split(written, wire);
        self.put(wire.get(..split.literal).unwrap_or_default())?;
        match split.target {
            Some(target) => self.put(&(0xC000 | target).to_be_bytes()),
            None => self.put(&[0]),
        }
    }

    fn put_fixed(&mut self, rtype: RrType, class: Class, ttl: u32) -> Result<(), BuildError> {
        let ([a, b], [c, d], [e, f, g, h]) =
            (rtype.0.to_be_bytes(), class.0.to_be_bytes(), ttl.to_be_bytes());
        self.put(&[a, b, c, d, e, f, g, h])
    }

    fn put_record(&mut self, owner: NameRef<'_>, ttl: u32, rdata: &RdataRef<'_>) -> Result<(), BuildError> {
        self.put_name(owner, true)?;
        self.put_fixed(rdata.rtype(), rdata.class(), ttl)?;
        self.put_sized(|this| this.put_rdata(rdata))
    }

    /// Names of RFC 1035 types are compressed, no others (RFC 3597 section 4).
    fn put_rdata(&mut self, rdata: &RdataRef<'_>) -> Result<(), BuildError> {
        for part in rdata.fields() {
            match part.name() {
                Some(name) => self.put_name(name, part.is_compressible())?,
                None => self.put(part.octets())?,
            }
        }
        Ok(())
    }

    /// RDLENGTH and what it counts.
    fn put_sized(&mut self, put: impl FnOnce(&mut Self) -> Result<(), BuildError>) -> Result<(), BuildError> {
        let at = self.len;
        self.put(&[0; 2])?;
        put(self)?;
        let len = u16::try_from(self.len - at - 2).map_err(|_| BuildError::Full)?;
        if let Some(place) = self.out.get_mut(at..at + 2) {
            place.copy_from_slice(&len.to_be_bytes());
        }
        Ok(())
    }
}

impl core::fmt::Debug for Builder<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Builder")
            .field("header", &self.header)
            .field("len", &self.len)
            .field("limit", &self.limit)
            .field("reserved", &self.reserved)
            .finish_non_exhaustive()
    }
}
