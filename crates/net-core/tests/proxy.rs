//! The PROXY protocol text's own examples and rules, cut everywhere.

use net_core::proxy::{Header, LONGEST_V1, Parser, ProxyError};
use proptest::prelude::*;

type Parsed = Result<Option<(Header, usize)>, ProxyError>;

fn whole(input: &[u8]) -> Parsed {
    let (taken, header) = Parser::new().feed(input)?;
    Ok(header.map(|header| (header, taken)))
}

fn by_byte(input: &[u8]) -> Parsed {
    let mut parser = Parser::new();
    for (before, byte) in input.iter().enumerate() {
        if let (taken, Some(header)) = parser.feed(&[*byte])? {
            return Ok(Some((header, before + taken)));
        }
    }
    Ok(None)
}

/// In one piece, in every two, and byte by byte: the same.
fn parse(input: &[u8]) -> Parsed {
    let outcome = whole(input);
    assert_eq!(by_byte(input), outcome);
    for cut in 0..=input.len() {
        let mut parser = Parser::new();
        let halves = match parser.feed(&input[..cut]) {
            Ok((taken, None)) => {
                assert_eq!(taken, cut);
                parser.feed(&input[cut..]).map(|(taken, header)| header.map(|header| (header, cut + taken)))
            }
            Ok((taken, header)) => Ok(header.map(|header| (header, taken))),
            Err(error) => Err(error),
        };
        assert_eq!(halves, outcome, "cut at {cut}");
    }
    outcome
}

/// `source destination` or `-`, and what is left behind the header.
fn meaning(input: &[u8]) -> Result<(String, &[u8]), ProxyError> {
    let (header, taken) = parse(input)?.expect("whole");
    let text = header.proxied.map_or("-".to_owned(), |both| format!("{} {}", both.source, both.destination));
    Ok((text, &input[taken..]))
}

#[test]
fn the_lines_of_version_1() {
    let text =
        "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\nGET / HTTP/1.1\r\nHost: 192.168.0.11\r\n\r\n";
    let (both, rest) = meaning(text.as_bytes()).unwrap();
    assert_eq!(both, "192.168.0.1:56324 192.168.0.11:443");
    assert!(rest.starts_with(b"GET / "));
    let f = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    for (line, both) in [
        ("TCP4 255.255.255.255 255.255.255.255 65535 65535", "255.255.255.255:65535 255.255.255.255:65535"),
        (&format!("TCP6 {f} {f} 65535 65535"), &format!("[{f}]:65535 [{f}]:65535")),
        ("TCP6 2001:DB8::1 ::1 0 1", "[2001:db8::1]:0 [::1]:1"),
        ("UNKNOWN", "-"),
        ("UNKNOWN \u{fc}\u{1}  whatever", "-"),
        (&format!("UNKNOWN {f} {f} 65535 65535"), "-"),
    ] {
        let line = format!("PROXY {line}\r\nrest");
        assert_eq!(meaning(line.as_bytes()).unwrap(), (both.to_owned(), &b"rest"[..]), "{line}");
    }
}

