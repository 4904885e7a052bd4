//! Authentication: challenge lists of RFC 9110 section 11 and the examples of RFC 7617.

use http1::auth::{Basic, BasicError, Misuse, Scheme, challenges};
use proptest::prelude::*;

/// Each scheme as text: its name, then its token68 or its parameters.
fn read(value: &[u8]) -> Result<Vec<String>, usize> {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let write = |scheme: Scheme<'_>| {
        let params = scheme.params().map(|(name, value)| format!(" {}={}", text(name), text(value)));
        let token68 = scheme.token68().map(|token68| format!(" {}", text(token68)));
        text(scheme.name()) + &token68.unwrap_or_default() + &params.collect::<String>()
    };
    challenges(value).map(|scheme| scheme.map(write).map_err(|error| error.offset)).collect()
}

#[test]
fn tells_challenges_from_their_parameters() {
    for (value, schemes) in [
        (&br#"Basic realm="simple""#[..], &["Basic realm=simple"][..]),
        // RFC 9110 section 11.6.1.
        (
            br#"Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\"""#,
            &["Basic realm=simple", "Newauth realm=apps type=1 title=Login to \"apps\""],
        ),
        (
            br#"Newauth realm="apps", type=1, Basic realm="simple""#,
            &["Newauth realm=apps type=1", "Basic realm=simple"],
        ),
        // RFC 7617 sections 2 and 2.1.
        (br#"Basic realm="WallyWorld""#, &["Basic realm=WallyWorld"]),
        (br#"Basic realm="foo", charset="UTF-8""#, &["Basic realm=foo charset=UTF-8"]),
        (b"Negotiate", &["Negotiate"]),
        (b"Negotiate, NTLM", &["Negotiate", "NTLM"]),
        (b"Negotiate, Basic realm=x, NTLM TlRM==", &["Negotiate", "Basic realm=x", "NTLM TlRM=="]),
        (b"Negotiate YII+/abc=, Basic realm=x", &["Negotiate YII+/abc=", "Basic realm=x"]),
        (
            b", ,Basic   realm = \"x\" , ,charset\t=\tUTF-8 ,, NTLM , ",
            &["Basic realm=x charset=UTF-8", "NTLM"],
        ),
        (br#"Digest realm="a, Basic realm=b""#, &["Digest realm=a, Basic realm=b"]),
        (b"A b", &["A b"]),
        (b"A b=", &["A b="]),
        (b"A b=c", &["A b=c"]),
        (b"A ", &["A"]),
        (b"A , b=c", &["A b=c"]),
        (b"", &[]),
        (b" , ", &[]),
    ] {
        assert_eq!(
            read(value),
            Ok(schemes.iter().map(|scheme| (*scheme).to_owned()).collect()),
            "{}",
            value.escape_ascii()
        );
    }
}

#[test]
fn rejects_what_is_no_challenge() {
    for (value, offset) in [
        (&b"="[..], 0),
        (b"\"Basic\"", 0),
        (b"Basic=realm", 5),
        (b"Basic realm=\"x", 12),
        (b"Basic realm=x charset=y", 14),
        (b"Basic a b", 6),
        (b"Basic a==b", 8),
        (b"Basic realm=x, REALM=y", 15),
        (b"Basic realm=x, y=, z", 17),
        (b"Basic\0", 5),
        (b"Basic realm=\"a\nb\"", 12),
    ] {
        assert_eq!(read(value), Err(offset), "{}", value.escape_ascii());
    }
    let many: Vec<String> = (0..33).map(|i| format!("p{i}=x")).collect();
    assert!(read(format!("A {}", many.join(",")).as_bytes()).is_err());
    assert!(Scheme::parse_credentials(b"Basic YTpi, Basic YTpi").is_err());
    assert!(Scheme::parse_credentials(b"").is_err());
}

#[test]
fn shows_and_reads_the_credentials_of_rfc_7617() {
    for (user, password, value) in [
        ("Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ("test", "123\u{a3}", "Basic dGVzdDoxMjPCow=="),
        ("", "", "Basic Og=="),
        ("a", ":b:", "Basic YTo6Yjo="),
    ] {
        let basic = Basic::new(user, password).unwrap();
        assert_eq!(basic.to_value(), value);
        assert_eq!(Basic::parse(value.as_bytes()), Ok(basic));
    }
    assert_eq!(Basic::parse(b"bAsIc   YTpi"), Basic::new("a", "b").map_err(|_| BasicError::Form));
    let latin1 = Basic::parse(b"Basic dGVzdDoxMjOj").unwrap();
    assert_eq!(latin1.password(), "123\u{a3}");
    let challenge = Basic::challenge("a \"b\"").unwrap();
    assert_eq!(challenge, br#"Basic realm="a \"b\"", charset="UTF-8""#);
    assert_eq!(challenges(&challenge).next().unwrap().unwrap().param("Realm"), Some(&b"a \"b\""[..]));
}

#[test]
fn rejects_credentials_that_could_mean_two_things() {
    for (value, error) in [
        (&b""[..], BasicError::Scheme),
        (b"Basic", BasicError::Scheme),
        (b"Bearer YTpi", BasicError::Scheme),
        (b"Basic user=YTpi", BasicError::Scheme),
        (b"Basic YTpi YTpi", BasicError::Scheme),
        (b"Basic YTpi=", BasicError::Base64),
        (b"Basic YTp", BasicError::Base64),
        (b"Basic YWI=", BasicError::Form),
        (b"Basic YTpiCg==", BasicError::Form),
        (b"Basic ADph", BasicError::Form),
    ] {
        assert_eq!(Basic::parse(value).unwrap_err(), error, "{}", value.escape_ascii());
    }
    assert_eq!(Basic::new("a:b", "c").unwrap_err(), Misuse::Colon);
    assert_eq!(Basic::new("a", "c\r\n").unwrap_err(), Misuse::Control);
    assert_eq!(Basic::challenge("a\r\nX: y").unwrap_err(), Misuse::Control);
}

#[test]
fn a_password_is_never_printed() {
    let basic = Basic::new("alice", "secret").unwrap();
    assert_eq!(format!("{basic:?}"), "Basic { user: \"alice\", .. }");
}

proptest! {
    #[test]
    fn credentials_read_as_they_were_shown(user in "[^:\\pC]{0,12}", password in "\\PC{0,12}") {
        let basic = Basic::new(user, password).unwrap();
        prop_assert_eq!(Basic::parse(basic.to_value().as_bytes()), Ok(basic));
    }

    #[test]
    fn no_octets_panic(octets in prop::collection::vec(any::<u8>(), 0..60), text in "(Basic|A)[ ,=a\"\\\\/]{0,30}") {
        let _ = (read(&octets), read(text.as_bytes()), Basic::parse(&octets), Basic::parse(text.as_bytes()));
    }
}
