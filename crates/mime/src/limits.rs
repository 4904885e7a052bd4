//! Everything that can grow, and how far.
//!
//! The rule: beyond a limit bytes are never dropped. What is too much becomes one opaque leaf or is not indexed, and a
//! defect says so.

/// What can grow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How deep parts may nest. 64: four times what is seen; beyond it a part is a leaf.
    pub depth: usize,
    /// Parts in a message. 10 000: bounds the index; the last one takes all that is left.
    pub parts: usize,
    /// Bytes of a header section. 1 MiB: 5 000 times the usual; what is beyond is body.
    pub header_block: usize,
    /// Fields in a header section. 10 000; those beyond are not indexed.
    pub headers: usize,
    /// Bytes of one line that has to be held whole. 1 MiB; RFC 5322 section 2.1.1 allows 998.
    pub line: usize,
    /// Parameters in a field. 1 000.
    pub parameters: usize,
    /// Sections of RFC 2231 in a field. 1 000.
    pub sections_2231: usize,
    /// Addresses in a field. 10 000: dumps of mailing lists.
    pub addresses: usize,
    /// How deep comments may nest. 256.
    pub comment_depth: usize,
    /// Messages in coded messages. 3.
    pub nested_encoding: usize,
    /// Bytes of a boundary when read. 256; 70 are allowed by RFC 2046 section 5.1.1, and never more written.
    pub boundary: usize,
}

impl Limits {
    /// The defaults.
    pub const DEFAULT: Limits = Limits {
        depth: 64,
        parts: 10_000,
        header_block: 1 << 20,
        headers: 10_000,
        line: 1 << 20,
        parameters: 1_000,
        sections_2231: 1_000,
        addresses: 10_000,
        comment_depth: 256,
        nested_encoding: 3,
        boundary: 256,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
