//! RDATA of every type of the table: text, octets, and the text they come back as.

use dns::text::tokens;
use dns::{Class, Name, Rdata, RrType, TextErrorKind};

fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u32> = digits.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

/// Type, text, wire form, and the text it comes back as if it is another one.
const TABLE: &[(&str, &str, &str, &str)] = &[
    ("A", "192.0.2.1", "C0000201", ""),
    ("NS", "ns.example.", "026E73 076578616D706C65 00", ""),
    ("MD", "a.", "016100", ""),
    ("MF", "a.", "016100", ""),
    ("CNAME", "a", "0161 076578616D706C65 00", "a.example."),
    (
        "SOA",
        "@ root 2024010101 1h 15m 1w 1d",
        "076578616D706C6500 04726F6F74076578616D706C6500 78A3F175 00000E10 00000384 00093A80 00015180",
        "example. root.example. 2024010101 3600 900 604800 86400",
    ),
    ("MB", "a.", "016100", ""),
    ("MG", "a.", "016100", ""),
    ("MR", "a.", "016100", ""),
    ("NULL", "\\# 3 ABCDEF", "ABCDEF", ""),
    ("WKS", "192.0.2.1 tcp smtp 80", "C000020106 00000040 000000000000 80", "192.0.2.1 6 25 80"),
    ("WKS", "192.0.2.1 17", "C000020111", ""),
    ("PTR", ".", "00", ""),
    ("HINFO", "\"RFC8482\" \"\"", "0752464338343832 00", ""),
    ("MINFO", "a. b.", "016100 016200", ""),
    ("MX", "10 mx", "000A 026D78 076578616D706C65 00", "10 mx.example."),
    (
        "TXT",
        "one \"two three\" \"\" \"q\\\"\\\\\\001\"",
        "036F6E65 0974776F207468726565 00 0471225C01",
        "\"one\" \"two three\" \"\" \"q\\\"\\\\\\001\"",
    ),
    ("RP", "a. b.", "016100 016200", ""),
    ("AFSDB", "1 a.", "0001 016100", ""),
    ("X25", "\"311061700956\"", "0C333131303631373030393536", ""),
    ("ISDN", "\"150862028003217\" \"004\"", "0F313530383632303238303033323137 03303034", ""),
    ("ISDN", "\"150862028003217\"", "0F313530383632303238303033323137", ""),
    ("RT", "2 a.", "0002 016100", ""),
    ("NSAP", "0x47.0005.80.005a00", "47000580005A00", "0x47000580005A00"),
    ("NSAP-PTR", "a.", "016100", ""),
    (
        "SIG",
        "A 5 2 3600 20380119031407 19700101000000 7 a. AQ==",
        "0001 05 02 00000E10 7FFFFFFF 00000000 0007 016100 01",
        "",
    ),
    ("KEY", "256 3 RSASHA1 AQID", "0100 03 05 010203", "256 3 5 AQID"),
    ("KEY", "49408 3 0", "C100 03 00", ""),
    ("PX", "1 a. b.", "0001 016100 016200", ""),
    ("GPOS", "\"-32.6882\" \"116.8652\" \"10.0\"", "082D33322E36383832 083131362E38363532 0431302E30", ""),
    ("AAAA", "2001:DB8::1", "20010DB8000000000000000000000001", "2001:db8::1"),
    (
        "LOC",
        "42 21 54 N 71 06 18 W -24m 30m",
        "00 33 16 13 89172DD0 70BE15F0 00988D20",
        "42 21 54.000 N 71 6 18.000 W -24m 30m 10000m 10m",
    ),
    (
        "LOC",
        "0 S 0 E 0",
        "00 12 16 13 80000000 80000000 00989680",
        "0 0 0.000 N 0 0 0.000 E 0m 1m 10000m 10m",
    ),
    (
        "LOC",
        "90 s 180 0 0.000 w 42849672.95 0.01 90000000m 0m",
        "00 10 99 00 6CB02700 59604E00 FFFFFFFF",
        "90 0 0.000 S 180 0 0.000 W 42849672.95m 0.01m 90000000m 0m",
    ),
    ("NXT", "a. A MX", "016100 4001", ""),
    ("EID", "E32C6F78163A9348", "E32C6F78163A9348", ""),
    ("NIMLOC", "32251A030067", "32251A030067", ""),
    ("SRV", "0 5 5060 sip", "0000 0005 13C4 03736970 076578616D706C65 00", "0 5 5060 sip.example."),
    ("ATMA", "+61200000000", "01 3631323030303030303030", ""),
    ("ATMA", "39.246f00", "00 39246F00", "39246F00"),
    (
        "NAPTR",
        "100 50 \"s\" \"http+I2L\" \"\" _http._tcp.gatech.edu.",
        "0064 0032 0173 08687474702B49324C 00 055F68747470045F746370066761746563680365647500",
        "",
    ),
    ("KX", "1 a.", "0001 016100", ""),
    ("CERT", "PGP 0 0 AQID", "0003 0000 00 010203", ""),
    ("CERT", "65534 65535 RSASHA256 AQID", "FFFE FFFF 08 010203", "65534 65535 8 AQID"),
    ("A6", "0 2001:db8::1", "00 20010DB8000000000000000000000001", ""),
    ("A6", "64 ::1:2 a.", "40 0000000000010002 016100", ""),
    ("A6", "61 2001:db8:0:7::9 a.", "3D 070000000000000009 016100", "61 ::7:0:0:0:9 a."),
    ("A6", "128 a.", "80 016100", ""),
    ("DNAME", "a.", "016100", ""),
    ("SINK", "64 0 1 AQID", "40 00 01 010203", ""),
    (
        "APL",
        "1:192.168.32.0/21 !1:192.168.38.0/28 2:ff00::/8",
        "0001 15 03 C0A820 0001 1C 83 C0A826 0002 08 01 FF",
        "",
    ),
    ("APL", "!1:0.0.0.0/0", "0001 00 80", ""),
    (
        "DS",
        "60485 RSASHA1 1 2BB183AF5F22588179A53B0A 98631FAD1A292118",
        "EC45 05 01 2BB183AF5F22588179A53B0A98631FAD1A292118",
        "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118",
    ),
    (
        "SSHFP",
        "2 1 123456789abcdef67890123456789abcdef67890",
        "02 01 123456789ABCDEF67890123456789ABCDEF67890",
        "2 1 123456789ABCDEF67890123456789ABCDEF67890",
    ),
    ("IPSECKEY", "10 1 2 192.0.2.38 AQID", "0A 01 02 C0000226 010203", ""),
    ("IPSECKEY", "10 0 2 . AQID", "0A 00 02 010203", ""),
    ("IPSECKEY", "10 2 0 2001:db8::1", "0A 02 00 20010DB8000000000000000000000001", ""),
    ("IPSECKEY", "10 3 2 gw AQID", "0A 03 02 026777 076578616D706C65 00 010203", "10 3 2 gw.example. AQID"),
    (
        "RRSIG",
        "A 5 3 86400 20030322173103 20030220173103 2642 example.com. oJB1W6WNGv+ldvQ3WDG0MQkg5IEhjRip8WTr",
        "0001 05 03 00015180 3E7C9DD7 3E5510D7 0A52 076578616D706C6503636F6D00 A090755BA58D1AFFA576F4375831B4310920E481218D18A9F164EB",
        "",
    ),
    (
        "NSEC",
        "host A MX RRSIG NSEC TYPE1234",
        "04686F7374 076578616D706C65 00 0006400100000003 041B000000000000000000000000000000000000000000000000000020",
        "host.example. A MX RRSIG NSEC TYPE1234",
    ),
    ("NSEC", "a.", "016100", ""),
    ("DNSKEY", "256 3 RSASHA1 AQ ID", "0100 03 05 010203", "256 3 5 AQID"),
    (
        "DHCID",
        "AAIBY2/AuCcgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA==",
        "000201636FC0B8272 0A096EC6B171073D4D46A9A6D3FAF653A3C5F36E540036923 10",
        "",
    ),
    (
        "NSEC3",
        "1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY",
        "01 01 000C 04 AABBCCDD 14 174EB2409FE28BCB4887A1836F957F0A8425E27B 0007 00010000000080",
        "1 1 12 AABBCCDD 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR MX DNSKEY",
    ),
    ("NSEC3PARAM", "1 0 0 -", "01 00 0000 00", ""),
    ("TLSA", "3 1 1 ABCD", "03 01 01 ABCD", ""),
    ("SMIMEA", "3 1 1 ABCD", "03 01 01 ABCD", ""),
    (
        "HIP",
        "2 200100107B1A74DF365639CC39F1D578 AwEAAbdx rvs",
        "10 02 0006 200100107B1A74DF365639CC39F1D578 03010001B771 03727673 076578616D706C65 00",
        "2 200100107B1A74DF365639CC39F1D578 AwEAAbdx rvs.example.",
    ),
    ("HIP", "2 20 AQ==", "01 02 0001 20 01", ""),
    ("NINFO", "\"a\"", "0161", ""),
    ("RKEY", "0 1 5 AQID", "0000 01 05 010203", ""),
    ("TALINK", "a. b.", "016100 016200", ""),
    ("CDS", "0 0 0 00", "0000 00 00 00", ""),
    ("CDNSKEY", "0 3 0 AA==", "0000 03 00 00", ""),
    ("OPENPGPKEY", "AQID", "010203", ""),
    ("CSYNC", "66 3 A NS AAAA", "00000042 0003 000460000008", ""),
    ("ZONEMD", "2018031500 1 1 FEBE3D4C", "7848B78C 01 01 FEBE3D4C", ""),
    ("SVCB", "0 foo.example.com.", "0000 03666F6F076578616D706C6503636F6D00", ""),
    ("HTTPS", "1 . alpn=h2,h3 port=8443", "0001 00 0001 0006 026832026833 0003 0002 20FB", ""),
    (
        "DSYNC",
        "CDS NOTIFY 5359 cds",
        "003B 01 14EF 03636473 076578616D706C65 00",
        "CDS NOTIFY 5359 cds.example.",
    ),
    ("HHIT", "AQID", "010203", ""),
    ("BRID", "AQID", "010203", ""),
    ("SPF", "\"v=spf1 -all\"", "0B763D73706631202D616C6C", ""),
    ("UINFO", "\\# 1 00", "00", ""),
    ("UID", "\\# 1 00", "00", ""),
    ("GID", "\\# 1 00", "00", ""),
    ("UNSPEC", "\\# 1 00", "00", ""),
    ("NID", "10 0014:4fff:ff20:ee64", "000A 00144FFFFF20EE64", ""),
    ("L32", "10 10.1.2.0", "000A 0A010200", ""),
    ("L64", "10 2001:0DB8:1140:1000", "000A 20010DB811401000", "10 2001:0db8:1140:1000"),
    ("LP", "10 l64", "000A 036C3634 076578616D706C65 00", "10 l64.example."),
    ("EUI48", "00-00-5e-00-53-2a", "00005E00532A", ""),
    ("EUI64", "00-00-5E-ef-10-00-00-2a", "00005EEF1000002A", "00-00-5e-ef-10-00-00-2a"),
    ("NXNAME", "\\# 0", "", ""),
    (
        "TKEY",
        "gss-tsig. 20200101000000 20200102000000 3 0 3 AQID 0",
        "086773732D7473696700 5E0BE100 5E0D3280 0003 0000 0003 010203 0000",
        "",
    ),
    (
        "TSIG",
        "hmac-sha256. 1600000000 300 2 AQI= 7 BADSIG 0",
        "0B686D61632D73686132353600 00005F5E1000 012C 0002 0102 0007 0010 0000",
        "",
    ),
    (
        "URI",
        "10 1 \"ftp://ftp1.example.com/public\"",
        "000A 0001 6674703A2F2F667470312E6578616D706C652E636F6D2F7075626C6963",
        "",
    ),
    (
        "CAA",
        "0 issue \"ca.example.net; policy=ev\"",
        "00 056973737565 63612E6578616D706C652E6E65743B20706F6C6963793D6576",
        "",
    ),
    ("CAA", "128 issue \"\"", "80 056973737565", ""),
    ("AVC", "\"a\"", "0161", ""),
    ("DOA", "1 2 3 \"text/plain\" AQID", "00000001 00000002 03 0A746578742F706C61696E 010203", ""),
    ("DOA", "1 2 3 \"\" -", "00000001 00000002 03 00", ""),
    ("AMTRELAY", "10 0 1 203.0.113.15", "0A 01 CB00710F", ""),
    ("AMTRELAY", "10 1 3 relay", "0A 83 0572656C6179 076578616D706C65 00", "10 1 3 relay.example."),
    ("AMTRELAY", "10 0 0 .", "0A 00", ""),
    ("AMTRELAY", "\\# 3 0A0401", "0A0401", ""),
    ("RESINFO", "\"qnamemin\" \"exterr=15,16\"", "08716E616D656D696E 0C6578746572723D31352C3136", ""),
    ("WALLET", "\"a\"", "0161", ""),
    ("CLA", "\"TCP-v4\"", "065443502D7634", ""),
    ("IPN", "18446744073709551615", "FFFFFFFFFFFFFFFF", ""),
    ("TA", "1 5 1 AB", "0001 05 01 AB", ""),
    ("DLV", "1 5 1 AB", "0001 05 01 AB", ""),
    ("TYPE65280", "\\# 4 0A000001", "0A000001", ""),
    ("TYPE65280", "\\# 0", "", ""),
    // RFC 3597 section 5: known types may be written as unknown ones.
    ("A", "\\# 4 0a00 0001", "0A000001", "10.0.0.1"),
];

