//! Paths: dot segments (RFC 3986 section 5.2.4), and the way from a request's path to a file.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::percent;

/// Takes `.` and `..` segments out of a path, as a file system would. Borrows if there are none.
///
/// ```
/// use http1::uri::path::remove_dot_segments;
///
/// assert_eq!(remove_dot_segments("/a/b/c/./../../g"), "/a/g");
/// assert_eq!(remove_dot_segments("mid/content=5/../6"), "mid/6");
/// ```
#[must_use]
pub fn remove_dot_segments(path: &str) -> Cow<'_, str> {
    if !path.split('/').any(is_dot_segment) {
        return Cow::Borrowed(path);
    }
    // RFC 3986 section 5.2.4, with the output buffer as it is there: whole segments, each with its leading "/".
    let mut out = String::with_capacity(path.len());
    let mut rest = strip_leading_dots(path);
    while !rest.is_empty() {
        let (segment, behind) = next_segment(rest);
        rest = behind;
        match segment {
            "/." if rest.is_empty() => out.push('/'),
            "/." | "." | ".." => {}
            "/.." => {
                out.truncate(out.rfind('/').unwrap_or(0));
                if rest.is_empty() {
                    out.push('/');
                }
            }
            _ => out.push_str(segment),
        }
    }
    Cow::Owned(out)
}

/// A path that names a file below some root, decoded: nothing in it can lead out of that root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePath<'a> {
    /// The names of the directories and the file, outermost first; none is empty, `.` or `..`, and none has a NUL, `/`
    /// or `\` in it. Octets, because file systems disagree about their meaning.
    pub names: Vec<Cow<'a, [u8]>>,
    /// The path ended in `/`: it means a directory.
    pub is_directory: bool,
}

/// Why a path can't name a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// It is not a path from the root on.
    #[error("a path must begin with '/'")]
    Relative,
    /// A `%` without two hexadecimal digits.
    #[error("'%' must be followed by two hexadecimal digits")]
    Percent,
    /// `..`, written in whatever way.
    #[error("'..' would lead out of the directory")]
    Parent,
    /// A NUL or a path separator inside one name.
    #[error("a name can't have a NUL, '/' or '\\' in it")]
    Separator,
}

impl<'a> FilePath<'a> {
    /// Splits the path of a request and decodes every name once.
    ///
    /// `.` and empty segments are left out. `..` is refused and not resolved: clients resolve it before they ask (RFC
    /// 3986 section 5.2), so it can only be an attempt.
    ///
    /// # Errors
    /// The path could be meant to lead elsewhere; the answer is 400 or 404.
    ///
    /// ```
    /// use http1::uri::path::{FilePath, PathError};
    ///
    /// let path = FilePath::of("/a%20b/c.txt").unwrap();
    /// assert_eq!(path.names, [&b"a b"[..], b"c.txt"]);
    /// assert_eq!(FilePath::of("/%2e%2E/etc/passwd"), Err(PathError::Parent));
    /// ```
    pub fn of(path: &'a str) -> Result<Self, PathError> {
        let segments = path.strip_prefix('/').ok_or(PathError::Relative)?;
        let mut names = Vec::new();
        for segment in segments.split('/') {
            let name = percent::decode(segment.as_bytes()).map_err(|_| PathError::Percent)?;
            match &*name {
                b"" | b"." => {}
                b".." => return Err(PathError::Parent),
                name if name.iter().any(|octet| matches!(octet, 0 | b'/' | b'\\')) => {
                    return Err(PathError::Separator);
                }
                _ => names.push(name),
            }
        }
        let is_directory = segments.rsplit('/').next().is_none_or(|last| last.is_empty() || last == ".");
        Ok(FilePath { names, is_directory })
    }
}

fn is_dot_segment(segment: &str) -> bool {
    matches!(segment, "." | "..")
}

/// RFC 3986 section 5.2.4, step 2A.
fn strip_leading_dots(mut path: &str) -> &str {
    while let Some(rest) = path.strip_prefix("../").or_else(|| path.strip_prefix("./")) {
        path = rest;
    }
    path
}

/// The first segment with its leading `/`, if it has one, and what is behind.
fn next_segment(path: &str) -> (&str, &str) {
    let end = path.bytes().skip(1).position(|octet| octet == b'/').map_or(path.len(), |at| at + 1);
    path.split_at_checked(end).unwrap_or((path, ""))
}
