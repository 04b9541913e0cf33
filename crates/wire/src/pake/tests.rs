//! The draft's published vectors (`draft-irtf-cfrg-cpace`, appendix "Test vector for CPace using group ristretto255 and
//! hash SHA-512"), then the exchange: what joins, beside what differs in one thing and does not.

use trust::key::SigningKey;

use super::*;
use crate::join_code::SECRET_RANDOM_BYTES;

mod draft {
    pub const PRS: &[u8] = b"Password";
    pub const CI: &[u8] = b"oc\x0bB_responder\x0bA_initiator";
    pub const SID: &str = "7e4b4791d6a8ef019b936c79fb7f2c57";
    pub const GENERATOR_STRING: &str = "11435061636552697374726574746f3235350850617373776f726464\
        00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
        00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
        0000\
        1a6f630b425f726573706f6e6465720b415f696e69746961746f72107e4b4791d6a8ef019b936c79fb7f2c57";
    pub const G: &str = "a6fc82c3b8968fbb2e06fee81ca858586dea50d248f0c7ca6a18b0902a30b36b";
    pub const YA_SCALAR: &str = "da3d23700a9e5699258aef94dc060dfda5ebb61f02a5ea77fad53f4ff0976d08";
    pub const YA: &str = "d40fb265a7abeaee7939d91a585fe59f7053f982c296ec413c624c669308f87a";
    pub const YB_SCALAR: &str = "d2316b454718c35362d83d69df6320f38578ed5984651435e2949762d900b80d";
    pub const YB: &str = "08bcf6e9777a9c313a3db6daa510f2d398403319c2341bd506a92e672eb7e307";
    pub const K: &str = "e22b1ef7788f661478f3cddd4c600774fc0f41e6b711569190ff88fa0e607e09";
    pub const ISK_IR: &str = "4c5469a16b2364c4b944ebc1a79e51d1674ad47db26e8718154f59faebfaa52d\
        8346f30aa58377117eb20d527f2cbc5c76381f7fd372e89df8239f87f2e02ed1";
    pub const S: &str = "7cd0e075fa7955ba52c02759a6c90dbbfc10e6d40aea8d283e407d88cf538a05";
    pub const X: &str = "2c3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c";
    pub const S_TIMES_X: &str = "7c13645fe790a468f62c39beb7388e541d8405d1ade69d1778c5fe3e7f6b600e";
    pub const Y_I1: &str = "2b3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c";
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn bytes(text: &str) -> [u8; 32] {
    unhex(text).try_into().unwrap()
}

fn scalar(text: &str) -> Scalar {
    Scalar::from_canonical_bytes(bytes(text)).unwrap()
}

#[test]
fn the_generator_is_the_drafts() {
    let sid = unhex(draft::SID);
    let string = cpace::generator_string(draft::PRS, draft::CI, &sid);
    assert_eq!(*string, unhex(draft::GENERATOR_STRING));
    let generator = cpace::calculate_generator(draft::PRS, draft::CI, &sid);
    assert_eq!(generator.compress().0, bytes(draft::G));
}

#[test]
fn the_messages_and_the_session_key_are_the_drafts() {
    let sid = unhex(draft::SID);
    let generator = cpace::calculate_generator(draft::PRS, draft::CI, &sid);
    let (ya, yb) = (scalar(draft::YA_SCALAR), scalar(draft::YB_SCALAR));
    let (a, b) = (bytes(draft::YA), bytes(draft::YB));
    assert_eq!(cpace::scalar_mult(&ya, &generator), a);
    assert_eq!(cpace::scalar_mult(&yb, &generator), b);
    for (scalar, point) in [(ya, b), (yb, a)] {
        let k = cpace::scalar_mult_vfy(&scalar, &point).unwrap();
        assert_eq!(*k, bytes(draft::K));
        let isk = cpace::isk(&sid, &*k, (&a, b"ADa"), (&b, b"ADb"));
        assert_eq!(isk.to_vec(), unhex(draft::ISK_IR));
    }
}

#[test]
fn a_point_counts_and_what_is_none_or_the_neutral_one_does_not() {
    let s = scalar(draft::S);
    let product = cpace::scalar_mult_vfy(&s, &bytes(draft::X)).unwrap();
    assert_eq!(*product, bytes(draft::S_TIMES_X));
    for invalid in [bytes(draft::Y_I1), [0; 32]] {
        assert!(cpace::scalar_mult_vfy(&s, &invalid).is_none());
    }
}

#[test]
fn a_long_length_takes_two_bytes() {
    let long = [7; 300];
    assert_eq!(cpace::lv_cat(&[&long])[..2], [0xac, 0x02]);
    assert_eq!(cpace::lv_cat(&[&long[..127], b""])[..1], [127]);
}

const ORG: OrgId = OrgId([0x33; 32]);
const NOISE: X25519Public = X25519Public([0x44; 32]);
const DEVICE_NOISE: X25519Public = X25519Public([0x55; 32]);

fn code(seed: u8) -> JoinCode {
    JoinCode {
        nameplate: Nameplate::new(48_219).unwrap(),
        secret: Secret::from_random(&[seed; SECRET_RANDOM_BYTES]),
    }
}

fn device_key() -> PublicKey {
    SigningKey::from_seed([9; 32]).public().clone()
}

/// One exchange, in which somebody in between may change each message.
struct Exchange {
    technician: (OrgId, JoinCode),
    device: (OrgId, JoinCode),
    between: fn(usize, &mut Vec<u8>),
}

impl Exchange {
    fn honest() -> Self {
        Self {
            technician: (ORG, code(1)),
            device: (ORG, code(1)),
            between: |_, _| {},
        }
    }

