//! What is not there, and how that is proven: by the gaps between names that NSEC list (RFC 4034 section 4, RFC 4035
//! section 5.4), or between their hashes (RFC 5155 section 8).
//!
//! The rule: the proofs are RRsets whose signatures have been checked, all of one zone. What a parent says at a zone cut
//! counts for DS alone, and never for names below it (RFC 6840 section 4.1).

use alloc::vec::Vec;

use super::{Fault, Work};
use crate::cache::RrSet;
use crate::name::hashed;
use crate::rdata::{TypeBitmap, base32};
use crate::{Name, RdataRef, RrType, limits};

/// What has been proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// The name has no such records.
    NoData,
    /// The name is not there.
    NoName,
    /// Whether it is there nobody says, who would only delegate there: opt-out (RFC 5155 section 6).
    OptOut,
}

/// The proofs of one zone.
pub(super) struct Proofs<'m> {
    zone: Name,
    nsec: Vec<Nsec<'m>>,
    nsec3: Vec<Nsec3<'m>>,
    params: Option<Params<'m>>,
}

struct Nsec<'m> {
    owner: Name,
    next: Name,
    types: TypeBitmap<'m>,
}

struct Nsec3<'m> {
    hash: Vec<u8>,
    next: &'m [u8],
    opt_out: bool,
    types: TypeBitmap<'m>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Params<'m> {
    iterations: u16,
    salt: &'m [u8],
}

/// The closest ancestor that is there, and that the one below it, on the way to the name, is not.
struct Encloser {
    name: Name,
    opt_out: bool,
}

