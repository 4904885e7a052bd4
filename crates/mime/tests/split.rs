//! The reader tells what the tree tells, however the message was cut.

#[path = "support/account.rs"]
mod account;
#[path = "support/messages.rs"]
mod messages;
#[path = "support/soup.rs"]
mod soup;

use account::{of_reader, of_tree};
use mime::{Limits, Message};
use proptest::prelude::*;
use soup::soup;

fn assert_agree(raw: &[u8], limits: &Limits) {
    for decodes in [false, true] {
        let tree = of_tree(raw, limits, decodes);
        for size in [1, 2, 3, 5, 7, 64, 1000, usize::MAX] {
            let reader = of_reader(raw, limits, decodes, &mut |_| size);
            assert!(reader == tree, "pieces of {size}, {}", reader.differs_from(&tree));
        }
    }
}

#[test]
fn every_message_in_pieces_of_any_size() {
    for (_, raw) in messages::all() {
        assert_agree(raw, &Limits::DEFAULT);
    }
}

#[test]
fn every_message_cut_in_two_everywhere() {
    for (name, raw) in messages::all() {
        let tree = of_tree(raw, &Limits::DEFAULT, false);
        for first in 0..=raw.len() {
            let mut sizes = [first, usize::MAX].into_iter();
            let reader = of_reader(raw, &Limits::DEFAULT, false, &mut |_| sizes.next().unwrap_or(usize::MAX));
            assert!(reader == tree, "{name} cut at {first}, {}", reader.differs_from(&tree));
        }
    }
}

#[test]
fn every_message_cut_short_everywhere() {
    for (_, raw) in messages::all() {
        for len in 0..raw.len() {
            let raw = &raw[..len];
            let tree = of_tree(raw, &Limits::DEFAULT, true);
            for size in [1, 4] {
                let reader = of_reader(raw, &Limits::DEFAULT, true, &mut |_| size);
                assert!(reader == tree, "of {len} bytes, {}", reader.differs_from(&tree));
            }
        }
    }
}

#[test]
fn limits_are_the_same_for_both() {
    let tight = [
        Limits { depth: 2, ..Limits::DEFAULT },
        Limits { parts: 2, ..Limits::DEFAULT },
        Limits { header_block: 40, ..Limits::DEFAULT },
        Limits { headers: 1, ..Limits::DEFAULT },
        Limits { boundary: 4, ..Limits::DEFAULT },
        Limits { line: 10, ..Limits::DEFAULT },
    ];
    for limits in tight {
        for (_, raw) in messages::all() {
            assert_agree(raw, &limits);
        }
    }
}

#[test]
fn what_is_not_decoded_comes_out_as_it_went_in() {
    for (_, raw) in messages::all() {
        let account = of_reader(raw, &Limits::DEFAULT, false, &mut |_| 10);
        let told = ["outside", "body"];
        let bytes: usize =
            account.lines.iter().filter(|(kind, _)| told.contains(kind)).map(|(_, text)| text.len()).sum();
        let message = Message::parse(raw);
        let fields: usize = message.parts().map(|part| part.header_range().len()).sum();
        assert_eq!(bytes + fields, raw.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_soup_under_any_cut(raw in soup(), sizes in prop::collection::vec(1_usize..20, 1..30), tight in any::<bool>()) {
        let limits = if tight {
            Limits { depth: 3, parts: 4, headers: 3, header_block: 120, ..Limits::DEFAULT }
        } else {
            Limits::DEFAULT
        };
        for decodes in [false, true] {
            let tree = of_tree(&raw, &limits, decodes);
            let mut sizes = sizes.iter().cycle();
            let reader = of_reader(&raw, &limits, decodes, &mut |_| *sizes.next().unwrap());
            prop_assert!(reader == tree, "{}\n{}", raw.escape_ascii(), reader.differs_from(&tree));
        }
    }
}
