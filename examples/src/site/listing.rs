//! A folder as a page with links.
//!
//! The rule: a name is data. It is escaped for HTML where it is read and percent-encoded where it is followed, so that no
//! file's name can become mark-up.

use std::fmt::Write as _;

use http1::uri::percent;

/// More names than this are not shown.
pub const MOST: usize = 10_000;

/// A page that links to `names`, the content of the folder that a client knows as `path`.
#[must_use]
pub fn page(path: &str, mut names: Vec<String>) -> String {
    names.sort();
    let title = escaped(path);
    let mut page = format!(
        "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<h1>{title}</h1>\n<ul>\n"
    );
    if path != "/" {
        page.push_str("<li><a href=\"../\">../</a>\n");
    }
    for name in &names {
        // A colon in the first segment would look like a scheme (RFC 3986 section 4.2).
        let link = percent::encode(name.as_bytes(), &percent::PATH);
        let _ = writeln!(page, "<li><a href=\"./{}\">{}</a>", escaped(&link), escaped(name));
    }
    page.push_str("</ul>\n");
    if names.len() >= MOST {
        page.push_str("<p>There are more.\n");
    }
    page
}

/// `text` where HTML reads text or an attribute's value.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_lead_where_they_say() {
        let page = page("/a/", vec!["b".into(), "a/".into(), "100%.txt".into()]);
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} in {page}"));
        assert!(at("href=\"../\"") < at("href=\"./100%25.txt\">100%.txt<"));
        assert!(at("100%") < at("href=\"./a/\">a/<"));
        assert!(at("./a/") < at("href=\"./b\">b<"));
    }

    #[test]
    fn a_name_can_not_become_mark_up() {
        let page = page("/<x>/", vec!["<script>\"'&.html".into()]);
        assert!(!page.contains("<script>") && !page.contains("<x>"), "{page}");
        assert!(page.contains("&lt;script&gt;&quot;&#39;&amp;.html"));
    }
}
