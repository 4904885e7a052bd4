//! Fields of RDATA, read from text.

use alloc::vec::Vec;
use core::net::Ipv6Addr;
use core::str::FromStr;

use proto_core::base64;
use proto_core::calendar::DateTime;

use super::field::Field;
use super::{base32, location, mnemonic, structure};
use crate::limits;
use crate::name::text::{text_to_wire, unescape};
use crate::text::{Token, decimal, period};
use crate::{Name, Rcode, RrType, TextError, TextErrorKind as Kind, svcb};

/// An IPv4 address: four numbers without zeros in front, dots between them. [`core::net::Ipv4Addr`]'s own reading is its twin.
fn dotted(text: &[u8]) -> Option<[u8; 4]> {
    let (mut octets, mut rest) = ([0; 4], text);
    for (number, place) in octets.iter_mut().enumerate() {
        if number > 0 {
            rest = rest.strip_prefix(b".")?;
        }
        let (mut value, mut digits) = (0_u16, 0);
        while let [digit @ b'0'..=b'9', behind @ ..] = rest {
            if digits == 3 || (digits == 1 && value == 0) {
                return None;
            }
            (value, digits, rest) = (value * 10 + u16::from(digit - b'0'), digits + 1, behind);
        }
        *place = u8::try_from(value).ok().filter(|_| digits > 0)?;
    }
    rest.is_empty().then_some(octets)
}

/// An IPv6 address of hexadecimal groups alone (RFC 4291 section 2.2, forms 1 and 2), as most are. [`Ipv6Addr`]'s own reading is
/// its twin, and reads the others.
fn grouped(text: &[u8]) -> Option<[u8; 16]> {
    let (mut groups, mut count, mut gap) = ([[0; 2]; 8], 0, None);
    let mut rest = text;
    if let Some(behind) = text.strip_prefix(b"::") {
        (gap, rest) = (Some(0), behind);
    }
    while !rest.is_empty() {
        let (group, digits) = hex_group(rest);
        let behind = rest.get(digits..)?;
        rest = match (digits, behind) {
            (0, [b':', behind @ ..]) if gap.is_none() && count > 0 => {
                gap = Some(count);
                behind
            }
            (1..=4, [] | [b':', _, ..]) => {
                *groups.get_mut(count)? = group.to_be_bytes();
                count += 1;
                behind.get(1..).unwrap_or_default()
            }
            _ => return None,
        };
    }
    match gap {
        None if count < 8 => return None,
        None => {}
        Some(_) if count == 8 => return None,
        // Those behind the gap to the end, and the zeros in between.
        Some(gap) => groups.get_mut(gap..)?.rotate_right(8 - count),
    }
    groups.as_flattened().try_into().ok()
}

/// The number that up to four hexadecimal digits at the front stand for, and how many there are; five are too many.
fn hex_group(text: &[u8]) -> (u16, usize) {
    let (mut group, mut digits) = (0, 0);
    for octet in text.iter().take(5) {
        let digit = match octet {
            b'0'..=b'9' => octet - b'0',
            b'a'..=b'f' => octet - b'a' + 10,
            b'A'..=b'F' => octet - b'A' + 10,
            _ => break,
        };
        (group, digits) = (group << 4 | u16::from(digit), digits + 1);
    }
    (group, digits)
}

/// Reads tokens and writes the wire form of what they stand for.
pub(super) struct Scanner<'t, 'o> {
    tokens: &'t [Token<'t>],
    /// How many tokens have been read.
    at: usize,
    origin: Option<&'t [u8]>,
    pub(super) out: &'o mut Vec<u8>,
    /// Where in `out` this RDATA starts.
    start: usize,
}

