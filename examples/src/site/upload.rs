//! Forms with files in them: read as they come in, the files written beside each other, the fields kept (RFC 7578).
//!
//! The rule: nobody sees a file before the whole form is there, and then all of them; a file gets its own name as far as that
//! is safe, and never the place of another.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use bytes::BytesMut;
use http1::StatusCode;
use http1::content_disposition::safe_file_name;
use http1::form::multipart::{Error, Event, Field, Reader, status_of};

use super::change::FORM;
use super::root::Upload;

/// How many names are tried for a file before it is given up.
const TRIES: usize = 1_000;

/// A form on its way in.
#[derive(Debug)]
pub struct Uploads {
    reader: Reader,
    /// What the reader has not taken yet.
    input: BytesMut,
    folder: Arc<OwnedFd>,
    /// The fields so far, the last one still growing.
    fields: Vec<(String, Value)>,
    /// How much of it is kept in memory.
    kept: u64,
}

#[derive(Debug)]
enum Value {
    Text(Vec<u8>),
    File { name: String, upload: Upload },
}

impl Uploads {
    /// A form that `reader` reads, its files for `folder`.
    #[must_use]
    pub fn new(reader: Reader, folder: Arc<OwnedFd>) -> Self {
        Uploads { reader, input: BytesMut::new(), folder, fields: Vec::new(), kept: 0 }
    }

    /// The next bytes of it.
    ///
    /// # Errors
    /// `InvalidData` for what is no form, `FileTooLarge` for one beyond its limits, or the disk's own.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.input.extend_from_slice(bytes);
        while let Some(event) = self.reader.receive(&mut self.input).map_err(refusal)? {
            self.event(event)?;
        }
        Ok(())
    }

    /// All of it is there: the files take their places. What is said about it: a line for each field, with the name that a file
    /// is stored under for its value.
    ///
    /// # Errors
    /// As [`write`](Uploads::write); no file is stored then.
    pub fn finish(mut self) -> io::Result<String> {
        while let Some(event) = self.reader.receive_eof(&mut self.input).map_err(refusal)? {
            self.event(event)?;
        }
        let (mut text, mut stored) = (String::new(), Vec::new());
        for (field, value) in &self.fields {
            let value = match value {
                Value::Text(value) => String::from_utf8_lossy(value).into_owned(),
                Value::File { name, upload } => match store(name, upload) {
                    Ok(name) => {
                        stored.push((upload, name.clone()));
                        name
                    }
                    Err(error) => {
                        stored.iter().for_each(|(upload, name)| upload.take_back(name));
                        return Err(error);
                    }
                },
            };
            text.extend([field, "=", &value, "\n"]);
        }
        Ok(text)
    }

    fn event(&mut self, event: Event) -> io::Result<()> {
        match event {
            Event::Field(field) => self.begin(field),
            Event::Data(data) => match self.fields.last_mut() {
                Some((_, Value::File { upload, .. })) => upload.write(&data),
                Some((_, Value::Text(text))) => {
                    text.extend_from_slice(&data);
                    self.keep(data.len())
                }
                None => Ok(()),
            },
            Event::FieldEnd | Event::End => Ok(()),
        }
    }

    fn begin(&mut self, field: Field) -> io::Result<()> {
        self.keep(field.name.len())?;
        let value = match field.filename.as_deref() {
            // What browsers send where no file was chosen has an empty name, like what is no file at all.
            None | Some("") => Value::Text(Vec::new()),
            Some(proposed) => {
                let name = safe_file_name(proposed).unwrap_or_else(|| "upload".to_owned());
                let upload = Upload::begin(Arc::clone(&self.folder), &name)?;
                Value::File { name, upload }
            }
        };
        self.fields.push((field.name, value));
        Ok(())
    }

    fn keep(&mut self, n: usize) -> io::Result<()> {
        self.kept += n as u64;
        if self.kept > FORM { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(()) }
    }
}

