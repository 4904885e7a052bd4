//! Base64 as mail has it: any bytes survive, and any text is read alike however it is cut.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mime::{Base64Decoder, Defect, base64};

fuzz_target!(|input: (u8, &[u8])| {
    let (size, bytes) = (usize::from(input.0).max(1), input.1);
    let mut defects = Vec::new();
    let decoded = base64::decode(bytes, &mut defects);
    assert_eq!(in_pieces(bytes, size), (decoded, defects));
    let text = base64::encode(bytes);
    assert_eq!(text.len(), base64::encoded_len(bytes.len()));
    assert_eq!(in_pieces(&text, size), (bytes.to_vec(), vec![]));
});

fn in_pieces(text: &[u8], size: usize) -> (Vec<u8>, Vec<Defect>) {
    let (mut decoder, mut out) = (Base64Decoder::new(), Vec::new());
    text.chunks(size).for_each(|piece| decoder.push(piece, &mut out));
    decoder.finish(&mut out);
    (out, decoder.take_defects())
}
