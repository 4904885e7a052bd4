//! Reading structured fields (RFC 9651 section 4.2), by the algorithms of the RFC, each of which is a function here.
//!
//! Nothing nests deeper than an item in an inner list, and every octet is looked at once.

use alloc::string::String;
use alloc::vec::Vec;

use super::value::{KEY, TOKEN, VISIBLE, begins_key, begins_token};
use super::{
    BareItem, Decimal, Dictionary, Error, InnerList, Integer, Item, Key, List, MAX_MEMBERS, MAX_PARAMETERS,
    Member, Parameters, Text, Token,
};

impl List {
    /// Reads a field whose type is List.
    ///
    /// # Errors
    /// It is none, or has more than [`MAX_MEMBERS`]. Nothing at all is an empty list.
    pub fn parse(value: &[u8]) -> Result<Self, Error> {
        Cursor::whole(value, |input| {
            let mut list = List::default();
            input.members(|input| {
                list.0.push(input.member()?);
                Ok(list.0.len())
            })?;
            Ok(list)
        })
    }
}

impl Dictionary {
    /// Reads a field whose type is Dictionary. Of members with the same key the last counts.
    ///
    /// # Errors
    /// It is none, or has more than [`MAX_MEMBERS`]. Nothing at all is an empty dictionary.
    pub fn parse(value: &[u8]) -> Result<Self, Error> {
        Cursor::whole(value, |input| {
            let mut dictionary = Dictionary::new();
            input.members(|input| {
                let key = input.key()?;
                let member = match input.take(b'=') {
                    true => input.member()?,
                    false => Item { value: BareItem::Boolean(true), params: input.parameters()? }.into(),
                };
                dictionary.insert(key, member);
                Ok(dictionary.0.0.len())
            })?;
            Ok(dictionary)
        })
    }
}

impl Item {
    /// Reads a field whose type is Item.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(value: &[u8]) -> Result<Self, Error> {
        Cursor::whole(value, Cursor::item)
    }
}

