//! Large stored contents as files in memory, so that the system sends them without copying (`sendfile`).
//!
//! The rule: a file holds exactly the octets of the stored content it was made of, and keeps that content alive as long as it
//! is found by its address; so no other content can ever be at that address. They take memory besides the cache: a quarter of
//! it at most, the oldest make room.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// Less is copied for less than it costs to send a head and a file apart.
pub(super) const LARGE: u64 = 32 << 10;
/// Each is a descriptor.
const MOST: usize = 256;

/// A part of a file that stands for a gap in what is to be sent.
#[derive(Debug)]
pub(super) struct Extent {
    pub(super) file: Arc<File>,
    pub(super) at: u64,
    pub(super) left: u64,
}

/// The files.
pub(super) struct Files {
    files: Mutex<Found>,
    limit: u64,
}

#[derive(Default)]
struct Found {
    /// By the address of the first piece.
    by_address: HashMap<usize, Made>,
    /// The oldest first.
    order: VecDeque<usize>,
    size: u64,
}

struct Made {
    file: Arc<File>,
    size: u64,
    /// What it was made of.
    content: Vec<Bytes>,
}

impl Files {
    /// For so many octets.
    pub(super) fn new(limit: u64) -> Self {
        Files { files: Mutex::default(), limit }
    }

    /// The content as a file; `None`: it is to be sent as it is.
    pub(super) fn of(&self, content: &[Bytes], size: u64) -> Option<Arc<File>> {
        let address = content.first()?.as_ptr() as usize;
        if size < LARGE || size > self.limit {
            return None;
        }
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = files.by_address.get(&address) {
            // Part of a content begins where the whole does.
            return (made.size == size && made.content.len() == content.len())
                .then(|| Arc::clone(&made.file));
        }
        let file = Arc::new(make(content).ok()?);
        let made = Made { file: Arc::clone(&file), size, content: content.to_vec() };
        files.put(address, made);
        files.make_room(self.limit);
        Some(file)
    }
}

impl Found {
    fn put(&mut self, address: usize, made: Made) {
        self.size += made.size;
        self.order.push_back(address);
        self.by_address.insert(address, made);
    }

    fn make_room(&mut self, limit: u64) {
        while (self.size > limit || self.order.len() > MOST)
            && let Some(oldest) = self.order.pop_front()
        {
            let gone = self.by_address.remove(&oldest);
            self.size -= gone.map_or(0, |made| made.size);
        }
    }
}

/// A file that is nowhere on the disk.
#[cfg(target_os = "linux")]
fn make(content: &[Bytes]) -> io::Result<File> {
    use rustix::fs::{MemfdFlags, memfd_create};
    let mut file = File::from(memfd_create("stored", MemfdFlags::CLOEXEC)?);
    content.iter().try_for_each(|piece| file.write_all(piece))?;
    Ok(file)
}

#[cfg(not(target_os = "linux"))]
fn make(_: &[Bytes]) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt as _;

    use super::*;

    #[test]
    fn a_file_has_what_it_was_made_of_and_the_oldest_makes_room() {
        let files = Files::new(200_000);
        let content = |octet| vec![Bytes::from(vec![octet; 40_000]), Bytes::from(vec![octet + 1; 20_000])];
        let all: Vec<_> = (0..5).map(|n| content(n * 2)).collect();
        for pieces in &all {
            let file = files.of(pieces, 60_000).unwrap();
            let mut octets = vec![0; 60_001];
            assert_eq!(file.read_at(&mut octets, 0).unwrap(), 60_000);
            assert_eq!(octets[..60_000], pieces.concat()[..]);
            assert!(Arc::ptr_eq(&file, &files.of(pieces, 60_000).unwrap()));
            // A part of it is another thing.
            assert!(files.of(&pieces[..1], 40_000).is_none());
        }
        let files = files.files.lock().unwrap();
        assert_eq!((files.size, files.order.len(), files.by_address.len()), (180_000, 3, 3));
    }

    #[test]
    fn what_is_small_or_too_large_stays_as_it_is() {
        let files = Files::new(100_000);
        for size in [1000, 100_001] {
            let content = [Bytes::from(vec![0; size])];
            assert!(files.of(&content, size as u64).is_none());
        }
    }
}
