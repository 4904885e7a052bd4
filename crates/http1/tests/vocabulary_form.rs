//! Forms and file names: the WHATWG rules for the first, the examples of RFC 6266 and RFC 8187 for the second.

use std::borrow::Cow;

use http1::content_disposition::{ContentDisposition, Misuse, attachment, safe_file_name};
use http1::form::{ErrorKind, Limits, parse, parse_within, serialise};
use proptest::prelude::*;

fn pairs(form: &[u8]) -> Vec<(String, String)> {
    parse(form)
        .map(|pair| pair.map(|(name, value)| (name.into_owned(), value.into_owned())).unwrap())
        .collect()
}

#[test]
fn reads_a_form_as_browsers_write_it_and_as_people_do() {
    for (form, meaning) in [
        (&b""[..], &[][..]),
        (b"a=b", &[("a", "b")]),
        (b"a=b&c=d", &[("a", "b"), ("c", "d")]),
        (b"a=b&a=c", &[("a", "b"), ("a", "c")]),
        (b"&&a=b&", &[("a", "b")]),
        (b"a", &[("a", "")]),
        (b"a=", &[("a", "")]),
        (b"=b", &[("", "b")]),
        (b"=", &[("", "")]),
        (b"a=b=c", &[("a", "b=c")]),
        (b"a;b=c", &[("a;b", "c")]),
        (b"a+b=c+d", &[("a b", "c d")]),
        (b"%61%3D=%26%2B", &[("a=", "&+")]),
        (b"a=%2561", &[("a", "%61")]),
        (b"a=%", &[("a", "%")]),
        (b"a=%4", &[("a", "%4")]),
        (b"a=%zz%41", &[("a", "%zzA")]),
        (b"a=%C3%A9\xc3\xa9", &[("a", "\u{e9}\u{e9}")]),
        (b"a=%FF\xff", &[("a", "\u{fffd}\u{fffd}")]),
        (b"a=%EF%BB%BFx", &[("a", "\u{feff}x")]),
        (b"a=%00%0D%0A", &[("a", "\0\r\n")]),
    ] {
        let meaning: Vec<_> =
            meaning.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        assert_eq!(pairs(form), meaning, "{}", form.escape_ascii());
    }
}

#[test]
fn borrows_what_needs_no_decoding() {
    let (name, value) = parse(b"plain=va+lue").next().unwrap().unwrap();
    assert!(matches!((name, value), (Cow::Borrowed("plain"), Cow::Owned(_))));
}

#[test]
fn limits_end_the_reading() {
    let limits = Limits { pairs: 2, pair: 5 };
    let read = |form: &'static [u8]| {
        parse_within(form, limits).map(|pair| pair.map(|_| ()).map_err(|e| (e.kind, e.offset)))
    };
    assert_eq!(read(b"a=b&&c=d&").collect::<Vec<_>>(), [Ok(()), Ok(())]);
    let flood: Vec<_> = read(b"a=b&c=d&e=f&g=h").collect();
    assert_eq!(flood, [Ok(()), Ok(()), Err((ErrorKind::TooManyPairs, 8))]);
    assert_eq!(read(b"a=b&cccccc&e=f").collect::<Vec<_>>(), [Ok(()), Err((ErrorKind::PairTooLarge, 4))]);
    assert_eq!(parse(&b"a&".repeat(5000)).filter(Result::is_ok).count(), 1000);
}

#[test]
fn writes_a_form_as_browsers_do() {
    let form = serialise([("a b", "c&d=e+f"), ("*-._", "~!'()"), ("\u{20ac}", "\r\n%")]);
    assert_eq!(form, "a+b=c%26d%3De%2Bf&*-._=%7E%21%27%28%29&%E2%82%AC=%0D%0A%25");
}

#[test]
fn reads_the_examples_of_rfc_6266_and_rfc_8187() {
    for (value, is_attachment, filename) in [
        (&b"Attachment; filename=example.html"[..], true, Some("example.html")),
        (b"INLINE; FILENAME= \"an example.html\"", false, Some("an example.html")),
        (b"attachment; filename*= UTF-8''%e2%82%ac%20rates", true, Some("\u{20ac} rates")),
        (
            b"attachment; filename=\"EURO rates\"; filename*=utf-8''%e2%82%ac%20rates",
            true,
            Some("\u{20ac} rates"),
        ),
        (
            b"attachment; filename*=utf-8''%e2%82%ac%20rates; filename=\"EURO rates\"",
            true,
            Some("\u{20ac} rates"),
        ),
        (b"a; filename=\"US-$ rates\"", true, Some("US-$ rates")),
        (b"a; filename*=utf-8'en'%C2%A3%20rates", true, Some("\u{a3} rates")),
        (b"a; filename*=UTF-8''%c2%a3%20and%20%e2%82%ac%20rates", true, Some("\u{a3} and \u{20ac} rates")),
        (b"a; filename*=iso-8859-1'en'%A3%20rates", true, Some("\u{a3} rates")),
        (b"inline", false, None),
        (b" attachment ;; x=\"a;b\" ; filename = f ;", true, Some("f")),
        (b"attachment; filename=\"a\\\"b\\\\c\"", true, Some("a\"b\\c")),
        (b"attachment; filename=\"\xc3\xa9\"", true, Some("\u{e9}")),
        (b"attachment; filename=\"\xe9\"", true, Some("\u{e9}")),
        (b"attachment; filename=\"%41\"", true, Some("%41")),
        // A filename* that can't be decoded is ignored.
        (b"attachment; filename=f; filename*=UTF-8''%ff", true, Some("f")),
        (b"attachment; filename=f; filename*=UTF-8''%4", true, Some("f")),
        (b"attachment; filename=f; filename*=UTF-8'x", true, Some("f")),
        (b"attachment; filename=f; filename*=Shift_JIS''x", true, Some("f")),
        (b"attachment; filename=f; filename*=\"UTF-8''a b\"", true, Some("f")),
    ] {
        let disposition = ContentDisposition::parse(value).unwrap();
        assert_eq!(disposition.is_attachment(), is_attachment);
        assert_eq!(disposition.filename(), filename, "{}", value.escape_ascii());
    }
}