/// What is still to be read.
struct Cursor<'a> {
    whole: usize,
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// Section 4.2: spaces around the field are discarded, and nothing may be left.
    fn whole<T>(value: &'a [u8], parse: impl Fn(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        let mut input = Cursor { whole: value.len(), rest: value };
        input.skip(|octet| octet == b' ');
        let parsed = parse(&mut input)?;
        input.skip(|octet| octet == b' ');
        if input.rest.is_empty() { Ok(parsed) } else { Err(input.error("the end")) }
    }

    /// Sections 4.2.1 and 4.2.2: members with commas between them; `member` takes one and says how many there are now.
    fn members(&mut self, mut member: impl FnMut(&mut Self) -> Result<usize, Error>) -> Result<(), Error> {
        while !self.rest.is_empty() {
            if member(self)? > MAX_MEMBERS {
                return Err(self.error("fewer members"));
            }
            self.skip(is_ows);
            if self.rest.is_empty() {
                break;
            }
            if !self.take(b',') {
                return Err(self.error("a comma"));
            }
            self.skip(is_ows);
            if self.rest.is_empty() {
                return Err(self.error("a member behind the comma"));
            }
        }
        Ok(())
    }

    /// Section 4.2.1.1.
    fn member(&mut self) -> Result<Member, Error> {
        match self.take(b'(') {
            true => self.inner_list().map(Member::InnerList),
            false => self.item().map(Member::Item),
        }
    }

    /// Section 4.2.1.2, behind the parenthesis.
    fn inner_list(&mut self) -> Result<InnerList, Error> {
        let mut items = Vec::new();
        loop {
            self.skip(|octet| octet == b' ');
            if self.take(b')') {
                return Ok(InnerList { items, params: self.parameters()? });
            }
            if items.len() == MAX_PARAMETERS {
                return Err(self.error("fewer items"));
            }
            items.push(self.item()?);
            if !matches!(self.rest, [b' ' | b')', ..]) {
                return Err(self.error("a space or ')'"));
            }
        }
    }

    /// Section 4.2.3.
    fn item(&mut self) -> Result<Item, Error> {
        Ok(Item { value: self.bare_item()?, params: self.parameters()? })
    }

    /// Section 4.2.3.2.
    fn parameters(&mut self) -> Result<Parameters, Error> {
        let mut params = Parameters::new();
        while self.take(b';') {
            self.skip(|octet| octet == b' ');
            let key = self.key()?;
            let value = if self.take(b'=') { self.bare_item()? } else { BareItem::Boolean(true) };
            params.insert(key, value);
            if params.0.0.len() > MAX_PARAMETERS {
                return Err(self.error("fewer parameters"));
            }
        }
        Ok(params)
    }

    /// Section 4.2.3.3.
    fn key(&mut self) -> Result<Key, Error> {
        if !self.rest.first().is_some_and(|&octet| begins_key(octet)) {
            return Err(self.error("a key"));
        }
        let key = text(self.skip(|octet| KEY.has(octet)));
        Key::new(key).map_err(|_| self.error("a key"))
    }

    /// Section 4.2.3.1: the first character tells which.
    fn bare_item(&mut self) -> Result<BareItem, Error> {
        match self.rest {
            [b'-' | b'0'..=b'9', ..] => self.number(),
            [b'"', ..] => self.string(),
            [first, ..] if begins_token(*first) => {
                let token = text(self.skip(|octet| TOKEN.has(octet)));
                Token::new(token).map(BareItem::Token).map_err(|_| self.error("a token"))
            }
            [b':', ..] => self.bytes(),
            [b'?', ..] => self.boolean(),
            [b'@', ..] => self.date(),
            [b'%', ..] => self.display_string(),
            _ => Err(self.error("a value")),
        }
    }

    /// Section 4.2.4: 15 digits, or 12, a point, and 1 to 3.
    fn number(&mut self) -> Result<BareItem, Error> {
        let sign = if self.take(b'-') { -1 } else { 1 };
        let whole = self.digits(15)?;
        if whole.len() > 12 && self.rest.starts_with(b".") {
            return Err(self.error("at most 12 digits before the point"));
        }
        if !self.take(b'.') {
            return self.in_range(Integer::new(sign * number(whole)).map(BareItem::Integer));
        }
        let part = self.digits(3)?;
        let scale = match part.len() {
            1 => 100,
            2 => 10,
            _ => 1,
        };
        let thousandths = sign * (number(whole) * 1000 + number(part) * scale);
        self.in_range(Decimal::from_thousandths(thousandths).map(BareItem::Decimal))
    }

    fn in_range(&self, item: Result<BareItem, super::Misuse>) -> Result<BareItem, Error> {
        item.map_err(|_| self.error("a smaller number"))
    }

    fn digits(&mut self, most: usize) -> Result<&'a [u8], Error> {
        let digits = self.skip(|octet| octet.is_ascii_digit());
        match digits.len() {
            0 => Err(self.error("a digit")),
            count if count > most => Err(self.error("fewer digits")),
            _ => Ok(digits),
        }
    }

    /// Section 4.2.5.
    fn string(&mut self) -> Result<BareItem, Error> {
        self.take(b'"');
        let mut out = String::new();
        loop {
            out.push_str(text(self.skip(|octet| VISIBLE.has(octet) && !matches!(octet, b'"' | b'\\'))));
            match self.rest {
                [b'"', rest @ ..] => {
                    self.rest = rest;
                    return Text::new(out).map(BareItem::String).map_err(|_| self.error("a string"));
                }
                [b'\\', escaped @ (b'"' | b'\\'), rest @ ..] => {
                    out.push(char::from(*escaped));
                    self.rest = rest;
                }
                _ => return Err(self.error("a visible character, or the quote that ends the string")),
            }
        }
    }

    /// Section 4.2.7.
    fn bytes(&mut self) -> Result<BareItem, Error> {
        self.take(b':');
        let before = Cursor { ..*self };
        let encoded = self.skip(|octet| octet != b':');
        if !self.take(b':') {
            return Err(self.error("the colon that ends the bytes"));
        }
        decode(encoded).map(BareItem::Bytes).ok_or_else(|| before.error("base64"))
    }

    /// Section 4.2.8.
    fn boolean(&mut self) -> Result<BareItem, Error> {
        self.take(b'?');
        match self.take(b'1') {
            true => Ok(BareItem::Boolean(true)),
            false if self.take(b'0') => Ok(BareItem::Boolean(false)),
            false => Err(self.error("0 or 1")),
        }
    }

    /// Section 4.2.9.
    fn date(&mut self) -> Result<BareItem, Error> {
        self.take(b'@');
        match self.number()? {
            BareItem::Integer(seconds) => Ok(BareItem::Date(seconds)),
            _ => Err(self.error("a date in whole seconds")),
        }
    }

    /// Section 4.2.10.
    fn display_string(&mut self) -> Result<BareItem, Error> {
        self.take(b'%');
        if !self.take(b'"') {
            return Err(self.error("a quote"));
        }
        let mut out = Vec::new();
        loop {
            out.extend(self.skip(|octet| VISIBLE.has(octet) && !matches!(octet, b'"' | b'%')));
            match self.rest {
                [b'"', rest @ ..] => {
                    let text = String::from_utf8(out).map_err(|_| self.error("UTF-8"))?;
                    self.rest = rest;
                    return Ok(BareItem::DisplayString(text));
                }
                [b'%', high, low, rest @ ..] => {
                    let octet = hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low);
                    out.push(octet.ok_or_else(|| self.error("two lower-case hexadecimal digits"))?);
                    self.rest = rest;
                }
                _ => return Err(self.error("a visible character, or the quote that ends the string")),
            }
        }
    }

    /// Takes this octet, if it is next.
    fn take(&mut self, octet: u8) -> bool {
        match self.rest {
            [first, rest @ ..] if *first == octet => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Takes the longest run of such octets.
    fn skip(&mut self, is: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|&octet| !is(octet)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at_checked(end).unwrap_or_default();
        self.rest = rest;
        run
    }

    fn error(&self, expected: &'static str) -> Error {
        Error { offset: self.whole.saturating_sub(self.rest.len()), expected }
    }
}

fn is_ows(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

/// At most 15 digits.
fn number(digits: &[u8]) -> i64 {
    digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit & 0xf))
}

/// ASCII, which callers have made sure of.
fn text(octets: &[u8]) -> &str {
    core::str::from_utf8(octets).unwrap_or_default()
}

/// Lower case only.
fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// Section 4.2.7: padding may be missing and its bits may be anything: "parsers [...] SHOULD NOT fail".
fn decode(encoded: &[u8]) -> Option<Vec<u8>> {
    let padding = encoded.iter().rev().take_while(|&&octet| octet == b'=').count();
    let digits = encoded.get(..encoded.len().checked_sub(padding)?)?;
    let is_padded = padding == 0 || (padding <= 2 && encoded.len().is_multiple_of(4));
    if digits.len() % 4 == 1 || !is_padded {
        return None;
    }
    let mut out = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for group in digits.chunks(4) {
        let bits =
            group.iter().try_fold(0_u32, |bits, &digit| Some(bits << 6 | u32::from(sextet(digit)?)))?;
        let missing = 4_usize.saturating_sub(group.len());
        let [_, octets @ ..] = (bits << (6 * missing)).to_be_bytes();
        out.extend(octets.iter().take(3_usize.saturating_sub(missing)));
    }
    Some(out)
}

/// RFC 4648 section 4.
fn sextet(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}
