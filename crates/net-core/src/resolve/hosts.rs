//! The names of this machine's own list, hosts(5), which need no helper thread: reading a small local file takes no time
//! that a deadline would have to bound.
//!
//! The rule: only where the system asks that file first (nsswitch.conf(5)), and only what it answers by itself; all else is
//! left to the system.

use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;

use crate::happy::{Candidate, sort};

/// A list longer than that is searched by the system.
const LONGEST: usize = 64 * 1024;

/// The addresses that the list has for a name, in the order of RFC 6724; `None` if the system is to be asked.
pub(super) fn look_up(name: &str, source_of: impl Fn(SocketAddr) -> Candidate) -> Option<Vec<IpAddr>> {
    static IS_FIRST: OnceLock<bool> = OnceLock::new();
    let is_first = || read("/etc/nsswitch.conf").is_none_or(|list| asks_files_first(&list));
    if !IS_FIRST.get_or_init(is_first) {
        return None;
    }
    let found = addresses_in(&read("/etc/hosts")?, name);
    match found.as_slice() {
        [] => None,
        // Nothing to sort.
        [_] => Some(found),
        _ => {
            let mut all: Vec<_> = found.into_iter().map(|ip| source_of(SocketAddr::new(ip, 0))).collect();
            sort(&mut all);
            Some(all.into_iter().map(|candidate| candidate.addr.ip()).collect())
        }
    }
}

fn read(path: &str) -> Option<String> {
    let (mut text, mut file) = (vec![0; 4096], File::open(path).ok()?);
    let mut len = 0;
    loop {
        match file.read(text.get_mut(len..)?).ok()? {
            0 => break,
            n => len += n,
        }
        if len == text.len() {
            text.resize(len * 4, 0);
        }
        if len > LONGEST {
            return None;
        }
    }
    text.truncate(len);
    String::from_utf8(text).ok()
}

/// nsswitch.conf(5): `hosts: files dns`, where what follows `files` may be an action for its failure. Without such a line
/// files come first.
fn asks_files_first(list: &str) -> bool {
    let mut lines = list.lines().filter_map(|line| line.split('#').next()?.trim().strip_prefix("hosts:"));
    lines.next_back().is_none_or(|sources| sources.split_whitespace().next() == Some("files"))
}

/// hosts(5): `address official-name aliases... # comment`, names in any case.
fn addresses_in(list: &str, name: &str) -> Vec<IpAddr> {
    let mut found = Vec::new();
    for line in list.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(address) = words.next() else { continue };
        if !words.any(|word| word.eq_ignore_ascii_case(name)) {
            continue;
        }
        // An address with a zone, or one that is none: the system may know better.
        let Ok(ip) = address.parse() else { return Vec::new() };
        if !found.contains(&ip) {
            found.push(ip);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::happy::Source;

    const LIST: &str = "127.0.0.1 localhost\n::1\tlocalhost ip6-loopback # ours\n\n# 192.0.2.9 upper\n\
                        192.0.2.7 upper.networkutopia.test UPPER\n192.0.2.7 upper\nfe80::1%eth0 router\n";

    #[test]
    fn a_name_has_the_addresses_of_its_lines() {
        for (name, addresses) in [
            ("localhost", &["127.0.0.1", "::1"][..]),
            ("ip6-loopback", &["::1"]),
            ("Upper", &["192.0.2.7"]),
            ("upper.networkutopia.test", &["192.0.2.7"]),
            ("ours", &[]),
            ("router", &[]),
            ("127.0.0.1", &[]),
            ("", &[]),
        ] {
            let expected: Vec<IpAddr> = addresses.iter().map(|ip| ip.parse().unwrap()).collect();
            assert_eq!(addresses_in(LIST, name), expected, "{name}");
        }
    }

    #[test]
    fn the_list_counts_only_where_the_system_asks_it_first() {
        for (list, expected) in [
            ("hosts: files dns", true),
            ("passwd: files\nhosts:\tfiles [!UNAVAIL=return] dns # usual", true),
            ("passwd: dns", true),
            ("", true),
            ("hosts: mdns4_minimal files", false),
            ("hosts: files\nhosts: dns", false),
            ("hosts:", false),
        ] {
            assert_eq!(asks_files_first(list), expected, "{list}");
        }
    }

    #[test]
    fn the_file_agrees_with_the_system() {
        let unknown = |addr| Candidate { addr, source: Source::Unknown };
        if let Some(found) = look_up("localhost", unknown) {
            assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback));
        }
        assert_eq!(look_up("no-such-name.invalid", unknown), None);
    }
}
