//! Attachments as files: under names that stay in the folder, whatever the message calls them.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use examples::Failure;
use mime::{Message, Part, PartKind};

use crate::json::Json;

/// A name has at most so many bytes; file systems allow 255.
const LONGEST: usize = 180;

/// What was written: the part's own name for it, and the file.
pub(crate) struct Written {
    claimed: Option<String>,
    path: PathBuf,
    size: usize,
}

/// All attachments; a message within the message is one file, and what is in it stays there.
pub(crate) fn all(message: &Message<'_>, folder: &Path) -> Result<Vec<Written>, Failure> {
    let mut folder = Folder { path: folder, tried: HashMap::new() };
    let (mut written, mut skip) = (Vec::new(), 0);
    for part in message.parts() {
        if part.index() < skip {
            continue;
        }
        let is_message = part.index() > 0 && part.kind() == PartKind::Message;
        if is_message {
            skip = part.index() + part.descendants().count();
        }
        if is_message || is_attachment(part) {
            written.push(one(part, &mut folder)?);
        }
    }
    Ok(written)
}

/// A leaf with a name, one that says so, or one that is no text.
fn is_attachment(part: Part<'_>) -> bool {
    let says_so = part.disposition().is_some_and(|disposition| disposition.is_attachment());
    !part.has_children() && (says_so || part.filename().is_some() || !is_readable(part))
}

fn is_readable(part: Part<'_>) -> bool {
    let media_type = part.content_type();
    media_type.is_top("text") || media_type.is_top("multipart")
}

fn one(part: Part<'_>, folder: &mut Folder<'_>) -> Result<Written, Failure> {
    let claimed = part.filename().map(|name| name.into_owned());
    let name =
        claimed.as_deref().and_then(safe).unwrap_or_else(|| format!("part-{}{}", part.index(), ending(part)));
    let content = part.decoded();
    let (path, mut file) =
        folder.create(&name).map_err(|error| format!("{}: {error}", folder.path.display()))?;
    file.write_all(&content).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Written { claimed, path, size: content.len() })
}

fn ending(part: Part<'_>) -> &'static str {
    let media_type = part.content_type();
    let known = [
        ("text/plain", ".txt"),
        ("text/html", ".html"),
        ("message/rfc822", ".eml"),
        ("message/global", ".eml"),
        ("image/png", ".png"),
        ("image/jpeg", ".jpg"),
        ("image/gif", ".gif"),
        ("application/pdf", ".pdf"),
    ];
    known.iter().find(|(name, _)| media_type.is(name)).map_or(".bin", |(_, ending)| ending)
}

/// The last component of `name` without what file systems and shells take for something else; `None` if nothing is left.
fn safe(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let hidden = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let kept: String = last
        .chars()
        .filter(|c| !c.is_control() && !hidden(*c))
        .map(|c| if matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*') { '_' } else { c })
        .collect();
    // Neither hidden nor `..`, and no option of a command.
    let kept = kept.trim_start_matches(['.', '-', ' ', '~']).trim_end_matches(['.', ' ']);
    let kept = shortened(kept);
    let stem = kept.split('.').next().unwrap_or_default().to_ascii_uppercase();
    let is_device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || (stem.len() == 4 && (stem.starts_with("COM") || stem.starts_with("LPT")));
    let kept = if is_device { format!("_{kept}") } else { kept };
    (!kept.is_empty()).then_some(kept)
}

/// Its end, which says what it is, is kept.
fn shortened(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let (stem, ending) = split(name);
    let ending = if ending.len() <= 16 { ending } else { "" };
    let end = (0..=LONGEST - ending.len()).rev().find(|at| stem.is_char_boundary(*at)).unwrap_or(0);
    format!("{}{ending}", stem.get(..end).unwrap_or_default())
}

/// Before the last dot, and from it on.
fn split(name: &str) -> (&str, &str) {
    name.rfind('.').filter(|at| *at > 0).map_or((name, ""), |at| name.split_at(at))
}

/// Where files go, and how far the numbers behind their names have come: no name is tried twice, however many want it.
struct Folder<'a> {
    path: &'a Path,
    tried: HashMap<String, u32>,
}

impl Folder<'_> {
    /// A new file of this name, or of one made from it: never one that is there, nor through a link.
    fn create(&mut self, name: &str) -> io::Result<(PathBuf, File)> {
        let (stem, ending) = split(name);
        let tried = self.tried.entry(name.to_owned()).or_default();
        loop {
            let name = if *tried == 0 { name.to_owned() } else { format!("{stem}-{tried}{ending}") };
            *tried = tried.checked_add(1).ok_or(io::ErrorKind::AlreadyExists)?;
            let path = self.path.join(name);
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok((path, file)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }
}

pub(crate) fn report(file: &str, written: &[Written], json: bool) -> String {
    if !json {
        return written
            .iter()
            .map(|each| format!("{} ({} bytes)\n", each.path.display(), each.size))
            .collect();
    }
    let mut out = Json::new();
    out.object(|out| {
        out.text("file", file);
        out.array("written", written, |out, each| {
            out.object(|out| {
                out.text("path", &each.path.display().to_string());
                out.optional("filename", each.claimed.as_deref());
                out.number("size", each.size as u64);
            });
        });
    });
    out.line()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_the_folder() {
        for (claimed, name) in [
            ("a.txt", Some("a.txt")),
            ("../../etc/passwd", Some("passwd")),
            ("C:\\Windows\\x.exe", Some("x.exe")),
            ("/", None),
            ("..", None),
            ("...", None),
            (".bashrc", Some("bashrc")),
            ("-rf", Some("rf")),
            ("a\0b\nc", Some("abc")),
            ("gpj\u{202e}.exe", Some("gpj.exe")),
            ("a:b*c?", Some("a_b_c_")),
            ("nul.txt", Some("_nul.txt")),
            ("a. . ", Some("a")),
        ] {
            assert_eq!(safe(claimed).as_deref(), name, "{claimed:?}");
        }
        let long = safe(&("\u{e9}".repeat(300) + ".txt")).unwrap();
        assert!(long.len() <= LONGEST && long.ends_with(".txt"));
    }
}
