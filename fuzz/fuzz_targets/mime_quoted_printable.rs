//! Quoted-printable: any bytes survive, and any text is read alike however it is cut.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mime::{Defect, QpDecoder, quoted_printable};

fuzz_target!(|input: (u8, &[u8])| {
    let (size, bytes) = (usize::from(input.0).max(1), input.1);
    let mut defects = Vec::new();
    let decoded = quoted_printable::decode(bytes, &mut defects);
    assert_eq!(in_pieces(QpDecoder::new(), bytes, size), (decoded, defects));
    let strict = in_pieces(QpDecoder::strict(), bytes, bytes.len().max(1));
    assert_eq!(in_pieces(QpDecoder::strict(), bytes, size), strict);
    for text in [quoted_printable::encode(bytes), quoted_printable::encode_binary(bytes)] {
        assert!(text.split(|byte| *byte == b'\n').all(|line| line.len() <= 77));
        assert_eq!(in_pieces(QpDecoder::strict(), &text, size), (bytes.to_vec(), vec![]));
    }
});

fn in_pieces(mut decoder: QpDecoder, text: &[u8], size: usize) -> (Vec<u8>, Vec<Defect>) {
    let mut out = Vec::new();
    text.chunks(size).for_each(|piece| decoder.push(piece, &mut out));
    decoder.finish(&mut out);
    (out, decoder.take_defects())
}
