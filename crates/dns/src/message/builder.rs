//! Messages, written: a header, a question, and RRsets that go in whole or not at all.
//!
//! The rule: whatever is refused leaves no trace, so that what is there is a message at any moment.

use super::compress::{Compressor, Split};
use crate::edns::{EdnsHeader, EdnsOption};
use crate::limits;
use crate::rdata::{Parts, Shape};
use crate::{BuildError, Flags, Header, NameRef, QuestionRef, Rcode, RdataRef, RecordRef};

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
    /// Octets of the question's name, which stands behind the header. 0: none.
    question: usize,
    /// Of no use for messages whose only name is that of the question.
    names: Option<Compressor>,
}

impl<'b> Builder<'b> {
    /// A message with the id and flags of `header`; its counts are those of what is pushed. At most as long as `out`,
    /// and as [`limits::MESSAGE`].
    #[inline]
    #[must_use]
    pub fn new(out: &'b mut [u8], header: Header) -> Self {
        let limit = out.len().min(limits::MESSAGE);
        let (rcode, flags) = (header.rcode(), header.flags);
        let header = Header { id: header.id, flags, ..Header::default() };
        Builder {
            out,
            len: Header::LEN,
            limit,
            reserved: 0,
            header,
            rcode,
            section: None,
            question: 0,
            names: None,
        }
    }

    /// At most `octets` long: what the other side can take.
    #[inline]
    #[must_use]
    pub fn limit(mut self, octets: usize) -> Self {
        self.limit = self.limit.min(octets);
        self
    }

    /// Keeps room for what [`push_edns`](Builder::push_edns) and [`push_tsig`](Builder::push_tsig) will write.
    #[inline]
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
    #[inline]
    pub fn push_question(&mut self, question: QuestionRef<'_>) -> Result<(), BuildError> {
        if self.section.is_some() {
            return Err(BuildError::Order);
        }
        if self.header.questions > 0 {
            return Err(BuildError::Count);
        }
        self.whole(|this| {
            this.put_plain_name(question.name)?;
            let ([a, b], [c, d]) = (question.rtype.0.to_be_bytes(), question.class.0.to_be_bytes());
            this.put_array([a, b, c, d])
        })?;
        self.header.questions = 1;
        self.question = self.len - Header::LEN - 4;
        Ok(())
    }

