//! A device that asks to be admitted.

use api::device::WaitingDevice;
use api::limits::{WAITING_PER_ADDRESS_MAX, WAITING_PER_ORG_MAX};
use api::signal::agent::ToAgent;
use api::signal::console::ToConsole;
use axum::http::StatusCode;
use trust::envelope::Envelope;
use trust::proof::Enrol;
use trust::text::is_line;

use super::Ended;
use super::agent::Agent;
use crate::clock::now_ms;
use crate::error::Refusal;
use crate::ledger::Standing;
use crate::store::WaitingRow;

impl Agent {
    /// Puts the device on the waiting list.
    pub(super) async fn enrol(&mut self, text: &str) -> Result<(), Ended> {
        if self.standing == Standing::Device {
            return Ok(());
        }
        let bad = |why: String| Refusal::bad("bad_enrolment", why);
        let envelope = Envelope::parse(text.as_bytes()).map_err(|e| bad(e.to_string()))?;
        let enrol = Enrol::verify(&envelope).map_err(|e| bad(e.to_string()))?;
        if enrol.org != self.org.id() || enrol.key.id() != self.keyid() {
            return Err(bad(
                "the enrolment is of another organisation or key than the proof".into(),
            )
            .into());
        }
        if !is_line(&enrol.hostname) {
            return Err(bad("the hostname is one line of 1 to 200 characters".into()).into());
        }
        self.check_room().await?;
        let address = self.address.0.to_string();
        let row = WaitingRow {
            keyid: self.keyid(),
            envelope: text.to_owned(),
            address,
            first_seen: now_ms(),
        };
        let row = self.app.store.put_waiting(&self.org.id(), &row).await?;
        self.org.hint(ToConsole::Waiting(waiting_view(row, true)));
        self.conn.send(&ToAgent::Waiting {}).await
    }

    async fn check_room(&mut self) -> Result<(), Ended> {
        let address = self.address.0.to_string();
        let (in_org, from_address) = self
            .app
            .store
            .waiting_counts(&self.org.id(), &self.keyid(), &address)
            .await?;
        if in_org >= WAITING_PER_ORG_MAX || from_address >= WAITING_PER_ADDRESS_MAX {
            let text = "Too many workstations wait for admission. An admin has to admit or remove some first.";
            return Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, "waiting_full", text).into());
        }
        Ok(())
    }
}

/// A waiting device as consoles see it.
pub fn waiting_view(row: WaitingRow, online: bool) -> WaitingDevice {
    WaitingDevice {
        envelope: row.envelope,
        first_seen: row.first_seen,
        address: row.address,
        online,
    }
}
