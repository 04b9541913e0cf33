//! Lines to and from the test.

use std::io::{BufRead, Write};

use trust::envelope::Envelope;
use wayleave_tests::parley::{FromAttacker, ToAttacker, Want};

#[derive(Default)]
pub struct Talk {}

impl Talk {
    pub fn say(&mut self, message: &FromAttacker) {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", serde_json::to_string(message).unwrap()).unwrap();
        out.flush().unwrap();
    }

    /// The next order; none when the test is gone.
    pub fn hear(&mut self) -> Option<ToAttacker> {
        let mut line = String::new();
        // The sockets are served by the other threads of the runtime meanwhile.
        let read = tokio::task::block_in_place(|| std::io::stdin().lock().read_line(&mut line));
        (read.unwrap() > 0).then(|| serde_json::from_str(&line).unwrap())
    }

    /// Asks for something; none where it is withheld.
    pub fn want(&mut self, want: Want) -> Option<Envelope> {
        self.say(&FromAttacker::Wants(want));
        match self.hear() {
            Some(ToAttacker::Given(envelope)) if !envelope.is_empty() => {
                Some(Envelope::parse(envelope.as_bytes()).unwrap())
            }
            _ => None,
        }
    }

    /// Whether to do what is honest.
    pub fn is_honest(&mut self) -> bool {
        self.say(&FromAttacker::Wants(Want::Honesty {}));
        matches!(self.hear(), Some(ToAttacker::Given(_)))
    }
}