impl<'m> Proofs<'m> {
    pub(super) fn new(zone: Name) -> Self {
        Proofs { zone, nsec: Vec::new(), nsec3: Vec::new(), params: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.nsec.is_empty() && self.nsec3.is_empty()
    }

    /// Takes an RRset's records, if they are of the two types.
    pub(super) fn add(&mut self, owner: &Name, rdatas: &[RdataRef<'m>]) {
        for rdata in rdatas {
            if let Some(nsec) = rdata.nsec().filter(|_| owner.is_subdomain_of(&self.zone)) {
                self.nsec.push(Nsec { owner: owner.clone(), next: nsec.next.to_name(), types: nsec.types });
            }
            let _ = self.add_nsec3(owner, rdata);
        }
    }

    fn add_nsec3(&mut self, owner: &Name, rdata: &RdataRef<'m>) -> Option<()> {
        let nsec3 = rdata.nsec3()?;
        let params = Params { iterations: nsec3.iterations, salt: nsec3.salt };
        // RFC 5155 sections 8.1 and 8.2: unknown algorithms and flags are ignored, parameters must be the same in all.
        let known = nsec3.algorithm == 1 && nsec3.flags <= 1;
        if !known || owner.parent()? != self.zone || *self.params.get_or_insert(params) != params {
            return None;
        }
        let mut hash = Vec::new();
        base32::read(owner.labels().next()?, &mut hash)?;
        let (next, opt_out) = (nsec3.next, nsec3.flags & 1 != 0);
        self.nsec3.push(Nsec3 { hash, next, opt_out, types: nsec3.types });
        Some(())
    }

    /// Names are hashed so often that the zone counts as unsigned (RFC 9276 section 3.2).
    pub(super) fn are_too_costly(&self) -> Result<bool, Fault> {
        match self.params {
            Some(params) if params.iterations > limits::ITERATIONS => Err(Fault::Iterations),
            Some(params) => Ok(params.iterations > limits::ITERATIONS_SECURE),
            None => Ok(false),
        }
    }

    /// Proves that `name` has no records of this type, or is not there.
    pub(super) fn denied(&self, name: &Name, rtype: RrType, work: &mut Work<'_>) -> Result<Denied, Fault> {
        if self.nsec3.is_empty() {
            self.nsec_denied(name, rtype).ok_or(Fault::NsecMissing)
        } else {
            self.nsec3_denied(name, rtype, work)?.ok_or(Fault::NsecMissing)
        }
    }

    /// Proves that nothing stood in the way of a wildcard: that below the name's ancestor with as many labels there is
    /// nothing closer (RFC 4035 section 5.3.4, RFC 5155 section 8.8).
    pub(super) fn allows_wildcard(
        &self,
        name: &Name,
        labels: usize,
        work: &mut Work<'_>,
    ) -> Result<Denied, Fault> {
        let closer = ancestor(name, labels + 1).ok_or(Fault::NsecMissing)?;
        if self.nsec3.is_empty() {
            let gap = self.nsec.iter().find(|nsec| nsec.covers(name, &self.zone));
            // A wildcard further up is none of this name's.
            let closest = gap.is_some_and(|gap| gap.encloser(name).label_count() == labels);
            return if closest { Ok(Denied::NoName) } else { Err(Fault::NsecMissing) };
        }
        let hash = self.hash(&closer, work)?;
        let gap = self.nsec3.iter().find(|nsec3| nsec3.covers(&hash)).ok_or(Fault::NsecMissing)?;
        Ok(if gap.opt_out { Denied::OptOut } else { Denied::NoName })
    }

    /// The name is there, by these proofs: its types.
    pub(super) fn types_at(&self, name: &Name, work: &mut Work<'_>) -> Result<Option<TypeBitmap<'m>>, Fault> {
        if let Some(nsec) = self.nsec.iter().find(|nsec| nsec.owner == *name) {
            return Ok(Some(nsec.types));
        }
        if self.nsec3.is_empty() {
            return Ok(None);
        }
        let hash = self.hash(name, work)?;
        Ok(self.nsec3.iter().find(|nsec3| nsec3.hash == hash).map(|nsec3| nsec3.types))
    }

    fn nsec_denied(&self, name: &Name, rtype: RrType) -> Option<Denied> {
        if let Some(nsec) = self.nsec.iter().find(|nsec| nsec.owner == *name) {
            return lacks(nsec.types, rtype, name.is_root()).then_some(Denied::NoData);
        }
        let gap = self.nsec.iter().find(|nsec| nsec.covers(name, &self.zone))?;
        if gap.next.is_subdomain_of(name) {
            // An empty non-terminal: there, without records.
            return Some(Denied::NoData);
        }
        let wildcard = gap.encloser(name).prepend(b"*").ok()?;
        if let Some(nsec) = self.nsec.iter().find(|nsec| nsec.owner == wildcard) {
            return lacks(nsec.types, rtype, false).then_some(Denied::NoData);
        }
        self.nsec.iter().any(|nsec| nsec.covers(&wildcard, &self.zone)).then_some(Denied::NoName)
    }

    fn nsec3_denied(&self, name: &Name, rtype: RrType, work: &mut Work<'_>) -> Result<Option<Denied>, Fault> {
        if let Some(types) = self.types_at(name, work)? {
            return Ok(lacks(types, rtype, name.is_root()).then_some(Denied::NoData));
        }
        let Some(encloser) = self.encloser(name, work)? else { return Ok(None) };
        // RFC 5155 sections 8.6 and 9.2: nothing at all is said about what opts out.
        if encloser.opt_out {
            return Ok(Some(Denied::OptOut));
        }
        let Ok(wildcard) = encloser.name.prepend(b"*") else { return Ok(None) };
        let hash = self.hash(&wildcard, work)?;
        if let Some(nsec3) = self.nsec3.iter().find(|nsec3| nsec3.hash == hash) {
            return Ok(lacks(nsec3.types, rtype, false).then_some(Denied::NoData));
        }
        Ok(self.nsec3.iter().any(|nsec3| nsec3.covers(&hash)).then_some(Denied::NoName))
    }

    /// RFC 5155 section 8.3.
    fn encloser(&self, name: &Name, work: &mut Work<'_>) -> Result<Option<Encloser>, Fault> {
        let mut closer = self.hash(name, work)?;
        let mut above = name.parent();
        while let Some(candidate) = above.filter(|above| above.is_subdomain_of(&self.zone)) {
            let hash = self.hash(&candidate, work)?;
            if let Some(nsec3) = self.nsec3.iter().find(|nsec3| nsec3.hash == hash) {
                let gap = self.nsec3.iter().find(|nsec3| nsec3.covers(&closer));
                let leads_away = is_cut(nsec3.types) || nsec3.types.has(RrType::DNAME);
                let gap = gap.filter(|_| !leads_away);
                return Ok(gap.map(|gap| Encloser { name: candidate, opt_out: gap.opt_out }));
            }
            closer = hash;
            above = candidate.parent();
        }
        Ok(None)
    }

    fn hash(&self, name: &Name, work: &mut Work<'_>) -> Result<[u8; 20], Fault> {
        work.take_hash()?;
        let params = self.params.ok_or(Fault::NsecMissing)?;
        Ok(hashed::hash(name, params.salt, params.iterations))
    }
}

impl Nsec<'_> {
    /// The name lies in the gap, and it is this zone's to say so.
    fn covers(&self, name: &Name, zone: &Name) -> bool {
        let is_last = self.next == *zone;
        let in_gap = self.owner < *name && (is_last || *name < self.next);
        let leads_away = is_cut(self.types) || self.types.has(RrType::DNAME);
        in_gap && name.is_subdomain_of(zone) && !(leads_away && name.is_subdomain_of(&self.owner))
    }

    /// The closest ancestor of a name in the gap that is there.
    fn encloser(&self, name: &Name) -> Name {
        longest(common(name, &self.owner), common(name, &self.next))
    }
}

impl Nsec3<'_> {
    fn covers(&self, hash: &[u8]) -> bool {
        let (owner, next) = (self.hash.as_slice(), self.next);
        // The last gap reaches around to the first hash.
        if owner < next { owner < hash && hash < next } else { hash > owner || hash < next }
    }
}

/// What follows for a name from NSEC of a zone that have been proven before.
pub(crate) fn denied(zone: &Name, proven: &[RrSet], name: &Name, rtype: RrType) -> Option<Denied> {
    let mut proofs = Proofs::new(zone.clone());
    for set in proven {
        proofs.add(set.owner(), &set.rdatas().collect::<Vec<_>>());
    }
    proofs.nsec_denied(name, rtype)
}

/// The wildcard that a name would have been made from that lies between these two.
pub(crate) fn wildcard_between(name: &Name, owner: &Name, next: &Name) -> Option<Name> {
    longest(common(name, owner), common(name, next)).prepend(b"*").ok()
}

/// The parent's side of a zone cut.
pub(super) fn is_cut(types: TypeBitmap<'_>) -> bool {
    types.has(RrType::NS) && !types.has(RrType::SOA)
}

/// Whether these types say that there are no records of this one; an alias would have to be followed.
fn lacks(types: TypeBitmap<'_>, rtype: RrType, is_root: bool) -> bool {
    let whose = match rtype {
        // The parent knows, not the zone itself; the root has no parent.
        RrType::DS => !types.has(RrType::SOA) || is_root,
        _ => !is_cut(types),
    };
    whose && !types.has(rtype) && !types.has(RrType::CNAME)
}

/// The ancestor of `name` (or itself) with as many labels.
fn ancestor(name: &Name, labels: usize) -> Option<Name> {
    Name::from_wire(name.suffixes().nth(name.label_count().checked_sub(labels)?)?).ok()
}

/// The longest name that both are below or equal to.
fn common(a: &Name, b: &Name) -> Name {
    let above = a.suffixes().filter_map(|suffix| Name::from_wire(suffix).ok());
    above.into_iter().find(|name| b.is_subdomain_of(name)).unwrap_or_default()
}

fn longest(a: Name, b: Name) -> Name {
    if b.label_count() > a.label_count() { b } else { a }
}
