//! Writing structured fields (RFC 9651 section 4.1). Nothing can fail: the types have seen to it.

use alloc::string::String;
use core::fmt::{self, Display, Formatter, Write as _};

use proto_core::base64;

use super::{BareItem, Decimal, Dictionary, InnerList, Item, List, Member, Parameters};
use crate::structured::value::VISIBLE;

impl Display for List {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        separated(f, ", ", &self.0, |f, member| member.fmt(f))
    }
}

impl Display for Dictionary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        separated(f, ", ", self.iter(), |f, (key, member)| {
            f.write_str(key)?;
            match member {
                // Section 4.1.2: what is true is only named.
                Member::Item(Item { value: BareItem::Boolean(true), params }) => params.fmt(f),
                member => write!(f, "={member}"),
            }
        })
    }
}

impl Display for Member {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Member::Item(item) => item.fmt(f),
            Member::InnerList(list) => list.fmt(f),
        }
    }
}

impl Display for InnerList {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('(')?;
        separated(f, " ", &self.items, |f, item| item.fmt(f))?;
        write!(f, "){}", self.params)
    }
}

impl Display for Item {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.value, self.params)
    }
}

impl Display for Parameters {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|(key, value)| match value {
            BareItem::Boolean(true) => write!(f, ";{key}"),
            value => write!(f, ";{key}={value}"),
        })
    }
}

impl Display for BareItem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            BareItem::Integer(number) => write!(f, "{}", number.value()),
            BareItem::Decimal(number) => number.fmt(f),
            BareItem::String(text) => quoted(f, text.as_str()),
            BareItem::Token(token) => f.write_str(token.as_str()),
            BareItem::Bytes(bytes) => write!(f, ":{}:", base64::STANDARD.encode(bytes)),
            BareItem::Boolean(is_so) => f.write_str(if *is_so { "?1" } else { "?0" }),
            BareItem::Date(seconds) => write!(f, "@{}", seconds.value()),
            BareItem::DisplayString(text) => display_string(f, text),
        }
    }
}

impl Display for Decimal {
    /// Section 4.1.5: at least one digit behind the point, and no zeros at the end.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let number = self.thousandths();
        let (whole, part) = (number.unsigned_abs() / 1000, number.unsigned_abs() % 1000);
        let sign = if number < 0 { "-" } else { "" };
        match part {
            part if part % 100 == 0 => write!(f, "{sign}{whole}.{}", part / 100),
            part if part % 10 == 0 => write!(f, "{sign}{whole}.{:02}", part / 10),
            part => write!(f, "{sign}{whole}.{part:03}"),
        }
    }
}

fn separated<T>(
    f: &mut Formatter<'_>,
    separator: &str,
    parts: impl IntoIterator<Item = T>,
    write: impl Fn(&mut Formatter<'_>, T) -> fmt::Result,
) -> fmt::Result {
    for (place, part) in parts.into_iter().enumerate() {
        if place > 0 {
            f.write_str(separator)?;
        }
        write(f, part)?;
    }
    Ok(())
}

/// Section 4.1.6.
fn quoted(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(character)?;
    }
    f.write_char('"')
}

/// Section 4.1.11: `%`, `"` and what is not visible ASCII, as lower-case hexadecimal.
fn display_string(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    let mut out = String::from("%\"");
    for octet in text.bytes() {
        if VISIBLE.has(octet) && !matches!(octet, b'%' | b'"') {
            out.push(char::from(octet));
        } else {
            write!(out, "%{octet:02x}")?;
        }
    }
    write!(f, "{out}\"")
}
