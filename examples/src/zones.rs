//! Zone files off the disk: read to the end, every fault with its line and column.
//!
//! The rule: one fault and there is no zone. What can be lived with is remarked upon, with its place too; data that is
//! not of the zone is left out and remarked upon, as other servers do.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use dns::zone::{BuildFault, Severity, Zone, ZoneBuilder, check};
use dns::zonefile::{Parser, ZoneError};
use dns::{Class, Name, RrType};

/// Faults after which nobody reads on.
const FAULTS: usize = 100;

/// Something to say about a place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// How bad it is.
    pub severity: Severity,
    /// What there is to say.
    pub text: String,
    /// The records can be served as they are; it is what they mean that is wrong.
    pub about_meaning: bool,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let warning = if self.severity == Severity::Warning { "warning: " } else { "" };
        write!(f, "{}:{}:{}: {warning}{}", self.file, self.line, self.column, self.text)
    }
}

impl Remark {
    fn new((file, line, column): (String, usize, usize), severity: Severity, text: String) -> Remark {
        Remark { file, line, column, severity, text, about_meaning: false }
    }
}

/// What has come of reading a zone file.
#[derive(Debug)]
pub struct Reading {
    /// The zone, if nothing keeps it from being one.
    pub zone: Option<Zone>,
    /// What there is to say, in the order of the file.
    pub remarks: Vec<Remark>,
}

impl Reading {
    /// The first thing that keeps the zone from being one.
    #[must_use]
    pub fn fault(&self) -> Option<&Remark> {
        self.remarks.iter().find(|remark| remark.severity == Severity::Error)
    }
}

/// Where the first record of each name and type stands.
type Places = HashMap<(Name, RrType), (String, usize, usize)>;

struct Reader<'t> {
    file: String,
    parser: Parser<'t>,
    builder: ZoneBuilder,
    places: Places,
    remarks: Vec<Remark>,
}

/// Reads the zone file at `path`; `seed`: see [`ZoneBuilder::with`].
///
/// # Errors
/// The file can't be read.
pub fn read(origin: &Name, path: &Path, seed: u64) -> std::io::Result<Reading> {
    Ok(read_text(origin, path, &std::fs::read(path)?, seed))
}

/// Reads `text`, found at `path`. Files that it includes are looked for from here, then beside it.
#[must_use]
pub fn read_text(origin: &Name, path: &Path, text: &[u8], seed: u64) -> Reading {
    let file = path.display().to_string();
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let parser = Parser::new(text, &file).origin(origin.clone()).include(move |name| {
        let beside = || std::fs::read(folder.join(name));
        std::fs::read(name).or_else(|_| beside()).map_err(|error| error.to_string())
    });
    let builder = ZoneBuilder::with(origin.clone(), Class::IN, seed);
    let mut reader = Reader { file, parser, builder, places: HashMap::new(), remarks: Vec::new() };
    while reader.record() {}
    reader.finish()
}

impl Reader<'_> {
    /// Takes the next record in; whether there may be more.
    fn record(&mut self) -> bool {
        let entry = match self.parser.next() {
            Ok(Some(entry)) => entry,
            Ok(None) => return false,
            Err(error) => return self.fault(&error),
        };
        let (name, rtype) = (entry.record.owner.to_name(), entry.record.rtype());
        let place = (entry.file.to_owned(), entry.line, entry.column);
        if entry.ttl_too_large {
            let text = "a TTL over 2147483647 is taken as 0 (RFC 2181 section 8)".to_owned();
            self.remarks.push(Remark::new(place.clone(), Severity::Warning, text));
        }
        let refused = self.builder.push(entry.record).err();
        if let Some(why) = refused {
            // As in BIND: what is not of the zone is left out.
            let warning = matches!(why, BuildFault::OutOfZone(_));
            let severity = if warning { Severity::Warning } else { Severity::Error };
            let ignored = if warning { ": ignored" } else { "" };
            self.remark(place, severity, format!("{why}{ignored}"));
        } else {
            self.places.entry((name, rtype)).or_insert(place);
        }
        true
    }

    fn remark(&mut self, place: (String, usize, usize), severity: Severity, text: String) {
        self.remarks.push(Remark::new(place, severity, text));
    }

    /// Reading goes on behind a fault, if there is a behind.
    fn fault(&mut self, error: &ZoneError) -> bool {
        let place = (error.file.clone(), error.line, error.column);
        let near = if error.token.is_empty() { String::new() } else { format!(", near \"{}\"", error.token) };
        let text = format!("{}{near}", error.kind);
        let same = self.remarks.last().is_some_and(|last| {
            (&last.file, last.line, last.column, &last.text) == (&place.0, place.1, place.2, &text)
        });
        self.remark(place, Severity::Error, text);
        !same && self.remarks.len() < FAULTS
    }

    /// Where the records of a name stand; the file's beginning if nowhere.
    fn place(&self, name: &Name, rtype: Option<RrType>) -> (String, usize, usize) {
        let exact = rtype.and_then(|rtype| self.places.get(&(name.clone(), rtype)));
        let any = || {
            let of_name = self.places.iter().filter(|((owner, _), _)| owner == name);
            of_name.map(|(_, place)| place).min_by_key(|(_, line, _)| *line)
        };
        exact.or_else(any).cloned().unwrap_or_else(|| (self.file.clone(), 1, 1))
    }

    fn finish(mut self) -> Reading {
        let built = self.builder.clone().build();
        match &built {
            Ok(zone) => {
                for finding in check(zone) {
                    let place = self.place(&finding.name, Some(finding.rtype));
                    self.remark(place, finding.severity, finding.to_string());
                    self.remarks.iter_mut().last().into_iter().for_each(|remark| remark.about_meaning = true);
                }
            }
            Err(why) => {
                let place = match why {
                    BuildFault::CnameAndOther(name) => self.place(name, Some(RrType::CNAME)),
                    BuildFault::Singleton(name, rtype) => self.place(name, Some(*rtype)),
                    _ => (self.file.clone(), 1, 1),
                };
                self.remark(place, Severity::Error, why.to_string());
            }
        }
        Reading { zone: built.ok(), remarks: self.remarks }
    }
}
