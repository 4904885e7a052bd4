//! `Content-Disposition` in HTTP (RFC 6266), with file names in any script (RFC 8187): what to do with a download, and
//! under which name.
//!
//! The rule: the name is a proposal by a stranger. [`ContentDisposition::filename`] says what it is, [`safe_file_name`]
//! makes one of it that can't do harm.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use nom::character::complete::char;
use nom::combinator::opt;
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use crate::field_value::{Parameter, ows, push_quoted, stopped_at, token, token_or_quoted};
use crate::octets::{ATTR_CHAR, TCHAR};
use crate::uri::percent;

/// The longest file name that common file systems take, in bytes.
const MAX_FILE_NAME: usize = 255;
/// The longest ending that is kept when a file name is cut.
const MAX_EXTENSION: usize = 16;

/// The value of a `Content-Disposition` field.
///
/// ```
/// use http1::content_disposition::ContentDisposition;
///
/// let value = b"attachment; filename=\"EURO rates\"; filename*=utf-8''%e2%82%ac%20rates";
/// let disposition = ContentDisposition::parse(value)?;
/// assert!(disposition.is_attachment());
/// assert_eq!(disposition.filename(), Some("€ rates"));
/// # Ok::<(), http1::content_disposition::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentDisposition<'a> {
    kind: Cow<'a, str>,
    filename: Option<Cow<'a, str>>,
}

/// A value that is not well-formed; best read as if the field were not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a Content-Disposition such as 'attachment; filename=\"a.txt\"' (byte {offset})")]
pub struct Error {
    /// Where it stops being well-formed, or where a parameter begins that was there before.
    pub offset: usize,
}

/// A file name that can't be sent: it has a control character in it. The caller is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a file name can't have control characters in it")]
pub struct Misuse;

impl<'a> ContentDisposition<'a> {
    /// Reads the value of the field.
    ///
    /// # Errors
    /// It is not well-formed by RFC 6266 section 4.1, or names a parameter twice. A `filename*` that can't be decoded is no
    /// error: section 4.3 wants it ignored.
    pub fn parse(value: &'a [u8]) -> Result<Self, Error> {
        let at = |error| Error { offset: stopped_at(value, &error) };
        let (mut rest, kind) = delimited(ows, token, ows).parse(value).map_err(at)?;
        let (mut plain, mut extended, mut names) = (None, None, Vec::new());
        while !rest.is_empty() {
            let (behind, parameter) = semicolon_parameter(rest).map_err(at)?;
            if let Some((name, text)) = parameter {
                let name = name.to_ascii_lowercase();
                if names.len() == MAX_PARAMETERS || names.contains(&name) {
                    return Err(Error { offset: value.len() - rest.len() });
                }
                match &name[..] {
                    b"filename" => plain = Some(text_of(text)),
                    b"filename*" => extended = ext_value(&text),
                    _ => {}
                }
                names.push(name);
            }
            rest = behind;
        }
        Ok(ContentDisposition {
            kind: String::from_utf8_lossy(kind),
            filename: extended.map(Cow::Owned).or(plain),
        })
    }

    /// The disposition type as it was written: `inline`, `attachment` or anything else.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// To be stored and not shown. RFC 6266 section 4.2: so are types that nobody knows.
    #[must_use]
    pub fn is_attachment(&self) -> bool {
        !self.kind.eq_ignore_ascii_case("inline")
    }

    /// The name it proposes, as it is: for people's eyes. For a file, take [`safe_file_name`] of it.
    #[must_use]
    pub fn filename(&self) -> Option<&str> {
        self.filename.as_deref()
    }
}

/// More parameters than anybody sends.
const MAX_PARAMETERS: usize = 32;

/// The value that proposes to store the content under this name.
///
/// A name beyond plain US-ASCII is sent twice, the second time as RFC 8187 has it; old recipients read the first.
///
/// # Errors
/// The name has a control character in it.
///
/// ```
/// use http1::content_disposition::attachment;
///
/// assert_eq!(attachment("a b.txt")?, "attachment; filename=\"a b.txt\"");
/// assert_eq!(attachment("€.txt")?, "attachment; filename=\"_.txt\"; filename*=UTF-8''%E2%82%AC.txt");
/// # Ok::<(), http1::content_disposition::Misuse>(())
/// ```
pub fn attachment(name: &str) -> Result<String, Misuse> {
    if name.chars().any(char::is_control) {
        return Err(Misuse);
    }
    // RFC 6266 appendix D: what recipients disagree about.
    let is_plain = |c: char| c.is_ascii() && !matches!(c, '%' | '"' | '\\');
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let mut quoted = Vec::new();
    push_quoted(&mut quoted, plain.as_bytes()).ok_or(Misuse)?;
    let quoted = String::from_utf8_lossy(&quoted);
    if plain == name {
        return Ok(format!("attachment; filename={quoted}"));
    }
    let extended = percent::encode(name.as_bytes(), &ATTR_CHAR);
    Ok(format!("attachment; filename={quoted}; filename*=UTF-8''{extended}"))
}

