//! Parameters of Content-Type and Content-Disposition, in both directions (RFC 2045 section 5.1, RFC 2231).
//!
//! The rule for reading: whatever is there gets a name and a value. A value that should have been quoted goes up to the next
//! semicolon; the sections of a long value are put together in the order of their numbers, up to a gap; `name*` wins over
//! `name`, and the first of two equals wins. The rule for writing: a value that needs it is encoded, and only then.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use proto_core::scan::Class;

use crate::lexical::{
    Cursor, Quoted, Set, TOKEN, TOKEN_CLASS, check_token, lossy, note, shift, slice, text, trim, unfold,
};
use crate::word::{self, escaped_byte};
use crate::{Charset, Defect, DefectKind, Limits, Misuse};

/// A parameter: its name and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter<'a> {
    /// As written, without the `*` of RFC 2231. Names are compared in any case.
    pub name: Cow<'a, str>,
    /// Unquoted, joined, decoded.
    pub value: Cow<'a, str>,
    /// The language of the value (RFC 2231 section 4), if it says so.
    pub language: Option<Cow<'a, str>>,
}

/// The parameters of one field, in wire order, each name once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters<'a> {
    list: Vec<Parameter<'a>>,
}

impl<'a> Parameters<'a> {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Parameters { list: Vec::new() }
    }

    /// Reads `;name=value` as often as it comes: what stands behind the type in a field.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Self {
        Self::parse_with(bytes, &Limits::DEFAULT, &mut Vec::new())
    }

    /// The same within `limits`; what is wrong is appended to `defects`, offsets counted from the start of `bytes`.
    #[must_use]
    pub fn parse_with(bytes: &'a [u8], limits: &Limits, defects: &mut Vec<Defect>) -> Self {
        let sections = sections(bytes, limits, defects);
        let starred = sections.iter().any(|section| section.number.is_some() || section.extended);
        let list = if starred || sections.len() > FEW {
            joined(sections, defects)
        } else {
            plain(sections, defects)
        };
        Parameters { list }
    }

    /// The same for all that is left of a field, offsets counted from its start.
    pub(crate) fn at(cursor: &Cursor<'a>, limits: &Limits, defects: &mut Vec<Defect>) -> Self {
        let first = defects.len();
        let rest = slice(cursor.bytes, cursor.at, cursor.bytes.len());
        let parameters = Self::parse_with(rest, limits, defects);
        let (mut start, mut ignored) = (Cursor::new(rest), Vec::new());
        start.skip_cfws(limits, &mut ignored);
        let missing = Defect::new(DefectKind::Parameter, start.at as u64);
        // RFC 2045 section 5.1: a semicolon stands in front of each.
        if !matches!(start.peek(), None | Some(b';')) && defects.get(first) != Some(&missing) {
            note(defects, missing.kind, start.at);
        }
        shift(defects, first, cursor.at as u64);
        parameters
    }

    /// The value of the parameter with this name, in any case.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.find(name).map(|parameter| &*parameter.value)
    }

    /// The parameter with this name, in any case.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Parameter<'a>> {
        self.list.iter().find(|parameter| parameter.name.eq_ignore_ascii_case(name))
    }

    /// All of them, in wire order.
    pub fn iter(&self) -> core::slice::Iter<'_, Parameter<'a>> {
        self.list.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// There is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Sets a parameter; one of this name is replaced.
    ///
    /// # Errors
    /// The name is no token, or there is CR, LF or NUL in the value.
    pub fn set(
        &mut self,
        name: impl Into<Cow<'a, str>>,
        value: impl Into<Cow<'a, str>>,
    ) -> Result<(), Misuse> {
        let (name, value) = (name.into(), value.into());
        // RFC 2045 section 5.1: an attribute is a token; RFC 2231 section 7 keeps `*`, `'` and `%` for itself.
        check_token(&name, &write::ATTRIBUTE)?;
        crate::error::check_value(value.as_bytes())?;
        let parameter = Parameter { name, value, language: None };
        match self.list.iter_mut().find(|other| other.name.eq_ignore_ascii_case(&parameter.name)) {
            Some(other) => *other = parameter,
            None => self.list.push(parameter),
        }
        Ok(())
    }

    /// Appends `; name=value` for each, folded so that no line passes 78 columns if that can be; the line already has `column` of
    /// them. Returns the column it ends in.
    pub fn write(&self, out: &mut Vec<u8>, column: usize) -> usize {
        self.iter().fold(column, |column, parameter| write::parameter(parameter, out, column))
    }

    /// All borrowed text copied.
    #[must_use]
    pub fn into_owned(self) -> Parameters<'static> {
        let owned = |text: Cow<'a, str>| Cow::Owned::<'static, str>(text.into_owned());
        let parameter = |parameter: Parameter<'a>| Parameter {
            name: owned(parameter.name),
            value: owned(parameter.value),
            language: parameter.language.map(owned),
        };
        Parameters { list: self.list.into_iter().map(parameter).collect() }
    }
}

