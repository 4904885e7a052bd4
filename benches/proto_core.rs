//! proto-core side by side with smtp-proto, lettre, tokio-util and a bare `memchr` pass.

mod side_by_side;

use std::hint::black_box;
use std::ops::ControlFlow;

use proto_core::scan::{self, Class, Classes};
use side_by_side::{OURS, SideBySide};

/// The shape of a header section: line ends, colons, what no value may hold, what no name may hold.
struct Head;
impl Classes<5> for Head {
    const CLASSES: [Class; 5] = [
        Class::of(b"\n"),
        Class::of(b"\r"),
        Class::of(b":"),
        Class::CTL.and(Class::of(b"\t").not()),
        Class::ALPHA.or(Class::DIGIT).or(Class::of(b"!#$%&'*+-.^_`|~")).not(),
    ];
}

/// A header section of `len` bytes as browsers write them.
fn head(len: usize) -> Vec<u8> {
    let lines = b"Accept-Language: en-GB,en;q=0.8\r\nSec-Fetch-Mode: navigate\r\nCookie: id=0123456789; theme=dark\r\n";
    let mut head: Vec<u8> = lines.iter().copied().cycle().take(len - 4).collect();
    head.extend_from_slice(b"\r\n\r\n");
    head
}

fn structural_index(bench: &mut SideBySide) {
    for len in [50, 84, 733, 2068] {
        let (head, name) = (head(len), format!("index of a {len}-byte head"));
        let mut masks = [[0; 5]; 40];
        bench.measure(&name, OURS, len, || scan::index::<Head, 5>(&head, &mut masks));
        bench.measure(&name, "plain twin", len, || {
            scan::plain::walk::<Head, 5, ()>(&head, |_, masks| {
                black_box(masks);
                ControlFlow::Continue(())
            })
        });
        bench.measure(&name, "memchr pass", len, || memchr::memchr_iter(b'\n', &head).count());
    }
}

fn main() {
    let mut bench = SideBySide::from_args();
    structural_index(&mut bench);
    bench.print();
}
