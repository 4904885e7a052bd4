//! Which media type a file has, by its name's ending (RFC 9110 section 8.3).
//!
//! The rule: what is not known is `application/octet-stream`, which browsers save and never run.

use std::path::Path;

/// Endings and their types. Text says its charset, or browsers would guess.
const KINDS: &[(&str, &str)] = &[
    ("aac", "audio/aac"),
    ("avif", "image/avif"),
    ("bmp", "image/bmp"),
    ("css", "text/css; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("eml", "message/rfc822"),
    ("flac", "audio/flac"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("htm", "text/html; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("ico", "image/vnd.microsoft.icon"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("md", "text/markdown; charset=utf-8"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("oga", "audio/ogg"),
    ("ogg", "audio/ogg"),
    ("ogv", "video/ogg"),
    ("otf", "font/otf"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("torrent", "application/x-bittorrent"),
    ("ttf", "font/ttf"),
    ("txt", "text/plain; charset=utf-8"),
    ("wasm", "application/wasm"),
    ("wav", "audio/wav"),
    ("webm", "video/webm"),
    ("webp", "image/webp"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("xhtml", "application/xhtml+xml"),
    ("xml", "application/xml"),
    ("zip", "application/zip"),
];

/// For what no ending names.
pub const OPAQUE: &str = "application/octet-stream";

/// The media type of the file called `name`.
#[must_use]
pub fn media_type(name: &Path) -> &'static str {
    let Some(ending) = name.extension().and_then(|ending| ending.to_str()) else { return OPAQUE };
    let ending = ending.to_ascii_lowercase();
    let found = KINDS.binary_search_by(|(known, _)| (*known).cmp(&ending));
    found.ok().and_then(|at| KINDS.get(at)).map_or(OPAQUE, |(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_name_types() {
        let table = [
            ("index.html", "text/html; charset=utf-8"),
            ("A.PNG", "image/png"),
            ("a.tar.gz", "application/gzip"),
            ("Makefile", OPAQUE),
            (".html", OPAQUE),
            ("a.unheard", OPAQUE),
        ];
        for (name, kind) in table {
            assert_eq!(media_type(Path::new(name)), kind, "{name}");
        }
    }

    #[test]
    fn the_table_is_sorted_for_its_search() {
        assert!(KINDS.is_sorted());
    }
}