/// Under its name, or under one made from it: `a.txt`, `a-1.txt`, `a-2.txt`.
fn store(name: &str, upload: &Upload) -> io::Result<String> {
    let (stem, ending) = name.rfind('.').map_or((name, ""), |at| name.split_at(at));
    for nth in 0..TRIES {
        let name = if nth == 0 { name.to_owned() } else { format!("{stem}-{nth}{ending}") };
        match upload.finish_as(&name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            done => return done.map(|()| name),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn refusal(error: Error) -> io::Error {
    let kind = match status_of(error.kind) {
        StatusCode::CONTENT_TOO_LARGE => io::ErrorKind::FileTooLarge,
        _ => io::ErrorKind::InvalidData,
    };
    io::Error::new(kind, error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use crate::site::root::Root;
    use crate::site::target::Place;
    use std::fs;

    const MARK: &str = "--x\r\nContent-Disposition: form-data; name=";

    struct Folder {
        scratch: Scratch,
        root: Root,
    }

    impl Folder {
        fn new() -> Self {
            let scratch = Scratch::new().unwrap();
            scratch.write("root/a.txt", b"mine").unwrap();
            scratch.write("secret", b"mine").unwrap();
            let root = Root::open(&scratch.path().join("root")).unwrap();
            Folder { scratch, root }
        }

        fn post(&self, target: &str, form: &str, size: usize) -> io::Result<String> {
            let reader = http1::form::multipart::reader(b"multipart/form-data; boundary=x").unwrap();
            let mut uploads = Uploads::new(reader, self.root.folder(&Place::of_target(target).unwrap())?);
            form.as_bytes().chunks(size).try_for_each(|piece| uploads.write(piece))?;
            uploads.finish()
        }

        fn names(&self, folder: &str) -> Vec<String> {
            let entries = fs::read_dir(self.scratch.path().join(folder)).unwrap();
            let mut names: Vec<_> =
                entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    #[test]
    fn files_are_stored_and_fields_are_told_however_the_form_is_cut() {
        let form = format!(
            "{MARK}a\r\n\r\n1\r\n{MARK}f; filename=\"b.bin\"\r\n\r\n\0--x\r\n--y\r\n{MARK}none; filename=\"\"\r\n\r\n\r\n--x--\r\n"
        );
        for size in [1, 7, 1000] {
            let folder = Folder::new();
            assert_eq!(folder.post("/", &form, size).unwrap(), "a=1\nf=b.bin\nnone=\n");
            assert_eq!(fs::read(folder.scratch.path().join("root/b.bin")).unwrap(), b"\0--x\r\n--y");
            assert_eq!(folder.names("root"), ["a.txt", "b.bin"]);
        }
    }

    #[test]
    fn no_name_leads_out_of_the_folder_or_over_a_file() {
        let folder = Folder::new();
        let names =
            ["../secret", "/etc/passwd", "a.txt", "A\\a.txt", "..", ".hidden", "x/..", "c\u{202e}txt.exe"];
        let form: String = names
            .iter()
            .map(|name| format!("{MARK}f; filename=\"{name}\"\r\n\r\nyours\r\n"))
            .chain(["--x--".to_owned()])
            .collect();
        let told = folder.post("/", &form, 50).unwrap();
        let expected = ["secret", "passwd", "a-1.txt", "a-2.txt", "upload", "hidden", "upload-1", "ctxt.exe"];
        assert_eq!(told, expected.map(|name| format!("f={name}\n")).concat());
        assert_eq!(fs::read(folder.scratch.path().join("root/a.txt")).unwrap(), b"mine");
        assert_eq!(fs::read(folder.scratch.path().join("secret")).unwrap(), b"mine");
        assert_eq!(folder.names("root").len(), 9);
    }

    #[test]
    fn the_target_says_the_folder() {
        let folder = Folder::new();
        let form = format!("{MARK}f; filename=n\r\n\r\n\r\n--x--");
        for target in ["/new/deep/", "/new/deep", "/new/page.html", "/a.txt"] {
            assert_eq!(
                folder.post(target, &form, 50).unwrap().split('-').next().unwrap().trim(),
                "f=n",
                "{target}"
            );
        }
        assert_eq!(folder.names("root"), ["a.txt", "n", "new"]);
        assert_eq!(folder.names("root/new"), ["deep", "n"]);
        assert_eq!(folder.names("root/new/deep"), ["n", "n-1"]);
        assert!(folder.post("/a.txt/", &form, 50).is_err());
    }

    #[test]
    fn of_a_form_that_is_none_nothing_is_stored() {
        let file = format!("{MARK}f; filename=n\r\n\r\ndata");
        let long = format!("{MARK}t\r\n\r\n{}", "x".repeat(1 << 20));
        let (none, large) = (io::ErrorKind::InvalidData, io::ErrorKind::FileTooLarge);
        for (form, kind) in [
            (file.clone(), none),
            (format!("{file}\r\n--x"), none),
            (format!("{file}\r\n--x\r\nX: y\r\n\r\n\r\n--x--"), none),
            (format!("{file}\r\n").repeat(129), large),
            (format!("{file}\r\n{long}\r\n--x--"), large),
        ] {
            let folder = Folder::new();
            assert_eq!(folder.post("/", &form, 3000).map_err(|error| error.kind()), Err(kind), "{form:.80}");
            assert_eq!(folder.names("root"), ["a.txt"]);
        }
    }
}
