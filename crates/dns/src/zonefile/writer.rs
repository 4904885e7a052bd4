//! A zone file out of records.

use core::fmt;

use crate::{Name, RecordRef};

/// Writes a zone file: a line for each record, all names absolute, an owner only where it changes.
///
/// ```
/// use dns::zonefile::{Parser, Writer};
/// let text = b"example.org. 60 IN A 192.0.2.1\n             60 IN A 192.0.2.2\n";
/// let (mut parser, mut out) = (Parser::new(text, "zone"), String::new());
/// let mut writer = Writer::new(&mut out);
/// while let Some(entry) = parser.next()? {
///     writer.record(entry.record)?;
/// }
/// assert_eq!(out, "example.org. 60 IN A 192.0.2.1\n\t60 IN A 192.0.2.2\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    owner: Option<Name>,
}

impl<W: fmt::Write> Writer<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Writer { out, owner: None }
    }

    /// Writes a record.
    ///
    /// # Errors
    /// What `out` says.
    pub fn record(&mut self, record: RecordRef<'_>) -> fmt::Result {
        let same = self.owner.as_ref().is_some_and(|owner| owner.as_name_ref().eq_with_case(record.owner));
        if same {
            let rdata = record.rdata;
            return writeln!(self.out, "\t{} {} {} {rdata}", record.ttl, rdata.class(), rdata.rtype());
        }
        self.owner = Some(record.owner.to_name());
        writeln!(self.out, "{record}")
    }

    /// A comment of one line; line ends in it become blanks.
    ///
    /// # Errors
    /// What `out` says.
    pub fn comment(&mut self, text: &str) -> fmt::Result {
        self.out.write_str("; ")?;
        text.chars().try_for_each(|c| self.out.write_char(if c.is_control() { ' ' } else { c }))?;
        self.out.write_char('\n')
    }
}
