//! The TSIG record (RFC 8945 section 4.2), read and written.

use alloc::vec::Vec;

use super::algorithm::Hasher;
use crate::name::split_wire;
use crate::{Header, Message, Name, RrType};

/// What a TSIG record says.
pub(super) struct Tsig {
    pub(super) key: Name,
    pub(super) algorithm: Name,
    /// 48 bits of seconds since 1970.
    pub(super) time: u64,
    pub(super) fudge: u16,
    pub(super) mac: Vec<u8>,
    pub(super) original_id: u16,
    pub(super) error: u16,
    pub(super) other: Vec<u8>,
}

impl Tsig {
    /// Octets of the whole record.
    pub(super) fn len(key: usize, algorithm: usize, mac: usize, other: usize) -> usize {
        key + 10 + algorithm + 16 + mac + other
    }

    /// Of a message, and where it starts in it.
    pub(super) fn of_message(message: &Message<'_>) -> Option<(usize, Tsig)> {
        let (start, record) = message.tsig()?;
        let rdata = record.rdata.to_rdata();
        let (algorithm, rest) = split_wire(rdata.as_wire()).ok()?;
        let ([t0, t1, t2, t3, t4, t5, f0, f1, l0, l1], rest) = rest.split_first_chunk()?;
        let (mac, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([*l0, *l1])))?;
        let ([i0, i1, e0, e1, _, _], other) = rest.split_first_chunk()?;
        Some((
            start,
            Tsig {
                key: record.owner.to_name(),
                algorithm: Name::from_wire(algorithm).ok()?,
                time: u64::from_be_bytes([0, 0, *t0, *t1, *t2, *t3, *t4, *t5]),
                fudge: u16::from_be_bytes([*f0, *f1]),
                mac: mac.to_vec(),
                original_id: u16::from_be_bytes([*i0, *i1]),
                error: u16::from_be_bytes([*e0, *e1]),
                other: other.to_vec(),
            },
        ))
    }

    /// RFC 8945 section 4.3.3: what is signed beside the message.
    pub(super) fn sign_variables(&self, hasher: &mut Hasher) {
        hasher.update(self.key.to_lowercase().as_wire());
        hasher.update(&[0, 255, 0, 0, 0, 0]);
        hasher.update(self.algorithm.to_lowercase().as_wire());
        self.sign_timers(hasher);
        hasher.update(&self.error.to_be_bytes());
        hasher.update(&short(self.other.len()).to_be_bytes());
        hasher.update(&self.other);
    }

    /// RFC 8945 section 5.3.1: of all messages of a stream but the first.
    pub(super) fn sign_timers(&self, hasher: &mut Hasher) {
        hasher.update(&self.time_octets());
        hasher.update(&self.fudge.to_be_bytes());
    }

    fn time_octets(&self) -> [u8; 6] {
        let [_, _, octets @ ..] = self.time.to_be_bytes();
        octets
    }

    /// Appends it to the message that fills `len` octets of `out` and counts it; `None` if there is no room.
    pub(super) fn append(&self, out: &mut [u8], len: usize) -> Option<usize> {
        let mut record = self.key.as_wire().to_vec();
        let rdlength = self.algorithm.as_wire().len() + 16 + self.mac.len() + self.other.len();
        record.extend_from_slice(&RrType::TSIG.0.to_be_bytes());
        record.extend_from_slice(&[0, 255, 0, 0, 0, 0]);
        record.extend_from_slice(&short(rdlength).to_be_bytes());
        record.extend_from_slice(self.algorithm.as_wire());
        record.extend_from_slice(&self.time_octets());
        record.extend_from_slice(&self.fudge.to_be_bytes());
        record.extend_from_slice(&short(self.mac.len()).to_be_bytes());
        record.extend_from_slice(&self.mac);
        record.extend_from_slice(&self.original_id.to_be_bytes());
        record.extend_from_slice(&self.error.to_be_bytes());
        record.extend_from_slice(&short(self.other.len()).to_be_bytes());
        record.extend_from_slice(&self.other);
        let header = Header::parse(out).ok()?;
        let counted = Header { additionals: header.additionals.checked_add(1)?, ..header };
        let end = len + record.len();
        out.get_mut(len..end)?.copy_from_slice(&record);
        *out.first_chunk_mut()? = counted.encode();
        Some(end)
    }
}

fn short(len: usize) -> u16 {
    u16::try_from(len).unwrap_or(u16::MAX)
}
