//! The messages that the RFCs show, and a few that they do not.

/// RFC 2046 section 5.1.1, with its preamble and epilogue.
pub(crate) const MULTIPART: &str = "From: Nathaniel Borenstein <nsb@bellcore.com>\r\n\
To: Ned Freed <ned@innosoft.com>\r\n\
Date: Sun, 21 Mar 1993 23:56:48 -0800 (PST)\r\n\
Subject: Sample message\r\n\
MIME-Version: 1.0\r\n\
Content-type: multipart/mixed; boundary=\"simple boundary\"\r\n\
\r\n\
This is the preamble.  It is to be ignored, though it\r\n\
is a handy place for composition agents to include an\r\n\
explanatory note to non-MIME conformant readers.\r\n\
\r\n\
--simple boundary\r\n\
\r\n\
This is implicitly typed plain US-ASCII text.\r\n\
It does NOT end with a linebreak.\r\n\
--simple boundary\r\n\
Content-type: text/plain; charset=us-ascii\r\n\
\r\n\
This is explicitly typed plain US-ASCII text.\r\n\
It DOES end with a linebreak.\r\n\
\r\n\
--simple boundary--\r\n\
\r\n\
This is the epilogue.  It is also to be ignored.\r\n";

/// RFC 2046 section 5.1.2: an outer delimiter closes the inner multipart.
pub(crate) const NESTED: &str = "Content-Type: multipart/mixed; boundary=gc0pJq0M:08jU534c0p\r\n\
\r\n\
--gc0pJq0M:08jU534c0p\r\n\
Content-Type: multipart/alternative; boundary=inner\r\n\
\r\n\
--inner\r\n\
Content-Type: text/plain\r\n\
\r\n\
plain\r\n\
--inner\r\n\
Content-Type: text/html\r\n\
\r\n\
<p>html\r\n\
--gc0pJq0M:08jU534c0p\r\n\
Content-Type: image/png\r\n\
Content-Transfer-Encoding: base64\r\n\
Content-Disposition: attachment; filename=a.png\r\n\
\r\n\
iVBORw0KGgo=\r\n\
--gc0pJq0M:08jU534c0p--\r\n";

/// RFC 2046 section 5.1.5: what is in a digest is a message.
pub(crate) const DIGEST: &str = "From: Moderator-Address\r\n\
To: Recipient-List\r\n\
Date: Mon, 22 Mar 1994 13:34:51 +0000\r\n\
Subject: Internet Digest, volume 42\r\n\
MIME-Version: 1.0\r\n\
Content-Type: multipart/mixed;\r\n\
\x20             boundary=\"---- main boundary ----\"\r\n\
\r\n\
------ main boundary ----\r\n\
\r\n\
\x20 ...Introductory text or table of contents...\r\n\
\r\n\
------ main boundary ----\r\n\
Content-Type: multipart/digest;\r\n\
\x20             boundary=\"---- next message ----\"\r\n\
\r\n\
------ next message ----\r\n\
\r\n\
From: someone-else\r\n\
Date: Fri, 26 Mar 1993 11:13:32 +0200\r\n\
Subject: my opinion\r\n\
\r\n\
\x20 ...body goes here ...\r\n\
\r\n\
------ next message ----\r\n\
\r\n\
From: someone-else-again\r\n\
Date: Fri, 26 Mar 1993 10:07:13 -0500\r\n\
Subject: my different opinion\r\n\
\r\n\
\x20 ... another body goes here ...\r\n\
\r\n\
------ next message ------\r\n\
\r\n\
------ main boundary ------\r\n";

