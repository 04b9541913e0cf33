//! Warrants that are not what they should be.

use trust::bytes::Blob;
use trust::envelope::{Envelope, PayloadType, Signature, WebauthnParts};
use trust::warrant::Warrant;
use trust::{Nonce, Scope};
use wayleave_tests::now_ms;
use wayleave_tests::org::{CONSOLE, ELSEWHERE};
use wayleave_tests::parley::Want;

use super::{Attack, Ended};

const ALL: [Scope; 4] = [
    Scope::View,
    Scope::FilesRead,
    Scope::FilesWrite,
    Scope::Shell,
];

impl Attack<'_> {
    pub async fn run_warrant(&mut self, name: &str) -> Option<Ended> {
        Some(match name {
            "sign it in the technician's name" => self.forge().await,
            "sign it with the service's own keys" => self.sign_as_service().await,
            "widen" => self.edit(&[Scope::View], |w| w.scopes = ALL.to_vec()).await,
            "extend" => self.edit(&ALL, |w| w.until += 3_000_000).await,
            "rename" => {
                self.edit(&ALL, |w| w.why = "Your bank asked me to".to_owned())
                    .await
            }
            "re-target an envelope" => self.edit_target().await,
            "use one made for another device" => self.other_device().await,
            "use it on another channel" => self.other_channel().await,
            "use it in another organisation" => self.other_organisation().await,
            "use another's name" => self.other_name().await,
            "replay" => self.replay().await,
            "use it after its end" => self.expired().await,
            "use it before its time" => self.early().await,
            "drop the approver's signature" => self.drop_approver().await,
            "swap technician and approver" => self.swap_roles().await,
            "approve oneself" => self.approve_oneself().await,
            "mix two policies" => self.mix_policies().await,
            "stay longer than policy allows" => self.too_long().await,
            "clear the user verification" => self.clear_uv().await,
            "take a passkey that verified nobody" => self.presence_only().await,
            "sign on an origin that is not listed" => self.other_origin(ELSEWHERE).await,
            "sign on the thief's own origin" => {
                self.other_origin("https://console.hafen.example.evil.example")
                    .await
            }
            "present a sign-in" => self.sign_in_as_warrant().await,
            "move a sign-in's signature" => self.sign_in_oracle().await,
            "present what is no envelope" => self.junk().await,
            _ => return None,
        })
    }

    async fn forge(&mut self) -> Ended {
        let (private, mut warrant) = self.wish(&ALL).await;
        if let Some(honest) = self.sign("tess", &warrant) {
            return self.present(&private, &honest.to_text()).await;
        }
        // The technician's key id stands in the ledger; his name only as a commitment.
        let key = self
            .front
            .book
            .lock()
            .await
            .state
            .entries()
            .find(|(_, e)| e.groups == ["support"])
            .map(|(k, _)| *k);
        warrant.by = key.unwrap();
        let forged = Envelope::sign(PayloadType::Warrant, &warrant, &[&self.loot.log_key]).unwrap();
        let text = forged
            .to_text()
            .replace(&self.loot.log_key.id().to_string(), &warrant.by.to_string());
        self.present(&private, &text).await
    }

    async fn sign_as_service(&mut self) -> Ended {
        let (private, warrant) = self.wish(&ALL).await;
        let envelope = match self.sign("tess", &warrant) {
            Some(honest) => honest,
            None => Envelope::sign(PayloadType::Warrant, &warrant, &self.stolen()).unwrap(),
        };
        self.present(&private, &envelope.to_text()).await
    }

    /// Signed for less, changed to more; in the twin signed for what it says.
    async fn edit(&mut self, signed: &[Scope], change: impl Fn(&mut Warrant)) -> Ended {
        let (private, mut warrant) = self.wish(signed).await;
        if self.talk.is_honest() {
            change(&mut warrant);
            let honest = self.signed("tess", &warrant);
            return self.present(&private, &honest.to_text()).await;
        }
        let honest = self.signed("tess", &warrant);
        self.present(&private, &edited(&honest, change)).await
    }

    async fn edit_target(&mut self) -> Ended {
        let (private, mut warrant) = self.wish(&ALL).await;
        let here = warrant.device;
        if !self.talk.is_honest() {
            warrant.device = self.loot.log_key.id();
        }
        let honest = self.signed("tess", &warrant);
        let text = if warrant.device == here {
            honest.to_text()
        } else {
            edited(&honest, |w| w.device = here)
        };
        self.present(&private, &text).await
    }

    async fn other_device(&mut self) -> Ended {
        let (private, mut warrant) = self.wish(&ALL).await;
        if !self.talk.is_honest() {
            warrant.device = self.loot.log_key.id();
        }
        let honest = self.signed("tess", &warrant);
        self.present(&private, &honest.to_text()).await
    }

    async fn other_channel(&mut self) -> Ended {
        let (private, warrant) = self.wish(&ALL).await;
        let honest = self.signed("tess", &warrant);
        let (own, _) = self.wish(&ALL).await;
        let used = if self.talk.is_honest() { private } else { own };
        self.present(&used, &honest.to_text()).await
    }

    async fn other_organisation(&mut self) -> Ended {
        let (private, mut warrant) = self.wish(&ALL).await;
        if !self.talk.is_honest() {
            warrant.org = trust::OrgId([9; 32]);
        }
        let honest = self.signed("tess", &warrant);
        self.present(&private, &honest.to_text()).await
    }

    async fn other_name(&mut self) -> Ended {
        let (private, warrant) = self.wish(&ALL).await;
        let by = if self.talk.is_honest() {
            "tess"
        } else {
            "tess as her boss"
        };
        let honest = self.signed(by, &warrant);
        self.present(&private, &honest.to_text()).await
    }

    async fn replay(&mut self) -> Ended {
        let (private, warrant) = self.wish(&ALL).await;
        let first = self.signed("tess", &warrant);
        let opened = self.present(&private, &first.to_text()).await;
        assert_eq!(opened.0, "opened", "the first use is honest");
        if self.talk.is_honest() {
            let (private, warrant) = self.wish(&ALL).await;
            let second = self.signed("tess", &warrant);
            return self.present(&private, &second.to_text()).await;
        }
        // With the technician's own channel key, which leaked as well.
        self.present(&private, &first.to_text()).await
    }

    async fn expired(&mut self) -> Ended {
        let (private, mut warrant) = self.wish(&ALL).await;
        if !self.talk.is_honest() {
            (warrant.from, warrant.until) = (now_ms() - 120_000, now_ms() - 60_000);
        }
        let honest = self.signed("tess", &warrant);
        self.present(&private, &honest.to_text()).await
    }

    async fn early(&mut self) -> Ended {
        let (private, mut warrant) = self.wish(&ALL).await;
        if !self.talk.is_honest() {
            (warrant.from, warrant.until) = (now_ms() + 120_000, now_ms() + 180_000);
        }
        let honest = self.signed("tess", &warrant);
        self.present(&private, &honest.to_text()).await
    }

    async fn drop_approver(&mut self) -> Ended {
        let (private, warrant) = self.wish(&ALL).await;
        let mut envelope = self.signed("carl", &warrant);
        let wish = Want::Approval {
            by: "abe".to_owned(),
            envelope: envelope.to_text(),
        };
        if let Some(approved) = self.talk.want(wish) {
            envelope = approved;
        }
        self.present(&private, &envelope.to_text()).await
    }

    async fn swap_roles(&mut self) -> Ended {
        let (private, warrant) = self.wish(&ALL).await;
        let (by, approver) = if self.talk.is_honest() {
            ("carl", "abe")
        } else {
            ("abe", "carl")
        };
        let envelope = self.signed(by, &warrant);
        let wish = Want::Approval {
            by: approver.to_owned(),
            envelope: envelope.to_text(),
        };
        let approved = self.talk.want(wish).unwrap();
        self.present(&private, &approved.to_text()).await
    }

    async fn approve_oneself(&mut self) -> Ended {
        let (private, warrant) = self.wish(&ALL).await;
        let envelope = self.signed("carl", &warrant);
        // Another key of the same person, in the approvers' group.
        let approver = if self.talk.is_honest() {
            "abe"
        } else {
            "carl's other key"
        };
        let wish = Want::Approval {
            by: approver.to_owned(),
            envelope: envelope.to_text(),
        };
        let approved = self.talk.want(wish).unwrap();
        self.present(&private, &approved.to_text()).await
    }

    async fn mix_policies(&mut self) -> Ended {
        let both = [Scope::View, Scope::Shell];
        let scopes = if self.talk.is_honest() {
            &both[..1]
        } else {
            &both[..]
        };
        let (private, warrant) = self.wish(scopes).await;
        let honest = self.signed("mia", &warrant);
        self.present(&private, &honest.to_text()).await
    }

    async fn too_long(&mut self) -> Ended {
        let (private, mut warrant) = self.wish(&ALL).await;
        if !self.talk.is_honest() {
            warrant.until = warrant.from + 3_600_001;
        }
        let honest = self.signed("tess", &warrant);
        self.present(&private, &honest.to_text()).await
    }

    fn passkey(&mut self, warrant: &Warrant, origin: &str, flags: u8) -> Envelope {
        let (warrant, origin) = (Box::new(warrant.clone()), origin.to_owned());
        self.talk
            .want(Want::Passkey {
                warrant,
                origin,
                flags,
            })
            .expect("the passkey signs")
    }

    async fn clear_uv(&mut self) -> Ended {
        let (private, warrant) = self.wish(&ALL).await;
        let honest = self.passkey(&warrant, CONSOLE, 5);
        if self.talk.is_honest() {
            return self.present(&private, &honest.to_text()).await;
        }
        let mut signature = only_signature(&honest);
        let parts = signature.webauthn.take().unwrap();
        let mut ad = parts.ad.0;
        ad[32] = 1;
        signature.webauthn = Some(WebauthnParts {
            ad: Blob(ad),
            ..parts
        });
        let cleared =
            Envelope::assemble(PayloadType::Warrant, honest.payload(), vec![signature]).unwrap();
        self.present(&private, &cleared.to_text()).await
    }

    async fn presence_only(&mut self) -> Ended {
        let (private, warrant) = self.wish(&ALL).await;
        let flags = if self.talk.is_honest() { 5 } else { 1 };
        let signed = self.passkey(&warrant, CONSOLE, flags);
        self.present(&private, &signed.to_text()).await
    }

    async fn other_origin(&mut self, evil: &str) -> Ended {
        let (private, warrant) = self.wish(&ALL).await;
        let origin = if self.talk.is_honest() { CONSOLE } else { evil };
        let signed = self.passkey(&warrant, origin, 5);
        self.present(&private, &signed.to_text()).await
    }

    /// A technician signs in at what he takes for the service.
    fn signed_in(&mut self) -> Envelope {
        self.talk
            .want(Want::SignIn {
                by: "tess".to_owned(),
                nonce: Nonce([7; 16]),
            })
            .expect("he signs in")
    }

    async fn sign_in_as_warrant(&mut self) -> Ended {
        let (private, warrant) = self.wish(&ALL).await;
        let sign_in = self.signed_in();
        let envelope = self.sign("tess", &warrant).unwrap_or(sign_in);
        self.present(&private, &envelope.to_text()).await
    }

    async fn sign_in_oracle(&mut self) -> Ended {
        let (private, mut warrant) = self.wish(&ALL).await;
        let signature = only_signature(&self.signed_in());
        if let Some(honest) = self.sign("tess", &warrant) {
            return self.present(&private, &honest.to_text()).await;
        }
        warrant.by = signature.keyid;
        let payload = serde_json::to_vec(&warrant).unwrap();
        let moved = Envelope::assemble(PayloadType::Warrant, &payload, vec![signature]).unwrap();
        self.present(&private, &moved.to_text()).await
    }

    async fn junk(&mut self) -> Ended {
        let (private, warrant) = self.wish(&ALL).await;
        let text = self
            .sign("tess", &warrant)
            .map_or("{\"payloadType\":1}".to_owned(), |honest| honest.to_text());
        self.present(&private, &text).await
    }
}

/// The same signatures around a changed payload.
fn edited(envelope: &Envelope, change: impl Fn(&mut Warrant)) -> String {
    let mut warrant: Warrant = envelope.read(PayloadType::Warrant).unwrap();
    change(&mut warrant);
    let payload = serde_json::to_vec(&warrant).unwrap();
    Envelope::assemble(
        PayloadType::Warrant,
        &payload,
        vec![only_signature(envelope)],
    )
    .unwrap()
    .to_text()
}

fn only_signature(envelope: &Envelope) -> Signature {
    let raw: serde_json::Value = serde_json::from_slice(envelope.as_bytes()).unwrap();
    serde_json::from_value(raw["signatures"][0].clone()).unwrap()
}