#[test]
fn rejects_a_disposition_that_is_not_well_formed() {
    for (value, offset) in [
        (&b""[..], 0),
        (b"\"attachment\"", 0),
        (b"attachment; filename=a b.txt", 23),
        (b"attachment; filename=f; FILENAME=g", 22),
        (b"attachment; filename=\"a", 12),
        (b"attachment filename=a", 11),
        (b"filename=a.txt", 8),
        (b"attachment; filename", 12),
        (b"attachment, inline", 10),
        (b"attachment; filename=\"\r\n\"", 12),
    ] {
        let error = ContentDisposition::parse(value).unwrap_err();
        assert_eq!(error.offset, offset, "{}", value.escape_ascii());
    }
    let many: String = (0..33).map(|i| format!("; p{i}=x")).collect();
    assert!(ContentDisposition::parse(format!("a{many}").as_bytes()).is_err());
}

#[test]
fn file_names_are_harmless() {
    for (proposed, safe) in [
        ("report.pdf", Some("report.pdf")),
        ("na\u{ef}ve file.txt", Some("na\u{ef}ve file.txt")),
        ("/etc/passwd", Some("passwd")),
        ("..\\..\\boot.ini", Some("boot.ini")),
        ("a/", None),
        ("", None),
        (".", None),
        ("..", None),
        (" . ", None),
        (".bashrc", Some("bashrc")),
        ("a.txt. ", Some("a.txt")),
        ("a\0b\r\nc\u{7f}", Some("abc")),
        ("gnp\u{202e}exe.txt", Some("gnpexe.txt")),
        ("a:b|c?d*e<f>g\"h", Some("a_b_c_d_e_f_g_h")),
        ("CON", Some("_CON")),
        ("nul.tar.gz", Some("_nul.tar.gz")),
        ("com1.txt", Some("_com1.txt")),
        ("com10.txt", Some("com10.txt")),
        ("com0", Some("com0")),
        ("console", Some("console")),
    ] {
        assert_eq!(safe_file_name(proposed).as_deref(), safe, "{proposed:?}");
    }
    let long = safe_file_name(&format!("{}.tar.gz", "\u{20ac}".repeat(200))).unwrap();
    assert!(long.len() <= 255 && long.ends_with("\u{20ac}.gz"), "{long}");
}

#[test]
fn a_control_character_is_never_sent_in_a_name() {
    for name in ["a\r\nSet-Cookie: b", "a\0", "\u{7f}", "\u{85}"] {
        assert_eq!(attachment(name), Err(Misuse));
    }
}

proptest! {
    #[test]
    fn forms_read_as_they_were_written(pairs in prop::collection::vec((".{0,8}", ".{0,8}"), 0..8)) {
        let form = serialise(pairs.iter().map(|(name, value)| (name, value)));
        prop_assert!(form.is_ascii());
        prop_assert_eq!(self::pairs(form.as_bytes()), pairs);
    }

    #[test]
    fn forms_never_panic_and_write_back_what_was_read(form in prop::collection::vec(any::<u8>(), 0..80)) {
        let pairs = self::pairs(&form);
        let again = serialise(pairs.iter().map(|(name, value)| (name, value)));
        prop_assert_eq!(self::pairs(again.as_bytes()), pairs);
    }

    #[test]
    fn names_read_as_they_were_written(name in ".{0,40}") {
        if let Ok(value) = attachment(&name) {
            let disposition = ContentDisposition::parse(value.as_bytes()).unwrap();
            prop_assert_eq!(disposition.filename(), Some(&*name));
        }
    }

    #[test]
    fn a_safe_name_is_one_component_and_stays_safe(proposed in "[\\PC\\pC]{0,300}") {
        if let Some(name) = safe_file_name(&proposed) {
            prop_assert!(!name.contains(['/', '\\', '\0', ':']) && !name.starts_with('.') && name.len() <= 255);
            prop_assert_eq!(safe_file_name(&name), Some(name));
        }
    }

    #[test]
    fn no_disposition_panics(value in prop::collection::vec(any::<u8>(), 0..60), text in "a(; ?filename\\*?=[a-zU8'%0-9\" -]{0,10}){0,3}") {
        let _ = (ContentDisposition::parse(&value), ContentDisposition::parse(text.as_bytes()));
    }
}
