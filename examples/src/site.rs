//! A web site in a folder: what a request is answered with, without a socket in sight.
//!
//! `http_server` serves it on three runtimes, a proxy and the tour beside it; what they share is here. A [`Visit`] takes
//! the events of one connection's endpoint and gives the commands; the runtime moves the bytes, and fills the gaps that
//! large files leave in the output from where [`Visit::gap`] says.
//!
//! | what | where |
//! |---|---|
//! | from the request's path to a file: spelling, then links | [`target`], [`root`] |
//! | small files in memory, for a second without asking the disk | [`hot`] |
//! | GET and HEAD: conditions, ranges, folders | [`retrieve`] |
//! | PUT, DELETE, POST | [`change`] |
//! | POST of forms with files in them | [`upload`] |
//! | bodies that are kept until they are complete | [`spool`] |

pub mod answer;
pub mod change;
pub mod hot;
pub mod kinds;
pub mod listing;
mod recent;
pub mod retrieve;
pub mod root;
pub mod spool;
pub mod target;
pub mod upload;
mod visit;

use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use visit::Visit;

use hot::Hot;
use root::Root;

/// What a site does beside sending files.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Options {
    /// A folder without an index is answered with what is in it.
    pub list_folders: bool,
    /// PUT, DELETE and POST are allowed.
    pub allow_write: bool,
    /// Every request is answered with its own body.
    pub echo: bool,
    /// Every request is answered with `METHOD PATH BODYLENGTH`.
    pub echo_info: bool,
}

/// A folder, and how it is shown.
#[derive(Debug)]
pub struct Site {
    root: Root,
    hot: Hot,
    options: Options,
    /// Held from a change's conditions to the change: nobody changes anything in between.
    changing: Mutex<()>,
}

impl Site {
    /// The site in the folder `root`.
    ///
    /// # Errors
    /// It can't be opened.
    pub fn open(root: &Path, options: Options) -> io::Result<Self> {
        Ok(Site { root: Root::open(root)?, hot: Hot::default(), options, changing: Mutex::default() })
    }

    /// The methods it answers, for `Allow` (RFC 9110 section 10.2.1).
    fn methods(&self) -> &'static str {
        if self.options.allow_write { "GET, HEAD, OPTIONS, PUT, DELETE, POST" } else { "GET, HEAD, OPTIONS" }
    }

    /// One change after the other: what its conditions were compared with is what it changes (RFC 9110 section 13.1.1, "lost
    /// update").
    fn turn_to_change(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
