//! Zones out of their text, for every test that needs one.

use dns::Name;
use dns::zone::{BuildFault, Zone, ZoneBuilder};
use dns::zonefile::Parser;

/// The zone that the text is of; records without a TTL have one of 60.
pub(crate) fn read(apex: &str, text: &str) -> Result<Zone, BuildFault> {
    let apex: Name = apex.parse().unwrap();
    let mut parser = Parser::new(text.as_bytes(), "zone").origin(apex.clone()).ttl(60);
    let mut builder = ZoneBuilder::new(apex);
    while let Some(entry) = parser.next().unwrap() {
        builder.push(entry.record)?;
    }
    builder.build()
}
