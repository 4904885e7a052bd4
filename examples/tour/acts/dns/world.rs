//! The servers of a small Internet, all on loopback: which address stands for whom, and what is in their zones.
//!
//! The rule: zones speak of addresses as in the real world (those of RFC 5737, kept for examples); only who sends
//! something looks up which port of this machine stands for one.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::mpsc::channel;

use dns::Name;
use dns::authority::{Authority, Network};
use dns::tsig::{Algorithm, Key};
use examples::Caps;
use examples::Failure;
use examples::nameserver::catalog::{Catalog, Source, Wanted};
use examples::nameserver::desk::{Desk, Permit, Rules};
use examples::nameserver::{datagrams, seed, streams};
use examples::scratch::Scratch;
use examples::service::Service;
use net_core::Udp;

use super::super::ANY;
use super::forger;
use crate::stage::Stage;

const fn ip(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

pub(crate) const ROOT: IpAddr = ip(192, 0, 2, 1);
pub(crate) const TLD: IpAddr = ip(192, 0, 2, 2);
/// Of networkutopia.test.
pub(crate) const AUTHORITY: IpAddr = ip(198, 51, 100, 53);
const CINEMA: IpAddr = ip(198, 51, 100, 60);
const CDN: IpAddr = ip(203, 0, 113, 1);
pub(crate) const EVIL: IpAddr = ip(203, 0, 113, 66);
/// Of the CDN: near to those in the first network, and to those in the second.
pub(crate) const CACHES: [IpAddr; 2] = [ip(203, 0, 113, 10), ip(203, 0, 113, 20)];

const ROOT_ZONE: &str = "$TTL 518400
. SOA a.root.test. host.test. 1 1800 900 604800 86400
. NS a.root.test.
a.root.test. A 192.0.2.1
test. NS a.nic.test.
a.nic.test. A 192.0.2.2
";

const TLD_ZONE: &str = "$TTL 172800
@ SOA a.nic host 1 1800 900 604800 3600
@ NS a.nic
a.nic A 192.0.2.2
netcinema NS dns.netcinema
dns.netcinema A 198.51.100.60
kingcdn NS dns.kingcdn
dns.kingcdn A 203.0.113.1
evil NS dns.evil
dns.evil A 203.0.113.66
a.root A 192.0.2.1
";

const AUTHORITY_ZONE: &str = "$TTL 3600
@ SOA dns1 host 1 1800 900 604800 300
@ NS dns1
@ MX 10 mail
dns1 A 198.51.100.53
www A 198.51.100.80
mail A 198.51.100.25
";

const CINEMA_ZONE: &str = "$TTL 3600
@ SOA dns host 1 1800 900 604800 300
@ NS dns
dns A 198.51.100.60
www A 198.51.100.61
video CNAME a1105.kingcdn.test.
";

const CDN_ZONE: &str = "$TTL 20
@ SOA dns host 1 1800 900 604800 300
@ NS dns
dns A 203.0.113.1
a1105 A CACHE
";

/// The key that the registrar shares with the TLD.
pub(crate) fn registrar() -> Key {
    let name = Name::from_labels([&b"registrar"[..]]).unwrap_or(Name::ROOT);
    Key::new(name, Algorithm::HmacSha256, b"known to two")
}

pub(crate) struct World {
    scratch: Scratch,
    map: BTreeMap<IpAddr, (&'static str, SocketAddr)>,
    services: Vec<Service>,
}

impl World {
    pub(crate) fn build() -> Result<World, Failure> {
        let mut world = World { scratch: Scratch::new()?, map: BTreeMap::new(), services: Vec::new() };
        let update = vec![Permit::Key(registrar().name().clone())];
        let open = Rules { keys: vec![registrar()], update, ..Rules::default() };
        world.server("the root server", ROOT, &[(".", Network::ALL, ROOT_ZONE)], Rules::default())?;
        world.server("the TLD server", TLD, &[("test", Network::ALL, TLD_ZONE)], open)?;
        let own = [("networkutopia.test", Network::ALL, AUTHORITY_ZONE)];
        world.server("dns1.networkutopia.test", AUTHORITY, &own, Rules::default())?;
        let own = [("netcinema.test", Network::ALL, CINEMA_ZONE)];
        world.server("dns.netcinema.test", CINEMA, &own, Rules::default())?;
        let [first, second] = CACHES.map(|cache| CDN_ZONE.replace("CACHE", &cache.to_string()));
        let network: Network = "127.0.2.0/24".parse()?;
        let both =
            [("kingcdn.test", Network::ALL, first.as_str()), ("kingcdn.test", network, second.as_str())];
        world.server("dns.kingcdn.test", CDN, &both, Rules::default())?;
        let evil = forger::boaster()?;
        world.stand_for(EVIL, "dns.evil.test", evil);
        Ok(world)
    }

    /// A server for some zones, by UDP and TCP.
    fn server(
        &mut self,
        name: &'static str,
        stands_for: IpAddr,
        zones: &[(&str, Network, &str)],
        rules: Rules,
    ) -> Result<(), Failure> {
        let mut wanted = Vec::new();
        for (number, (origin, view, text)) in zones.iter().enumerate() {
            let path = self.scratch.write(&format!("{name}-{number}"), text.as_bytes())?;
            let (origin, source) = (origin.parse()?, Source::File(path));
            wanted.push(Wanted { origin, view: *view, source });
        }
        let catalog = Catalog::open(wanted, None, seed()?)?;
        let desk = Desk::new(catalog, Authority::new(), rules, channel().0);
        let tcp = net_core::Server::bind(Caps::of(64).at(ANY))?;
        let udp = Udp::bind(tcp.local_addr())?;
        self.map.insert(stands_for, (name, tcp.local_addr()));
        self.services.push(datagrams::serve(udp, &desk, 1)?);
        self.services.push(streams::serve(tcp, &desk, None)?);
        Ok(())
    }

    /// Keeps a server that nobody here finds by its address.
    pub(super) fn keep(&mut self, service: Service) {
        self.services.push(service);
    }

    /// Keeps a server, and lets it stand for an address.
    pub(super) fn stand_for(&mut self, address: IpAddr, name: &'static str, service: Service) {
        self.map.insert(address, (name, service.address()));
        self.keep(service);
    }

    /// Which port of this machine stands for an address.
    pub(crate) fn address(&self, stands_for: IpAddr) -> Result<SocketAddr, Failure> {
        let found = self.map.get(&stands_for).map(|(_, address)| *address);
        found.ok_or_else(|| format!("nobody stands for {stands_for}").into())
    }

    /// Names and ports of all servers.
    pub(crate) fn map(&self) -> BTreeMap<IpAddr, (&'static str, SocketAddr)> {
        self.map.clone()
    }

    /// The same world, in which somebody sits in front of networkutopia.test's server and is quicker than it.
    pub(crate) fn with_forger(&self, forgeries: usize) -> Result<World, Failure> {
        let forger = forger::in_front_of(self.address(AUTHORITY)?, forgeries)?;
        let mut map = self.map();
        map.insert(AUTHORITY, ("dns1.networkutopia.test", forger.address()));
        Ok(World { scratch: Scratch::new()?, map, services: vec![forger] })
    }

    /// The servers stay, and what they need.
    pub(crate) fn leave_to(self, stage: &mut Stage) {
        self.services.into_iter().for_each(|service| stage.keep(service));
        stage.keep_folder(self.scratch);
    }
}
