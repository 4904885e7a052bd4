//! Where responses are kept: the caller's storage, and one in memory with a limit.
//!
//! The rule: a storage may forget what it likes, but never keeps what it was told to replace.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Key, Stored};

/// Keeps responses for a [`Cache`](super::Cache). What should outlive the process can be kept with files mapped into
/// [`Bytes`](bytes::Bytes).
pub trait Storage {
    /// All responses kept under this key, in the order in which they were given. A storage that has to choose may note that they are in use.
    fn responses(&mut self, key: &Key) -> &[Stored];

    /// Keeps these under this key and nothing else; none: forgets what is there. It may keep fewer of them; the
    /// first is the one that may be missed most easily.
    fn replace(&mut self, key: &Key, responses: Vec<Stored>);
}

/// A storage in memory that holds so many octets at most. What was not asked for since it came, or since its turn last came,
/// makes room.
///
/// ```
/// use http1::cache::Memory;
///
/// let memory = Memory::new(64 << 20);
/// assert_eq!((memory.len(), memory.size()), (0, 0));
/// ```
#[derive(Debug)]
pub struct Memory {
    shelves: BTreeMap<Arc<Key>, Shelf>,
    /// Every shelf, in the order in which their turn comes; a name whose number has changed means nothing any more.
    queue: VecDeque<(Arc<Key>, u64)>,
    next: u64,
    size: u64,
    limit: u64,
}

/// What is kept under one key.
#[derive(Debug)]
struct Shelf {
    responses: Vec<Stored>,
    size: u64,
    number: u64,
    is_used: bool,
}

impl Memory {
    /// For so many octets, heads and bookkeeping included.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Memory { shelves: BTreeMap::new(), queue: VecDeque::new(), next: 0, size: 0, limit }
    }

    /// How many octets are kept.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// For how many URIs something is kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shelves.len()
    }

    /// Nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shelves.is_empty()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.shelves.clear();
        self.queue.clear();
        self.size = 0;
    }

    fn remove(&mut self, key: &Key) {
        if let Some(shelf) = self.shelves.remove(key) {
            self.size -= shelf.size;
        }
    }

    fn make_room(&mut self) {
        while self.size > self.limit
            && let Some((key, number)) = self.queue.pop_front()
        {
            match self.shelves.get_mut(&key).filter(|shelf| shelf.number == number) {
                None => {}
                // A second chance, once.
                Some(shelf) if shelf.is_used => {
                    shelf.is_used = false;
                    self.queue.push_back((key, number));
                }
                Some(_) => self.remove(&key),
            }
        }
    }

    /// Takes out of the queue what is no longer kept, once that is the most of it.
    fn tidy(&mut self) {
        if self.queue.len() > 2 * self.shelves.len() + 64 {
            let shelves = &self.shelves;
            self.queue.retain(|(key, number)| shelves.get(key).is_some_and(|shelf| shelf.number == *number));
        }
    }
}

impl Storage for Memory {
    fn responses(&mut self, key: &Key) -> &[Stored] {
        match self.shelves.get_mut(key) {
            Some(shelf) => {
                shelf.is_used = true;
                &shelf.responses
            }
            None => &[],
        }
    }

    fn replace(&mut self, key: &Key, responses: Vec<Stored>) {
        self.remove(key);
        let mut size = responses.iter().map(Stored::size).sum::<u64>() + key.as_str().len() as u64;
        let mut responses = VecDeque::from(responses);
        while size > self.limit
            && let Some(oldest) = responses.pop_front()
        {
            size -= oldest.size();
        }
        if responses.is_empty() {
            return;
        }
        let responses = Vec::from(responses);
        let (key, number) = (Arc::new(key.clone()), self.next);
        self.next += 1;
        self.size += size;
        self.queue.push_back((Arc::clone(&key), number));
        self.shelves.insert(key, Shelf { responses, size, number, is_used: false });
        self.make_room();
        self.tidy();
    }
}
