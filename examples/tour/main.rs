//! The chapter on one machine.
fn main() {}
