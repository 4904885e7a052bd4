//! Messages of every damage, made at random.

use proptest::prelude::*;

/// Pieces from which messages of every damage are made.
pub(crate) fn soup() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "--a\n",
        "--a\r\n",
        "--a--\r\n",
        "--b\n",
        "--b--\n",
        "--a",
        "--",
        "-",
        "\n",
        "\r\n",
        "\r",
        " ",
        "\0",
        "x",
        "text\r\n",
        "Content-Type: multipart/mixed; boundary=a\r\n",
        "Content-Type: multipart/digest; boundary=b\n",
        "Content-Type: multipart/mixed; boundary=\"b \"\r\n",
        "Content-Type: multipart/mixed\r\n",
        "Content-Type: message/rfc822\n",
        "Content-Type: message/global\r\n",
        "Content-Type: text/html; charset=utf-8\n",
        "Content-Transfer-Encoding: base64\n",
        "Content-Transfer-Encoding: quoted-printable\r\n",
        "Subject: x\r\n",
        " folded\r\n",
        "no colon\r\n",
        "From me\n",
        "From : me\r\n",
        "=E9=\r\n",
        "QUJD\r\n",
        ":\r\n",
        "N : v\n",
        "--a: b\n",
        "\u{e9}: v\n",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat().into_bytes())
}