impl<'p, 'a> IntoIterator for &'p Parameters<'a> {
    type Item = &'p Parameter<'a>;
    type IntoIter = core::slice::Iter<'p, Parameter<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// `;name=value` as text, without folds.
impl core::fmt::Display for Parameters<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut out = Vec::new();
        self.write(&mut out, 0);
        f.write_str(&text(unfold(&out)))
    }
}

/// As many parameters are compared each with each.
const FEW: usize = 16;

/// One `name=value` as it stands.
#[derive(Clone, Debug)]
struct Section<'a> {
    /// Without the `*`s.
    name: &'a [u8],
    /// Where it stands.
    at: usize,
    /// RFC 2231 section 3: which of several it is.
    number: Option<u32>,
    /// RFC 2231 section 4: it ends in `*`, the value has escapes.
    extended: bool,
    value: Cow<'a, [u8]>,
}

/// All there is, in wire order.
fn sections<'a>(bytes: &'a [u8], limits: &Limits, defects: &mut Vec<Defect>) -> Vec<Section<'a>> {
    let (mut cursor, mut sections) = (Cursor::new(bytes), Vec::new());
    let (mut numbered, mut plain) = (0, 0);
    loop {
        cursor.skip_cfws(limits, defects);
        if cursor.skip(b';') {
            continue;
        }
        if cursor.is_at_end() {
            return sections;
        }
        let at = cursor.at;
        let Some(section) = section(&mut cursor, limits, defects) else { continue };
        let (count, limit) = match section.number {
            Some(_) => (&mut numbered, limits.sections_2231),
            None => (&mut plain, limits.parameters),
        };
        if *count == limit {
            note(defects, DefectKind::Parameters, at);
            return sections;
        }
        *count += 1;
        sections.push(section);
    }
}

/// RFC 2045 section 5.1: `attribute "=" value`. The cursor ends before a semicolon, or at the end.
fn section<'a>(cursor: &mut Cursor<'a>, limits: &Limits, defects: &mut Vec<Defect>) -> Option<Section<'a>> {
    let at = cursor.at;
    let name = cursor.run(&NAME);
    cursor.skip_cfws(limits, defects);
    if name.is_empty() || !cursor.skip(b'=') {
        note(defects, DefectKind::Parameter, at);
        cursor.until(&SEMICOLON);
        return None;
    }
    cursor.skip_cfws(limits, defects);
    let value = value(cursor, limits, defects);
    let (name, extended) = name.strip_suffix(b"*").map_or((name, false), |name| (name, true));
    let star = name.iter().rposition(|byte| *byte == b'*');
    let number = star.and_then(|star| section_number(slice(name, star + 1, name.len())));
    let name = star.filter(|_| number.is_some()).map_or(name, |star| slice(name, 0, star));
    if name.contains(&b'*') {
        note(defects, DefectKind::ExtendedParameter, at);
    }
    Some(Section { name, at, number, extended, value })
}

/// Bytes of a name. Some write blanks and others write anything.
static NAME: Set = Set::of(Class::of(b"=;\"( \t\r\n").not());
static SEMICOLON: Set = Set::of(Class::of(b";"));

/// RFC 2231 section 7: a decimal number without leading zeros.
fn section_number(digits: &[u8]) -> Option<u32> {
    let canonical = digits == b"0" || !digits.starts_with(b"0");
    let plain = canonical && digits.iter().all(u8::is_ascii_digit);
    core::str::from_utf8(digits).ok().filter(|_| plain)?.parse().ok()
}

