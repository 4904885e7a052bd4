//! Records out of a zone file.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::generate::Generate;
use super::lexer::{Lexer, shown};
use super::{INCLUDE_DEPTH, ZoneError, ZoneErrorKind as Kind, ttl::parse_seconds};
use crate::limits;
use crate::name::text::text_to_wire as name_to_wire;
use crate::rdata::text_to_wire;
use crate::text::{Token, tokens};
use crate::{Class, Name, NameRef, RdataRef, RecordRef, RrType, TextErrorKind};

/// Opens an included file: its text, or why not.
type Open<'t> = Box<dyn FnMut(&str) -> Result<Vec<u8>, String> + 't>;

/// A record and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'p> {
    /// The record.
    pub record: RecordRef<'p>,
    /// The file it stands in.
    pub file: &'p str,
    /// The line of its first token, from 1.
    pub line: usize,
    /// The column of its first token, from 1.
    pub column: usize,
    /// Its TTL is over 2^31-1 in the file, and 0 here (RFC 2181 section 8).
    pub ttl_too_large: bool,
}

/// Reads a zone file, record by record.
///
/// ```
/// use dns::zonefile::Parser;
/// let text = b"$TTL 1h\n@ NS ns\nns A 192.0.2.1 ; the server\n";
/// let mut parser = Parser::new(text, "example.zone").origin("example.org".parse()?);
/// let mut count = 0;
/// while let Some(entry) = parser.next()? {
///     assert_eq!((entry.line, entry.record.ttl), (count + 2, 3600));
///     count += 1;
/// }
/// assert_eq!(count, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Parser<'t> {
    lexer: Lexer<'t>,
    /// Texts that go on behind an `$INCLUDE`, with the origin and owner to go on with (RFC 1035 section 5.1).
    outer: Vec<(Lexer<'t>, Option<Name>, Vec<u8>)>,
    open: Option<Open<'t>>,
    origin: Option<Name>,
    /// The wire form of the owner of the record before; empty before the first.
    owner: Vec<u8>,
    class: Class,
    /// `$TTL`.
    default_ttl: Option<u32>,
    /// Of the record before (RFC 1035 section 5.1).
    last_ttl: Option<u32>,
    /// That of the record at hand is more than a TTL can be.
    ttl_too_large: bool,
    generate: Option<Generate>,
    /// Type and class of the record at hand.
    kind: (RrType, Class),
    /// Its RDATA.
    wire: Vec<u8>,
    /// Where the next owner is put together: there may be something wrong with it.
    name: [u8; limits::NAME],
}

/// Tokens of most RDATA: SOA has seven.
const FEW: usize = 8;

/// What may stand between the owner and the RDATA.
struct Middle {
    ttl: Option<u32>,
    class: Option<Class>,
    rtype: RrType,
    /// The first token of the RDATA.
    next: usize,
}

/// What is wrong with a token of the entry: number, offset in it, kind.
type Fault = (usize, usize, Kind);

impl<'t> Parser<'t> {
    /// Reads `text`; `file` is what errors call it.
    #[must_use]
    pub fn new(text: &'t [u8], file: &str) -> Self {
        Parser {
            lexer: Lexer::new(file.into(), Cow::Borrowed(text)),
            outer: Vec::new(),
            open: None,
            origin: None,
            owner: Vec::new(),
            class: Class::IN,
            default_ttl: None,
            last_ttl: None,
            ttl_too_large: false,
            generate: None,
            kind: (RrType::A, Class::IN),
            wire: Vec::new(),
            name: [0; limits::NAME],
        }
    }

    /// The name that completes relative ones, until `$ORIGIN` says another.
    #[must_use]
    pub fn origin(mut self, origin: Name) -> Self {
        self.origin = Some(origin);
        self
    }

    /// The class of records that say none: IN unless said here.
    #[must_use]
    pub fn class(mut self, class: Class) -> Self {
        self.class = class;
        self
    }

    /// The TTL of records that say none, as `$TTL` would.
    #[must_use]
    pub fn ttl(mut self, ttl: u32) -> Self {
        self.default_ttl = Some(ttl.min(super::MAX_TTL));
        self
    }

    /// How `$INCLUDE` opens a file. Without it, `$INCLUDE` is an error.
    #[must_use]
    pub fn include(mut self, open: impl FnMut(&str) -> Result<Vec<u8>, String> + 't) -> Self {
        self.open = Some(Box::new(open));
        self
    }