#[test]
fn text_stands_for_octets_and_octets_for_text() {
    let origin: Name = "example".parse().unwrap();
    for (rtype, text, wire, back) in TABLE {
        let rtype: RrType = rtype.parse().unwrap();
        let parsed = Rdata::parse_text(rtype, Class::IN, &tokens(text.as_bytes()).unwrap(), Some(&origin));
        let rdata = parsed.unwrap_or_else(|error| panic!("{rtype} {text}: {error:?}"));
        let back = if back.is_empty() { text } else { back };
        assert_eq!(rdata.as_wire(), hex(wire), "{rtype} {text}");
        assert_eq!(rdata.to_string(), *back);
        let again = Rdata::of_text(rtype, &rdata.to_string());
        assert_eq!(again.unwrap().as_wire(), rdata.as_wire(), "{rtype} {rdata}");
        assert!(Rdata::from_wire(rtype, Class::IN, rdata.as_wire()).is_ok(), "{rtype} {text}");
    }
}

#[test]
fn the_table_has_every_type_that_can_be_kept() {
    for rtype in RrType::all().filter(|rtype| !rtype.is_meta()) {
        assert!(TABLE.iter().any(|(name, ..)| *name == rtype.to_string()), "{rtype}");
    }
}

#[test]
fn wrong_text_is_refused_at_its_token() {
    use TextErrorKind as K;
    for (rtype, text, kind, token) in [
        ("A", "", K::Missing("an IPv4 address"), 0),
        ("A", "192.0.2", K::Expected("an IPv4 address"), 0),
        ("A", "192.0.2.1 x", K::Trailing, 1),
        ("AAAA", "2001:db8::g", K::Expected("an IPv6 address"), 0),
        ("MX", "10", K::Missing("a name"), 1),
        ("MX", "65536 a", K::Range("a 16-bit number"), 0),
        ("MX", "-1 a", K::Expected("a 16-bit number"), 0),
        ("MX", "10 a..b", K::Name(dns::NameError::LabelEmpty), 1),
        ("TXT", "", K::Missing("a character-string"), 0),
        ("TXT", "a \"\\256\"", K::Escape, 1),
        ("DS", "1 5 1", K::Missing("octets in hexadecimal digits"), 3),
        ("DS", "1 5 1 ABC", K::Expected("octets in hexadecimal digits"), 3),
        ("DS", "1 RSAMD6 1 AB", K::Expected("an algorithm"), 1),
        ("DNSKEY", "256 3 5 AQIDBA", K::Expected("octets in base64"), 3),
        ("RRSIG", "A 5 3 1 20240230000000", K::Expected("a time as YYYYMMDDHHmmSS"), 4),
        ("RRSIG", "A 5 3 1 21070101000000", K::Range("a time as YYYYMMDDHHmmSS"), 4),
        ("NSEC", "a. A B", K::Expected("a record type"), 2),
        ("NXT", "a. A TYPE200", K::Range("the types 1 to 127 of NXT"), 2),
        ("NSEC3", "1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22boj= A", K::Expected("octets in base32"), 4),
        ("LOC", "91 N 0 E 0", K::Expected("degrees, minutes or seconds"), 0),
        ("LOC", "90 1 N 0 E 0", K::Range("a coordinate"), 1),
        ("LOC", "0 N 0 E -100000.01", K::Expected("an altitude in metres"), 4),
        ("LOC", "0 X", K::Expected("degrees, minutes or seconds"), 1),
        ("APL", "3:1.2.3.4/5", K::Expected("an address prefix, as in !1:192.0.2.0/24"), 0),
        ("APL", "1:1.2.3.4/33", K::Expected("an address prefix, as in !1:192.0.2.0/24"), 0),
        ("IPSECKEY", "10 4 2 . AQ==", K::Range("the types of gateways"), 2),
        ("IPSECKEY", "10 0 2 a. AQ==", K::Expected("a dot, for none"), 3),
        ("HTTPS", "1 . port=1 port=2", K::SvcParams("a key is given twice"), 3),
        ("HTTPS", "1 . prt=1", K::Unknown("service parameter"), 2),
        ("HTTPS", "1 . port=65536", K::Expected("a value of this service parameter"), 2),
        ("CAA", "0 is-sue \"\"", K::Expected("a property of letters and digits"), 1),
        ("TSIG", "a. 0 0 1 AQI= 0 0 0", K::GenericLength, 4),
        ("EUI48", "00-00-5e-00-53", K::Expected("an EUI-48"), 0),
        ("NULL", "x", K::NoText, 0),
        ("A", "\\# 4 0A0000", K::GenericLength, 1),
        ("A", "\\# 3 0A0000", K::Generic(dns::ParseErrorKind::RdataShort), 2),
        ("TYPE1000", "\\# 1 0", K::Expected("octets in hexadecimal digits"), 2),
        ("TYPE1000", "00", K::NoText, 0),
    ] {
        let error = Rdata::of_text(rtype.parse().unwrap(), text).expect_err(text);
        assert_eq!((error.kind, error.token), (kind, token), "{rtype} {text}");
    }
}