/// RFC 2049 appendix A.
pub(crate) const COMPLEX: &str = "MIME-Version: 1.0\r\n\
From: Nathaniel Borenstein <nsb@nsb.fv.com>\r\n\
To: Ned Freed <ned@innosoft.com>\r\n\
Date: Fri, 07 Oct 1994 16:15:05 -0700 (PDT)\r\n\
Subject: A multipart example\r\n\
Content-Type: multipart/mixed;\r\n\
\x20             boundary=unique-boundary-1\r\n\
\r\n\
This is the preamble area of a multipart message.\r\n\
Mail readers that understand multipart format\r\n\
should ignore this preamble.\r\n\
\r\n\
If you are reading this text, you might want to\r\n\
consider changing to a mail reader that understands\r\n\
how to properly display multipart messages.\r\n\
\r\n\
--unique-boundary-1\r\n\
\r\n\
\x20 ... Some text appears here ...\r\n\
\r\n\
[Note that the blank between the boundary and the start\r\n\
\x20of the text in this part means no header fields were\r\n\
\x20given and this is text in the US-ASCII character set.\r\n\
\x20It could have been done with explicit typing as in the\r\n\
\x20next part.]\r\n\
\r\n\
--unique-boundary-1\r\n\
Content-type: text/plain; charset=US-ASCII\r\n\
\r\n\
This could have been part of the previous part, but\r\n\
illustrates explicit versus implicit typing of body\r\n\
parts.\r\n\
\r\n\
--unique-boundary-1\r\n\
Content-Type: multipart/parallel; boundary=unique-boundary-2\r\n\
\r\n\
--unique-boundary-2\r\n\
Content-Type: audio/basic\r\n\
Content-Transfer-Encoding: base64\r\n\
\r\n\
LnNuZAAAABgAAAAEAAAAAQAAH0AAAAAB\r\n\
\r\n\
--unique-boundary-2\r\n\
Content-Type: image/jpeg\r\n\
Content-Transfer-Encoding: base64\r\n\
\r\n\
/9j/4AAQSkZJRg==\r\n\
\r\n\
--unique-boundary-2--\r\n\
\r\n\
--unique-boundary-1\r\n\
Content-type: text/enriched\r\n\
\r\n\
This is <bold><italic>enriched.</italic></bold>\r\n\
<smaller>as defined in RFC 1896</smaller>\r\n\
\r\n\
Isn't it\r\n\
<bigger><bigger>cool?</bigger></bigger>\r\n\
\r\n\
--unique-boundary-1\r\n\
Content-Type: message/rfc822\r\n\
\r\n\
From: (mailbox in US-ASCII)\r\n\
To: (address in US-ASCII)\r\n\
Subject: (subject in US-ASCII)\r\n\
Content-Type: Text/plain; charset=ISO-8859-1\r\n\
Content-Transfer-Encoding: Quoted-printable\r\n\
\r\n\
\x20 ... Additional text in ISO-8859-1 goes here ...=E9\r\n\
\r\n\
--unique-boundary-1--\r\n";

/// As a mailbox file on Unix has it, with damage.
pub(crate) const DAMAGED: &str = "From jdoe@machine.example Fri Nov 21 09:55:06 1997\n\
Subject: one\n\
no colon here\n\
Subject : two\n\
Content-Type: multipart/mixed; boundary=x\n\
Content-Type: text/plain\n\
Content-Transfer-Encoding: base64\n\
\n\
--x\n\
Content-Type: text/plain\n\
--x\n\
just text, no header\n\
--xy\n\
--x\n\
Content-Type: multipart/mixed; boundary=x\n\
\n\
--x\n\
\n\
a\r\n\
--x--  \n\
--x\n\
Content-Type: message/rfc822\n\
\n\
From nobody\n\
Content-Type: multipart/mixed; boundary=never\n\
\n\
nothing\n\
--x\n\
Content-Type: text\n\
Content-Transfer-Encoding: quoted-printable\n\
\n\
=4 =\n\
=41 \n\
--x\n\
Content-Transfer-Encoding: x-none\n\
Content-Type: message/rfc822\n\
\n\
kept";

/// Each with a name.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static [u8])> {
    [
        ("2046 5.1.1", MULTIPART),
        ("2046 5.1.2", NESTED),
        ("2046 5.1.5", DIGEST),
        ("2049 A", COMPLEX),
        ("damaged", DAMAGED),
        ("empty", ""),
        ("blank", "\r\n"),
        ("body only", "\nbody"),
        ("header only", "Subject: a\r\n"),
        ("text", "just text\nand more\n\nin two paragraphs\n"),
        ("half a line", "Sub"),
    ]
    .into_iter()
    .map(|(name, message)| (name, message.as_bytes()))
}