    /// What the technician's side comes to, and the device's; none where it never got that far.
    fn run(&self) -> (Result<Agreed, PakeError>, Option<Result<Agreed, PakeError>>) {
        let (org, code) = &self.technician;
        let (technician, mut hello) = Technician::start(org, code, NOISE, &[3; 80]);
        (self.between)(0, &mut hello);
        let (org, code) = &self.device;
        let answered = Device::answer(org, code, &device_key(), DEVICE_NOISE, &[4; 64], &hello);
        let (device, mut answer) = match answered {
            Ok(answered) => answered,
            Err(error) => return (Err(error), Some(Err(error))),
        };
        (self.between)(1, &mut answer);
        match technician.finish(&answer) {
            Err(error) => (Err(error), None),
            Ok((agreed, mut confirmation)) => {
                (self.between)(2, &mut confirmation);
                (Ok(agreed), Some(device.finish(&confirmation)))
            }
        }
    }

    fn technician_error(&self) -> Option<PakeError> {
        self.run().0.err()
    }
}

#[test]
fn the_same_code_gives_both_ends_the_same_key_and_each_others_keys() {
    let (technician, device) = Exchange::honest().run();
    let (technician, device) = (technician.unwrap(), device.unwrap().unwrap());
    assert_eq!(*technician.pake_key, *device.pake_key);
    assert_ne!(*technician.pake_key, [0; 32]);
    for agreed in [technician, device] {
        assert_eq!(agreed.device_id(), device_key().id());
        assert_eq!(agreed.device_noise, DEVICE_NOISE);
        assert_eq!(agreed.technician_noise, NOISE);
    }
}

#[test]
fn another_secret_nameplate_or_organisation_agrees_on_nothing() {
    let mut other_nameplate = code(1);
    other_nameplate.nameplate = Nameplate::new(48_210).unwrap();
    for device in [
        (ORG, code(2)),
        (ORG, other_nameplate),
        (OrgId([7; 32]), code(1)),
    ] {
        let exchange = Exchange {
            device,
            ..Exchange::honest()
        };
        assert_eq!(exchange.technician_error(), Some(PakeError::Confirmation));
    }
    assert!(Exchange::honest().run().0.is_ok());
}

#[test]
fn whoever_changes_a_message_in_between_gets_no_key() {
    let changes: [fn(usize, &mut Vec<u8>); 6] = [
        // sid, the technician's noise key
        |at, m| m[0] ^= u8::from(at == 0),
        |at, m| {
            if at == 0 {
                m[48..].copy_from_slice(&[8; 32]);
            }
        },
        // the device's key, its noise key, its confirmation
        |at, m| {
            if at == 1 {
                let other = SigningKey::from_seed([8; 32]);
                m[32..64].copy_from_slice(other.public().public_bytes());
            }
        },
        |at, m| {
            if at == 1 {
                m[64] ^= 1;
            }
        },
        |at, m| {
            if at == 1 {
                m[127] ^= 1;
            }
        },
        // somebody else's point
        |at, m| {
            if at == 1 {
                m[..32].copy_from_slice(&bytes(draft::YB));
            }
        },
    ];
    for between in changes {
        let exchange = Exchange {
            between,
            ..Exchange::honest()
        };
        assert_eq!(exchange.technician_error(), Some(PakeError::Confirmation));
    }
}

#[test]
fn the_device_joins_nobody_who_does_not_confirm() {
    let forged = Exchange {
        between: |at, m| m[31] ^= u8::from(at == 2),
        ..Exchange::honest()
    };
    let (_, device) = forged.run();
    assert_eq!(device.unwrap().err(), Some(PakeError::Confirmation));
    // The device's own confirmation is none of the technician's.
    let (technician, hello) = Technician::start(&ORG, &code(1), NOISE, &[3; 80]);
    drop(technician);
    let answer = || {
        Device::answer(
            &ORG,
            &code(1),
            &device_key(),
            DEVICE_NOISE,
            &[4; 64],
            &hello,
        )
        .unwrap()
    };
    let (device, message) = answer();
    assert_eq!(
        device.finish(&message[96..]).err(),
        Some(PakeError::Confirmation)
    );
    let (technician, _) = Technician::start(&ORG, &code(1), NOISE, &[3; 80]);
    let (device, message) = answer();
    let (_, confirmation) = technician.finish(&message).unwrap();
    assert!(device.finish(&confirmation).is_ok());
}

#[test]
fn the_neutral_element_and_what_is_no_point_are_refused_by_both_ends() {
    let neutral: fn(usize, &mut Vec<u8>) = |at, m| {
        if at == 0 {
            m[16..48].fill(0);
        }
    };
    let no_point: fn(usize, &mut Vec<u8>) = |at, m| {
        if at == 1 {
            m[..32].copy_from_slice(&bytes(draft::Y_I1));
        }
    };
    for between in [neutral, no_point] {
        let exchange = Exchange {
            between,
            ..Exchange::honest()
        };
        assert_eq!(exchange.technician_error(), Some(PakeError::Point));
    }
}

#[test]
fn a_message_of_another_length_is_refused() {
    for (at, expected) in [(0, HELLO_BYTES), (1, ANSWER_BYTES)] {
        for change in [-1_isize, 1] {
            let found = expected.checked_add_signed(change).unwrap();
            let (technician, mut hello) = Technician::start(&ORG, &code(1), NOISE, &[3; 80]);
            if at == 0 {
                hello.resize(found, 0);
            }
            let answered = Device::answer(
                &ORG,
                &code(1),
                &device_key(),
                DEVICE_NOISE,
                &[4; 64],
                &hello,
            );
            let error = match answered {
                Err(error) => error,
                Ok((_, mut answer)) => {
                    answer.resize(found, 0);
                    technician.finish(&answer).err().unwrap()
                }
            };
            assert_eq!(error, PakeError::Length { expected, found });
        }
    }
}