    /// Writes the records of one RRset, all of them or none. An empty one writes nothing.
    ///
    /// # Errors
    /// No room for all of them; a section that comes before the one being written.
    #[inline]
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
        let count = self.whole(|this| this.put_rrset(owner, ttl, rdatas))?;
        self.count(section, count);
        Ok(())
    }

    /// Writes one record.
    ///
    /// # Errors
    /// As [`try_push_rrset`](Builder::try_push_rrset).
    #[inline]
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
                this.put_array(edns.encode(rcode))?;
                this.put_array([0; 2])?;
                let start = this.len;
                options.iter().try_for_each(|option| option.encode(&mut |octets| this.put(octets)))?;
                this.put_len(start)
            })?;
            this.count(Section::Additional, 1);
            Ok(())
        })
    }

    /// Writes a TSIG record (RFC 8945), into reserved room too. It must be the last.
    ///
    /// # Errors
    /// No room.
    pub fn push_tsig(&mut self, key: NameRef<'_>, rdata: RdataRef<'_>) -> Result<(), BuildError> {
        self.with_reserve(|this| {
            this.whole(|this| {
                this.put_plain_name(key)?;
                this.put_behind_owner(0, &rdata)
            })?;
            this.count(Section::Additional, 1);
            Ok(())
        })
    }

    /// The message as it stands, header included.
    pub fn message(&mut self) -> &[u8] {
        put_header(self.out, &self.header);
        self.out.get(..self.len).unwrap_or_default()
    }

    /// The message. Empty if the memory is shorter than a header.
    #[inline]
    #[must_use]
    pub fn finish(self) -> &'b [u8] {
        put_header(self.out, &self.header);
        self.out.get(..self.len).unwrap_or_default()
    }

    fn count(&mut self, section: Section, more: u16) {
        if more == 0 {
            return;
        }
        self.section = Some(section);
        let count = match section {
            Section::Answer => &mut self.header.answers,
            Section::Authority => &mut self.header.authorities,
            Section::Additional => &mut self.header.additionals,
        };
        // Eleven octets each: 65535 octets don't hold 65536 records.
        *count = count.saturating_add(more);
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
    #[inline]
    fn whole<T>(&mut self, push: impl FnOnce(&mut Self) -> Result<T, BuildError>) -> Result<T, BuildError> {
        let len = self.len;
        push(self).inspect_err(|_| self.cut(len))
    }

    /// What is there from this octet on is not.
    #[cold]
    fn cut(&mut self, len: usize) {
        self.len = len;
        if let Some(names) = &mut self.names {
            names.forget(len);
        }
    }

    #[inline]
    fn put(&mut self, octets: &[u8]) -> Result<(), BuildError> {
        self.put_with(octets.len(), |place| place.copy_from_slice(octets))
    }

    #[inline]
    fn put_array<const N: usize>(&mut self, octets: [u8; N]) -> Result<(), BuildError> {
        self.put(&octets)
    }

    /// So many octets, which are written all at once.
    #[inline]
    fn put_with(&mut self, octets: usize, write: impl FnOnce(&mut [u8])) -> Result<(), BuildError> {
        let end = self.len + octets;
        let place = self.out.get_mut(self.len..end).filter(|_| end + self.reserved <= self.limit);
        write(place.ok_or(BuildError::Full)?);
        self.len = end;
        Ok(())
    }

    /// Writes the owner of a record.
    #[inline]
    fn put_owner(&mut self, owner: NameRef<'_>) -> Result<Option<u16>, BuildError> {
        match owner.contiguous() {
            Some(wire) => self.put_wire_owner(wire),
            None => self.put_wire_owner(owner.wire_in(&mut [0; limits::NAME])),
        }
    }

    #[inline]
    fn put_wire_owner(&mut self, wire: &[u8]) -> Result<Option<u16>, BuildError> {
        if let Some(target) = self.names.as_ref().and_then(|names| names.owner(wire)) {
            return self.put_pointer(target);
        }
        let target = self.put_wire_name(wire)?;
        if let (Some(names), Some(target)) = (&mut self.names, target) {
            names.keep_owner(wire, target);
        }
        Ok(target)
    }

    /// Writes a name, its tail as a pointer if it is there already. Tells where a pointer to it leads to.
    #[inline]
    fn put_name(&mut self, name: NameRef<'_>) -> Result<Option<u16>, BuildError> {
        match name.contiguous() {
            Some(wire) => self.put_wire_name(wire),
            None => self.put_wire_name(name.wire_in(&mut [0; limits::NAME])),
        }
    }

    #[inline]
    fn put_wire_name(&mut self, wire: &[u8]) -> Result<Option<u16>, BuildError> {
        if let Some(target) = self.names.as_mut().and_then(|names| names.in_turn(self.out, wire)) {
            return self.put_pointer(target);
        }
        let question = self.out.get(Header::LEN..Header::LEN + self.question).unwrap_or_default();
        match Split::of_question(question, wire) {
            Split { literal: 0, target: Some(target) } => self.put_pointer(target),
            Split { literal: 0, target: None } => self.put_array([0]).map(|()| None),
            split => self.put_new_name(wire, split),
        }
    }

    #[inline]
    fn put_pointer(&mut self, target: u16) -> Result<Option<u16>, BuildError> {
        self.put_array(pointer(target))?;
        Ok(Some(target))
    }

    /// A name that the question does not end in.
    fn put_new_name(&mut self, wire: &[u8], split: Split) -> Result<Option<u16>, BuildError> {
        let at = self.len;
        let names = self.names.get_or_insert_with(Compressor::new);
        let split = names.split(self.out.get(..at).unwrap_or_default(), wire, split);
        let labels = wire.get(..split.literal).unwrap_or_default();
        match split.target {
            Some(target) if labels.is_empty() => return self.put_pointer(target),
            Some(target) => self.put_with(labels.len() + 2, |place| {
                if let Some((place, end)) = place.split_last_chunk_mut() {
                    place.copy_from_slice(labels);
                    *end = pointer(target);
                }
            })?,
            // The root ends in itself.
            None => self.put(wire)?,
        }
        Ok(u16::try_from(at).ok().filter(|at| *at < 0x4000))
    }

    /// A name that nobody is to point to, nor it to anybody.
    fn put_plain_name(&mut self, name: NameRef<'_>) -> Result<(), BuildError> {
        match name.contiguous() {
            Some(wire) => self.put(wire),
            None => self.put(name.wire_in(&mut [0; limits::NAME])),
        }
    }

    /// The records of an RRset; all but the first point to the first one's owner.
    #[inline]
    fn put_rrset<'r>(
        &mut self,
        owner: NameRef<'_>,
        ttl: u32,
        rdatas: impl IntoIterator<Item = RdataRef<'r>>,
    ) -> Result<u16, BuildError> {
        let (mut count, mut target) = (0, None::<u16>);
        for rdata in rdatas {
            match target {
                Some(target) => self.put_array(pointer(target))?,
                None => target = self.put_owner(owner)?,
            }
            self.put_behind_owner(ttl, &rdata)?;
            count += 1;
        }
        Ok(count)
    }

    #[inline]
    fn put_behind_owner(&mut self, ttl: u32, rdata: &RdataRef<'_>) -> Result<(), BuildError> {
        let octets = rdata.octets();
        match rdata.rtype().shape(rdata.class()).map(Shape::parts) {
            Some(Parts::Octets) => self.put_octets(ttl, rdata),
            Some(Parts::Names) if rdata.is_whole() => self.put_octets(ttl, rdata),
            Some(Parts::Compressed { before, names }) if !octets.is_empty() => {
                self.put_sized((ttl, rdata), |this| this.put_compressed(rdata, before, names))
            }
            _ => self.put_sized((ttl, rdata), |this| this.put_fields(rdata)),
        }
    }

    /// What stands between owner and RDATA, and RDATA that is written as it is.
    #[inline]
    fn put_octets(&mut self, ttl: u32, rdata: &RdataRef<'_>) -> Result<(), BuildError> {
        let octets = rdata.octets();
        let head = head(ttl, rdata, octets.len())?;
        self.put_with(HEAD + octets.len(), |place| {
            let Some((place, rest)) = place.split_first_chunk_mut() else { return };
            *place = head;
            // Addresses are worth not to be counted.
            match octets.len() {
                4 => copy_array::<4>(rest, octets),
                16 => copy_array::<16>(rest, octets),
                _ => rest.copy_from_slice(octets),
            }
        })
    }

    /// The same, of RDATA whose length turns out when it is there.
    #[inline]
    fn put_sized(
        &mut self,
        (ttl, rdata): (u32, &RdataRef<'_>),
        put: impl FnOnce(&mut Self) -> Result<(), BuildError>,
    ) -> Result<(), BuildError> {
        self.put_array(head(ttl, rdata, 0)?)?;
        let start = self.len;
        put(self)?;
        self.put_len(start)
    }

    /// How many octets there are from `start` on, in front of them.
    #[inline]
    fn put_len(&mut self, start: usize) -> Result<(), BuildError> {
        let len = u16::try_from(self.len - start).map_err(|_| BuildError::Full)?;
        if let Some(place) = self.out.get_mut(start - 2..start) {
            place.copy_from_slice(&len.to_be_bytes());
        }
        Ok(())
    }

    #[inline]
    fn put_compressed(&mut self, rdata: &RdataRef<'_>, before: usize, names: u8) -> Result<(), BuildError> {
        let octets = rdata.octets();
        if before > 0 {
            self.put(octets.get(..before).unwrap_or_default())?;
        }
        let mut at = before;
        for _ in 0..names {
            let name = rdata.name_at(at);
            match name.contiguous() {
                Some(wire) => {
                    self.put_wire_name(wire)?;
                    at += wire.len();
                }
                None => {
                    self.put_name(name)?;
                    at += name.len_in_place();
                }
            }
        }
        match octets.get(at..) {
            Some(after) if !after.is_empty() => self.put(after),
            _ => Ok(()),
        }
    }

    /// Names of RFC 1035 types are compressed, no others (RFC 3597 section 4).
    fn put_fields(&mut self, rdata: &RdataRef<'_>) -> Result<(), BuildError> {
        for part in rdata.fields() {
            match part.name() {
                Some(name) if part.is_compressible() => self.put_name(name).map(|_| ())?,
                Some(name) => self.put_plain_name(name)?,
                None => self.put(part.octets())?,
            }
        }
        Ok(())
    }
}

/// Octets between owner and RDATA.
const HEAD: usize = 10;

/// What stands between owner and RDATA of so many octets.
#[inline]
fn head(ttl: u32, rdata: &RdataRef<'_>, len: usize) -> Result<[u8; HEAD], BuildError> {
    let ([a, b], [c, d]) = (rdata.rtype().0.to_be_bytes(), rdata.class().0.to_be_bytes());
    let [e, f, g, h] = ttl.to_be_bytes();
    let [i, j] = u16::try_from(len).map_err(|_| BuildError::Full)?.to_be_bytes();
    Ok([a, b, c, d, e, f, g, h, i, j])
}

/// RFC 1035 section 4.1.4.
#[inline]
fn pointer(target: u16) -> [u8; 2] {
    (0xC000 | target).to_be_bytes()
}

#[inline]
fn copy_array<const N: usize>(place: &mut [u8], octets: &[u8]) {
    if let (Some(place), Some(octets)) = (place.first_chunk_mut::<N>(), octets.first_chunk()) {
        *place = *octets;
    }
}

#[inline]
fn put_header(out: &mut [u8], header: &Header) {
    if let Some(place) = out.first_chunk_mut() {
        *place = header.encode();
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