/// A token or a quoted string; of what is neither, all up to the semicolon.
fn value<'a>(cursor: &mut Cursor<'a>, limits: &Limits, defects: &mut Vec<Defect>) -> Cow<'a, [u8]> {
    let from = cursor.at;
    let quoted = (cursor.peek() == Some(b'"')).then(|| cursor.quoted_string(defects));
    if quoted.is_none() {
        cursor.run(&TOKEN);
    }
    let end = cursor.at;
    let first = defects.len();
    cursor.skip_cfws(limits, defects);
    if matches!(cursor.peek(), None | Some(b';')) && (quoted.is_some() || end > from) {
        return quoted.map_or(Cow::Borrowed(slice(cursor.bytes, from, end)), Quoted::value);
    }
    defects.truncate(first);
    cursor.until(&SEMICOLON);
    if let Some(quoted) = quoted {
        note(defects, DefectKind::Parameter, end);
        return quoted.value();
    }
    note(defects, DefectKind::Unquoted, from);
    unfold(trim(cursor.since(from)))
}

/// Few parameters, none of them by RFC 2231.
fn plain<'a>(sections: Vec<Section<'a>>, defects: &mut Vec<Defect>) -> Vec<Parameter<'a>> {
    let mut list = Vec::<Parameter<'a>>::with_capacity(sections.len());
    for section in sections {
        let name = lossy(section.name);
        if list.iter().any(|other| other.name.eq_ignore_ascii_case(&name)) {
            note(defects, DefectKind::DuplicateParameter, section.at);
            continue;
        }
        let value = plain_value(section.value, section.at, defects);
        list.push(Parameter { name, value, language: None });
    }
    list
}

/// RFC 2047 section 5 (3) forbids encoded words here; they are sent all the same, and what they mean is plain.
fn plain_value<'a>(value: Cow<'a, [u8]>, at: usize, defects: &mut Vec<Defect>) -> Cow<'a, str> {
    if !word::is_suspect(&value) {
        return readable(value, at, defects);
    }
    note(defects, DefectKind::WordPlace, at);
    Cow::Owned(word::decode(&value).into_owned())
}

/// RFC 6532 section 3.1: UTF-8.
fn readable<'a>(value: Cow<'a, [u8]>, at: usize, defects: &mut Vec<Defect>) -> Cow<'a, str> {
    if core::str::from_utf8(&value).is_err() {
        note(defects, DefectKind::NotUtf8, at);
    }
    text(value)
}

/// Puts sections together: sorted by name, so that the work stays in proportion.
fn joined<'a>(mut sections: Vec<Section<'a>>, defects: &mut Vec<Defect>) -> Vec<Parameter<'a>> {
    let lower = |section: &Section<'a>| section.name.to_ascii_lowercase();
    sections.sort_by_cached_key(lower);
    let mut list = Vec::new();
    for group in sections.chunk_by_mut(|one, two| one.name.eq_ignore_ascii_case(two.name)) {
        let at = group.first().map_or(0, |first| first.at);
        list.extend(one_of(group, defects).map(|parameter| (at, parameter)));
    }
    list.sort_by_key(|(at, _)| *at);
    list.into_iter().map(|(_, parameter)| parameter).collect()
}

/// What all sections of one name, in wire order, mean together: the extended value, or else the numbered sections, or else
/// the plain value.
fn one_of<'a>(group: &mut [Section<'a>], defects: &mut Vec<Defect>) -> Option<Parameter<'a>> {
    // Stable: of two that are equal the first stays first.
    group.sort_by_key(|section| match section.number {
        None if section.extended => (0, 0),
        Some(number) => (1, number),
        None => (2, 0),
    });
    let first = group.first()?.clone();
    let name = lossy(first.name);
    if first.number.is_none() {
        if let [_, second, ..] = group {
            note(defects, DefectKind::DuplicateParameter, second.at);
        }
        if !first.extended {
            let value = plain_value(first.value, first.at, defects);
            return Some(Parameter { name, value, language: None });
        }
    }
    let (value, language) = match numbered(group, defects) {
        0 => return plain_beside(group, name, defects),
        run => decoded(group.get(..run).unwrap_or_default(), defects),
    };
    Some(Parameter { name, value: Cow::Owned(value), language: language.map(Cow::Owned) })
}

/// The plain value that stands beside numbered sections without a first.
fn plain_beside<'a>(
    group: &[Section<'a>],
    name: Cow<'a, str>,
    defects: &mut Vec<Defect>,
) -> Option<Parameter<'a>> {
    let plain = group.iter().find(|section| section.number.is_none())?;
    let value = plain_value(plain.value.clone(), plain.at, defects);
    Some(Parameter { name, value, language: None })
}