/// A file name made of a proposed one: no directory, nothing hidden, no control or direction-changing character, nothing
/// that some file system takes for something else, at most 255 bytes (RFC 6266 section 4.3).
///
/// `None` if nothing is left.
///
/// ```
/// use http1::content_disposition::safe_file_name;
///
/// assert_eq!(safe_file_name("../../.ssh/authorized_keys").as_deref(), Some("authorized_keys"));
/// assert_eq!(safe_file_name("C:\\temp\\con.txt").as_deref(), Some("_con.txt"));
/// assert_eq!(safe_file_name(".."), None);
/// ```
#[must_use]
pub fn safe_file_name(proposed: &str) -> Option<String> {
    let name = proposed.rsplit(['/', '\\']).next().unwrap_or("");
    let name: String = name.chars().filter(|&c| !is_invisible(c)).map(replace_reserved).collect();
    let name = name.trim_matches(|c: char| c.is_whitespace() || c == '.');
    if name.is_empty() {
        return None;
    }
    let name = if is_device(name) { format!("_{name}") } else { name.into() };
    Some(shorten(&name))
}

/// Control characters, and those that make a name look like another one: `exe.txt` that is `txt.exe`.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn replace_reserved(c: char) -> char {
    if matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*') { '_' } else { c }
}

/// Names that are devices on some systems, whatever their ending.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or("").trim_end().to_ascii_uppercase();
    let numbered = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    let is_numbered = |n: &str| n.len() == 1 && n.parse().is_ok_and(|n: u8| n > 0);
    matches!(&*stem, "CON" | "PRN" | "AUX" | "NUL") || numbered.is_some_and(is_numbered)
}

/// At most [`MAX_FILE_NAME`] bytes, with a short ending kept.
fn shorten(name: &str) -> String {
    if name.len() <= MAX_FILE_NAME {
        return name.into();
    }
    let extension = name.rfind('.').and_then(|dot| name.get(dot..)).filter(|end| end.len() <= MAX_EXTENSION);
    let extension = extension.unwrap_or("");
    let stem = name.get(..boundary(name, MAX_FILE_NAME - extension.len())).unwrap_or("");
    format!("{}{extension}", stem.trim_end_matches(|c: char| c.is_whitespace() || c == '.'))
}

/// The last place up to `at` where a character ends.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// `;` and a parameter, or nothing (RFC 9110 section 5.6.6), and the white space around; also around `=`, where the grammar
/// of RFC 6266 has it.
fn semicolon_parameter(input: &[u8]) -> IResult<&[u8], Option<Parameter<'_>>> {
    let equals = delimited(ows, char('='), ows);
    let parameter = (terminated(token, equals), token_or_quoted);
    preceded((char(';'), ows), terminated(opt(parameter), ows)).parse(input)
}

/// Octets beyond US-ASCII are UTF-8, or else ISO-8859-1, as RFC 2616 had it.
fn text_of(octets: Cow<'_, [u8]>) -> Cow<'_, str> {
    match octets {
        Cow::Borrowed(octets) => {
            core::str::from_utf8(octets).map_or_else(|_| Cow::Owned(latin1(octets)), Cow::Borrowed)
        }
        Cow::Owned(octets) => {
            Cow::Owned(String::from_utf8(octets).unwrap_or_else(|error| latin1(error.as_bytes())))
        }
    }
}

fn latin1(octets: &[u8]) -> String {
    octets.iter().map(|&octet| char::from(octet)).collect()
}

/// RFC 8187 section 3.2.1: `charset'language'value`. `None` if it can't be decoded.
fn ext_value(text: &[u8]) -> Option<String> {
    let mut parts = text.splitn(3, |&octet| octet == b'\'');
    let (charset, _language, value) = (parts.next()?, parts.next()?, parts.next()?);
    // Section 3.2.1: attr-char or triplets. Some send other token characters as they are; those mean themselves.
    percent::check(value, &TCHAR.without(b"%")).ok()?;
    let octets = percent::decode(value).ok()?;
    if charset.eq_ignore_ascii_case(b"UTF-8") {
        String::from_utf8(octets.into_owned()).ok()
    } else {
        charset.eq_ignore_ascii_case(b"ISO-8859-1").then(|| latin1(&octets))
    }
}
