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

use examples::Failure;
use examples::site::answer::{Extent, Piece};
use examples::site::kinds::media_type as type_of;
use examples::site::spool::{Spool, Spooled};
use http1::form::multipart::{self, Form, MediaType};
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
    name: String,
    file_name: Option<String>,
    media_type: Option<MediaType<'static>>,
    content: Piece,
}

/// `multipart/form-data` (RFC 7578). Files are left where they are until they are sent.
fn form(parts: &[String]) -> Result<Content, Failure> {
    let parts: Vec<Part> = parts.iter().map(|part| read_part(part)).collect::<Result<_, _>>()?;
    let mut form = Form::new(&boundary_outside_of(&parts)?)?;
    for part in &parts {
        form.part(&part.name, part.file_name.as_deref(), part.media_type.as_ref(), part.content.size())?;
    }
    let media_type = Some(form.content_type());
    let mut contents = parts.into_iter().map(|part| part.content);
    let pieces = form.finish().into_iter().filter_map(|piece| match piece {
        multipart::Piece::Bytes(bytes) => Some(Piece::Memory(bytes)),
        multipart::Piece::Content(_) => contents.next(),
    });
    Ok(Content::Pieces { pieces: Arc::new(pieces.collect()), media_type })
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
        kind = kind.or_else(|| Some(type_of(path).to_owned()));
        file_name = file_name.or_else(|| Some(own_name()));
        whole_file(path)?
    } else if let Some(path) = value.strip_prefix('<') {
        whole_file(Path::new(path))?
    } else {
        Piece::Memory(literal.into())
    };
    let media_type = match kind {
        None => None,
        Some(kind) if kind.chars().any(char::is_control) => {
            return Err("a media type can't have control characters in it".into());
        }
        Some(kind) => {
            let media_type = MediaType::parse(kind.as_bytes()).map(MediaType::into_owned);
            Some(media_type.ok_or_else(|| format!("-F {text}: {kind} is no media type"))?)
        }
    };
    Ok(Part { name: escaped(name), file_name: file_name.as_deref().map(escaped), media_type, content })
}

/// As browsers do (RFC 7578 section 2): a line end in a name is percent-encoded, so that no name can add a line.
fn escaped(name: &str) -> String {
    name.replace('\r', "%0D").replace('\n', "%0A")
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
        let Content::Pieces { pieces, .. } = form(&["a\"\r\nX: 1=v;filename=f\n.txt".to_owned()]).unwrap()
        else {
            panic!("no form")
        };
        let Some(Piece::Memory(head)) = pieces.first() else { panic!("no head") };
        let head = String::from_utf8_lossy(head);
        assert_eq!(
            head.split_once("\r\n").unwrap().1,
            "Content-Disposition: form-data; name=\"a%22%0D%0AX: 1\"; filename=\"f%0A.txt\"\r\n\r\n"
        );
        for kind in ["text/plain\r\nX: 1", "text", "te xt/plain"] {
            assert!(form(&[format!("a=1;type={kind}")]).is_err(), "{kind}");
        }
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
