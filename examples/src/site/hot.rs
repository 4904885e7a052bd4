//! What was asked for lately, ready to be sent.
//!
//! The rule: a page is trusted for a second; then the disk is asked again whether it is still the same. Small files are
//! held in memory, of large ones the descriptor.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http1::date::HttpDate;
use http1::{PreparedResponse, ResponseBuilder};
use proto_core::Time;

use super::kinds::media_type;

/// How long a page is trusted.
const TRUST: Duration = Duration::from_secs(1);
/// Files up to this size are held in memory.
const SMALL: u64 = 64 << 10;
/// How much memory they may take together.
const MEMORY: u64 = 64 << 20;
/// How many pages are held, and descriptors with them.
const PAGES: usize = 256;
/// A file that changed less than this ago may change again without its times showing it: they advance in ticks.
const TICK: Duration = Duration::from_millis(50);

/// Where the bytes of a page are.
#[derive(Clone, Debug)]
pub enum Content {
    /// In memory.
    Memory(Bytes),
    /// In this file, from its start.
    File(Arc<File>),
}

/// A file as it is sent.
#[derive(Debug)]
pub struct Page {
    /// Its bytes.
    pub content: Content,
    /// How many.
    pub len: u64,
    /// Its media type.
    pub media_type: &'static str,
    /// Its entity tag, with its quotes.
    pub etag: String,
    /// When it was last modified.
    pub modified: Option<HttpDate>,
    /// The answer with the whole, made once a second.
    pub answers: Answers,
    stamp: Stamp,
    /// When the disk was asked last.
    checked: AtomicU64,
}

/// An answer that is the same for a second: then its date changes.
#[derive(Debug, Default)]
pub struct Answers(Mutex<Option<(HttpDate, Arc<PreparedResponse>)>>);

impl Answers {
    /// The answer of this second: with a head made by `make`, if it is the first, and with `content` if that is in memory.
    ///
    /// # Errors
    /// That of `make`.
    pub fn at(
        &self,
        date: HttpDate,
        content: &Content,
        make: impl FnOnce() -> Result<ResponseBuilder, http1::Error>,
    ) -> Result<Arc<PreparedResponse>, http1::Error> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*held {
            Some((of, answer)) if *of == date => Ok(Arc::clone(answer)),
            _ => {
                let content = match content {
                    Content::Memory(bytes) => bytes.clone(),
                    Content::File(_) => Bytes::new(),
                };
                let answer = Arc::new(PreparedResponse::new(make()?, content));
                *held = Some((date, Arc::clone(&answer)));
                Ok(answer)
            }
        }
    }
}

/// What the system knows of a file without reading it. If none of it has changed, the file hasn't.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    len: u64,
    device: u64,
    inode: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    /// Its last change was long enough ago for the next one to show.
    settled: bool,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let age = metadata.modified().ok().and_then(|at| SystemTime::now().duration_since(at).ok());
        Stamp {
            len: metadata.len(),
            device: metadata.dev(),
            inode: metadata.ino(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            settled: age.is_some_and(|age| age > TICK),
        }
    }
}

impl Page {
    /// Takes in the file called `name`.
    ///
    /// # Errors
    /// It can't be read.
    pub fn load(file: File, metadata: &Metadata, name: &Path) -> io::Result<Self> {
        let stamp = Stamp::of(metadata);
        let content = match usize::try_from(stamp.len) {
            Ok(len) if stamp.len <= SMALL => {
                let mut bytes = vec![0; len];
                file.read_exact_at(&mut bytes, 0)?;
                Content::Memory(bytes.into())
            }
            _ => Content::File(Arc::new(file)),
        };
        let (seconds, nanos) = stamp.modified;
        Ok(Page {
            content,
            len: stamp.len,
            media_type: media_type(name),
            etag: format!("\"{:x}-{seconds:x}.{nanos:x}-{:x}\"", stamp.inode, stamp.len),
            modified: HttpDate::from_unix(seconds),
            answers: Answers::default(),
            stamp,
            checked: AtomicU64::new(0),
        })
    }

    /// The disk has just said that this is still what the file is like.
    #[must_use]
    pub fn is_still(&self, metadata: &Metadata) -> bool {
        self.stamp.settled && self.stamp == Stamp::of(metadata)
    }

    /// The disk need not be asked before.
    #[must_use]
    pub fn trusted_until(&self) -> Time {
        Time::from_nanos(self.checked.load(Ordering::Relaxed)) + TRUST
    }

    fn in_memory(&self) -> u64 {
        match self.content {
            Content::Memory(_) => self.len,
            Content::File(_) => 0,
        }
    }
}

/// The pages asked for lately, by the request's path.
#[derive(Debug, Default)]
pub struct Hot {
    shelf: Mutex<Shelf>,
    /// How often all was forgotten.
    writes: AtomicU64,
}

#[derive(Debug, Default)]
struct Shelf {
    pages: HashMap<Box<str>, Arc<Page>>,
    memory: u64,
}

