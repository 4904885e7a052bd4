//! What is sent: nothing, pieces whose length is known, or standard input as it comes.
//!
//! The rule: what has a length is sent with it, and can be sent again after a redirection or a failure. A form's parts are
//! kept apart by a boundary that is proven to be in none of them.

use std::fs::File;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use examples::Failure;
use examples::site::answer::{Extent, Piece};
use examples::site::kinds::media_type;
use examples::site::spool::{Spool, Spooled};
use memchr::memmem::Finder;

use crate::args::Args;

/// What a request's content is.
#[derive(Clone, Debug, Default)]
pub(crate) enum Content {
    /// There is none.
    #[default]
    None,
    /// These pieces.
    Pieces { pieces: Arc<Vec<Piece>>, media_type: Option<String> },
    /// Standard input, of whatever length. It can be sent once.
    Stdin,
}

impl Content {
    /// What the command line wants to be sent.
    pub(crate) fn of(args: &Args) -> Result<Self, Failure> {
        if let Some(file) = &args.upload {
            return upload(file, args.http10);
        }
        if !args.form.is_empty() {
            return form(&args.form);
        }
        if args.data.is_empty() && args.data_binary.is_empty() {
            return Ok(Content::None);
        }
        let mut joined: Vec<u8> = Vec::new();
        let texts = args.data.iter().map(|text| data(text, true));
        for text in texts.chain(args.data_binary.iter().map(|text| data(text, false))) {
            if !joined.is_empty() {
                joined.push(b'&');
            }
            joined.extend(text?);
        }
        let media_type = Some("application/x-www-form-urlencoded".to_owned());
        Ok(Content::Pieces { pieces: Arc::new(vec![Piece::Memory(joined.into())]), media_type })
    }

    /// Its media type, if it has one of its own.
    pub(crate) fn media_type(&self) -> Option<&str> {
        match self {
            Content::Pieces { media_type, .. } => media_type.as_deref(),
            _ => None,
        }
    }

    /// How long it is, if that is known.
    pub(crate) fn len(&self) -> Option<u64> {
        match self {
            Content::None => Some(0),
            Content::Pieces { pieces, .. } => Some(pieces.iter().map(Piece::size).sum()),
            Content::Stdin => None,
        }
    }

    /// The method that goes with it.
    pub(crate) fn method(&self, args: &Args) -> &'static str {
        match self {
            _ if args.head => "HEAD",
            _ if args.upload.is_some() => "PUT",
            Content::None => "GET",
            _ => "POST",
        }
    }
}

fn data(text: &str, without_line_ends: bool) -> Result<Vec<u8>, Failure> {
    let Some(path) = text.strip_prefix('@') else { return Ok(text.into()) };
    let mut bytes = Vec::new();
    if path == "-" {
        io::stdin().read_to_end(&mut bytes)?;
    } else {
        bytes = std::fs::read(path).map_err(|error| format!("can't read {path}: {error}"))?;
    }
    if without_line_ends {
        bytes.retain(|byte| !matches!(byte, b'\r' | b'\n'));
    }
    Ok(bytes)
}

fn upload(file: &str, http10: bool) -> Result<Content, Failure> {
    let piece = match (file, http10) {
        ("-", false) => return Ok(Content::Stdin),
        // HTTP/1.0 has no chunks: the length must be known before.
        ("-", true) => spooled(io::stdin().lock())?,
        (path, _) => whole_file(Path::new(path))?,
    };
    Ok(Content::Pieces { pieces: Arc::new(vec![piece]), media_type: None })
}

fn spooled(mut source: impl io::Read) -> io::Result<Piece> {
    let mut spool = Spool::default();
    let mut room = vec![0; 64 << 10];
    loop {
        match source.read(&mut room)? {
            0 => break,
            n => spool.write(room.get(..n).unwrap_or_default())?,
        }
    }
    Ok(match spool.finish() {
        Spooled::Memory(bytes) => Piece::Memory(bytes),
        Spooled::File(file, len) => Piece::File(Extent { file: file.into(), at: 0, len }),
    })
}

fn whole_file(path: &Path) -> Result<Piece, Failure> {
    let open = || {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        // A pipe has no length to tell.
        if metadata.is_file() {
            Ok(Piece::File(Extent { len: metadata.len(), file: file.into(), at: 0 }))
        } else {
            spooled(file)
        }
    };
    open().map_err(|error: io::Error| format!("can't read {}: {error}", path.display()).into())
}

/// A part of a form, as the command line has it.
struct Part {
    head: String,
    content: Piece,
}

