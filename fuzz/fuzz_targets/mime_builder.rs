//! What is built is read back as the same, whatever it is made of.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mime::builder::Attachment;
use mime::{Builder, MediaType, Message};

fuzz_target!(|input: (String, String, String, Vec<u8>, String)| {
    let (subject, name, filename, content, text) = input;
    let Ok(builder) = Builder::new().subject(&subject).and_then(|it| it.from((&*name, "a@b"))) else {
        return;
    };
    let attached = Attachment::new(filename.clone(), MediaType::OCTETS, content.clone());
    let as_text = Attachment::new(filename.clone(), MediaType::TEXT_PLAIN, content.clone());
    let (Ok(attached), Ok(as_text)) = (attached, as_text) else { return };
    let raw = builder.text(&text).attach(attached).attach(as_text).build(&content).to_vec();
    assert!(raw.split(|byte| *byte == b'\n').all(|line| line.len() <= 999));
    let message = Message::parse(&raw);
    assert_eq!(message.defects().collect::<Vec<_>>(), []);
    let canonical = text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
    let [first, second, third] = *message.root().children().collect::<Vec<_>>() else {
        panic!("not three parts")
    };
    assert_eq!(first.decoded(), canonical.as_bytes());
    assert_eq!((second.decoded(), third.decoded()), ((&*content).into(), (&*content).into()));
});
