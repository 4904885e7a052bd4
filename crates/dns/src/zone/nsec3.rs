//! Hashed names (RFC 5155 section 5): where in the circle of NSEC3 owners a name belongs.

use super::{Node, Zone};
use crate::name::hashed;
use crate::{Name, RrType, limits};

impl Zone {
    /// Signed with NSEC.
    #[must_use]
    pub fn has_nsec(&self) -> bool {
        !self.nsec.is_empty()
    }

    /// The node whose NSEC3 matches or covers `name`.
    #[must_use]
    pub fn nsec3_at(&self, name: &Name) -> Option<&Node> {
        self.nsec3_of(&self.hashed(name)?)
    }

    /// Whether `name` has an NSEC3 of its own.
    #[must_use]
    pub fn nsec3_matches(&self, name: &Name) -> bool {
        let hashed = self.hashed(name);
        hashed
            .is_some_and(|hashed| self.node(&hashed).is_some_and(|node| node.rrset(RrType::NSEC3).is_some()))
    }

    /// The owner of the NSEC3 that `name` would have; `None` in a zone without NSEC3PARAM.
    fn hashed(&self, name: &Name) -> Option<Name> {
        let rrset = self.nodes.apex().rrset(RrType::NSEC3PARAM)?;
        let param = rrset.rdatas().first()?.as_rdata_ref().nsec3param()?;
        if param.algorithm != 1 || param.iterations > limits::ITERATIONS {
            return None;
        }
        let hash = hashed::hash(name, param.salt, param.iterations);
        self.apex().prepend(hashed::label(&hash).as_bytes()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Rdata, RecordRef, zone::ZoneBuilder};

    /// RFC 5155 appendix A: salt AABBCCDD, 12 iterations.
    #[test]
    fn names_hash_as_in_rfc_5155() {
        let apex: Name = "example".parse().unwrap();
        let mut builder = ZoneBuilder::new(apex.clone());
        for (rtype, text) in [(RrType::SOA, ". . 1 2 3 4 5"), (RrType::NSEC3PARAM, "1 0 12 AABBCCDD")] {
            let rdata = Rdata::of_text(rtype, text).unwrap();
            let record = RecordRef { owner: apex.as_name_ref(), ttl: 1, rdata: rdata.as_rdata_ref() };
            builder.push(record).unwrap();
        }
        let zone = builder.build().unwrap();
        for (name, hash) in [
            ("example", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"),
            ("a.example", "35mthgpgcu1qg68fab165klnsnk3dpvl"),
            ("x.y.w.example", "2vptu5timamqttgl4luu9kg21e0aor3s"),
        ] {
            let hashed = zone.hashed(&name.parse().unwrap()).unwrap();
            assert_eq!(hashed.labels().next(), Some(hash.as_bytes()));
        }
    }
}