/// `multipart/form-data` (RFC 7578).
fn form(parts: &[String]) -> Result<Content, Failure> {
    let parts: Vec<Part> = parts.iter().map(|part| read_part(part)).collect::<Result<_, _>>()?;
    let boundary = boundary_outside_of(&parts)?;
    let mut pieces = Vec::new();
    for part in parts {
        pieces.push(Piece::Memory(format!("--{boundary}\r\n{}\r\n", part.head).into()));
        pieces.push(part.content);
        pieces.push(Piece::Memory(Bytes::from_static(b"\r\n")));
    }
    pieces.push(Piece::Memory(format!("--{boundary}--\r\n").into()));
    let media_type = Some(format!("multipart/form-data; boundary={boundary}"));
    Ok(Content::Pieces { pieces: Arc::new(pieces), media_type })
}

/// `name=value`, `name=@file` or `name=<file`, with `;type=` and `;filename=` behind.
fn read_part(text: &str) -> Result<Part, Failure> {
    let (name, rest) = text.split_once('=').ok_or_else(|| format!("-F {text}: it has to be NAME=CONTENT"))?;
    let mut options = rest.split(';');
    let value = options.next().unwrap_or_default();
    let (mut kind, mut file_name, mut literal) = (None, None, value.to_owned());
    for option in options {
        match option.trim_start().split_once('=') {
            Some(("type", text)) => kind = Some(text.to_owned()),
            Some(("filename", text)) => file_name = Some(text.trim_matches('"').to_owned()),
            // A semicolon of the value's own.
            _ => {
                literal.push(';');
                literal.push_str(option);
            }
        }
    }
    let content = if let Some(path) = value.strip_prefix('@') {
        let path = Path::new(path);
        let own_name = || path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        kind = kind.or_else(|| Some(media_type(path).to_owned()));
        file_name = file_name.or_else(|| Some(own_name()));
        whole_file(path)?
    } else if let Some(path) = value.strip_prefix('<') {
        whole_file(Path::new(path))?
    } else {
        Piece::Memory(literal.into())
    };
    Ok(Part { head: part_head(name, file_name.as_deref(), kind.as_deref())?, content })
}

/// RFC 7578 sections 4.2 and 4.4.
fn part_head(name: &str, file_name: Option<&str>, kind: Option<&str>) -> Result<String, Failure> {
    let mut head = format!("Content-Disposition: form-data; name=\"{}\"", quoted(name));
    if let Some(file_name) = file_name {
        head.push_str(&format!("; filename=\"{}\"", quoted(file_name)));
    }
    head.push_str("\r\n");
    if let Some(kind) = kind {
        if kind.chars().any(char::is_control) {
            return Err("a media type can't have control characters in it".into());
        }
        head.push_str(&format!("Content-Type: {kind}\r\n"));
    }
    Ok(head)
}

/// As browsers do (RFC 7578 section 2): what would end the string or the line is percent-encoded, so that no name can add
/// a line.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// RFC 2046 section 5.1.1: "Boundary delimiters must not appear within the encapsulated material."
fn boundary_outside_of(parts: &[Part]) -> io::Result<String> {
    loop {
        let word = || RandomState::new().build_hasher().finish();
        let boundary = format!("------------------------{:016x}{:016x}", word(), word());
        let finder = Finder::new(boundary.as_bytes());
        let mut found = false;
        for part in parts {
            found |= contains(&part.content, &finder)?;
        }
        if !found {
            return Ok(boundary);
        }
    }
}

fn contains(piece: &Piece, finder: &Finder<'_>) -> io::Result<bool> {
    let extent = match piece {
        Piece::Memory(bytes) => return Ok(finder.find(bytes).is_some()),
        Piece::File(extent) => extent,
    };
    // Windows that overlap by what a boundary could hang over.
    let overlap = finder.needle().len();
    let mut room = vec![0; 256 << 10];
    let (mut at, mut kept) = (extent.at, 0);
    loop {
        let n = extent.file.read_at(room.get_mut(kept..).unwrap_or_default(), at)?;
        let filled = kept + n;
        if finder.find(room.get(..filled).unwrap_or_default()).is_some() {
            return Ok(true);
        }
        if n == 0 {
            return Ok(false);
        }
        at += n as u64;
        kept = filled.min(overlap);
        room.copy_within(filled - kept..filled, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use examples::scratch::Scratch;

    #[test]
    fn a_name_can_not_add_a_line() {
        let head = part_head("a\"\r\nX: 1", Some("f\n.txt"), None).unwrap();
        assert_eq!(
            head,
            "Content-Disposition: form-data; name=\"a%22%0D%0AX: 1\"; filename=\"f%0A.txt\"\r\n"
        );
        assert!(part_head("a", None, Some("text/plain\r\nX: 1")).is_err());
    }

    #[test]
    fn a_boundary_is_found_across_windows() {
        let scratch = Scratch::new().unwrap();
        let mut bytes = vec![b'x'; (256 << 10) - 10];
        bytes.extend_from_slice(b"--the-boundary--");
        let path = scratch.write("a", &bytes).unwrap();
        let piece = whole_file(&path).unwrap();
        assert!(contains(&piece, &Finder::new(b"--the-boundary--")).unwrap());
        assert!(!contains(&piece, &Finder::new(b"--another-one--")).unwrap());
    }
}