    /// The next record; `None` at the end. After an error the next call goes on behind the entry at fault.
    ///
    /// # Errors
    /// What is wrong, and in which file, line and column.
    #[expect(clippy::should_implement_trait, reason = "an entry borrows the parser: no Iterator can say so")]
    pub fn next(&mut self) -> Result<Option<Entry<'_>>, ZoneError> {
        let Some((ttl, line, column)) = self.advance()? else { return Ok(None) };
        let record = RecordRef { owner: NameRef::of_valid(&self.owner, 0), ttl, rdata: self.rdata() };
        let ttl_too_large = self.ttl_too_large;
        Ok(Some(Entry { record, file: &self.lexer.file, line, column, ttl_too_large }))
    }

    fn rdata(&self) -> RdataRef<'_> {
        RdataRef::of_valid(&self.wire, (0, self.wire.len()), self.kind)
    }

    /// Puts the next record into `owner`, `kind` and `wire`; tells its TTL, line and column.
    fn advance(&mut self) -> Result<Option<(u32, usize, usize)>, ZoneError> {
        loop {
            if self.generate.is_some() {
                if let Some(made) = self.generated()? {
                    return Ok(Some(made));
                }
                continue;
            }
            if !self.lexer.entry()? {
                let Some((lexer, origin, owner)) = self.outer.pop() else { return Ok(None) };
                (self.lexer, self.origin, self.owner) = (lexer, origin, owner);
                continue;
            }
            let wrong = |lexer: &Lexer<'t>, (number, offset, kind)| lexer.error_at(number, offset, kind);
            if self.is_directive() {
                self.directive().map_err(|fault| wrong(&self.lexer, fault))?;
                continue;
            }
            let ttl = self.record().map_err(|fault| wrong(&self.lexer, fault))?;
            let (line, column) = self.position();
            return Ok(Some((ttl, line, column)));
        }
    }

    fn token(&self, number: usize) -> Option<Token<'_>> {
        self.lexer.spans.get(number).map(|span| self.lexer.token(span))
    }

    /// The line and column of the entry's first token.
    fn position(&self) -> (usize, usize) {
        self.lexer.spans.first().map_or((0, 0), |span| self.lexer.position(span))
    }

    fn is_directive(&self) -> bool {
        let first = self.token(0);
        !self.lexer.blank && first.is_some_and(|token| !token.quoted && token.text.starts_with(b"$"))
    }

    fn name(&self, number: usize) -> Result<Name, Fault> {
        let text = self.token(number).map(|token| token.text).unwrap_or_default();
        let wrong = |error: crate::TextError| (number, error.offset, error.kind.into());
        Name::parse_text(text, self.origin.as_ref()).map_err(wrong)
    }

    fn record(&mut self) -> Result<u32, Fault> {
        let first = usize::from(!self.lexer.blank);
        if first == 1 {
            self.owner()?;
        } else if self.owner.is_empty() {
            return Err((0, 0, Kind::NoOwner));
        }
        let middle = self.middle(first)?;
        self.class = middle.class.unwrap_or(self.class);
        self.read_rdata(&middle)?;
        self.ttl_of(middle.ttl).ok_or((middle.next - 1, 0, Kind::NoTtl))
    }

    /// The first token is the owner; after an error it is still the one before.
    fn owner(&mut self) -> Result<(), Fault> {
        let text = self.lexer.spans.first().map(|span| self.lexer.token(span).text);
        let len =
            name_to_wire(text.unwrap_or_default(), self.origin.as_ref().map(Name::as_wire), &mut self.name)
                .map_err(|error| (0, error.offset, error.kind.into()))?;
        self.owner.clear();
        self.owner.extend_from_slice(self.name.get(..len).unwrap_or_default());
        Ok(())
    }

    /// What the tokens behind the type say.
    fn read_rdata(&mut self, middle: &Middle) -> Result<(), Fault> {
        let spans = self.lexer.spans.get(middle.next..).unwrap_or_default();
        let (one, mut few, many): (_, [Token<'_>; FEW], Vec<Token<'_>>);
        let tokens = if let [span] = spans {
            one = self.lexer.token(span);
            core::slice::from_ref(&one)
        } else if spans.len() <= FEW {
            few = [Token::bare(&[]); FEW];
            for (place, span) in few.iter_mut().zip(spans) {
                *place = self.lexer.token(span);
            }
            few.get(..spans.len()).unwrap_or_default()
        } else {
            many = spans.iter().map(|span| self.lexer.token(span)).collect();
            &many
        };
        self.wire.clear();
        self.kind = (middle.rtype, self.class);
        text_to_wire(middle.rtype, self.class, tokens, self.origin.as_ref(), &mut self.wire)
            .map_err(|error| (middle.next + error.token, error.offset, error.kind.into()))
    }

    /// RFC 2308 section 4: the record's own, that of `$TTL`, else that of the record before (RFC 1035 section 5.1). A SOA
    /// without any has its MINIMUM, as in BIND.
    fn ttl_of(&mut self, own: Option<u32>) -> Option<u32> {
        let minimum = || self.rdata().soa().map(|soa| soa.minimum.min(super::MAX_TTL));
        let ttl = own.or(self.default_ttl).or(self.last_ttl).or_else(minimum)?;
        self.last_ttl = Some(ttl);
        self.ttl_too_large = ttl > super::MAX_TTL;
        Some(if self.ttl_too_large { 0 } else { ttl })
    }

    /// TTL and class in any order, then the type.
    fn middle(&self, first: usize) -> Result<Middle, Fault> {
        let (mut ttl, mut class) = (None, None);
        for (number, span) in self.lexer.spans.iter().enumerate().skip(first) {
            let Token { text, .. } = self.lexer.token(span);
            let fault = |kind| Err((number, 0, kind));
            if text.first().is_some_and(u8::is_ascii_digit) {
                let Some(seconds) = parse_seconds(text) else { return fault(Kind::Ttl) };
                if ttl.replace(seconds).is_some() {
                    return fault(Kind::Twice("TTL"));
                }
                continue;
            }
            // ANY is both: a type first.
            let rtype = type_of(text);
            if let Some(found) = if rtype.is_none() { Class::parse(text) } else { None } {
                if class.replace(found).is_some() {
                    return fault(Kind::Twice("class"));
                }
            } else {
                return match rtype {
                    None => fault(TextErrorKind::Unknown("record type").into()),
                    // RFC 2136 section 2.4: NONE and ANY are for updates and questions.
                    Some(_) if matches!(class, Some(Class::NONE | Class::ANY)) => fault(Kind::Meta),
                    Some(rtype) if rtype.is_meta() => fault(Kind::Meta),
                    Some(rtype) => Ok(Middle { ttl, class, rtype, next: number + 1 }),
                };
            }
        }
        Err((self.lexer.spans.len(), 0, Kind::NoType))
    }

    fn directive(&mut self) -> Result<(), Fault> {
        let word = self.token(0).map(|token| token.text.to_ascii_uppercase()).unwrap_or_default();
        match word.as_slice() {
            b"$ORIGIN" => self.origin_directive(),
            b"$TTL" => self.ttl_directive(),
            b"$INCLUDE" => self.include_directive(),
            b"$GENERATE" => self.generate_directive(),
            _ => Err((0, 0, Kind::Directive)),
        }
    }

    fn words(&self, range: core::ops::RangeInclusive<usize>, usage: &'static str) -> Result<(), Fault> {
        let count = self.lexer.spans.len();
        if range.contains(&count) { Ok(()) } else { Err((count.min(*range.end()), 0, Kind::Usage(usage))) }
    }

    fn origin_directive(&mut self) -> Result<(), Fault> {
        self.words(2..=2, "$ORIGIN takes a name")?;
        self.origin = Some(self.name(1)?);
        Ok(())
    }

    fn ttl_directive(&mut self) -> Result<(), Fault> {
        self.words(2..=2, "$TTL takes a time")?;
        let ttl = self.token(1).and_then(|token| parse_seconds(token.text));
        self.default_ttl = Some(ttl.ok_or((1, 0, Kind::Ttl))?);
        Ok(())
    }

    fn include_directive(&mut self) -> Result<(), Fault> {
        self.words(2..=3, "$INCLUDE takes a file and, if need be, an origin")?;
        let origin = if self.lexer.spans.len() == 3 { Some(self.name(2)?) } else { self.origin.clone() };
        if self.outer.len() >= INCLUDE_DEPTH {
            return Err((1, 0, Kind::IncludeDepth));
        }
        let path = self.token(1).map(|token| String::from_utf8_lossy(token.text).into_owned());
        let path = path.unwrap_or_default();
        let opened = match &mut self.open {
            Some(open) => open(&path),
            None => Err("not allowed here".into()),
        };
        let text = opened.map_err(|why| (1, 0, Kind::Include(why)))?;
        let inner = Lexer::new(path, Cow::Owned(text));
        let outer = core::mem::replace(&mut self.lexer, inner);
        self.outer.push((outer, core::mem::replace(&mut self.origin, origin), self.owner.clone()));
        Ok(())
    }

    fn generate_directive(&mut self) -> Result<(), Fault> {
        self.words(5..=super::TOKENS, "$GENERATE takes a range, an owner, a type and what it says")?;
        let range = self.token(1).and_then(|token| Generate::range(token.text));
        let range = range.ok_or((1, 0, Kind::Range))?;
        let middle = self.middle(3)?;
        let mut generate = Generate::new(range, middle.rtype);
        generate.ttl = middle.ttl;
        generate.class = middle.class.unwrap_or(self.class);
        generate.owner = self.token(2).map(|token| token.text.to_vec()).unwrap_or_default();
        generate.rdata = self.rest_as_text(middle.next);
        (generate.line, generate.column) = self.position();
        self.generate = Some(generate);
        Ok(())
    }

    /// The tokens from `first` on, one blank apart. A quoted one stands for as many as are in it, as in BIND, but of
    /// text with white space within the quotes of a longer list.
    fn rest_as_text(&self, first: usize) -> Vec<u8> {
        let spans = self.lexer.spans.get(first..).unwrap_or_default();
        let mut text = Vec::new();
        for span in spans {
            let token = self.lexer.token(span);
            let quote: &[u8] = if token.quoted && spans.len() > 1 { b"\"" } else { b"" };
            for part in [quote, token.text, quote, b" "] {
                text.extend_from_slice(part);
            }
        }
        text
    }

    /// The next record of the `$GENERATE` at work; `None` when it is through.
    fn generated(&mut self) -> Result<Option<(u32, usize, usize)>, ZoneError> {
        let Some(mut generate) = self.generate.take() else { return Ok(None) };
        let (line, column) = (generate.line, generate.column);
        let wrong = |file: &str, kind, token: &[u8]| {
            Err(ZoneError { line, column, file: file.into(), kind, token: shown(token) })
        };
        let (owner, text) = match generate.expand() {
            None => return Ok(None),
            Some(Err(kind)) => return wrong(&self.lexer.file, kind, &generate.rdata),
            Some(Ok(both)) => both,
        };
        match self.generated_record(&generate, &owner, &text) {
            Ok(ttl) => {
                self.generate = Some(generate);
                Ok(Some((ttl, line, column)))
            }
            Err((kind, token)) => wrong(&self.lexer.file, kind, token),
        }
    }

    fn generated_record<'x>(
        &mut self,
        generate: &Generate,
        owner: &'x [u8],
        text: &'x [u8],
    ) -> Result<u32, (Kind, &'x [u8])> {
        let origin = self.origin.as_ref();
        let name = Name::parse_text(owner, origin).map_err(|error| (error.kind.into(), owner))?;
        self.owner.clear();
        self.owner.extend_from_slice(name.as_wire());
        let tokens = tokens(text).map_err(|error| (error.kind.into(), text))?;
        self.wire.clear();
        self.kind = (generate.rtype, generate.class);
        text_to_wire(generate.rtype, generate.class, &tokens, origin, &mut self.wire)
            .map_err(|error| (error.kind.into(), text))?;
        self.ttl_of(generate.ttl).ok_or((Kind::NoTtl, owner))
    }
}

/// The type of this mnemonic; those that nearly all records have are known at sight, and IN as no type.
fn type_of(text: &[u8]) -> Option<RrType> {
    Some(match text {
        [b'I' | b'i', b'N' | b'n'] => return None,
        [b'A' | b'a'] => RrType::A,
        [b'N' | b'n', b'S' | b's'] => RrType::NS,
        [b'M' | b'm', b'X' | b'x'] => RrType::MX,
        b"TXT" => RrType::TXT,
        b"PTR" => RrType::PTR,
        b"AAAA" => RrType::AAAA,
        b"CNAME" => RrType::CNAME,
        text => return RrType::parse(text),
    })
}

impl fmt::Debug for Parser<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parser")
            .field("file", &self.lexer.file)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}