impl Hot {
    /// The page at `path`, and whether it needs no look at the disk.
    #[must_use]
    pub fn find(&self, path: &str, now: Time) -> Option<(Arc<Page>, bool)> {
        let page = Arc::clone(self.shelf().pages.get(path)?);
        let trusted = now < page.trusted_until();
        Some((page, trusted))
    }

    /// `page` is what is at `path` now. `writes`: what had been written when the disk was asked; more by now, and `page` may be
    /// what was there before.
    pub fn keep(&self, path: &str, page: &Arc<Page>, now: Time, writes: u64) {
        let mut shelf = self.shelf();
        if self.writes() != writes {
            return;
        }
        page.checked.store(now.as_nanos(), Ordering::Relaxed);
        if shelf.pages.get(path).is_some_and(|held| Arc::ptr_eq(held, page)) {
            return;
        }
        shelf.remove(path);
        if shelf.pages.len() >= PAGES || shelf.memory + page.in_memory() > MEMORY {
            shelf.make_room(now);
        }
        shelf.memory += page.in_memory();
        shelf.pages.insert(path.into(), Arc::clone(page));
    }

    /// What is at `path` has changed, and perhaps more: another path may name the same file.
    pub fn forget_all(&self) {
        let mut shelf = self.shelf();
        *shelf = Shelf::default();
        // Under the lock: whoever keeps something afterwards sees it.
        self.writes.fetch_add(1, Ordering::Release);
    }

    /// How often all was forgotten: what is known from before may be wrong.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::Acquire)
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    fn remove(&mut self, path: &str) {
        if let Some(page) = self.pages.remove(path) {
            self.memory -= page.in_memory();
        }
    }

    /// Those who were not asked for in the last second go; if all were, all go.
    fn make_room(&mut self, now: Time) {
        self.pages.retain(|_, page| now < page.trusted_until());
        self.memory = self.pages.values().map(|page| page.in_memory()).sum();
        if self.pages.len() > PAGES / 2 || self.memory > MEMORY / 2 {
            *self = Shelf::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    fn page(scratch: &Scratch, name: &str, content: &[u8]) -> Arc<Page> {
        let path = scratch.write(name, content).unwrap();
        let file = File::open(&path).unwrap();
        let metadata = file.metadata().unwrap();
        Arc::new(Page::load(file, &metadata, &path).unwrap())
    }

    #[test]
    fn a_page_is_trusted_for_a_second() {
        let scratch = Scratch::new().unwrap();
        let hot = Hot::default();
        let start = Time::from_secs(100);
        hot.keep("/a", &page(&scratch, "a.html", b"a"), start, 0);
        assert!(hot.find("/a", start + Duration::from_millis(999)).unwrap().1);
        assert!(!hot.find("/a", start + TRUST).unwrap().1);
        assert!(hot.find("/b", start).is_none());
        hot.forget_all();
        assert!(hot.find("/a", start).is_none());
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let scratch = Scratch::new().unwrap();
        let hot = Hot::default();
        let writes = hot.writes();
        let old = page(&scratch, "a.html", b"a");
        hot.forget_all();
        hot.keep("/a", &old, Time::ZERO, writes);
        assert!(hot.find("/a", Time::ZERO).is_none());
        hot.keep("/a", &old, Time::ZERO, hot.writes());
        assert!(hot.find("/a", Time::ZERO).is_some());
    }

    #[test]
    fn a_file_that_has_just_changed_is_read_again() {
        let scratch = Scratch::new().unwrap();
        let page = page(&scratch, "a.html", b"a");
        let metadata = std::fs::metadata(scratch.path().join("a.html")).unwrap();
        assert!(!page.is_still(&metadata), "the next change might fall into the same tick");
    }

    #[test]
    fn an_old_file_is_still_the_same() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.write("a.html", b"a").unwrap();
        let file = File::options().write(true).read(true).open(&path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(10)).unwrap();
        let metadata = file.metadata().unwrap();
        let page = Page::load(file, &metadata, &path).unwrap();
        assert!(page.is_still(&std::fs::metadata(&path).unwrap()));
        std::fs::write(&path, b"b").unwrap();
        assert!(!page.is_still(&std::fs::metadata(&path).unwrap()));
    }

    fn another(page: &Page) -> Arc<Page> {
        let (checked, answers) = (AtomicU64::new(0), Answers::default());
        Arc::new(Page { checked, answers, etag: String::new(), content: page.content.clone(), ..*page })
    }

    #[test]
    fn what_is_held_stays_within_its_bounds() {
        let scratch = Scratch::new().unwrap();
        let hot = Hot::default();
        let page = page(&scratch, "a.html", &[b'a'; 60 << 10]);
        for number in 0..3 * PAGES {
            // The same time for all: none is old, and still there is an end.
            hot.keep(&format!("/{number}"), &another(&page), Time::ZERO, 0);
            let shelf = hot.shelf();
            assert!(shelf.pages.len() <= PAGES && shelf.memory <= MEMORY);
            assert_eq!(shelf.memory, shelf.pages.values().map(|page| page.in_memory()).sum::<u64>());
        }
    }
}
