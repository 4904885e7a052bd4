//! What came of a URL, and `-w`.

use std::time::Duration;

/// What came of a URL.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// The last status; 0: there was no response.
    pub(crate) http_code: u16,
    pub(crate) size_download: u64,
    pub(crate) size_upload: u64,
    pub(crate) num_connects: u32,
    pub(crate) num_redirects: u32,
    pub(crate) time_total: Duration,
    pub(crate) url_effective: String,
    pub(crate) method: String,
    pub(crate) content_type: String,
    /// Where a redirection that was not followed leads.
    pub(crate) redirect_url: String,
}

impl Report {
    /// `format` with `%{variable}`, `%%`, `\n`, `\r` and `\t` filled in. A variable that is not known stands for nothing.
    pub(crate) fn write_out(&self, format: &str) -> String {
        let mut out = String::new();
        let mut rest = format;
        while let Some(at) = rest.find(['%', '\\']) {
            let (before, found) = rest.split_at(at);
            out.push_str(before);
            rest = found;
            if let Some(behind) = rest.strip_prefix("%{")
                && let Some((name, behind)) = behind.split_once('}')
            {
                out.push_str(&self.variable(name));
                rest = behind;
                continue;
            }
            let known = [("%%", "%"), ("\\n", "\n"), ("\\r", "\r"), ("\\t", "\t"), ("\\\\", "\\")];
            let (len, text) = known
                .iter()
                .find(|(escape, _)| rest.starts_with(escape))
                .map_or((1, &rest[..1]), |(escape, text)| (escape.len(), *text));
            out.push_str(text);
            rest = &rest[len..];
        }
        out.push_str(rest);
        out
    }

    fn variable(&self, name: &str) -> String {
        match name {
            "http_code" | "response_code" => format!("{:03}", self.http_code),
            "size_download" => self.size_download.to_string(),
            "size_upload" => self.size_upload.to_string(),
            "num_connects" => self.num_connects.to_string(),
            "num_redirects" => self.num_redirects.to_string(),
            "time_total" => format!("{:.6}", self.time_total.as_secs_f64()),
            "url_effective" => self.url_effective.clone(),
            "method" => self.method.clone(),
            "content_type" => self.content_type.clone(),
            "redirect_url" => self.redirect_url.clone(),
            _ => String::new(),
        }
    }
}

/// The URL as it is asked for: an empty path is `/` (RFC 9110 section 4.2.3).
pub(crate) fn effective(uri: &str) -> String {
    let Some((scheme, rest)) = uri.split_once("://") else { return uri.to_owned() };
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let slash = if path.starts_with('/') { "" } else { "/" };
    format!("{scheme}://{host}{slash}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in() {
        let report = Report {
            http_code: 206,
            size_download: 10,
            num_connects: 1,
            time_total: Duration::from_millis(1500),
            url_effective: "http://x/".into(),
            ..Report::default()
        };
        for (format, text) in [
            ("%{http_code} %{size_download}\\n", "206 10\n"),
            ("%{num_connects}\\t%{time_total}", "1\t1.500000"),
            ("%{url_effective}%%", "http://x/%"),
            ("%{unheard_of}|%{http_code", "|%{http_code"),
            ("100% \\x é", "100% \\x é"),
        ] {
            assert_eq!(report.write_out(format), text, "{format}");
        }
        assert_eq!(Report::default().write_out("%{http_code}"), "000");
    }

    #[test]
    fn an_empty_path_is_told_as_it_is_asked_for() {
        for (uri, told) in [
            ("http://x", "http://x/"),
            ("http://x:80?a/b", "http://x:80/?a/b"),
            ("http://x#a/b", "http://x/#a/b"),
            ("http://x/", "http://x/"),
            ("http://x/a?b", "http://x/a?b"),
        ] {
            assert_eq!(effective(uri), told);
        }
    }
}
