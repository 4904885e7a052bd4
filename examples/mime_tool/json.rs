//! JSON as it is written (RFC 8259): in one line, members in the order in which they are told.

/// A text in the making.
#[derive(Debug, Default)]
pub(crate) struct Json {
    out: String,
}

impl Json {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// All of it, with a line end.
    pub(crate) fn line(mut self) -> String {
        self.out.push('\n');
        self.out
    }

    pub(crate) fn object(&mut self, members: impl FnOnce(&mut Self)) {
        self.comma();
        self.out.push('{');
        members(self);
        self.out.push('}');
    }

    /// A member whose value is told next.
    pub(crate) fn member(&mut self, name: &str) -> &mut Self {
        self.comma();
        self.string(name);
        self.out.push(':');
        self
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.member(name).string(value);
    }

    pub(crate) fn optional(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.member(name).out.push_str("null"),
        }
    }

    pub(crate) fn number(&mut self, name: &str, value: impl Into<i128>) {
        let value = value.into().to_string();
        self.member(name).out.push_str(&value);
    }

    pub(crate) fn array<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut item: impl FnMut(&mut Self, T),
    ) {
        self.member(name).out.push('[');
        for each in items {
            item(self, each);
        }
        self.out.push(']');
    }

    fn comma(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with(['{', '[', ':']) {
            self.out.push(',');
        }
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        for character in text.chars() {
            match character {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                // Section 7; and what some readers take for line ends.
                '\0'..='\x1F' | '\x7F' | '\u{2028}' | '\u{2029}' => {
                    self.out.push_str(&format!("\\u{:04x}", u32::from(character)));
                }
                character => self.out.push(character),
            }
        }
        self.out.push('"');
    }
}
