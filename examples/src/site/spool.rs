//! A body that is kept until all of it is there.
//!
//! The rule: a small one stays in memory, a large one goes to a file that has no name, so that nothing is left behind
//! however the program ends.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};

/// Up to this many bytes stay in memory.
const IN_MEMORY: usize = 256 << 10;

/// A body on its way in.
#[derive(Debug, Default)]
pub struct Spool {
    memory: BytesMut,
    file: Option<File>,
    len: u64,
}

/// A body that is complete.
#[derive(Debug)]
pub enum Spooled {
    /// A small one.
    Memory(Bytes),
    /// A large one, and how long it is.
    File(File, u64),
}

impl Spool {
    /// The next bytes of it.
    ///
    /// # Errors
    /// The disk's own.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.len += bytes.len() as u64;
        if let Some(file) = &mut self.file {
            return file.write_all(bytes);
        }
        if self.memory.len() + bytes.len() <= IN_MEMORY {
            self.memory.extend_from_slice(bytes);
            return Ok(());
        }
        let mut file = nameless_file()?;
        file.write_all(&self.memory)?;
        file.write_all(bytes)?;
        self.memory = BytesMut::new();
        self.file = Some(file);
        Ok(())
    }

    /// How many bytes there are so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// None yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All of it is there.
    #[must_use]
    pub fn finish(self) -> Spooled {
        match self.file {
            None => Spooled::Memory(self.memory.freeze()),
            Some(file) => Spooled::File(file, self.len),
        }
    }
}

/// A file for us alone that is gone once it is closed.
fn nameless_file() -> io::Result<File> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("spool-{}-{count}", std::process::id()));
        match OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => {
                std::fs::remove_file(&path)?;
                return Ok(file);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt as _;

    #[test]
    fn a_small_body_stays_in_memory() {
        let mut spool = Spool::default();
        spool.write(b"a=").unwrap();
        spool.write(b"1").unwrap();
        assert!(matches!(spool.finish(), Spooled::Memory(bytes) if bytes == "a=1"));
    }

    #[test]
    fn a_large_body_goes_to_a_file() {
        let mut spool = Spool::default();
        let run = vec![b'x'; IN_MEMORY];
        spool.write(b"first").unwrap();
        spool.write(&run).unwrap();
        spool.write(b"last").unwrap();
        let Spooled::File(file, len) = spool.finish() else { panic!("in memory") };
        assert_eq!(len, 5 + run.len() as u64 + 4);
        let mut end = [0; 4];
        file.read_exact_at(&mut end, len - 4).unwrap();
        assert_eq!(&end, b"last");
    }
}
