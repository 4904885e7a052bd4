//! Signs zones for tests: Ed25519, NSEC, one key for everything.

use std::collections::BTreeMap;
use std::sync::Arc;

use dns::dnssec::{ds_of, key_tag, signed_data};
use dns::zone::{Zone, ZoneBuilder};
use dns::zonefile::Parser;
use dns::{Class, Name, Rdata, Record, RrType};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

/// A key, and for how long its signatures are valid.
pub(crate) struct Signer {
    pair: Ed25519KeyPair,
    times: (u32, u32),
}

impl Signer {
    /// The key is no secret: it is made of one octet.
    pub(crate) fn new(seed: u8, times: (u64, u64)) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
        Signer { pair, times: (times.0 as u32, times.1 as u32) }
    }

    pub(crate) fn dnskey(&self) -> Rdata {
        let wire = [&[1, 1, 3, 15], self.pair.public_key().as_ref()].concat();
        Rdata::from_wire(RrType::DNSKEY, Class::IN, &wire).unwrap()
    }

    /// The DS record of a zone, as a line of its parent's file.
    pub(crate) fn ds(&self, zone: &str) -> String {
        let name: Name = zone.parse().unwrap();
        let ds = ds_of(name.as_name_ref(), &self.dnskey().as_rdata_ref(), 2).unwrap();
        format!("{name} 300 DS {}\n", ds.as_rdata_ref())
    }

    /// The signature of an RRset, of which all records are given, by a zone.
    pub(crate) fn sign(&self, zone: &Name, rrset: &[&Record]) -> Record {
        let first = rrset[0];
        let owner = first.owner.as_name_ref();
        let labels = owner.label_count() - usize::from(owner.is_wildcard());
        let mut wire = first.rdata.as_rdata_ref().rtype().0.to_be_bytes().to_vec();
        wire.extend([15, labels as u8]);
        for number in [first.ttl, self.times.1, self.times.0] {
            wire.extend(number.to_be_bytes());
        }
        wire.extend(key_tag(&self.dnskey().as_rdata_ref()).to_be_bytes());
        wire.extend(zone.as_wire());
        let rdata = |wire: &[u8]| Rdata::from_wire(RrType::RRSIG, Class::IN, wire).unwrap();
        let unsigned = rdata(&[&wire[..], &[0; 64]].concat());
        let rrsig = unsigned.as_rdata_ref();
        let rdatas: Vec<_> = rrset.iter().map(|record| record.rdata.as_rdata_ref()).collect();
        let signed = signed_data(&rrsig.rrsig().unwrap(), owner, Class::IN, &rdatas).unwrap();
        let rdata = rdata(&[&wire[..], self.pair.sign(&signed).as_ref()].concat());
        Record { owner: first.owner.clone(), ttl: first.ttl, rdata }
    }

    /// The zone of a file, with DNSKEY, NSEC and RRSIG.
    pub(crate) fn zone(&self, apex: &str, text: &str) -> Arc<Zone> {
        let apex: Name = apex.parse().unwrap();
        let mut parser = Parser::new(text.as_bytes(), "zone").origin(apex.clone()).ttl(300);
        let mut names: BTreeMap<Name, BTreeMap<RrType, Vec<Record>>> = BTreeMap::new();
        let mut add = |record: Record| {
            let types = names.entry(record.owner.clone()).or_default();
            types.entry(record.rtype()).or_default().push(record);
        };
        while let Some(entry) = parser.next().unwrap() {
            add(entry.record.to_record());
        }
        add(Record { owner: apex.clone(), ttl: 300, rdata: self.dnskey() });
        let is_cut = |name: &Name, types: &BTreeMap<RrType, Vec<Record>>| {
            *name != apex && types.contains_key(&RrType::NS)
        };
        let cuts: Vec<Name> =
            names.iter().filter(|(name, types)| is_cut(name, types)).map(|(name, _)| name.clone()).collect();
        let below = |name: &Name| cuts.iter().any(|cut| name != cut && name.is_subdomain_of(cut));
        let authoritative: Vec<Name> = names.keys().filter(|name| !below(name)).cloned().collect();
        for (at, name) in authoritative.iter().enumerate() {
            let next = authoritative.get(at + 1).unwrap_or(&apex);
            let types = names.get_mut(name).unwrap();
            let list: Vec<String> = types.keys().map(ToString::to_string).collect();
            let text = format!("{next} {} RRSIG NSEC", list.join(" "));
            let rdata = Rdata::of_text(RrType::NSEC, &text).unwrap();
            types.insert(RrType::NSEC, vec![Record { owner: name.clone(), ttl: 60, rdata }]);
        }
        let mut builder = ZoneBuilder::new(apex.clone());
        for (name, types) in &names {
            for (rtype, rrset) in types {
                rrset.iter().for_each(|record| builder.push(record.as_record_ref()).unwrap());
                let parents = !is_cut(name, types) || matches!(*rtype, RrType::DS | RrType::NSEC);
                if parents && !below(name) {
                    let rrset: Vec<&Record> = rrset.iter().collect();
                    builder.push(self.sign(&apex, &rrset).as_record_ref()).unwrap();
                }
            }
        }
        Arc::new(builder.build().unwrap())
    }
}
