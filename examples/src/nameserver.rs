//! An authoritative server made of the `dns` crate: zones from files and from primaries, answers by UDP, TCP and TLS.
//!
//! The rule: answering never waits. What is answered from is one immutable [`Authority`](dns::authority::Authority) that
//! all threads share; whoever changes a zone makes a new one, writes down what changed, and only then puts it in place.
//!
//! | part | does |
//! |---|---|
//! | [`Catalog`](catalog::Catalog) | the zones, where they come from, how they came to be what they are |
//! | [`Journal`](journal::Journal), [`compaction`] | what outlives a kill, and does not grow for ever |
//! | [`Desk`](desk::Desk) | one message in, what is to be said out |
//! | [`datagrams`], [`streams`] | the sockets |
//! | [`secondaries`], [`notices`] | talking with other servers |

pub mod catalog;
pub mod compaction;
pub mod datagrams;
pub mod desk;
pub mod journal;
pub mod notices;
pub mod secondaries;
pub mod streams;

use std::fs::File;
use std::io::Read as _;
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970.
#[must_use]
pub fn unix() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Octets that nobody can guess.
///
/// # Errors
/// The system has none.
pub fn random<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut octets = [0; N];
    File::open("/dev/urandom")?.read_exact(&mut octets)?;
    Ok(octets)
}

/// A number that nobody can guess.
///
/// # Errors
/// The system has none.
pub fn seed() -> std::io::Result<u64> {
    Ok(u64::from_be_bytes(random()?))
}
