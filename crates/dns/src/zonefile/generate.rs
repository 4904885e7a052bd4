//! `$GENERATE` (BIND): many records from one line, a number in them counting.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{GENERATE, TOKEN, ZoneErrorKind as Kind};
use crate::{Class, RrType};

/// A `$GENERATE` that is not through yet.
pub(super) struct Generate {
    next: u32,
    stop: u32,
    step: u32,
    pub(super) owner: Vec<u8>,
    pub(super) rdata: Vec<u8>,
    pub(super) ttl: Option<u32>,
    pub(super) class: Class,
    pub(super) rtype: RrType,
    pub(super) line: usize,
    pub(super) column: usize,
}

/// Owner and RDATA as text.
pub(super) type Expanded = (Vec<u8>, Vec<u8>);

impl Generate {
    /// `(next, stop, step)` of START-STOP[/STEP].
    pub(super) fn range(text: &[u8]) -> Option<(u32, u32, u32)> {
        let number = |text: &[u8]| u32::try_from(crate::text::decimal(text)?).ok();
        let dash = text.iter().position(|octet| *octet == b'-')?;
        let (start, rest) = (text.get(..dash)?, text.get(dash + 1..)?);
        let slash = rest.iter().position(|octet| *octet == b'/');
        let (stop, step) = match slash {
            Some(slash) => (rest.get(..slash)?, number(rest.get(slash + 1..)?)?),
            None => (rest, 1),
        };
        let (start, stop) = (number(start)?, number(stop)?);
        let count = stop.checked_sub(start)?.checked_div(step)?;
        (count < GENERATE && stop <= i32::MAX.unsigned_abs()).then_some((start, stop, step))
    }

    pub(super) fn new((next, stop, step): (u32, u32, u32), rtype: RrType) -> Self {
        let (owner, rdata) = (Vec::new(), Vec::new());
        let class = Class::IN;
        Generate { next, stop, step, owner, rdata, ttl: None, class, rtype, line: 0, column: 0 }
    }

    /// Owner and RDATA of the next record; `None` behind the last.
    pub(super) fn expand(&mut self) -> Option<Result<Expanded, Kind>> {
        if self.next > self.stop {
            return None;
        }
        let value = self.next;
        self.next = self.next.saturating_add(self.step);
        let both = expand(&self.owner, value).and_then(|owner| Ok((owner, expand(&self.rdata, value)?)));
        if both.is_err() {
            self.next = u32::MAX;
        }
        Some(both)
    }
}

fn expand(template: &[u8], value: u32) -> Result<Vec<u8>, Kind> {
    let (mut out, mut rest) = (Vec::new(), template);
    while let Some((octet, behind)) = rest.split_first() {
        rest = behind;
        match (octet, rest) {
            (b'\\', [escaped, behind @ ..]) => {
                // `\$` is a dollar sign; of a name it stays escaped.
                out.extend_from_slice(&[b'\\', *escaped]);
                rest = behind;
            }
            (b'$', [b'$', behind @ ..]) => {
                out.extend_from_slice(b"\\$");
                rest = behind;
            }
            (b'$', [b'{', behind @ ..]) => {
                let close = behind.iter().position(|octet| *octet == b'}').ok_or(Kind::Modifier)?;
                let modifier = Modifier::parse(behind.get(..close).unwrap_or_default());
                let text = modifier.and_then(|modifier| modifier.text(value)).ok_or(Kind::Modifier)?;
                out.extend_from_slice(text.as_bytes());
                rest = behind.get(close + 1..).unwrap_or_default();
            }
            (b'$', _) => out.extend_from_slice(format!("{value}").as_bytes()),
            _ => out.push(*octet),
        }
        if out.len() > TOKEN {
            return Err(Kind::TokenTooLong);
        }
    }
    Ok(out)
}

/// `${OFFSET,WIDTH,BASE}`.
struct Modifier {
    offset: i64,
    width: usize,
    base: u8,
}

impl Modifier {
    fn parse(text: &[u8]) -> Option<Modifier> {
        let mut parts = text.split(|octet| *octet == b',');
        let offset: i64 = core::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
        let width = match parts.next() {
            Some(width) => {
                usize::try_from(crate::text::decimal(width)?).ok().filter(|width| *width <= 255)?
            }
            None => 0,
        };
        let base = match parts.next() {
            Some([base @ (b'd' | b'o' | b'x' | b'X' | b'n' | b'N')]) => *base,
            Some(_) => return None,
            None => b'd',
        };
        let small = offset.unsigned_abs() <= u64::from(u32::MAX);
        (parts.next().is_none() && small).then_some(Modifier { offset, width, base })
    }

    fn text(&self, value: u32) -> Option<String> {
        let value = u64::try_from(i64::from(value) + self.offset).ok()?;
        let width = self.width;
        Some(match self.base {
            b'o' => format!("{value:0width$o}"),
            b'x' => format!("{value:0width$x}"),
            b'X' => format!("{value:0width$X}"),
            b'n' => nibbles(value, width),
            b'N' => nibbles(value, width).to_ascii_uppercase(),
            _ => format!("{value:0width$}"),
        })
    }
}

/// Hexadecimal digits as labels, the lowest first; the dots count for the width.
fn nibbles(mut value: u64, mut width: usize) -> String {
    let mut out = String::new();
    loop {
        out.push_str(&format!("{:x}", value & 0xF));
        value >>= 4;
        width = width.saturating_sub(1);
        if value == 0 && width == 0 {
            return out;
        }
        out.push('.');
        width = width.saturating_sub(1);
        if value == 0 && width == 0 {
            return out;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollar_signs_count() {
        for (template, value, text) in [
            ("host-$", 7, Some("host-7")),
            ("${0,3}", 7, Some("007")),
            ("${10,2,x}", 7, Some("11")),
            ("${0,4,X}", 171, Some("00AB")),
            ("${0,0,o}", 8, Some("10")),
            ("${-3}", 7, Some("4")),
            ("${-8}", 7, None),
            ("${0,3,n}", 0x1A, Some("a.1")),
            ("${0,7,N}", 0x1A, Some("A.1.0.0")),
            ("a$$b", 7, Some("a\\$b")),
            ("a\\$b", 7, Some("a\\$b")),
            ("${0,3,q}", 7, None),
            ("${0", 7, None),
            ("${0,256}", 7, None),
            ("$.$", 7, Some("7.7")),
        ] {
            let expanded = expand(template.as_bytes(), value).ok();
            assert_eq!(expanded.as_deref(), text.map(str::as_bytes), "{template}");
        }
    }

    #[test]
    fn ranges_are_bounded() {
        assert_eq!(Generate::range(b"1-127"), Some((1, 127, 1)));
        assert_eq!(Generate::range(b"0-10/5"), Some((0, 10, 5)));
        for wrong in ["", "1", "2-1", "1-2/0", "0-2147483647", "-1-2", "a-b", "0-4294967296"] {
            assert_eq!(Generate::range(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
