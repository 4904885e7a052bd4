//! What a message wants: the operation code (RFC 1035 section 4.1.1, RFC 6895 section 2.2).

use core::fmt;

/// An operation code, 0 to 15.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Opcode(u8);

impl Opcode {
    /// RFC 1035.
    pub const QUERY: Opcode = Opcode(0);
    /// RFC 3425: obsolete.
    pub const IQUERY: Opcode = Opcode(1);
    /// RFC 1035.
    pub const STATUS: Opcode = Opcode(2);
    /// RFC 1996.
    pub const NOTIFY: Opcode = Opcode(4);
    /// RFC 2136.
    pub const UPDATE: Opcode = Opcode(5);
    /// RFC 8490: DNS stateful operations.
    pub const DSO: Opcode = Opcode(6);

    /// The code with this number; only its low four bits count.
    #[must_use]
    pub const fn new(code: u8) -> Self {
        Opcode(code & 0x0F)
    }

    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        self.0
    }

    /// The mnemonic, for those that have one.
    #[must_use]
    pub fn mnemonic(self) -> Option<&'static str> {
        Some(match self {
            Opcode::QUERY => "QUERY",
            Opcode::IQUERY => "IQUERY",
            Opcode::STATUS => "STATUS",
            Opcode::NOTIFY => "NOTIFY",
            Opcode::UPDATE => "UPDATE",
            Opcode::DSO => "DSO",
            _ => return None,
        })
    }
}

impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mnemonic() {
            Some(mnemonic) => f.pad(mnemonic),
            None => write!(f, "OPCODE{}", self.0),
        }
    }
}