impl<'t, 'o> Scanner<'t, 'o> {
    pub(super) fn new(tokens: &'t [Token<'t>], origin: Option<&'t Name>, out: &'o mut Vec<u8>) -> Self {
        let start = out.len();
        Scanner { tokens, at: 0, origin: origin.map(Name::as_wire), out, start }
    }

    /// The next token; `what` is expected.
    #[inline]
    pub(super) fn token(&mut self, what: &'static str) -> Result<Token<'t>, TextError> {
        let missing = || TextError::new(Kind::Missing(what)).in_token(self.at);
        let token = self.tokens.get(self.at).ok_or_else(missing)?;
        self.at += 1;
        Ok(*token)
    }

    /// The next token, if there is one that `fits`.
    pub(super) fn token_if(&mut self, fits: impl FnOnce(&Token<'t>) -> bool) -> Option<Token<'t>> {
        let token = self.tokens.get(self.at).filter(|token| fits(token))?;
        self.at += 1;
        Some(*token)
    }

    pub(super) fn peek(&self) -> Option<&Token<'t>> {
        self.tokens.get(self.at)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub(super) fn end(&self) -> Result<(), TextError> {
        if self.is_at_end() { Ok(()) } else { Err(TextError::new(Kind::Trailing).in_token(self.at)) }
    }

    /// Something is wrong with the token read last.
    pub(super) fn wrong(&self, kind: Kind) -> TextError {
        TextError::new(kind).in_token(self.at.saturating_sub(1))
    }

    /// An error within the token read last.
    fn located(&self, error: TextError) -> TextError {
        error.in_token(self.at.saturating_sub(1))
    }

    pub(super) fn put(&mut self, octets: &[u8]) {
        self.out.extend_from_slice(octets);
    }

    /// What `read` makes of the next token.
    pub(super) fn value<T>(
        &mut self,
        what: &'static str,
        read: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<T, TextError> {
        let token = self.token(what)?;
        read(token.text).ok_or_else(|| self.wrong(Kind::Expected(what)))
    }

    #[inline]
    pub(super) fn field(&mut self, field: Field) -> Result<(), TextError> {
        match field {
            Field::Ipv4 => self.ipv4(),
            Field::Ipv6 => self.ipv6(),
            Field::Name | Field::Lower | Field::Plain => self.name(),
            Field::U8 => self.number(1, "an 8-bit number"),
            Field::U16 => self.number(2, "a 16-bit number"),
            Field::U32 => self.number(4, "a 32-bit number"),
            Field::U48 => self.number(6, "a 48-bit number"),
            Field::U64 => self.number(8, "a 64-bit number"),
            Field::Strings => self.strings(),
            Field::String => self.string(),
            Field::Base64 => self.base64(true),
            Field::Hex => self.hex("octets in hexadecimal digits"),
            Field::TypeBitmap => self.type_bitmap(),
            _ => self.rare(field),
        }
    }

    fn rare(&mut self, field: Field) -> Result<(), TextError> {
        match field {
            Field::Period => self.number_by("a period of time", 4, period),
            Field::Moment => self.number_by("a time as YYYYMMDDHHmmSS", 4, moment),
            Field::Type => {
                self.number_by("a record type", 2, |text| RrType::parse(text).map(|rtype| rtype.0.into()))
            }
            Field::Algorithm => {
                self.number_by("an algorithm", 1, |text| mnemonic::read(mnemonic::ALGORITHMS, text))
            }
            Field::CertType => {
                self.number_by("a certificate type", 2, |text| mnemonic::read(mnemonic::CERTIFICATES, text))
            }
            Field::Scheme => self.number_by("a scheme", 1, |text| mnemonic::read(mnemonic::SCHEMES, text)),
            Field::Rcode => self.number_by("a response code", 2, rcode),
            Field::Eui48 => self.groups("an EUI-48", 6, 2, b'-'),
            Field::Eui64 => self.groups("an EUI-64", 8, 2, b'-'),
            Field::Locator => self.groups("four groups of four hexadecimal digits", 4, 4, b':'),
            Field::Names => self.names(),
            Field::OptionalString if self.is_at_end() => Ok(()),
            Field::OptionalString => self.string(),
            Field::LongString => self.long_string(),
            Field::Tag => self.tag(),
            _ => self.encoded(field),
        }
    }

    fn encoded(&mut self, field: Field) -> Result<(), TextError> {
        match field {
            Field::NsapHex => self.nsap(),
            Field::HexOrDash => self.hex_or_dash(),
            Field::Base32 => self.base32(),
            Field::Base64OrNone => self.base64(false),
            Field::Base64OrDash => match self.token_if(|token| token.text == b"-") {
                Some(_) => Ok(()),
                None => self.base64(true),
            },
            Field::Sized => self.sized(),
            Field::NxtTypes => self.nxt_types(),
            Field::SvcParams => self.svc_params(),
            Field::Location => location::read(self),
            Field::Octets | Field::Options => Err(TextError::new(Kind::NoText)),
            _ => structure::read(field, self),
        }
    }

    pub(super) fn ipv4(&mut self) -> Result<(), TextError> {
        let octets = self.value("an IPv4 address", dotted)?;
        self.put(&octets);
        Ok(())
    }

    pub(super) fn ipv6(&mut self) -> Result<(), TextError> {
        let any = |text: &[u8]| from_str(text).map(|address: Ipv6Addr| address.octets());
        let octets = self.value("an IPv6 address", |text| grouped(text).or_else(|| any(text)))?;
        self.put(&octets);
        Ok(())
    }

    #[inline]
    pub(super) fn name(&mut self) -> Result<(), TextError> {
        let token = self.token("a name")?;
        let mut wire = [0; limits::NAME];
        let len = text_to_wire(token.text, self.origin, &mut wire).map_err(|error| self.located(error))?;
        self.put(wire.get(..len).unwrap_or_default());
        Ok(())
    }

    fn names(&mut self) -> Result<(), TextError> {
        while !self.is_at_end() {
            self.name()?;
        }
        Ok(())
    }

    /// A decimal number of so many octets.
    #[inline]
    pub(super) fn number(&mut self, octets: usize, what: &'static str) -> Result<(), TextError> {
        self.number_by(what, octets, decimal)
    }

    fn number_by(
        &mut self,
        what: &'static str,
        octets: usize,
        read: impl FnOnce(&[u8]) -> Option<u64>,
    ) -> Result<(), TextError> {
        let bytes = self.value(what, read)?.to_be_bytes();
        let (high, low) = bytes.split_at_checked(8 - octets).unwrap_or((&bytes, &[]));
        if high.iter().any(|octet| *octet != 0) {
            return Err(self.wrong(Kind::Range(what)));
        }
        self.put(low);
        Ok(())
    }

    /// Groups of hexadecimal digits.
    fn groups(
        &mut self,
        what: &'static str,
        count: usize,
        digits: usize,
        between: u8,
    ) -> Result<(), TextError> {
        let mut octets = Vec::new();
        self.value(what, |text| {
            let mut groups = 0;
            for group in text.split(|octet| *octet == between) {
                hex_digits(group, &mut octets).filter(|()| group.len() == digits)?;
                groups += 1;
            }
            (groups == count).then_some(())
        })?;
        self.put(&octets);
        Ok(())
    }

    fn string(&mut self) -> Result<(), TextError> {
        let token = self.token("a character-string")?;
        self.put_string(token)
    }

    fn put_string(&mut self, token: Token<'_>) -> Result<(), TextError> {
        let len_at = self.out.len();
        self.put(&[0]);
        self.unescaped(token.text)?;
        let len = u8::try_from(self.out.len() - len_at - 1);
        let len = len.map_err(|_| self.wrong(Kind::StringTooLong))?;
        if let Some(place) = self.out.get_mut(len_at) {
            *place = len;
        }
        Ok(())
    }

    fn unescaped(&mut self, text: &[u8]) -> Result<(), TextError> {
        if !text.contains(&b'\\') {
            self.put(text);
            return Ok(());
        }
        let mut at = 0;
        while let Some((octet, next)) = unescape(text, at).map_err(|error| self.located(error))? {
            self.out.push(octet.value());
            at = next;
        }
        Ok(())
    }

    fn strings(&mut self) -> Result<(), TextError> {
        self.string()?;
        while !self.is_at_end() {
            self.string()?;
        }
        Ok(())
    }

    fn long_string(&mut self) -> Result<(), TextError> {
        let token = self.token("a quoted string")?;
        self.unescaped(token.text)
    }

    /// RFC 8659 section 4.1.
    fn tag(&mut self) -> Result<(), TextError> {
        let is_tag = |text: &[u8]| {
            let fits = matches!(text.len(), 1..=255) && text.iter().all(u8::is_ascii_alphanumeric);
            fits.then(|| text.to_vec())
        };
        let tag = self.value("a property of letters and digits", is_tag)?;
        self.put(&[u8::try_from(tag.len()).unwrap_or(u8::MAX)]);
        self.put(&tag);
        Ok(())
    }

    /// Tokens up to the end, as if there were no space between them.
    fn rest(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        while let Some(token) = self.token_if(|_| true) {
            text.extend_from_slice(token.text);
        }
        text
    }

    pub(super) fn hex(&mut self, what: &'static str) -> Result<(), TextError> {
        let first = self.at;
        self.token(what)?;
        self.at = first;
        let text = self.rest();
        hex_digits(&text, self.out).ok_or(TextError::new(Kind::Expected(what)).in_token(first))
    }

    /// RFC 1706 section 7: dots may stand between the digits.
    fn nsap(&mut self) -> Result<(), TextError> {
        let mut octets = Vec::new();
        self.value("0x and hexadecimal digits", |text| {
            let digits = text.strip_prefix(b"0x").or_else(|| text.strip_prefix(b"0X"))?;
            let digits: Vec<u8> = digits.iter().copied().filter(|octet| *octet != b'.').collect();
            hex_digits(&digits, &mut octets).filter(|()| !octets.is_empty())
        })?;
        self.put(&octets);
        Ok(())
    }

    /// RFC 5155 section 3.3.
    fn hex_or_dash(&mut self) -> Result<(), TextError> {
        let mut octets = Vec::new();
        self.value("hexadecimal digits or -", |text| match text {
            b"-" => Some(()),
            text => hex_digits(text, &mut octets).filter(|()| !octets.is_empty()),
        })?;
        self.put_counted(&octets)
    }

    fn base32(&mut self) -> Result<(), TextError> {
        let mut octets = Vec::new();
        self.value("octets in base32", |text| {
            base32::read(text, &mut octets).filter(|()| !octets.is_empty())
        })?;
        self.put_counted(&octets)
    }

    /// Octets behind one octet of length.
    fn put_counted(&mut self, octets: &[u8]) -> Result<(), TextError> {
        let len = u8::try_from(octets.len());
        let len = len.map_err(|_| self.wrong(Kind::Range("255 octets")))?;
        self.put(&[len]);
        self.put(octets);
        Ok(())
    }

    fn base64(&mut self, needed: bool) -> Result<(), TextError> {
        let (what, first) = ("octets in base64", self.at);
        if needed {
            self.token(what)?;
            self.at = first;
        }
        let wrong = TextError::new(Kind::Expected(what)).in_token(first);
        if let [token] = self.tokens.get(first..).unwrap_or_default() {
            self.at += 1;
            return base64::STANDARD.decode_to(token.text, self.out).map_err(|_| wrong);
        }
        let text = self.rest();
        base64::STANDARD.decode_to(&text, self.out).map_err(|_| wrong)
    }

    /// A length, then base64 in one token if it is not zero.
    fn sized(&mut self) -> Result<(), TextError> {
        let start = self.out.len();
        self.number(2, "a length of octets")?;
        if self.out.get(start..) == Some(&[0, 0]) {
            return Ok(());
        }
        let token = self.token("octets in base64")?;
        let decoded = base64::STANDARD.decode_to(token.text, self.out);
        decoded.map_err(|_| self.wrong(Kind::Expected("octets in base64")))?;
        let len = u16::try_from(self.out.len() - start - 2).map(u16::to_be_bytes).ok();
        match (len, self.out.get(start..start + 2)) {
            (Some(len), Some(said)) if len == said => Ok(()),
            _ => Err(self.wrong(Kind::GenericLength)),
        }
    }

    /// The types up to the end, in order, each once.
    fn types(&mut self) -> Result<Vec<u16>, TextError> {
        let mut types = Vec::new();
        while !self.is_at_end() {
            types.push(self.value("a record type", RrType::parse)?.0);
        }
        types.sort_unstable();
        types.dedup();
        Ok(types)
    }

    /// RFC 4034 section 4.1.2.
    fn type_bitmap(&mut self) -> Result<(), TextError> {
        let types = self.types()?;
        for window in types.chunk_by(|a, b| a >> 8 == b >> 8) {
            let mut bits = [0_u8; 32];
            let (mut number, mut len) = (0, 0);
            for [high, low] in window.iter().map(|rtype| rtype.to_be_bytes()) {
                (number, len) = (high, low / 8 + 1);
                if let Some(octet) = bits.get_mut(usize::from(low / 8)) {
                    *octet |= 0x80 >> (low % 8);
                }
            }
            self.put(&[number, len]);
            self.put(bits.get(..usize::from(len)).unwrap_or_default());
        }
        Ok(())
    }

    /// RFC 2535 section 5.2.
    fn nxt_types(&mut self) -> Result<(), TextError> {
        let types = self.types()?;
        let start = self.out.len();
        for rtype in types {
            if !(1..=127).contains(&rtype) {
                return Err(self.wrong(Kind::Range("the types 1 to 127 of NXT")));
            }
            let at = start + usize::from(rtype / 8);
            self.out.resize(at + 1, 0);
            if let Some(octet) = self.out.get_mut(at) {
                *octet |= 0x80 >> (rtype % 8);
            }
        }
        Ok(())
    }

    /// RFC 9460 section 2.1. A value in quotes is a token of its own, behind one that ends in `=`.
    fn svc_params(&mut self) -> Result<(), TextError> {
        let mut params = svcb::Params::new();
        while let Some(token) = self.token_if(|_| true) {
            let open = !token.quoted && token.text.ends_with(b"=");
            let value = if open { self.token_if(|token| token.quoted) } else { None };
            let read = params.read(token.text, value.map(|token| token.text));
            read.map_err(|error| self.located(error))?;
        }
        let alias = self.out.get(self.start..self.start + 2) == Some(&[0, 0]);
        params.finish(alias, self.out).map_err(|error| self.located(error))
    }

    /// `\#`, a length and that many octets in hexadecimal digits (RFC 3597 section 5). Tells them.
    pub(super) fn generic(&mut self) -> Result<&[u8], TextError> {
        self.token("\\#")?;
        let len = self.value("a length of octets", decimal)?;
        let start = self.out.len();
        if !self.is_at_end() {
            self.hex("octets in hexadecimal digits")?;
        }
        let octets = self.out.get(start..).unwrap_or_default();
        match u64::try_from(octets.len()) {
            Ok(octets_len) if octets_len == len => Ok(octets),
            _ => Err(TextError::new(Kind::GenericLength).in_token(1)),
        }
    }
}

pub(super) fn from_str<T: FromStr>(text: &[u8]) -> Option<T> {
    core::str::from_utf8(text).ok()?.parse().ok()
}

/// Appends what pairs of hexadecimal digits stand for.
pub(super) fn hex_digits(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (pairs, rest) = text.as_chunks::<2>();
    for pair in pairs {
        let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
        out.push(u8::try_from(high? << 4 | low?).ok()?);
    }
    rest.is_empty().then_some(())
}

/// RFC 4034 section 3.2: `YYYYMMDDHHmmSS`, or seconds since 1970 in at most ten digits.
fn moment(text: &[u8]) -> Option<u64> {
    if text.len() != 14 {
        return decimal(text).filter(|_| text.len() <= 10);
    }
    let part = |from: usize, to: usize| text.get(from..to).and_then(decimal);
    let small = |from| part(from, from + 2).and_then(|part| u8::try_from(part).ok());
    let year = u16::try_from(part(0, 4)?).ok()?;
    let at = DateTime::new(year, small(4)?, small(6)?, small(8)?, small(10)?, small(12)?)?;
    u64::try_from(at.unix()).ok()
}

fn rcode(text: &[u8]) -> Option<u64> {
    let named = || from_str(text).map(|rcode: Rcode| rcode.0.into());
    decimal(text).or_else(named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_an_address_to_both_or_neither(
            four in "([0-9]{0,4}[.]){3}[0-9.x]{0,4}", six in "(:{0,2}[0-9a-fA-Fg]{0,5}){0,9}:{0,2}",
        ) {
            let library = four.parse().ok().map(|address: core::net::Ipv4Addr| address.octets());
            prop_assert_eq!(dotted(four.as_bytes()), library);
            let library = six.parse().ok().map(|address: Ipv6Addr| address.octets());
            prop_assert_eq!(grouped(six.as_bytes()), library);
        }

        #[test]
        fn addresses_come_back(address: [u8; 16], zeros in proptest::collection::vec(0_usize..16, 0..16)) {
            let mut address = address;
            for at in zeros {
                address[at] = 0;
            }
            let text = Ipv6Addr::from(address).to_string();
            let read = grouped(text.as_bytes());
            prop_assert!(read == Some(address) || text.contains('.'), "{} {:?}", text, read);
        }
    }

    #[test]
    fn addresses_are_read_as_the_library_reads_them() {
        for text in [
            "0.0.0.0",
            "255.255.255.255",
            "192.0.2.1",
            "1.2.3",
            "1.2.3.4.",
            ".1.2.3",
            "1..2.3",
            "01.2.3.4",
            "1.2.3.00",
            "256.1.1.1",
            "1.2.3.1000",
            "1.2.3.4 ",
            "",
            "a.b.c.d",
            "1.2.3.+4",
            "1,2,3,4",
            "1.2.3.4.5",
        ] {
            let library = text.parse().ok().map(|address: core::net::Ipv4Addr| address.octets());
            assert_eq!(dotted(text.as_bytes()), library, "{text}");
        }
    }
}