#[test]
fn what_is_wrong_with_a_line_of_version_1() {
    use ProxyError as E;
    for (line, error) in [
        ("GET / HTTP/1.1\r\n", E::Signature(0)),
        ("PROXXY", E::Signature(4)),
        ("PROXY\r\n", E::Signature(5)),
        ("PROXY TCP4 1.2.3.4 1.2.3.4 1 1\n", E::BareLineEnd(30)),
        ("PROXY TCP4 1.2.3.4\r 1.2.3.4 1 1\r\n", E::BareLineEnd(19)),
        ("PROXY TCP4 1.2.3.4\n1.2.3.4 1 1\r\n", E::BareLineEnd(18)),
        ("PROXY \r\n", E::Line("protocol")),
        ("PROXY tcp4 1.2.3.4 1.2.3.4 1 1\r\n", E::Line("protocol")),
        ("PROXY UDP4 1.2.3.4 1.2.3.4 1 1\r\n", E::Line("protocol")),
        ("PROXY UNKNOWN\u{fc}", E::LineTooLong), // padded below
        ("PROXY TCP4 1.2.3.4 ::1 1 1\r\n", E::Line("address")),
        ("PROXY TCP6 1.2.3.4 ::1 1 1\r\n", E::Line("address")),
        ("PROXY TCP6 ::ffff:1.2.3.4 ::1 1 1\r\n", E::Line("address")),
        ("PROXY TCP6 fe80::1%lo ::1 1 1\r\n", E::Line("address")),
        ("PROXY TCP4 01.2.3.4 1.2.3.4 1 1\r\n", E::Line("address")),
        ("PROXY TCP4 1.2.3 1.2.3.4 1 1\r\n", E::Line("address")),
        ("PROXY TCP4  1.2.3.4 1.2.3.4 1 1\r\n", E::Line("address")),
        ("PROXY TCP4\t1.2.3.4 1.2.3.4 1 1\r\n", E::Line("protocol")),
        ("PROXY TCP4 1.2.3.4 1.2.3.4 65536 1\r\n", E::Line("port")),
        ("PROXY TCP4 1.2.3.4 1.2.3.4 01 1\r\n", E::Line("port")),
        ("PROXY TCP4 1.2.3.4 1.2.3.4 +1 1\r\n", E::Line("port")),
        ("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", E::Line("port")),
        ("PROXY TCP4 1.2.3.4 1.2.3.4 1 1 \r\n", E::Line("end")),
    ] {
        let line = if error == E::LineTooLong { format!("{line:x<110}") } else { line.to_owned() };
        assert_eq!(parse(line.as_bytes()), Err(error), "{line:?}");
    }
}

#[test]
fn a_line_of_107_bytes_is_the_longest() {
    let line = |len: usize| format!("{:x<1$}\r\n", "PROXY UNKNOWN ", len - 2);
    assert_eq!(meaning(line(LONGEST_V1).as_bytes()).unwrap().0, "-");
    assert_eq!(parse(line(LONGEST_V1 + 1).as_bytes()), Err(ProxyError::LineTooLong));
}

fn v2(command: u8, family: u8, length: u16, block: &[u8]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    header.extend([command, family]);
    header.extend(length.to_be_bytes());
    header.extend(block);
    header
}

fn v2_whole(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
    v2(command, family, u16::try_from(block.len()).unwrap(), block)
}

const TCP4: [u8; 12] = [192, 168, 0, 1, 192, 168, 0, 11, 220, 4, 1, 187];

#[test]
fn the_headers_of_version_2() {
    let v4 = "192.168.0.1:56324 192.168.0.11:443";
    let mut tcp6 = [0; 36];
    (tcp6[0], tcp6[15], tcp6[16], tcp6[31]) = (0x20, 1, 0x20, 2);
    (tcp6[33], tcp6[35]) = (80, 81);
    for (command, family, block, both) in [
        (0x21, 0x11, &TCP4[..], v4),
        (0x21, 0x12, &TCP4, v4),
        (0x21, 0x21, &tcp6, "[2000::1]:80 [2000::2]:81"),
        (0x21, 0x31, &[b'/'; 216], "-"),
        (0x21, 0x00, b"", "-"),
        (0x20, 0x00, b"", "-"),
        (0x20, 0x11, &TCP4, "-"),
        (0x20, 0x11, b"to be skipped", "-"),
    ] {
        let mut input = v2_whole(command, family, block);
        input.extend(b"rest");
        assert_eq!(meaning(&input), Ok((both.to_owned(), &b"rest"[..])), "{command:x} {family:x}");
    }
}

