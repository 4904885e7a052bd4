//! Mail by others, and what is known about reading it: for the tests that compare our reading with theirs.
//!
//! The rule: a difference is explained, in `crates/mime/tests/DIFFERENCES.md`, or it is a failure; and so is an explanation
//! whose difference is gone. The mail is no part of this repository: what is not there is left out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Where a distribution's package puts the messages that Python's own tests read.
const PYTHON: &[&str] = &["3.11", "3.12", "3.13", "3.14"];

/// A message of somebody else's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Letter {
    /// What it is called here: its collection, and its path in there.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// In what two readings differ: the message and the aspect.
pub type Difference = (String, String);

/// All messages at hand, by name: those of Python's test suite where a package has put them, and the folders below `MIME_CORPORA`,
/// or below `../shared/data/mime` beside this repository.
///
/// # Errors
/// The disk's own.
pub fn letters() -> io::Result<Vec<Letter>> {
    let mut letters = Vec::new();
    let python = |version: &&str| PathBuf::from(format!("/usr/lib/python{version}/test/test_email/data"));
    if let Some(folder) = PYTHON.iter().map(python).find(|folder| folder.is_dir()) {
        collect("python", &folder, &mut letters)?;
        letters.retain(|letter| letter.name.ends_with(".txt"));
    }
    let more = env::var_os("MIME_CORPORA").map_or_else(|| root().join("../shared/data/mime"), PathBuf::from);
    if more.is_dir() {
        for entry in fs::read_dir(more)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name != "python" && entry.path().is_dir() {
                collect(&name, &entry.path(), &mut letters)?;
            }
        }
    }
    letters.sort();
    Ok(letters)
}

fn collect(name: &str, folder: &Path, letters: &mut Vec<Letter>) -> io::Result<()> {
    let mut folders = vec![(name.to_owned(), folder.to_owned())];
    while let Some((name, folder)) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = format!("{name}/{}", entry.file_name().to_string_lossy());
            match entry.file_type()? {
                kind if kind.is_dir() => folders.push((name, entry.path())),
                kind if kind.is_file() && !name.ends_with("/README") => {
                    letters.push(Letter { name, path: entry.path() });
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// That the differences to `reader` among `letters` are those that are explained, no more and no fewer.
///
/// # Errors
/// What is not explained, and what is explained and not there; or there is no explanation to be read.
pub fn check(reader: &str, letters: &[Letter], found: &BTreeSet<Difference>) -> Result<(), crate::Failure> {
    let known: BTreeSet<&str> = letters.iter().map(|letter| letter.name.as_str()).collect();
    let explained: BTreeSet<Difference> =
        explained(reader)?.into_iter().filter(|(name, _)| known.contains(name.as_str())).collect();
    let list = |differences: &mut dyn Iterator<Item = &Difference>| {
        differences.map(|(name, aspect)| format!("\n  {name}: {aspect}")).collect::<String>()
    };
    let (new, gone) = (list(&mut found.difference(&explained)), list(&mut explained.difference(found)));
    if new.is_empty() && gone.is_empty() {
        return Ok(());
    }
    Err(format!("{reader}: not explained:{new}\nexplained, and not there:{gone}").into())
}

/// The lines `` - `MESSAGE` aspect, aspect `` in the chapter named after the reader.
fn explained(reader: &str) -> io::Result<BTreeSet<Difference>> {
    let text = fs::read_to_string(root().join("crates/mime/tests/DIFFERENCES.md"))?;
    let chapter = text.split("\n## ").find(|chapter| chapter.starts_with(reader)).unwrap_or_default();
    let mut explained = BTreeSet::new();
    for line in chapter.lines() {
        let Some((name, aspects)) = line.strip_prefix("- `").and_then(|line| line.split_once('`')) else {
            continue;
        };
        let aspects = aspects.split(':').next().unwrap_or_default();
        explained.extend(aspects.split(',').map(|aspect| (name.to_owned(), aspect.trim().to_owned())));
    }
    Ok(explained)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}
