//! A thief with everything that the service holds, standing where the service stood.
//!
//! `attacker LOOT PORT`: LOOT is a copy of the service's folder (configuration, database, log key, stopper key). It speaks
//! the documented formats and nothing else: to agents and command lines it is the service, and on the relay it is whoever
//! it likes. It is told on standard input what to try, asks there for what it would need an honest person for, and says on
//! standard output how it ended (`wayleave_tests::parley`).
#![allow(clippy::unwrap_used)]

mod attacks;
mod book;
mod front;
mod loot;
mod meeting;
mod mischief;
mod talk;

use std::sync::Arc;

use wayleave_tests::parley::{FromAttacker, ToAttacker};

use attacks::Attack;
use book::Book;
use front::Front;
use loot::Loot;
use talk::Talk;

#[tokio::main]
async fn main() {
    wayleave_tests::install_crypto();
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("the folder of the loot");
    let port: u16 = arguments
        .next()
        .expect("the port of the service")
        .parse()
        .expect("a port");
    let loot = Loot::read(folder.as_ref()).await;
    let front = Arc::new(Front::new(port, Book::new(&loot)));
    front.clone().listen().await;
    let mut talk = Talk::default();
    talk.say(&FromAttacker::Ready {});
    while let Some(order) = talk.hear() {
        let ToAttacker::Run {
            attack,
            target,
            leaked,
        } = order
        else {
            continue;
        };
        let mut run = Attack {
            loot: &loot,
            front: &front,
            talk: &mut talk,
            target,
            leaked,
        };
        let (code, text) = run.run(&attack).await;
        talk.say(&FromAttacker::Outcome { code, text });
    }
}