#[test]
fn what_is_wrong_with_a_header_of_version_2() {
    use ProxyError as E;
    for (input, error) in [
        (v2_whole(0x11, 0x11, &TCP4), E::Unknown("version", 1)),
        (v2_whole(0x22, 0x11, &TCP4), E::Unknown("command", 2)),
        (v2_whole(0x21, 0x41, &TCP4), E::Unknown("address family", 4)),
        (v2_whole(0x21, 0x13, &TCP4), E::Unknown("protocol", 3)),
        (v2_whole(0x21, 0x11, &TCP4[1..]), E::TooShort(11)),
        (v2_whole(0x21, 0x21, &TCP4), E::TooShort(12)),
        (v2(0x20, 0x00, u16::MAX, b""), E::TooLong(65535)),
        (v2_whole(0x21, 0x11, &[&TCP4[..], &[4, 0]].concat()), E::Extension),
        (v2_whole(0x21, 0x11, &[&TCP4[..], &[4, 0, 2, 0]].concat()), E::Extension),
        (v2_whole(0x21, 0x11, &[&TCP4[..], &[3, 0, 4, 0, 0, 0, 0]].concat()), E::Checksum),
        (v2_whole(0x21, 0x11, &[&TCP4[..], &[3, 0, 0]].concat()), E::Checksum),
        (b"\r\n\r\n\0\r\nQUIX".to_vec(), E::Signature(10)),
        (b"\r\nEHLO".to_vec(), E::Signature(2)),
    ] {
        assert_eq!(parse(&input), Err(error));
    }
}

#[test]
fn extensions_are_kept_and_their_checksum_is_checked() {
    let block = [&TCP4[..], &[1, 0, 2, b'h', b'2', 2, 0, 1, b'x', 3, 0, 4, 0, 0, 0, 0]].concat();
    let mut input = v2_whole(0x21, 0x11, &block);
    let crc = crc32c_by_table(&input);
    let at = input.len() - 4;
    input[at..].copy_from_slice(&crc.to_be_bytes());
    let (header, _) = parse(&input).unwrap().unwrap();
    let extensions: Vec<_> = header.extensions().collect();
    assert_eq!(extensions, [(1, &b"h2"[..]), (2, b"x"), (3, &crc.to_be_bytes())]);
    input[20] ^= 1;
    assert_eq!(parse(&input), Err(ProxyError::Checksum));
}

/// The checksum in its other form, a table by byte.
fn crc32c_by_table(bytes: &[u8]) -> u32 {
    let table: Vec<u32> = (0..256_u32)
        .map(|byte| (0..8).fold(byte, |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 }))
        .collect();
    !bytes.iter().fold(u32::MAX, |crc, &byte| crc >> 8 ^ table[((crc ^ u32::from(byte)) & 0xff) as usize])
}

proptest! {
    #[test]
    fn cutting_never_matters(
        start in prop_oneof![Just(b"PROXY ".to_vec()), Just(b"\r\n\r\n\0\r\nQUIT\n".to_vec()), Just(Vec::new())],
        rest in proptest::collection::vec(prop_oneof![any::<u8>(), 0x20..0x23_u8, Just(b'\r'), Just(b'\n')], 0..60),
    ) {
        let _ = parse(&[start, rest].concat());
    }

    #[test]
    fn any_pair_of_addresses_is_read_back(source: std::net::SocketAddrV6, destination: std::net::SocketAddrV6) {
        let (from, to) = (source.ip().segments().map(|part| format!("{part:x}")).join(":"), destination.ip());
        prop_assume!(!to.to_string().contains('.'));
        let line = format!("PROXY TCP6 {from} {to} {} {}\r\n", source.port(), destination.port());
        let (header, taken) = whole(line.as_bytes()).unwrap().unwrap();
        let both = header.proxied.unwrap();
        prop_assert_eq!(taken, line.len());
        prop_assert_eq!((both.source.ip(), both.source.port()), ((*source.ip()).into(), source.port()));
        prop_assert_eq!((both.destination.ip(), both.destination.port()), ((*to).into(), destination.port()));
    }
}
