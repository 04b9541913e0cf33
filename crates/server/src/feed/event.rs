//! What a feed is told: no names but the organisation's own, and the sealed receipt itself.

use api::calendar::civil;
use serde_json::{Value, json};
use trust::bytes::{Hash, OrgId};
use trust::envelope::{Envelope, PayloadType};
use trust::receipt::Receipt;

use crate::app::App;
use crate::store::{FeedRow, Message};

/// An opening, as the service knows it.
pub(super) struct Event {
    pub(super) org: OrgId,
    /// The organisation's name and domain, from its roster.
    pub(super) name: String,
    pub(super) domain: String,
    pub(super) receipt: Receipt,
    pub(super) hash: Hash,
    /// As the device signed it.
    pub(super) envelope: String,
    /// Where the organisation's own console is, if its roster lists one.
    console: Option<String>,
    /// The service's host.
    pub(super) host: String,
}

impl Event {
    pub(super) fn of(app: &App, feed: &FeedRow, message: &Message) -> Option<Self> {
        let envelope = Envelope::parse(message.envelope.as_bytes()).ok()?;
        let receipt: Receipt = envelope.read(PayloadType::Receipt).ok()?;
        let org = app.ledgers.get(&feed.org)?;
        let (name, domain, console) = org.state(|state| {
            let roster = state.roster();
            let console = roster.console_origins.first();
            let console = console.map(|console| console.origin.clone());
            (roster.name.clone(), roster.domain.clone(), console)
        });
        let url = reqwest::Url::parse(&app.public_url).ok()?;
        Some(Self {
            org: feed.org,
            name,
            domain,
            receipt,
            hash: envelope.digest(),
            envelope: message.envelope.clone(),
            console,
            host: url.host_str()?.to_owned(),
        })
    }

    /// One that does not say whether it was attended is told as if it was not.
    pub(super) fn is_attended(&self) -> bool {
        self.receipt.attended == Some(true)
    }

    /// The same for every attempt.
    pub(super) fn id(&self) -> String {
        format!("rcpt_{}_{}", self.receipt.device, self.receipt.n)
    }

    pub(super) fn title(&self) -> String {
        let kind = if self.is_attended() {
            "Attended"
        } else {
            "Unattended"
        };
        let did = match self.receipt.ev.as_str() {
            "resume" => "resumed",
            _ => "opened",
        };
        format!("{kind} session {did} on {}", self.receipt.device)
    }

    /// Who and why stand in the sealed body: the command that shows it.
    fn command(&self) -> String {
        format!(
            "wayleave receipts export receipts.jsonl --org {} --device {} --open receipts.csv",
            self.org, self.receipt.device
        )
    }

    pub(super) fn text(&self) -> String {
        let Receipt { device, n, at, .. } = &self.receipt;
        let page = self.console.as_ref().map_or(String::new(), |origin| {
            format!("Or in the console: {origin}/receipts\n")
        });
        format!(
            "{}.\n\nOrganisation  {} ({})\nDevice        {device}\nWhen          {}, by the device's clock\nReceipt       {n}, \
             {}\n\nWho it was and why is sealed in the receipt. With the audit key:\n  {}\n{page}",
            self.title(),
            self.name,
            self.domain,
            rfc3339(*at),
            self.hash,
            self.command(),
        )
    }

    pub(super) fn json(&self) -> Value {
        let receipt = &self.receipt;
        json!({
            "type": "session.opened",
            "timestamp": rfc3339(receipt.at),
            "data": {
                "org": self.org, "name": self.name, "domain": self.domain, "device": receipt.device, "n": receipt.n,
                "hash": self.hash, "at": receipt.at, "event": receipt.ev, "attended": receipt.attended,
                "command": self.command(), "receipt": self.envelope,
                "page": self.console.as_ref().map(|origin| format!("{origin}/receipts")),
            },
        })
    }
}

/// A time as RFC 3339 writes it.
pub(super) fn rfc3339(ms: u64) -> String {
    let (year, month, day) = civil(ms / 86_400_000);
    let (hours, minutes, seconds) = (ms / 3_600_000 % 24, ms / 60_000 % 60, ms / 1000 % 60);
    let millis = ms % 1000;
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z")
}

/// A time as RFC 5322 writes it.
pub(super) fn rfc5322(ms: u64) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (year, month, day) = civil(ms / 86_400_000);
    let month = MONTHS[(month as usize - 1).min(11)];
    let (hours, minutes, seconds) = (ms / 3_600_000 % 24, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{day} {month} {year} {hours:02}:{minutes:02}:{seconds:02} +0000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(951_782_400_001), "2000-02-29T00:00:00.001Z");
        assert_eq!(rfc3339(1_798_761_599_999), "2026-12-31T23:59:59.999Z");
        assert_eq!(rfc3339(4_107_542_400_000), "2100-03-01T00:00:00.000Z");
        assert_eq!(rfc5322(951_782_400_000), "29 Feb 2000 00:00:00 +0000");
    }
}
