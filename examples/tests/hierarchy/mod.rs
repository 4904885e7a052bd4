//! Name servers for tests of those who ask: zones on addresses of the loopback, all on one port, by UDP and TCP.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use dns::authority::{Authority, ClientCtx, Verdict};
use dns::tsig::{Key, verify_request};
use dns::xfr::Outgoing;
use dns::zone::{Zone, ZoneBuilder};
use dns::zonefile::Parser;
use dns::{Message, Name};

/// Servers that run. They stop when dropped.
pub(crate) struct Servers {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    pub(crate) port: u16,
}

/// What one of them answers from.
struct Server {
    authority: Authority,
    zone: Arc<Zone>,
    keys: Vec<Key>,
}

fn zone(origin: &str, text: &str) -> Zone {
    let origin = Name::parse_text(origin.as_bytes(), Some(&Name::ROOT)).unwrap();
    let mut parser = Parser::new(text.as_bytes(), "zone").origin(origin.clone());
    let mut builder = ZoneBuilder::new(origin);
    while let Some(entry) = parser.next().unwrap() {
        builder.push(entry.record).unwrap();
    }
    builder.build().unwrap()
}

impl Servers {
    /// A server of each zone: the last octet of its address in 127.0.0.0/8, the origin, the zone file.
    pub(crate) fn start(zones: &[(u8, &str, &str)], key: Option<&Key>) -> Servers {
        for _ in 0..50 {
            if let Some(servers) = Servers::try_start(zones, key) {
                return servers;
            }
        }
        panic!("no port is free on all of the addresses");
    }

    fn try_start(zones: &[(u8, &str, &str)], key: Option<&Key>) -> Option<Servers> {
        let mut sockets = BTreeMap::new();
        let mut port = 0;
        for (last, ..) in zones {
            let ip = IpAddr::V4(Ipv4Addr::new(127, 0, 0, *last));
            let udp = UdpSocket::bind((ip, port)).ok()?;
            port = udp.local_addr().unwrap().port();
            let tcp = TcpListener::bind((ip, port)).ok()?;
            sockets.insert(*last, (udp, tcp));
        }
        let stop = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        for (last, origin, text) in zones {
            let (udp, tcp) = sockets.remove(last).unwrap();
            let zone = Arc::new(zone(origin, text));
            let mut authority = Authority::new();
            authority.add(zone.clone());
            let server = Arc::new(Server { authority, zone, keys: key.into_iter().cloned().collect() });
            let (other, stopped) = (server.clone(), stop.clone());
            threads.push(thread::spawn(move || server.by_udp(&udp, &stopped)));
            let stopped = stop.clone();
            threads.push(thread::spawn(move || other.by_tcp(&tcp, &stopped)));
        }
        Some(Servers { stop, threads, port })
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Server {
    fn by_udp(&self, socket: &UdpSocket, stop: &AtomicBool) {
        socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let (mut query, mut out) = ([0; 65_535], vec![0; 65_535]);
        while !stop.load(Ordering::Relaxed) {
            let Ok((len, from)) = socket.recv_from(&mut query) else { continue };
            for reply in self.answer(&query[..len], from, false, &mut out) {
                let _ = socket.send_to(&reply, from);
            }
        }
    }

    fn by_tcp(&self, listener: &TcpListener, stop: &AtomicBool) {
        listener.set_nonblocking(true).unwrap();
        while !stop.load(Ordering::Relaxed) {
            match listener.accept() {
                Ok((stream, from)) => self.stream(stream, from),
                Err(_) => thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    fn stream(&self, mut stream: TcpStream, from: SocketAddr) {
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut out = vec![0; 65_535];
        let mut len = [0; 2];
        while stream.read_exact(&mut len).is_ok() {
            let mut query = vec![0; u16::from_be_bytes(len).into()];
            if stream.read_exact(&mut query).is_err() {
                return;
            }
            for reply in self.answer(&query, from, true, &mut out) {
                let len = u16::try_from(reply.len()).unwrap().to_be_bytes();
                let _ = stream.write_all(&[&len[..], &reply].concat());
            }
        }
    }

    fn answer(&self, query: &[u8], from: SocketAddr, stream: bool, out: &mut [u8]) -> Vec<Vec<u8>> {
        let now = examples::nameserver::unix();
        let session = Message::parse(query).ok().map(|message| verify_request(&message, &self.keys, now));
        if let Some(Err(refusal)) = session {
            let message = Message::parse(query).unwrap();
            return refusal.reply(&message, out, now).map(|len| out[..len].to_vec()).into_iter().collect();
        }
        let mut session = session.and_then(Result::ok).flatten();
        let ctx = ClientCtx {
            stream,
            signed: session.is_some(),
            reserve: 200,
            ..ClientCtx::datagram(from.ip(), from.port())
        };
        let len = match self.authority.answer(query, &ctx, out) {
            Verdict::Reply(len) | Verdict::Truncated(len) => len,
            Verdict::Transfer => return self.transfer(query, out),
            _ => return Vec::new(),
        };
        let len = session.as_mut().map_or(Some(len), |session| session.sign(out, len, now)).unwrap();
        vec![out[..len].to_vec()]
    }

    fn transfer(&self, query: &[u8], out: &mut [u8]) -> Vec<Vec<u8>> {
        let message = Message::parse(query).unwrap();
        let mut transfer = Outgoing::new(&message, &self.zone, &[]).unwrap();
        let mut replies = Vec::new();
        while let Some(len) = transfer.next(out, 0) {
            replies.push(out[..len].to_vec());
        }
        replies
    }
}

/// A zone with something of everything.
pub(crate) const NETCINEMA: &str = "$TTL 60
@ SOA ns host 7 7200 3600 1209600 300
@ NS ns
@ MX 10 mail
ns A 127.0.0.3
mail A 192.0.2.25
mail AAAA 2001:db8::25
www CNAME web
web A 192.0.2.80
txt TXT \"one\" \"two\"
empty TXT x
sub NS ns.sub
ns.sub A 192.0.2.53
key DNSKEY 257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==
$GENERATE 1-60 big TXT \"this is record number $ with quite some text in it\"
";
