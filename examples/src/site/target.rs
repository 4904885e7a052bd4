//! From a request's path to a place below the root, by its spelling alone.
//!
//! The rule: percents are decoded once, and what comes out must be plain names ([`FilePath`]), so that no spelling leads
//! out of the root. That no link does is [`Root`](super::root::Root)'s part.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use http1::uri::path::{FilePath, PathError};

/// A place below the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    path: PathBuf,
    folder: bool,
}

impl Place {
    /// Reads a request target in origin-form (RFC 9112 section 3.2.1), with or without its query.
    ///
    /// # Errors
    /// It names no place below the root.
    pub fn of_target(target: &str) -> Result<Self, PathError> {
        let path = target.split('?').next().unwrap_or_default();
        let file = FilePath::of(path)?;
        let names = file.names.iter().map(|name| OsStr::from_bytes(name));
        Ok(Place { path: names.collect(), folder: file.is_directory })
    }

    /// The path below the root, `.` for the root itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        if self.path.as_os_str().is_empty() { Path::new(".") } else { &self.path }
    }

    /// It was spelled as a folder: with a slash at its end.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        self.folder
    }

    /// The file called `name` in this folder.
    #[must_use]
    pub fn join(&self, name: &str) -> Place {
        Place { path: self.path.join(name), folder: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_mean_places_below_the_root() {
        let table: &[(&str, &str, bool)] = &[
            ("/", ".", true),
            ("/a.txt", "a.txt", false),
            ("/a.txt?x=/../y", "a.txt", false),
            ("/a/b/", "a/b", true),
            ("//a//b", "a/b", false),
            ("/./a/./", "a", true),
            ("/%61%20b", "a b", false),
            ("/%2561", "%61", false), // decoded once
            ("/caf%C3%A9", "café", false),
        ];
        for (target, path, folder) in table {
            let place = Place::of_target(target).unwrap();
            assert_eq!((place.path(), place.is_folder()), (Path::new(path), *folder), "{target}");
        }
    }

    #[test]
    fn nothing_leads_out_of_the_root() {
        let table = [
            "/..",
            "/../etc/passwd",
            "/a/../b",
            "/%2e%2e/b",
            "/%2E./b",
            "/a%2fb",
            "/..%2f..%2fetc",
            "/a%00.txt",
            "/%",
            "/%4",
            "/%zz",
            "a",
            "",
            "*",
        ];
        for target in table {
            assert!(Place::of_target(target).is_err(), "{target}");
        }
    }
}
