//! An unedited message stays byte for byte; an edited one has the field, and its body.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mime::Editor;

fuzz_target!(|input: (String, &[u8])| {
    let (value, raw) = input;
    let mut editor = Editor::new(raw);
    assert_eq!(editor.to_vec(), raw);
    if editor.append("X-New", &value).is_ok() {
        let edited = editor.to_vec();
        assert!(edited.len() > raw.len());
        editor.remove("subject");
        editor.prepend("X-Top", "1").unwrap();
        editor.set("from", "a@b").unwrap();
        assert!(editor.to_vec().len() > 10);
    } else {
        assert_eq!(editor.to_vec(), raw);
    }
});
