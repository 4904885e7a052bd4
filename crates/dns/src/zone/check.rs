//! What is wrong with a zone that could be served: the faults for which a careful server refuses to load it, and what
//! deserves a warning.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::{Found, Node, Zone};
use crate::{Name, NameRef, RdataRef, RrType};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// It works, perhaps not as meant.
    Warning,
    /// A careful server refuses the zone.
    Error,
}

/// A fault of a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Whose records are at fault.
    pub name: Name,
    /// Of which type.
    pub rtype: RrType,
    /// What is wrong, in a sentence.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}: {}", self.name, self.rtype, self.text)
    }
}

/// Looks at where the records of a zone lead, as far as the zone itself knows.
#[must_use]
pub fn check(zone: &Zone) -> Vec<Finding> {
    let mut findings = Vec::new();
    if zone.nodes.apex().rrset(RrType::NS).is_none() {
        findings.push(finding(
            Severity::Error,
            zone.nodes.apex(),
            RrType::NS,
            "a zone needs NS records at its apex",
        ));
    }
    for node in zone.nodes() {
        check_node(zone, node, &mut findings);
    }
    findings
}

fn finding(severity: Severity, node: &Node, rtype: RrType, text: impl Into<String>) -> Finding {
    Finding { severity, name: node.name.clone(), rtype, text: text.into() }
}

fn check_node(zone: &Zone, node: &Node, findings: &mut Vec<Finding>) {
    let below_cut = matches!(zone.lookup_wire(node.name.as_wire()), Found::Cut(cut) if cut.name != node.name);
    if below_cut {
        let glue = |rtype| matches!(rtype, RrType::A | RrType::AAAA);
        if let Some(hidden) = node.rrsets.iter().find(|rrset| !glue(rrset.rtype)) {
            let text = "below a zone cut: nobody will see it";
            findings.push(finding(Severity::Warning, node, hidden.rtype, text));
        }
        return;
    }
    if zone.lookup_wire(node.name.as_wire()).is_below_dname() && !node.rrsets.is_empty() {
        let rtype = node.rrsets.first().map_or(RrType::ANY, |rrset| rrset.rtype);
        findings.push(finding(Severity::Warning, node, rtype, "below a DNAME: nobody will see it"));
    }
    check_place(zone, node, findings);
    check_digests(node, findings);
    for rtype in [RrType::NS, RrType::MX, RrType::SRV] {
        let rdatas = node.rrset(rtype).map(|rrset| rrset.rdatas()).unwrap_or_default();
        for target in rdatas.iter().filter_map(|rdata| target(rdata.as_rdata_ref())) {
            if let Some((severity, text)) = check_target(zone, node, rtype, target) {
                findings.push(finding(severity, node, rtype, text));
            }
        }
    }
}

/// Records of a delegation where there can be none.
fn check_place(zone: &Zone, node: &Node, findings: &mut Vec<Finding>) {
    // RFC 4035 section 2.4: "DS RRsets MUST NOT appear at a zone's apex".
    if node.name == *zone.apex() && node.rrset(RrType::DS).is_some() {
        let text = "a DS stands in the zone above, not at the apex of its own";
        findings.push(finding(Severity::Error, node, RrType::DS, text));
    }
    // RFC 4592 section 4.2: what it would mean is not said.
    if node.name.is_wildcard() && node.rrset(RrType::NS).is_some() {
        findings.push(finding(Severity::Error, node, RrType::NS, "a wildcard can't be delegated"));
    }
}

/// A digest has the length of its type: RFC 3658 section 2.4, RFC 4509 section 2.2, RFC 5933 section 5.1, RFC 6605 section 2.
fn check_digests(node: &Node, findings: &mut Vec<Finding>) {
    for rtype in [RrType::DS, RrType::CDS] {
        let rdatas = node.rrset(rtype).map(|rrset| rrset.rdatas()).unwrap_or_default();
        for rdata in rdatas {
            let [_, _, _, kind, digest @ ..] = rdata.as_rdata_ref().octets() else { continue };
            let wanted = match kind {
                1 => 20,
                2 | 3 => 32,
                4 => 48,
                _ => continue,
            };
            if digest.len() != wanted {
                let text = format!("a digest of type {kind} has {wanted} octets, this one {}", digest.len());
                findings.push(finding(Severity::Error, node, rtype, text));
            }
        }
    }
}

impl Found<'_> {
    fn is_below_dname(&self) -> bool {
        matches!(self, Found::Dname(_))
    }
}

fn target(rdata: RdataRef<'_>) -> Option<NameRef<'_>> {
    rdata.name()
}

/// RFC 1034 section 4.2.1, RFC 2181 section 10.3: hosts of the zone have addresses and are no aliases.
fn check_target(zone: &Zone, node: &Node, rtype: RrType, target: NameRef<'_>) -> Option<(Severity, String)> {
    if target.is_root() {
        // RFC 7505, RFC 2782: a dot says that there is none.
        return (rtype == RrType::NS).then(|| (Severity::Warning, "the root is no server".into()));
    }
    let delegation = rtype == RrType::NS && node.name != *zone.apex();
    // Without its own servers a zone is lost; without those of others, or without mail, only they are.
    let severity = if rtype == RrType::NS && !delegation { Severity::Error } else { Severity::Warning };
    let no_address = || Some((severity, format!("{target} has no address record (A or AAAA)")));
    match zone.lookup(target) {
        Found::Outside => None,
        Found::Dname(_) => Some((severity, format!("{target} is below a DNAME"))),
        Found::Exact(host) | Found::Wildcard { node: host, .. } if host.rrset(RrType::CNAME).is_some() => {
            Some((severity, format!("{target} is an alias (CNAME)")))
        }
        Found::Exact(host) | Found::Wildcard { node: host, .. } if has_address(host) => None,
        // Below another cut it is that zone's matter; below this one it needs glue.
        Found::Cut(cut) => {
            let needed = delegation && cut.name == node.name;
            let glue = zone.node(&target.to_name()).is_some_and(has_address);
            if needed && !glue { no_address() } else { None }
        }
        _ => no_address(),
    }
}

pub(crate) fn has_address(node: &Node) -> bool {
    node.rrset(RrType::A).is_some() || node.rrset(RrType::AAAA).is_some()
}