/// How many of the sections, sorted by number, are read: all up to a gap, repeated ones taken out to the end.
fn numbered(group: &mut [Section<'_>], defects: &mut Vec<Defect>) -> usize {
    if group.first().is_some_and(|first| first.number.is_none()) {
        return 1;
    }
    let mut run = 0;
    for at in 0..group.len() {
        let Some(section) = group.get(at) else { break };
        let kind = match section.number {
            Some(number) if usize::try_from(number) == Ok(run) => {
                group.swap(at, run);
                run += 1;
                continue;
            }
            Some(number) if usize::try_from(number).is_ok_and(|number| number > run) => {
                DefectKind::ParameterGap
            }
            _ => DefectKind::DuplicateParameter,
        };
        note(defects, kind, section.at);
        if kind == DefectKind::ParameterGap {
            break;
        }
    }
    run
}

/// RFC 2231 section 4.1: the charset and the language stand in the first section only.
fn decoded(sections: &[Section<'_>], defects: &mut Vec<Defect>) -> (String, Option<String>) {
    let (mut bytes, mut charset, mut language) = (Vec::new(), None, None);
    let at = sections.first().map_or(0, |section| section.at);
    for (index, section) in sections.iter().enumerate() {
        if !section.extended {
            bytes.extend_from_slice(&section.value);
            continue;
        }
        let value = match (index, charset_and_language(&section.value)) {
            (0, Some((name, tongue, value))) => {
                (charset, language) = (Some(name), Some(tongue));
                value
            }
            (0, None) => {
                note(defects, DefectKind::ExtendedParameter, section.at);
                &section.value
            }
            _ => &section.value,
        };
        if !percent_decode(value, &mut bytes) {
            note(defects, DefectKind::ExtendedParameter, section.at);
        }
    }
    let language =
        language.filter(|language| !language.is_empty()).map(|language| lossy(language).into_owned());
    (in_charset(&bytes, charset.unwrap_or_default(), at, defects), language)
}

fn in_charset(bytes: &[u8], name: &[u8], at: usize, defects: &mut Vec<Defect>) -> String {
    let name = lossy(name);
    let known = if name.is_empty() { Some(Charset::UTF_8) } else { Charset::named(&name) };
    if known.is_none() {
        note(defects, DefectKind::Charset, at);
    }
    let (text, fits) = known.unwrap_or(Charset::US_ASCII).decode_value(bytes);
    if !fits && known.is_some() {
        note(defects, DefectKind::CharsetBytes, at);
    }
    text.into_owned()
}

/// RFC 2231 section 4: `charset'language'value`.
fn charset_and_language(value: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut parts = value.splitn(3, |byte| *byte == b'\'');
    Some((parts.next()?, parts.next()?, parts.next()?))
}

/// Undoes `%XX`; whether all escapes were such.
fn percent_decode(value: &[u8], out: &mut Vec<u8>) -> bool {
    let (mut at, mut fine) = (0, true);
    while let Some(byte) = value.get(at) {
        let escaped = (*byte == b'%').then(|| escaped_byte(slice(value, at + 1, at + 3)));
        fine &= escaped != Some(None);
        let escaped = escaped.flatten();
        out.push(escaped.unwrap_or(*byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    fine
}

/// The bytes of one parameter without any decoding of charsets: a boundary.
pub(crate) fn raw_value<'a>(bytes: &'a [u8], name: &[u8], limits: &Limits) -> Option<Cow<'a, [u8]>> {
    let mut ignored = Vec::new();
    let mut sections = sections(bytes, limits, &mut ignored);
    sections.retain(|section| section.name.eq_ignore_ascii_case(name));
    if !sections.is_empty() && sections.iter().all(|section| section.number.is_none() && !section.extended) {
        return Some(sections.swap_remove(0).value);
    }
    let parameter = one_of(&mut sections, &mut ignored)?;
    Some(Cow::Owned(parameter.value.into_owned().into_bytes()))
}

/// The other direction.
mod write {
    use super::{Class, Parameter, Set, TOKEN, TOKEN_CLASS, Vec};

    /// RFC 2231 section 7: what a name, and an escaped value, is made of.
    pub(super) static ATTRIBUTE: Set = Set::of(TOKEN_CLASS.and(Class::of(b"*'%").not()));
    /// RFC 5322 section 2.1.1.
    const LINE: usize = 78;
    /// Longest value in one piece.
    const ONE_PIECE: usize = 60;

    /// Appends `; name=value`.
    pub(super) fn parameter(parameter: &Parameter<'_>, out: &mut Vec<u8>, column: usize) -> usize {
        let (name, value) = (&*parameter.name, &*parameter.value);
        let printable = value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        let mut pieces = Pieces { out, column, name };
        if !printable || value.contains("=?") || value.len() > ONE_PIECE || parameter.language.is_some() {
            let language = parameter.language.as_deref().unwrap_or_default();
            pieces.extended(value, language);
        } else if !value.is_empty() && value.bytes().all(|byte| TOKEN.contains(byte)) {
            pieces.push("=", value);
        } else {
            pieces.push("=", &crate::word::quoted(value));
        }
        pieces.column
    }

    struct Pieces<'w> {
        out: &'w mut Vec<u8>,
        column: usize,
        name: &'w str,
    }

    impl Pieces<'_> {
        /// `; name`, the rest of the name with `=`, and the value.
        fn push(&mut self, marks: &str, value: &str) {
            let len = self.name.len() + marks.len() + value.len();
            // With room for the semicolon of the next.
            if self.column + 2 + len < LINE {
                self.out.extend_from_slice(b"; ");
                self.column += 2 + len;
            } else {
                self.out.extend_from_slice(b";\r\n ");
                self.column = 1 + len;
            }
            for part in [self.name, marks, value] {
                self.out.extend_from_slice(part.as_bytes());
            }
        }

        /// RFC 2231 sections 3 and 4: escaped, and in as many sections as it takes.
        fn extended(&mut self, value: &str, language: &str) {
            let mut encoded = alloc::format!("utf-8'{language}'");
            let room = ONE_PIECE.saturating_sub(self.name.len()).max(32);
            let mut number = 0_usize;
            let mut rest = value.chars().peekable();
            while let Some(character) = rest.next() {
                escape(character, &mut encoded);
                // A character takes at most twelve.
                if encoded.len() + 12 > room && rest.peek().is_some() {
                    self.push(&alloc::format!("*{number}*="), &encoded);
                    number += 1;
                    encoded.clear();
                }
            }
            match number {
                0 => self.push("*=", &encoded),
                _ => self.push(&alloc::format!("*{number}*="), &encoded),
            }
        }
    }

    fn escape(character: char, out: &mut alloc::string::String) {
        if u8::try_from(character).is_ok_and(|byte| byte.is_ascii() && ATTRIBUTE.contains(byte)) {
            return out.push(character);
        }
        for byte in character.encode_utf8(&mut [0; 4]).bytes() {
            let digit =
                |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0').to_ascii_uppercase();
            out.extend(['%', digit(byte >> 4), digit(byte & 0xF)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    /// `name=value` of each, and the defects.
    fn read(value: &str) -> (String, Vec<(DefectKind, u64)>) {
        let mut defects = Vec::new();
        let parameters = Parameters::parse_with(value.as_bytes(), &Limits::DEFAULT, &mut defects);
        let shown: Vec<_> =
            parameters.iter().map(|one| alloc::format!("{}={}", one.name, one.value)).collect();
        (shown.join("|"), defects.iter().map(|defect| (defect.kind, defect.offset)).collect())
    }

    #[test]
    fn names_and_values_are_read() {
        for (value, meant) in [
            ("; charset=us-ascii (plain text)", "charset=us-ascii"),
            ("; charset=\"us-ascii\"", "charset=us-ascii"),
            (";a=b;c=d;", "a=b|c=d"),
            ("; a = b ;\r\n\tc=\"x; \\\"y\\\\\"", "a=b|c=x; \"y\\"),
            ("; a=\"folded\r\n value\"", "a=folded value"),
            ("; a=\"\"", "a="),
            ("", ""),
            ("; a*0=x; a*1=\"y\"; b=z", "a=xy|b=z"),
            ("; a*1=y; b=z; a*0=x", "a=xy|b=z"),
            ("; a*=utf-8'en'%C3%A9", "a=é"),
            ("; a*0*=iso-8859-1''%E9; a*1=%E9; a*2*=%E9", "a=é%E9é"),
            ("; a*0*=utf-8''%C3; a*1*=%A9", "a=é"),
        ] {
            assert_eq!(read(value), (meant.to_string(), vec![]), "{value:?}");
        }
        let parameters = Parameters::parse(b"; title*=us-ascii'en-us'x");
        assert_eq!(parameters.find("TITLE").unwrap().language.as_deref(), Some("en-us"));
    }

    #[test]
    fn what_is_wrong_gets_a_meaning_and_a_name() {
        use DefectKind::*;
        for (value, meant, defects) in [
            ("; name=my file (1).pdf; a=b", "name=my file (1).pdf|a=b", vec![(Unquoted, 7)]),
            ("; name=a/b", "name=a/b", vec![(Unquoted, 7)]),
            ("; name=", "name=", vec![(Unquoted, 7)]),
            ("; a=\"b", "a=b", vec![(Unterminated, 4)]),
            ("; a=\"b\"c; d=e", "a=b|d=e", vec![(Parameter, 7)]),
            ("; junk; a=b", "a=b", vec![(Parameter, 2)]),
            ("; =x; a=b", "a=b", vec![(Parameter, 2)]),
            ("; a=b; A=c", "a=b", vec![(DuplicateParameter, 7)]),
            ("; a=b; a*=utf-8''c", "a=c", vec![(DuplicateParameter, 2)]),
            ("; a=b; a*0=c", "a=c", vec![(DuplicateParameter, 2)]),
            ("; a*0=x; a*2=z", "a=x", vec![(ParameterGap, 9)]),
            ("; a*1=x", "", vec![(ParameterGap, 2)]),
            ("; a*1=x; a=y", "a=y", vec![(ParameterGap, 2)]),
            ("; a*0=x; a*0=y; a*1=z", "a=xz", vec![(DuplicateParameter, 9)]),
            ("; a*=x", "a=x", vec![(ExtendedParameter, 2)]),
            ("; a*=utf-8''%4", "a=%4", vec![(ExtendedParameter, 2)]),
            ("; a*=x-no''%41%FF", "a=A\u{FFFD}", vec![(Charset, 2)]),
            ("; a*=utf-8''%FF", "a=\u{FFFD}", vec![(CharsetBytes, 2)]),
            ("; a=\"=?utf-8?q?=C3=A9?=\"", "a=é", vec![(WordPlace, 2)]),
            ("; a*01=x", "a*01=x", vec![(ExtendedParameter, 2)]),
            ("; a*b=x", "a*b=x", vec![(ExtendedParameter, 2)]),
        ] {
            assert_eq!(read(value), (meant.to_string(), defects), "{value:?}");
        }
    }

    #[test]
    fn more_than_the_limit_is_not_read() {
        let limits = Limits { parameters: 2, sections_2231: 1, ..Limits::DEFAULT };
        let mut defects = Vec::new();
        let parameters = Parameters::parse_with(b";a=1;b=2;c=3", &limits, &mut defects);
        assert_eq!((parameters.len(), &*defects), (2, &[Defect::new(DefectKind::Parameters, 9)][..]));
        let parameters = Parameters::parse_with(b";a*0=1;a*1=2", &limits, &mut Vec::new());
        assert_eq!(parameters.value("a"), Some("1"));
    }

    #[test]
    fn values_are_written_as_they_need_it() {
        let long = "x".repeat(100);
        for (value, written) in [
            ("token", "; n=token"),
            ("two words", "; n=\"two words\""),
            ("", "; n=\"\""),
            ("a\"b", "; n=\"a\\\"b\""),
            ("\u{e9}", "; n*=utf-8''%C3%A9"),
            (
                &long,
                concat!(
                    "; n*0*=utf-8''xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx;\r\n",
                    " n*1*=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; n*2*=xxxxxxxxxxx"
                ),
            ),
        ] {
            let mut parameters = Parameters::new();
            parameters.set("n", value).unwrap();
            let mut out = Vec::new();
            parameters.write(&mut out, 10);
            assert_eq!(String::from_utf8(out).unwrap(), written);
        }
        let mut parameters = Parameters::new();
        assert!(parameters.set("a b", "c").is_err() && parameters.set("", "c").is_err());
        assert_eq!(parameters.set("a", "b\r\n").unwrap_err().offset, 1);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(values in prop::collection::vec("([ -~]|é|日|😀|[a-z]{1,90}){0,30}", 0..20)) {
            let mut parameters = Parameters::new();
            for (number, value) in values.iter().enumerate() {
                parameters.set(alloc::format!("p{number}"), value.as_str()).unwrap();
            }
            let mut out = Vec::new();
            parameters.write(&mut out, 20);
            let text = String::from_utf8(out).unwrap();
            prop_assert!(text.split("\r\n").all(|line| line.len() <= 78), "{}", text);
            let (mut defects, mut read) = (Vec::new(), Vec::new());
            for one in &Parameters::parse_with(text.as_bytes(), &Limits::DEFAULT, &mut defects) {
                read.push(one.value.to_string());
            }
            prop_assert_eq!((read, defects), (values, vec![]));
        }
    }
}
