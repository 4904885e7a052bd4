//! The authority: whatever comes in, what goes out is a message that parses, belongs to the query and keeps within its
//! limit.

#![no_main]

use std::sync::{Arc, LazyLock};

use dns::authority::{Authority, ClientCtx, Verdict};
use dns::cookie::Secrets;
use dns::zone::ZoneBuilder;
use dns::zonefile::Parser;
use dns::{Header, Message, Name, Rcode, RrType};
use libfuzzer_sys::fuzz_target;

const ZONE: &[u8] = br#"
$TTL 60
@ SOA ns host 7 1d 2h 4w 30
@ NS ns
@ MX 10 mail
ns A 192.0.2.1
mail A 192.0.2.25
www CNAME web
web A 192.0.2.80
web A 192.0.2.81
out CNAME else.net.
loop CNAME loop2
loop2 CNAME loop
a.b A 192.0.2.3
*.w TXT "wild"
*.c CNAME web
sub NS ns.sub
ns.sub A 192.0.2.53
old DNAME new.example.org.
x.new A 192.0.2.9
big TXT "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
big TXT "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
big TXT "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
"#;

static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| {
    let mut authority = Authority::new().nsid(b"fuzz").cookies(Secrets::new([7; 16]));
    for origin in ["example.org", "a"] {
        let apex: Name = origin.parse().unwrap();
        let mut parser = Parser::new(ZONE, "zone").origin(apex.clone());
        let mut builder = ZoneBuilder::new(apex);
        while let Some(entry) = parser.next().unwrap() {
            builder.push(entry.record).unwrap();
        }
        authority.add(Arc::new(builder.build().unwrap()));
    }
    authority.suspend(&"late".parse().unwrap());
    authority
});

fuzz_target!(|input: (&[u8], u8)| {
    let (query, choice) = input;
    let address = [192, 0, 2, 1].into();
    let ctx = if choice & 1 == 0 { ClientCtx::datagram(address, 53) } else { ClientCtx::stream(address, 53) };
    let ctx = ClientCtx { turn: choice.into(), signed: choice & 2 != 0, unix: 1_700_000_000, ..ctx };
    let room = if choice & 4 == 0 { 4096 } else { usize::from(choice) * 2 };
    let mut out = vec![0; room];
    let verdict = AUTHORITY.answer(query, &ctx, &mut out);
    let (Verdict::Reply(len) | Verdict::Truncated(len)) = verdict else { return };
    let reply = Message::parse(&out[..len]).unwrap();
    let header = Header::parse(query).unwrap();
    assert!(reply.header().is_response() && !header.is_response());
    assert_eq!((reply.id(), reply.opcode()), (header.id, header.opcode()));
    match Message::parse(query) {
        Err(_) => assert!(matches!(reply.rcode(), Rcode::FORMERR | Rcode::NOTIMP)),
        Ok(query) => {
            let most = query.edns().map_or(512, |edns| edns.header.udp_payload.clamp(512, 1232));
            assert!(ctx.stream || len <= usize::from(most), "{len} octets");
            if let (Some(asked), Some(said)) = (query.question(), reply.question()) {
                assert_eq!((asked.name, asked.rtype), (said.name, said.rtype));
            }
            assert!(reply.edns().is_none() || query.edns().is_some());
            // NXDOMAIN is for names that are not there, and is proven by an SOA.
            if reply.rcode() == Rcode::NXDOMAIN && verdict != Verdict::Truncated(len) {
                assert!(reply.authority().any(|record| record.rtype() == RrType::SOA));
            }
        }
    }
});
