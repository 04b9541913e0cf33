//! At the device's door without a warrant, and at the prompt without a hand.

use trust::{KeyId, OrgId, Scope};
use wayleave_tests::channel::Answer;
use wayleave_tests::parley::Want;
use wayleave_tests::{random, soon};
use wire::frame::{Frame, Stream};
use wire::noise::Initiator;
use wire::piece::Piece;
use wire::{Binding, Mode, ToDevice, shell};

use super::{Attack, Ended};
use crate::meeting;

impl Attack<'_> {
    pub async fn run_channel(&mut self, name: &str) -> Option<Ended> {
        Some(match name {
            "connect and run a command" => self.connect().await,
            "connect with the device's own key" => {
                self.connect_to(self.target.org, random_key()).await
            }
            "connect for another organisation" => {
                self.connect_to(OrgId([8; 32]), self.target.device).await
            }
            "answer the prompt from the service" => self.answer_prompt().await,
            _ => return None,
        })
    }

    /// The handshake needs no warrant: whoever knows the public channel key makes it. What follows does.
    async fn connect(&mut self) -> Ended {
        let (private, warrant) = self.wish(&[Scope::Shell]).await;
        if let Some(honest) = self.sign("tess", &warrant) {
            return self.present(&private, &honest.to_text()).await;
        }
        let _ = self.front.book.lock().await.cosign().await;
        self.front.push(self.target.device).await;
        let mut pipe = meeting::pair(self.front.call(self.target.device).await.unwrap()).await;
        let binding = Binding {
            mode: Mode::Enrolled,
            org: self.target.org,
            device: self.target.device,
        };
        let (initiator, first) =
            Initiator::start(binding, &private, &self.target.noise, &random()).unwrap();
        pipe.out.send(first).await.unwrap();
        let answer = soon("the device's answer", pipe.back.recv())
            .await
            .unwrap()
            .unwrap();
        let mut transport = initiator.finish(&answer).unwrap().transport;
        let command = Some(self.leaked[0].clone());
        let open = shell::Request::Open {
            cols: 80,
            rows: 24,
            term: "dumb".to_owned(),
            command,
        };
        let payload = ToDevice::Shell(Piece::Head(open)).encode();
        let frame = Frame {
            stream: Stream::Shell,
            id: 1,
            more: false,
            end: false,
            payload: &payload,
        };
        let mut bytes = Vec::new();
        frame.write_to(&mut bytes);
        pipe.out
            .send(transport.seal(&bytes).unwrap())
            .await
            .unwrap();
        loop {
            let sealed = match soon("the device's last word", pipe.back.recv()).await {
                Some(Ok(sealed)) => sealed,
                Some(Err(why)) => return ("lost".to_owned(), why),
                None => return ("lost".to_owned(), String::new()),
            };
            let bytes = transport.open(&sealed).unwrap();
            let frame = Frame::parse(&bytes).unwrap();
            if let Ok(wire::control::ToTechnician::Closed { code, text }) =
                wire::control::ToTechnician::parse(frame.payload)
            {
                return (code, text);
            }
        }
    }

    async fn connect_to(&mut self, org: OrgId, device: KeyId) -> Ended {
        let (private, warrant) = self.wish(&[Scope::Shell]).await;
        let honest = self.signed("tess", &warrant);
        let is_honest = self.talk.is_honest();
        let called = self.target.device;
        if !is_honest {
            (self.target.org, self.target.device) = (org, device);
        }
        let _ = self.front.book.lock().await.cosign().await;
        self.front.push(called).await;
        let ws = self.front.call(called).await.unwrap();
        let mut channel = meeting::channel(ws, &self.target, &private).await;
        match channel.open(&honest.to_text()).await {
            Answer::No { code, text } => (code, text),
            Answer::Opened(_) => {
                channel.bye().await;
                ("opened".to_owned(), String::new())
            }
        }
    }

    /// An attended warrant is honest; the answer comes from everywhere but the seat.
    async fn answer_prompt(&mut self) -> Ended {
        let (private, mut warrant) = self.wish(&[Scope::View]).await;
        warrant.attended = true;
        let honest = self.signed("tess", &warrant);
        let _ = self.front.book.lock().await.cosign().await;
        let device = self.target.device;
        self.front.push(device).await;
        let mut channel = meeting::channel(
            self.front.call(device).await.unwrap(),
            &self.target,
            &private,
        )
        .await;
        channel.ask(&honest.to_text()).await.unwrap();
        channel.asking().await;
        for answer in [
            r#"{"answer":{"allow":true}}"#,
            r#"{"event":"answer","allow":true,"how":"button"}"#,
            r#"{"allowed":{}}"#,
            r#"{"opened":{}}"#,
        ] {
            self.front.tell(device, answer.to_owned()).await;
        }
        channel.round_trip().await;
        // Nobody else can: the person at the seat presses what he presses.
        self.talk.want(Want::Seat {});
        match channel.answer().await {
            Answer::No { code, text } => (code, text),
            Answer::Opened(_) => {
                channel.bye().await;
                ("opened".to_owned(), String::new())
            }
        }
    }
}

fn random_key() -> KeyId {
    KeyId(random())
}
