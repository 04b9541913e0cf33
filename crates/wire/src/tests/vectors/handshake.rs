//! Whole handshakes with fixed keys, and the sealed messages after them.

use serde::Serialize;
use serde_json::Value;
use trust::bytes::{KeyId, OrgId};
use zeroize::Zeroizing;

use super::{hex, hold, read, unhex};
use crate::kem::{self, Encapsulation, KeyPair};
use crate::noise::{Binding, Initiator, Mode, Responder, SUITE, Secured, public_of};

#[derive(Serialize)]
struct Vectors {
    suite: &'static str,
    handshakes: Vec<Handshake>,
}

#[derive(Serialize)]
struct Handshake {
    name: &'static str,
    mode: &'static str,
    pake_key: Option<String>,
    org: String,
    device: String,
    technician_private: String,
    technician_public: String,
    technician_ephemeral: String,
    device_private: String,
    device_public: String,
    device_ephemeral: String,
    decapsulation_key: String,
    encapsulation_key: String,
    ciphertext: String,
    shared_secret: String,
    message_1: String,
    message_2: String,
    channel: String,
    transport: Vec<Sealed>,
}

#[derive(Serialize)]
struct Sealed {
    from: &'static str,
    plain: String,
    sealed: String,
}

/// The random part: made once, then read back.
struct Kem {
    secret: Vec<u8>,
    ciphertext: Vec<u8>,
    shared: [u8; 32],
}

impl Kem {
    fn of(before: Option<&Value>, at: usize) -> Self {
        let field = |name: &str| Some(unhex(before?["handshakes"][at][name].as_str()?));
        if let (Some(secret), Some(ciphertext), Some(shared)) = (
            field("decapsulation_key"),
            field("ciphertext"),
            field("shared_secret"),
        ) {
            let shared = shared.try_into().unwrap();
            return Self {
                secret,
                ciphertext,
                shared,
            };
        }
        let pair = KeyPair::generate().unwrap();
        let made = kem::encapsulate(pair.public()).unwrap();
        Self {
            secret: pair.secret_bytes(),
            ciphertext: made.ciphertext,
            shared: *made.secret,
        }
    }
}

fn transport(technician: &mut Secured, device: &mut Secured) -> Vec<Sealed> {
    let plains: [(&str, Vec<u8>); 5] = [
        ("technician", b"\0\0\0\0{\"bye\":{}}".to_vec()),
        ("technician", vec![2, 0, 0, 0, 5]),
        ("device", b"\0\0\0\0{\"pong\":{\"nonce\":1}}".to_vec()),
        ("technician", vec![]),
        ("device", (0..300).map(|n| n as u8).collect()),
    ];
    plains
        .into_iter()
        .map(|(from, plain)| {
            let (sender, receiver) = if from == "device" {
                (&mut *device, &mut *technician)
            } else {
                (&mut *technician, &mut *device)
            };
            let sealed = sender.transport.seal(&plain).unwrap();
            assert_eq!(receiver.transport.open(&sealed).unwrap(), plain);
            Sealed {
                from,
                plain: hex(&plain),
                sealed: hex(&sealed),
            }
        })
        .collect()
}

fn handshake(name: &'static str, seed: u8, pake_key: Option<[u8; 32]>, kem: &Kem) -> Handshake {
    let key = |n: u8| {
        std::array::from_fn::<u8, 32, _>(|at| seed.wrapping_mul(31) ^ n.wrapping_add(at as u8))
    };
    let (technician, technician_e, device, device_e) = (key(1), key(40), key(80), key(120));
    let mode = pake_key.map_or(Mode::Enrolled, |key| Mode::Joined {
        pake_key: Zeroizing::new(key),
    });
    let binding = Binding {
        mode,
        org: OrgId(key(160)),
        device: KeyId(key(200)),
    };
    let pair = KeyPair::from_secret(&kem.secret).unwrap();
    let encapsulation_key = hex(pair.public());
    let device_public = public_of(&device).unwrap();
    let (initiator, message_1) = Initiator::start_with(
        binding.clone(),
        &technician,
        &device_public,
        &technician_e,
        pair,
    )
    .unwrap();
    let responder = Responder::new(binding.clone(), &device, &device_e).unwrap();
    let made = Encapsulation {
        ciphertext: kem.ciphertext.clone(),
        secret: Zeroizing::new(kem.shared),
    };
    let (mut at_device, message_2) = responder.answer_with(&message_1, |_| Ok(made)).unwrap();
    let mut at_technician = initiator.finish(&message_2).unwrap();
    assert_eq!(at_device.channel, at_technician.channel);
    Handshake {
        name,
        mode: if pake_key.is_some() {
            "joined"
        } else {
            "enrolled"
        },
        pake_key: pake_key.map(|key| hex(&key)),
        org: hex(&binding.org.0),
        device: hex(&binding.device.0),
        technician_private: hex(&technician),
        technician_public: hex(&public_of(&technician).unwrap().0),
        technician_ephemeral: hex(&technician_e),
        device_private: hex(&device),
        device_public: hex(&device_public.0),
        device_ephemeral: hex(&device_e),
        decapsulation_key: hex(&kem.secret),
        encapsulation_key,
        ciphertext: hex(&kem.ciphertext),
        shared_secret: hex(&kem.shared),
        message_1: hex(&message_1),
        message_2: hex(&message_2),
        channel: hex(&at_device.channel.0),
        transport: transport(&mut at_technician, &mut at_device),
    }
}

#[test]
fn vectors_of_the_handshake_hold() {
    let before = read("handshake.json");
    let kem = |at| Kem::of(before.as_ref(), at);
    let vectors = Vectors {
        suite: SUITE,
        handshakes: vec![
            handshake("an enrolled device", 1, None, &kem(0)),
            handshake("another enrolled device", 2, None, &kem(1)),
            handshake("a joined machine", 3, Some([0xa5; 32]), &kem(2)),
        ],
    };
    hold("handshake.json", &vectors);
}
