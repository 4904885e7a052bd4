//! Where the content goes: standard output, or a file that is there only once it is whole.
//!
//! The rule: a file is written beside its place and moved there at the end, so that a failure leaves what was there before.
//! Only a download that is to be resumed is written in place, with a note of what it is a part of.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use http1::conditional::{EntityTag, Validators};
use http1::date::HttpDate;

/// Where the content goes.
#[derive(Debug)]
pub(crate) enum Sink {
    /// To standard output.
    Stdout,
    /// To nobody.
    Nowhere,
    /// To a file; it is opened when there is something to put in.
    File(FileSink),
}

/// A file on its way.
#[derive(Debug)]
pub(crate) struct FileSink {
    path: PathBuf,
    /// Written beside its place; `None`: in place.
    temporary: Option<PathBuf>,
    file: Option<File>,
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// As a new one, which takes its place once it is whole.
    Whole,
    /// In place, from the start: it will be resumed if it breaks off.
    InPlace,
    /// In place, behind what is there.
    Append,
}

impl Sink {
    pub(crate) fn file(path: &Path) -> Self {
        Sink::File(FileSink { path: path.to_owned(), temporary: None, file: None })
    }

    pub(crate) fn is_stdout(&self) -> bool {
        matches!(self, Sink::Stdout)
    }

    /// Opens the file, if it is one and is not open.
    pub(crate) fn open(&mut self, opening: Opening) -> io::Result<()> {
        match self {
            Sink::File(sink) if sink.file.is_none() => sink.open(opening).map_err(|error| sink.at(&error)),
            _ => Ok(()),
        }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Sink::Stdout => io::stdout().lock().write_all(bytes),
            Sink::File(sink) => match &mut sink.file {
                Some(file) => file.write_all(bytes).map_err(|error| sink.at(&error)),
                None => Ok(()),
            },
            Sink::Nowhere => Ok(()),
        }
    }

    /// All is there.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        match self {
            Sink::Nowhere => Ok(()),
            Sink::Stdout => io::stdout().lock().flush(),
            Sink::File(sink) => {
                sink.file = None;
                match sink.temporary.take() {
                    Some(temporary) => fs::rename(temporary, &sink.path).map_err(|error| sink.at(&error)),
                    None => Ok(()),
                }
            }
        }
    }
}

impl FileSink {
    fn open(&mut self, opening: Opening) -> io::Result<()> {
        // Not a file to be replaced: a terminal, a pipe, /dev/null.
        let special = fs::metadata(&self.path).is_ok_and(|metadata| !metadata.is_file());
        let file = match opening {
            Opening::Append => OpenOptions::new().append(true).open(&self.path)?,
            Opening::Whole if !special => {
                // Behind a link lies the file that is meant.
                self.path = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
                let (temporary, file) = new_beside(&self.path)?;
                self.temporary = Some(temporary);
                file
            }
            _ => OpenOptions::new().write(true).create(true).truncate(!special).open(&self.path)?,
        };
        self.file = Some(file);
        Ok(())
    }

    /// What went wrong, and with which file.
    fn at(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("can't write {}: {error}", self.path.display()))
    }
}

/// It failed: what was there before is there still, and nothing else.
impl Drop for FileSink {
    fn drop(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            let _ = fs::remove_file(temporary);
        }
    }
}

/// A new file in the same folder. One that a process of the same number left when it was killed is in nobody's way.
fn new_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let mut nth = 0_u32;
    loop {
        let temporary = beside(path, &format!("part-{}-{nth}", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&temporary) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => nth += 1,
            opened => return opened.map(|file| (temporary, file)),
        }
    }
}

/// `.NAME.ending` in the same folder.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{ending}"))
}

/// What a file that is to be resumed is a part of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) url: String,
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<HttpDate>,
    pub(crate) date: Option<HttpDate>,
}

impl Note {
    fn place(path: &Path) -> PathBuf {
        beside(path, "resume")
    }

    /// The note beside `path`, if it is about this URL.
    pub(crate) fn load(path: &Path, url: &str) -> Option<Self> {
        let text = fs::read_to_string(Note::place(path)).ok()?;
        let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        let date = |name: &str| HttpDate::parse(line(name)?.as_bytes(), HttpDate::MIN).ok();
        let note = Note {
            url: line("url ")?,
            etag: line("etag "),
            last_modified: date("last-modified "),
            date: date("date "),
        };
        (note.url == url).then_some(note)
    }

    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        let mut text = format!("url {}\n", self.url);
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                text.push_str(&format!("{name} {value}\n"));
            }
        };
        put("etag", self.etag.clone());
        put("last-modified", self.last_modified.map(|date| date.to_string()));
        put("date", self.date.map(|date| date.to_string()));
        fs::write(Note::place(path), text)
    }

    pub(crate) fn forget(path: &Path) {
        let _ = fs::remove_file(Note::place(path));
    }

    pub(crate) fn validators(&self) -> Validators<'_> {
        let etag = self.etag.as_ref().and_then(|etag| EntityTag::parse(etag.as_bytes()).ok());
        Validators { etag, last_modified: self.last_modified }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use examples::scratch::Scratch;

    fn names(scratch: &Scratch) -> Vec<String> {
        let entries = fs::read_dir(scratch.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_is_whole_or_not_there() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().join("a");
        let mut sink = Sink::file(&path);
        sink.open(Opening::Whole).unwrap();
        sink.write(b"half").unwrap();
        assert!(!path.exists());
        drop(sink);
        assert!(names(&scratch).is_empty());
        let mut sink = Sink::file(&path);
        sink.open(Opening::Whole).unwrap();
        sink.write(b"whole").unwrap();
        sink.finish().unwrap();
        assert_eq!((fs::read(&path).unwrap(), names(&scratch)), (b"whole".to_vec(), vec!["a".to_owned()]));
    }

    #[test]
    fn what_was_left_beside_it_is_in_nobodys_way() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().join("a");
        let (left, _) = new_beside(&path).unwrap();
        let mut sink = Sink::file(&path);
        sink.open(Opening::Whole).unwrap();
        sink.finish().unwrap();
        assert!(path.exists() && left.exists());
    }

    #[test]
    fn a_file_that_cant_be_written_is_named() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().join("no/such/folder");
        let told = Sink::file(&path).open(Opening::Whole).unwrap_err().to_string();
        assert!(told.contains(path.to_str().unwrap()), "{told}");
    }

    #[test]
    fn a_note_is_read_as_it_was_written() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().join("a");
        let date = HttpDate::from_unix(1_700_000_000);
        let note =
            Note { url: "http://x/a b".into(), etag: Some("\"v1\"".into()), last_modified: date, date: None };
        note.save(&path).unwrap();
        assert_eq!(Note::load(&path, "http://x/a b").as_ref(), Some(&note));
        assert_eq!(Note::load(&path, "http://x/other"), None);
        Note::forget(&path);
        assert_eq!(Note::load(&path, "http://x/a b"), None);
    }
}
