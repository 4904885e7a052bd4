//! The bytes of a head being written: the room for them is there, and filled with something, before they are.
//!
//! The rule: what is copied is copied by sizes known when this is compiled, a little more than needed where that saves a
//! loop, and what is behind the end doesn't count. A value is judged while it is copied; of one that takes a closer look
//! nothing stays.

use alloc::vec::Vec;

use crate::known::PREFIX;
use crate::syntax::is_plain_value;

/// Grows at its end.
#[derive(Clone, Default)]
pub(super) struct HeadBytes {
    /// All of it may be written to.
    room: Vec<u8>,
    /// So many of them count.
    len: usize,
}

/// The least room that is made: most heads fit.
const LEAST: usize = 512;

impl HeadBytes {
    pub(super) const fn new() -> Self {
        HeadBytes { room: Vec::new(), len: 0 }
    }

    /// Forgets all, keeps the room.
    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        self.room.get(..self.len).unwrap_or_default()
    }

    pub(super) fn extend(&mut self, bytes: &[u8]) {
        if let Some(place) = self.free(bytes.len()).get_mut(..bytes.len()) {
            place.copy_from_slice(bytes);
            self.len += bytes.len();
        }
    }

    /// Appends a line: the first `name` bytes of `prefix`, a value, CRLF. `false`: nothing was appended, for there is no room
    /// yet, or the value is perhaps not plain.
    #[inline]
    pub(super) fn push_plain(&mut self, (prefix, name): (&[u8; PREFIX], usize), value: &[u8]) -> bool {
        let room = self.room.get_mut(self.len..);
        let Some(added) = room.and_then(|room| write_line(room, prefix, name, value)) else { return false };
        self.len += added;
        true
    }

    /// What doesn't count yet: at least so many bytes.
    fn free(&mut self, least: usize) -> &mut [u8] {
        let needed = self.len.saturating_add(least);
        if self.room.len() < needed {
            self.room.resize(needed.max(self.room.len().saturating_mul(2)).max(LEAST), 0);
        }
        self.room.get_mut(self.len..).unwrap_or_default()
    }
}

impl PartialEq for HeadBytes {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for HeadBytes {}

/// Writes a line to the front of `room`; says how long it is. `None` if the value is perhaps not plain.
#[inline(always)]
fn write_line(room: &mut [u8], prefix: &[u8; PREFIX], name: usize, value: &[u8]) -> Option<usize> {
    let (Some(b'!'..), Some(b'!'..)) = (value.first(), value.last()) else { return None };
    *room.first_chunk_mut()? = *prefix;
    let (place, behind) = room.get_mut(name..)?.split_at_mut_checked(value.len())?;
    *behind.first_chunk_mut()? = *b"\r\n";
    copy_plain(value, place)?.then_some(name + value.len() + 2)
}

/// Copies a value to a place of the same length; says whether all of it is plain.
#[inline(always)]
fn copy_plain(value: &[u8], place: &mut [u8]) -> Option<bool> {
    let marks = match value.len() {
        65.. => return Some(copy_long(value, place)),
        32.. => copy_words::<32>(value, place)?,
        16.. => copy_words::<16>(value, place)?,
        8.. => copy_words::<8>(value, place)?,
        4.. => {
            let (first, last) = copy_ends(value, place)?;
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            mark(u64::from(first) | u64::from(last) << 32)
        }
        2.. => {
            let (first, last) = copy_ends(value, place)?;
            let (first, last) = (u16::from_le_bytes(*first), u16::from_le_bytes(*last));
            mark(u64::from(first) | u64::from(last) << 16 | each(b' ') << 32)
        }
        _ => {
            *place.first_mut()? = *value.first()?;
            mark(u64::from(*value.first()?) | each(b' ') << 8)
        }
    };
    Some(marks & each(0x80) == 0)
}

#[inline(never)]
fn copy_long(value: &[u8], place: &mut [u8]) -> bool {
    place.copy_from_slice(value);
    is_plain_value(value)
}

/// A value of `N` bytes at least and twice as many at most, `N` being a multiple of eight. Gives the marks of all words.
#[inline(always)]
fn copy_words<const N: usize>(value: &[u8], place: &mut [u8]) -> Option<u64> {
    let (first, last) = copy_ends::<N>(value, place)?;
    Some(mark_all(first) | mark_all(last))
}

/// Copies the first and the last bytes, which may be in part the same: that takes no loop.
#[inline(always)]
fn copy_ends<'v, const N: usize>(value: &'v [u8], place: &mut [u8]) -> Option<(&'v [u8; N], &'v [u8; N])> {
    let (first, last) = (value.first_chunk()?, value.last_chunk()?);
    *place.first_chunk_mut()? = *first;
    *place.last_chunk_mut()? = *last;
    Some((first, last))
}

#[inline(always)]
fn mark_all<const N: usize>(bytes: &[u8; N]) -> u64 {
    bytes.as_chunks().0.iter().fold(0, |marks, word| marks | mark(u64::from_le_bytes(*word)))
}

/// The top bit of a byte is set if it is below 0x20 or above 0x7E, and perhaps of some beside such a byte; of no other.
#[inline(always)]
const fn mark(word: u64) -> u64 {
    word.wrapping_add(each(1)) | word.wrapping_sub(each(b' '))
}

const fn each(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::text;

    #[test]
    fn a_line_is_written_or_nothing_is_and_only_what_is_plain_in_ascii_is() {
        let prefix = crate::Known::Date.prefix();
        for byte in *b"\0\t\n\r\x1f !~\x7f\x80\xff" {
            for len in 0..70 {
                for at in 0..len.max(1) {
                    let mut value: Vec<u8> = (0..len).map(|nth| b'a' + nth % 26).collect();
                    if let Some(place) = value.get_mut(usize::from(at)) {
                        *place = byte;
                    }
                    let (mut bytes, mut want) = (HeadBytes::new(), b"HTTP/1.1 200 OK\r\n".to_vec());
                    bytes.extend(&want);
                    let written = bytes.push_plain(prefix, &value);
                    let plain = is_plain_value(&value) && (len > 64 || value.is_ascii() && byte != b'\t');
                    assert_eq!(written, plain, "{}", value.escape_ascii());
                    if written {
                        want.extend([b"Date: ", &value[..], b"\r\n"].concat());
                    }
                    assert_eq!(text(bytes.as_slice()), text(&want));
                }
            }
        }
    }

    #[test]
    fn there_is_always_room_for_what_takes_none_yet() {
        let (mut bytes, prefix) = (HeadBytes::new(), crate::Known::Date.prefix());
        assert!(!bytes.push_plain(prefix, b"a"), "no room was made");
        bytes.extend(&[b'x'; 5]);
        let lines = (0..).take_while(|_| bytes.push_plain(prefix, b"noon")).count();
        assert!(bytes.as_slice().len() + PREFIX + 4 + 2 > LEAST, "all of it is used");
        bytes.extend(&[b'y'; 10_000]);
        assert_eq!(bytes.as_slice().len(), 5 + lines * b"Date: noon\r\n".len() + 10_000);
        assert!(!bytes.push_plain(prefix, b"noon"), "what was needed was made, and no more");
        bytes.extend(b"x");
        assert!(bytes.push_plain(prefix, b"noon"), "twice as much was made");
        bytes.clear();
        assert_eq!(bytes.as_slice(), b"");
    }
}
