//! Opened bodies, as a table (RFC 4180) or as JSON lines.

use std::path::Path;

use anyhow::Result;
use serde_json::json;
use trust::receipt::{Body, Receipt};
use trust::text::show_foreign;

use super::file::Writer;

const COLUMNS: [&str; 18] = [
    "device",
    "device_key",
    "n",
    "at_ms",
    "event",
    "session",
    "warrant",
    "count",
    "technician",
    "technician_key",
    "attended",
    "scopes",
    "why",
    "ticket",
    "policy",
    "approvers",
    "outcome",
    "bounds",
];
/// Characters of one text in the table.
const TEXT_CHARS: usize = 2_000;

/// The file of opened bodies: a table where its name ends in `.csv`, else JSON lines.
pub struct OpenedFile {
    out: Writer,
    is_table: bool,
}

impl OpenedFile {
    /// Makes it.
    pub fn create(path: &Path) -> Result<Self> {
        let is_table = path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("csv"));
        let mut out = Writer::create(path)?;
        if is_table {
            out.raw(COLUMNS.join(",").as_bytes())?;
        }
        Ok(Self { out, is_table })
    }

    /// One receipt; a body that did not open is told as such.
    pub fn row(
        &mut self,
        device: Option<&str>,
        receipt: &Receipt,
        body: Option<&Body>,
    ) -> Result<()> {
        if self.is_table {
            let cells = cells(device, receipt, body).map(|cell| quoted(&cell));
            return self.out.raw(cells.join(",").as_bytes());
        }
        let line = json!({
            "device": device, "device_key": receipt.device, "n": receipt.n, "at": receipt.at, "event": receipt.ev,
            "session": receipt.session, "warrant": receipt.warrant, "count": receipt.count, "body": body,
        });
        self.out.raw(&serde_json::to_vec(&line)?)
    }

    /// Makes it durable.
    pub fn finish(self) -> Result<()> {
        self.out.finish()
    }
}

fn bounds(body: &Body) -> String {
    let scopes = body.scopes.iter();
    let words = scopes.filter_map(|s| Some(format!("{s} {}", body.bounds.words(*s)?)));
    words.collect::<Vec<_>>().join("; ")
}

fn cells(device: Option<&str>, receipt: &Receipt, body: Option<&Body>) -> [String; 18] {
    let of_body = |read: fn(&Body) -> String| body.map(read).unwrap_or_default();
    let foreign = |text: &str| harmless(&show_foreign(text, TEXT_CHARS));
    [
        foreign(device.unwrap_or_default()),
        receipt.device.to_string(),
        receipt.n.to_string(),
        receipt.at.to_string(),
        receipt.ev.as_str().to_owned(),
        receipt.session.to_string(),
        receipt.warrant.map(|h| h.to_string()).unwrap_or_default(),
        receipt.count.map(|c| c.to_string()).unwrap_or_default(),
        body.map_or("(not opened)".to_owned(), |b| foreign(&b.name)),
        of_body(|b| b.by.to_string()),
        of_body(|b| b.attended.to_string()),
        of_body(|b| {
            let scopes: Vec<String> = b.scopes.iter().map(ToString::to_string).collect();
            scopes.join(" ")
        }),
        body.map(|b| foreign(&b.why)).unwrap_or_default(),
        body.and_then(|b| b.ticket.as_deref())
            .map(foreign)
            .unwrap_or_default(),
        of_body(|b| b.policy.clone().unwrap_or_default()),
        of_body(|b| {
            let approvers: Vec<String> = b.approvers.iter().map(ToString::to_string).collect();
            approvers.join(" ")
        }),
        body.and_then(|b| b.outcome.as_ref())
            .map(|o| foreign(&format!("{}: {}", o.code, o.text)))
            .unwrap_or_default(),
        body.map(|b| foreign(&bounds(b))).unwrap_or_default(),
    ]
}

/// A peer's text must not become a formula in whoever's spreadsheet.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_as_rfc_4180_says_and_is_no_formula() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(harmless("=1+1"), "'=1+1");
        assert_eq!(harmless("printer"), "printer");
    }
}
