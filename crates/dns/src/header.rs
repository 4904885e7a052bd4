//! The twelve octets in front of every message (RFC 1035 section 4.1.1).

use crate::{Opcode, ParseError, ParseErrorKind, Rcode};

/// The header of a message.
///
/// ```
/// use dns::{Flags, Header, Opcode};
/// let header = Header::parse(b"\x12\x34\x01\x00\0\x01\0\0\0\0\0\0")?;
/// assert_eq!(header.id, 0x1234);
/// assert!(header.flags.has(Flags::RD) && !header.is_response());
/// assert_eq!(header.opcode(), Opcode::QUERY);
/// # Ok::<(), dns::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Header {
    /// By which a reply finds its query.
    pub id: u16,
    /// QR to RCODE.
    pub flags: Flags,
    /// QDCOUNT; ZOCOUNT in an update (RFC 2136 section 2.2).
    pub questions: u16,
    /// ANCOUNT; PRCOUNT in an update.
    pub answers: u16,
    /// NSCOUNT; UPCOUNT in an update.
    pub authorities: u16,
    /// ARCOUNT, OPT and TSIG included.
    pub additionals: u16,
}

impl Header {
    /// Octets of a header.
    pub const LEN: usize = 12;

    /// The header of a message, whatever follows it. Enough for the answer to an unknown opcode or a broken message.
    ///
    /// # Errors
    /// [`ParseErrorKind::Header`]: fewer octets than a header has.
    #[inline]
    pub fn parse(message: &[u8]) -> Result<Header, ParseError> {
        let Some(octets) = message.first_chunk::<12>() else {
            return Err(ParseError::new(ParseErrorKind::Header, message.len()));
        };
        let [a, b, c, d, e, f, g, h, i, j, k, l] = *octets;
        let [id, flags, questions, answers, authorities, additionals] =
            [[a, b], [c, d], [e, f], [g, h], [i, j], [k, l]].map(u16::from_be_bytes);
        Ok(Header { id, flags: Flags(flags), questions, answers, authorities, additionals })
    }

    /// The twelve octets.
    #[must_use]
    pub fn encode(&self) -> [u8; 12] {
        let fields =
            [self.id, self.flags.0, self.questions, self.answers, self.authorities, self.additionals];
        let [[a, b], [c, d], [e, f], [g, h], [i, j], [k, l]] = fields.map(u16::to_be_bytes);
        [a, b, c, d, e, f, g, h, i, j, k, l]
    }

    /// The header of a query of this kind, all counts zero.
    #[must_use]
    pub fn query(id: u16, opcode: Opcode) -> Header {
        Header { id, flags: Flags::default().with_opcode(opcode), ..Header::default() }
    }

    /// The header of the reply to this: id, opcode, RD and CD are the query's (RFC 1035 section 4.1.1, RFC 4035 section
    /// 3.1.6), all counts zero.
    #[must_use]
    pub fn reply(&self, rcode: Rcode) -> Header {
        let kept = Flags(self.flags.0 & (Flags::OPCODE.0 | Flags::RD.0 | Flags::CD.0));
        Header { id: self.id, flags: kept.with(Flags::QR).with_rcode(rcode), ..Header::default() }
    }

    /// QR: this is a response.
    #[must_use]
    pub fn is_response(&self) -> bool {
        self.flags.has(Flags::QR)
    }

    /// What is wanted.
    #[must_use]
    pub fn opcode(&self) -> Opcode {
        self.flags.opcode()
    }

    /// The four bits of the response code that are here; see [`Message::rcode`](crate::Message::rcode) for all twelve.
    #[must_use]
    pub fn rcode(&self) -> Rcode {
        self.flags.rcode()
    }
}

/// The second sixteen bits of a header: flags, opcode and response code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Flags(pub u16);

impl Flags {
    /// A response.
    pub const QR: Flags = Flags(0x8000);
    /// An authoritative answer.
    pub const AA: Flags = Flags(0x0400);
    /// Truncated.
    pub const TC: Flags = Flags(0x0200);
    /// Recursion desired.
    pub const RD: Flags = Flags(0x0100);
    /// Recursion available.
    pub const RA: Flags = Flags(0x0080);
    /// The bit that is always zero.
    pub const Z: Flags = Flags(0x0040);
    /// Authentic data (RFC 4035 section 3.2.3).
    pub const AD: Flags = Flags(0x0020);
    /// Checking disabled (RFC 4035 section 3.2.2).
    pub const CD: Flags = Flags(0x0010);
    const OPCODE: Flags = Flags(0x7800);
    const RCODE: Flags = Flags(0x000F);

    /// Whether all bits of `flags` are set.
    #[must_use]
    pub const fn has(self, flags: Flags) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// With the bits of `flags` set.
    #[must_use]
    pub const fn with(self, flags: Flags) -> Flags {
        Flags(self.0 | flags.0)
    }

    /// With the bits of `flags` clear.
    #[must_use]
    pub const fn without(self, flags: Flags) -> Flags {
        Flags(self.0 & !flags.0)
    }

    /// The operation code.
    #[must_use]
    pub const fn opcode(self) -> Opcode {
        let [high, _] = self.0.to_be_bytes();
        Opcode::new(high >> 3)
    }

    /// With another operation code.
    #[must_use]
    pub const fn with_opcode(self, opcode: Opcode) -> Flags {
        Flags(self.0 & !Self::OPCODE.0 | u16::from_be_bytes([opcode.code() << 3, 0]))
    }

    /// The response code's low four bits.
    #[must_use]
    pub const fn rcode(self) -> Rcode {
        Rcode(self.0 & Self::RCODE.0)
    }

    /// With the low four bits of another response code.
    #[must_use]
    pub const fn with_rcode(self, rcode: Rcode) -> Flags {
        Flags(self.0 & !Self::RCODE.0 | rcode.0 & Self::RCODE.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_has_its_place() {
        let header = Header::parse(&[0xBE, 0xEF, 0xAD, 0x93, 0, 1, 0, 2, 0, 3, 1, 4]).unwrap();
        assert_eq!(header.id, 0xBEEF);
        assert_eq!((header.opcode(), header.rcode()), (Opcode::UPDATE, Rcode::NXDOMAIN));
        for (flag, set) in [
            (Flags::QR, true),
            (Flags::AA, true),
            (Flags::TC, false),
            (Flags::RD, true),
            (Flags::RA, true),
            (Flags::Z, false),
            (Flags::AD, false),
            (Flags::CD, true),
        ] {
            assert_eq!(header.flags.has(flag), set, "{flag:?}");
        }
        assert_eq!(
            (header.questions, header.answers, header.authorities, header.additionals),
            (1, 2, 3, 260)
        );
        assert_eq!(Header::parse(&header.encode()), Ok(header));
    }

    #[test]
    fn a_reply_keeps_id_opcode_rd_and_cd_and_nothing_else() {
        let flags = Flags(0xFFFF).without(Flags::QR);
        let query = Header { id: 7, flags, questions: 1, answers: 1, authorities: 1, additionals: 1 };
        let reply = query.reply(Rcode::REFUSED);
        let flags =
            Flags::default().with_opcode(Opcode::new(15)).with(Flags::QR).with(Flags::RD).with(Flags::CD);
        assert_eq!(reply, Header { id: 7, flags: flags.with_rcode(Rcode(5)), ..Header::default() });
    }

    #[test]
    fn eleven_octets_are_no_header_and_deserve_silence() {
        let error = Header::parse(&[0; 11]).unwrap_err();
        assert_eq!((error.kind, error.rcode()), (ParseErrorKind::Header, None));
    }
}
