//! net-core's sockets side by side with std alone and with quinn-udp.

mod side_by_side;

use std::io::{IoSliceMut, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use net_core::connect::Connector;
use net_core::resolve::{Resolver, Target};
use net_core::serve::{Config, Server};
use net_core::udp::{BATCH, Inbox, Outbox, Udp};
use net_core::{Accept, Deadline, Family, Listener};
use quinn_udp::{RecvMeta, Transmit, UdpSocketState};
use side_by_side::{OURS, SideBySide};

const PAGE: usize = 4096;

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(30))
}

/// 127.0.0.1 to 127.0.0.200 in turn: each has client ports of its own, so that none has to be waited for.
fn next_address(last: &mut u8, port: u16) -> SocketAddr {
    *last = *last % 200 + 1;
    (Ipv4Addr::new(127, 0, 0, *last), port).into()
}

/// Client and server in one thread: the page crosses, and the server closes first.
fn page(mut client: TcpStream, mut server: TcpStream) -> usize {
    server.write_all(&[7; PAGE]).unwrap();
    drop(server);
    let mut page = [0; PAGE + 1];
    let mut got = 0;
    loop {
        match client.read(&mut page[got..]).unwrap() {
            0 => return got,
            n => got += n,
        }
    }
}

fn connect_accept_close(bench: &mut SideBySide) {
    let name = "connect, accept, 4 KiB, close";
    let mut last = 0;
    let listener = Listener::bind("0.0.0.0:0".parse().unwrap()).unwrap();
    let port = listener.local_addr().port();
    let connector = Connector::new();
    bench.measure(name, OURS, PAGE, || {
        let target = Target::from(next_address(&mut last, port));
        let client = connector.connect(&target, soon()).unwrap();
        let Accept::Connection { stream, .. } = listener.accept(soon()).unwrap() else { panic!("nobody") };
        page(client, stream)
    });
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    bench.measure(name, "std", PAGE, || {
        let client = TcpStream::connect(next_address(&mut last, port)).unwrap();
        let (server, _) = listener.accept().unwrap();
        page(client, server)
    });
}

/// A listener that takes and closes whatever comes, on its own thread.
fn sink() -> u16 {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    port
}

fn connect_only(bench: &mut SideBySide) {
    let name = "connect to an IPv4 name or address";
    let (port, mut last) = (sink(), 0);
    let resolver = Resolver::by(|_, family, _| match family {
        Family::V4 => Ok(vec![IpAddr::from(Ipv4Addr::LOCALHOST)]),
        Family::V6 => Ok(Vec::new()),
    });
    let own = Connector { resolver, ..Connector::new() };
    let target = Target::new("www.networkutopia.test", port).unwrap();
    bench.measure(name, OURS, 1, || own.connect(&target, soon()).unwrap());
    let system = Connector::new();
    bench.measure(name, "ours, address", 1, || {
        system.connect(&next_address(&mut last, port).into(), soon()).unwrap()
    });
    bench.measure(name, "std, address", 1, || TcpStream::connect(next_address(&mut last, port)).unwrap());
    let name = "connect to localhost by name";
    let target = Target::new("localhost", port).unwrap();
    bench.measure(name, OURS, 1, || system.connect(&target, soon()).unwrap());
    bench.measure(name, "std, address", 1, || TcpStream::connect(next_address(&mut last, port)).unwrap());
    bench.measure(name, "std, getaddrinfo", 1, || TcpStream::connect(("localhost", port)).unwrap());
}

const LETTER: [u8; 100] = [b'a'; 100];

/// 32 datagrams there and back, both ends in one thread and by the same means.
fn udp_echo(bench: &mut SideBySide) {
    let name = "UDP echo, 32 of 100 bytes";
    let bytes = BATCH * LETTER.len();
    let ends = || [(); 2].map(|()| Udp::bind("127.0.0.1:0".parse().unwrap()).unwrap());
    let (mut inbox, mut outbox) = (Inbox::with(BATCH, 2048), Outbox::new());
    let [client, server] = ends();
    let to = server.local_addr().unwrap();
    bench.measure(name, OURS, bytes, || {
        (0..BATCH).for_each(|_| outbox.push(&LETTER, to));
        client.send(&mut outbox).unwrap();
        let mut echoed = 0;
        while echoed < BATCH {
            echoed += server.receive(&mut inbox, Deadline::NEVER).unwrap();
            inbox.iter().for_each(|datagram| outbox.reply(&datagram, datagram.bytes));
            server.send(&mut outbox).unwrap();
        }
        receive_all(&client, &mut inbox)
    });
    let [client, server] = ends();
    let server = Udp::bind((Ipv4Addr::UNSPECIFIED, server.local_addr().unwrap().port() ^ 1).into()).unwrap();
    let to = SocketAddr::from((Ipv4Addr::LOCALHOST, server.local_addr().unwrap().port()));
    bench.measure(name, "ours, 0.0.0.0", bytes, || {
        (0..BATCH).for_each(|_| outbox.push(&LETTER, to));
        client.send(&mut outbox).unwrap();
        let mut echoed = 0;
        while echoed < BATCH {
            echoed += server.receive(&mut inbox, Deadline::NEVER).unwrap();
            inbox.iter().for_each(|datagram| outbox.reply(&datagram, datagram.bytes));
            server.send(&mut outbox).unwrap();
        }
        receive_all(&client, &mut inbox)
    });
    one_by_one(bench, name, bytes);
    quinn(bench, name, bytes);
}

