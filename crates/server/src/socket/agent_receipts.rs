//! Receipts that an agent hands in: checked, chained, stored, acknowledged.

use api::limits::{RECEIPT_PAGE_BYTES_MAX, RECEIPT_PAGE_MAX};
use api::signal::agent::ToAgent;
use trust::bytes::Hash;
use trust::envelope::Envelope;
use trust::receipt::{Beat, ChainError, ChainHead, Receipt};

use super::Ended;
use super::agent::Agent;
use crate::clock::now_ms;
use crate::error::Refusal;
use crate::ledger::Standing;
use crate::store::{NewReceipt, ReceiptHead};

impl Agent {
    /// Says how many receipts are on disk here.
    pub(super) async fn acknowledge_receipts(&mut self) -> Result<(), Ended> {
        let have = self.receipt_head().await?.n;
        self.conn.send(&ToAgent::Receipts { have }).await
    }

    /// Stores what follows; a receipt that does not is answered with `error` and leaves the rest out.
    pub(super) async fn take_receipts(&mut self, envelopes: &[String]) -> Result<(), Ended> {
        if self.org.standing(&self.keyid(), now_ms()) != Standing::Device {
            return Err(Refusal::forbidden(
                "not_admitted",
                "Only an admitted device hands in receipts.",
            )
            .into());
        }
        let bytes: usize = envelopes.iter().map(String::len).sum();
        if envelopes.len() > RECEIPT_PAGE_MAX
            || bytes > RECEIPT_PAGE_BYTES_MAX + trust::limits::ENVELOPE_BYTES_MAX
        {
            return Err(Refusal::bad("bad_message", "too many receipts in one message").into());
        }
        let mut head = self.receipt_head().await?;
        let mut fresh = Vec::new();
        let mut refused = None;
        for text in envelopes {
            match self.next_receipt(&mut head, text).await? {
                Next::Follows(receipt) => fresh.push(NewReceipt {
                    head: ReceiptHead {
                        n: head.n,
                        hash: head.hash,
                    },
                    envelope: text.clone(),
                    // One that does not say is told of rather than kept quiet.
                    opening: receipt.ev.opens().then_some(receipt.attended == Some(true)),
                }),
                Next::Known => {}
                Next::Refused(why) => {
                    refused = Some(why);
                    break;
                }
            }
        }
        if !fresh.is_empty() {
            self.app
                .store
                .append_receipts(&self.org.id(), &self.keyid(), &fresh, now_ms())
                .await?;
            self.app.feeds.wake();
            self.app.metrics.receipts.inc_by(fresh.len() as u64);
        }
        if let Some(why) = refused {
            tracing::warn!(org = %self.org.id(), device = %self.keyid(), %why, "a receipt is refused");
            let refusal = Refusal::conflict("receipt_refused", why.to_string());
            self.conn
                .send(&ToAgent::Error {
                    code: refusal.code.to_owned(),
                    text: refusal.text,
                })
                .await?;
        }
        self.acknowledge_receipts().await
    }

    /// Keeps the device's newest beat; another device's, or what is none, closes the socket.
    pub(super) async fn take_beat(&mut self, text: &str) -> Result<(), Ended> {
        let (org, device) = (self.org.id(), self.keyid());
        if self.org.standing(&device, now_ms()) != Standing::Device {
            let text = "Only an admitted device hands in beats.";
            return Err(Refusal::forbidden("not_admitted", text).into());
        }
        let bad = |why: String| Refusal::bad("bad_beat", why);
        let envelope = Envelope::parse(text.as_bytes()).map_err(|e| bad(e.to_string()))?;
        let beat = Beat::verify(&org, &self.key, &envelope).map_err(|e| bad(e.to_string()))?;
        self.app.store.put_beat(&org, &device, beat.k, text).await?;
        Ok(())
    }

    async fn next_receipt(&mut self, head: &mut ChainHead, text: &str) -> Result<Next, Ended> {
        let envelope = match Envelope::parse(text.as_bytes()) {
            Ok(envelope) => envelope,
            Err(why) => return Ok(Next::Refused(why.into())),
        };
        match head.follow(&self.org.id(), &self.key, &envelope) {
            Ok(receipt) => Ok(Next::Follows(Box::new(receipt))),
            Err(ChainError::Gap { expected, found }) if found < expected => {
                let stored = self
                    .app
                    .store
                    .receipts(&self.org.id(), &self.keyid(), found, 1)
                    .await?;
                let same = stored.first().is_some_and(|stored| stored == text);
                Ok(if same {
                    Next::Known
                } else {
                    Next::Refused(ChainError::Fork(found))
                })
            }
            Err(why) => Ok(Next::Refused(why)),
        }
    }

    async fn receipt_head(&mut self) -> Result<ChainHead, Ended> {
        let head = self
            .app
            .store
            .receipt_head(&self.org.id(), &self.keyid())
            .await?;
        Ok(head.map_or(
            ChainHead {
                n: 0,
                hash: Hash([0; 32]),
            },
            |head| ChainHead {
                n: head.n,
                hash: head.hash,
            },
        ))
    }
}

enum Next {
    Follows(Box<Receipt>),
    Known,
    Refused(ChainError),
}