fn receive_all(client: &Udp, inbox: &mut Inbox) -> usize {
    let mut back = 0;
    while back < BATCH {
        back += client.receive(inbox, Deadline::NEVER).unwrap();
    }
    back
}

fn one_by_one(bench: &mut SideBySide, name: &str, bytes: usize) {
    let [client, server] = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
    let to = server.local_addr().unwrap();
    let mut room = [0; 2048];
    bench.measure(name, "std one by one", bytes, || {
        for _ in 0..BATCH {
            client.send_to(&LETTER, to).unwrap();
        }
        for _ in 0..BATCH {
            let (n, from) = server.recv_from(&mut room).unwrap();
            server.send_to(&room[..n], from).unwrap();
        }
        for _ in 0..BATCH {
            client.recv_from(&mut room).unwrap();
        }
    });
}

/// One transmit per datagram (quinn-udp's batches of those need one length and one destination); receives in batches.
fn quinn(bench: &mut SideBySide, name: &str, bytes: usize) {
    let [client, server] = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
    let states = [&client, &server].map(|socket| UdpSocketState::new(socket.into()).unwrap());
    let to = server.local_addr().unwrap();
    let mut rooms = vec![[0; 2048]; quinn_udp::BATCH_SIZE];
    let mut metas = vec![RecvMeta::default(); quinn_udp::BATCH_SIZE];
    let send = |state: &UdpSocketState, socket: &UdpSocket, contents: &[u8], destination| {
        let transmit = Transmit { destination, ecn: None, contents, segment_size: None, src_ip: None };
        state.send(socket.into(), &transmit).unwrap();
    };
    let mut receive =
        |state: &UdpSocketState, socket: &UdpSocket, heard: &mut dyn FnMut(&[u8], SocketAddr)| {
            let mut slices: Vec<_> = rooms.iter_mut().map(|room| IoSliceMut::new(room)).collect();
            let count = state.recv(socket.into(), &mut slices, &mut metas).unwrap();
            let mut heard_of = 0;
            for (room, meta) in slices.iter().zip(&metas).take(count) {
                for piece in room[..meta.len].chunks(meta.stride) {
                    heard(piece, meta.addr);
                    heard_of += 1;
                }
            }
            heard_of
        };
    bench.measure(name, "quinn-udp", bytes, || {
        (0..BATCH).for_each(|_| send(&states[0], &client, &LETTER, to));
        let mut echoed = 0;
        while echoed < BATCH {
            echoed += receive(&states[1], &server, &mut |piece, from| send(&states[1], &server, piece, from));
        }
        let mut back = 0;
        while back < BATCH {
            back += receive(&states[0], &client, &mut |_, _| {});
        }
    });
}

const CROWD: usize = 64;

/// A letter from each of the crowd, and then the answer to each.
fn round(crowd: &mut [TcpStream]) {
    crowd.iter_mut().for_each(|client| client.write_all(&LETTER).unwrap());
    let mut answer = [0; LETTER.len()];
    crowd.iter_mut().for_each(|client| client.read_exact(&mut answer).unwrap());
}

fn echo(mut stream: &TcpStream) {
    let mut letter = [0; LETTER.len()];
    while stream.read_exact(&mut letter).is_ok() {
        stream.write_all(&letter).unwrap();
    }
}

fn crowd_at(addr: SocketAddr) -> Vec<TcpStream> {
    let crowd: Vec<_> = (0..CROWD).map(|_| TcpStream::connect(addr).unwrap()).collect();
    crowd.iter().for_each(|client| client.set_nodelay(true).unwrap());
    crowd
}

fn closed_loop(bench: &mut SideBySide) {
    let name = "64 connections, 100 bytes each";
    let server = Server::bind(Config::at("127.0.0.1:0".parse().unwrap())).unwrap();
    let (handle, mut crowd) = (server.handle(), crowd_at(server.local_addr()));
    let running = std::thread::spawn(move || server.run(|stream, _, _| echo(&stream)));
    bench.measure(name, OURS, CROWD * LETTER.len(), || round(&mut crowd));
    drop(crowd);
    handle.shutdown(Duration::from_secs(1));
    running.join().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut crowd = crowd_at(listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().map(Result::unwrap) {
            stream.set_nodelay(true).unwrap();
            std::thread::spawn(move || echo(&stream));
        }
    });
    bench.measure(name, "std, a thread each", CROWD * LETTER.len(), || round(&mut crowd));
}

fn main() {
    let mut bench = SideBySide::from_args();
    connect_accept_close(&mut bench);
    connect_only(&mut bench);
    closed_loop(&mut bench);
    udp_echo(&mut bench);
    bench.print();
}
