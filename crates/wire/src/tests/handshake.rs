//! Who gets a channel, and who does not.

use trust::bytes::{KeyId, OrgId, X25519Public};
use zeroize::Zeroizing;

use super::{DEVICE, NOW, Pair, TECHNICIAN, binding, device_public, new_host};
use crate::error::ChannelError;
use crate::host::Event as HostEvent;
use crate::kem::{self, KeyPair};
use crate::limits::{CIPHERTEXT_BYTES, ENCAPSULATION_KEY_BYTES, MESSAGE_1_BYTES, MESSAGE_2_BYTES};
use crate::noise::{Binding, HandshakeError, Initiator, Mode, Responder, Secured, public_of};
use crate::viewer::Event as ViewerEvent;

fn joined(key: u8) -> Binding {
    Binding {
        mode: Mode::Joined {
            pake_key: Zeroizing::new([key; 32]),
        },
        ..binding()
    }
}

/// One handshake; the error is of the side that notices.
fn shake(technician: Binding, device: Binding) -> Result<(Secured, Secured), HandshakeError> {
    let (initiator, first) = Initiator::start(technician, &TECHNICIAN, &device_public(), &[1; 32])?;
    let (at_device, answer) = Responder::new(device, &DEVICE, &[2; 32])?.answer(&first)?;
    Ok((initiator.finish(&answer)?, at_device))
}

fn first_message() -> (Initiator, Vec<u8>) {
    Initiator::start(binding(), &TECHNICIAN, &device_public(), &[1; 32]).unwrap()
}

fn answer_to(message: &[u8]) -> Result<(Secured, Vec<u8>), HandshakeError> {
    Responder::new(binding(), &DEVICE, &[2; 32])
        .unwrap()
        .answer(message)
}

#[test]
fn both_ends_know_the_channel_and_each_other() {
    let (mut technician, mut device) = shake(binding(), binding()).unwrap();
    assert_eq!(technician.channel, device.channel);
    assert_eq!(technician.remote, device_public());
    assert_eq!(device.remote, public_of(&TECHNICIAN).unwrap());
    let sealed = technician.transport.seal(b"to the device").unwrap();
    assert_eq!(device.transport.open(&sealed).unwrap(), b"to the device");
    let sealed = device.transport.seal(b"to the technician").unwrap();
    assert_eq!(
        technician.transport.open(&sealed).unwrap(),
        b"to the technician"
    );
}

#[test]
fn two_handshakes_of_the_same_keys_are_two_channels() {
    let (first, _) = shake(binding(), binding()).unwrap();
    let (second, _) = shake(binding(), binding()).unwrap();
    assert_ne!(
        first.channel, second.channel,
        "the encapsulation is fresh even where the ephemerals are not"
    );
}

#[test]
fn messages_have_the_lengths_that_the_protocol_states() {
    let (_, first) = first_message();
    assert_eq!(first.len(), MESSAGE_1_BYTES);
    assert_eq!(answer_to(&first).unwrap().1.len(), MESSAGE_2_BYTES);
}

#[test]
fn another_organisation_is_refused() {
    let other = Binding {
        org: OrgId([9; 32]),
        ..binding()
    };
    assert_eq!(
        shake(other, binding()).err(),
        Some(HandshakeError::Message1)
    );
}

#[test]
fn another_device_id_is_refused() {
    let other = Binding {
        device: KeyId([9; 32]),
        ..binding()
    };
    assert_eq!(
        shake(other, binding()).err(),
        Some(HandshakeError::Message1)
    );
}

#[test]
fn another_noise_key_of_the_device_is_refused() {
    let other = public_of(&[0x77; 32]).unwrap();
    let (_, first) = Initiator::start(binding(), &TECHNICIAN, &other, &[1; 32]).unwrap();
    assert_eq!(answer_to(&first).err(), Some(HandshakeError::Message1));
}

#[test]
fn another_mode_is_refused() {
    assert_eq!(
        shake(joined(1), binding()).err(),
        Some(HandshakeError::Message1)
    );
    assert_eq!(
        shake(binding(), joined(1)).err(),
        Some(HandshakeError::Message1)
    );
}

#[test]
fn another_join_code_is_refused() {
    assert!(shake(joined(1), joined(1)).is_ok());
    assert_eq!(
        shake(joined(1), joined(2)).err(),
        Some(HandshakeError::Message2)
    );
}

#[test]
fn a_machine_in_the_middle_without_the_device_key_is_refused() {
    let (initiator, _) = first_message();
    let theirs = KeyPair::generate().unwrap();
    let (_, for_them) =
        Initiator::start_with(binding(), &[9; 32], &device_public(), &[8; 32], theirs).unwrap();
    let (_, answer) = answer_to(&for_them).unwrap();
    assert_eq!(
        initiator.finish(&answer).err(),
        Some(HandshakeError::Message2)
    );
}

#[test]
fn every_changed_byte_of_the_first_message_is_refused() {
    let (_, first) = first_message();
    assert!(answer_to(&first).is_ok());
    for at in (0..first.len())
        .step_by(7)
        .chain([31, 32, 79, 80, first.len() - 1])
    {
        let mut changed = first.clone();
        changed[at] ^= 0x04;
        assert_eq!(
            answer_to(&changed).err(),
            Some(HandshakeError::Message1),
            "byte {at}"
        );
    }
}

#[test]
fn every_changed_byte_of_the_answer_is_refused() {
    let (_, first) = first_message();
    let answer = answer_to(&first).unwrap().1;
    for at in (0..answer.len()).step_by(97).chain([
        CIPHERTEXT_BYTES - 1,
        CIPHERTEXT_BYTES,
        answer.len() - 1,
    ]) {
        let (initiator, first) = first_message();
        let mut answer = answer_to(&first).unwrap().1;
        answer[at] ^= 0x04;
        assert_eq!(
            initiator.finish(&answer).err(),
            Some(HandshakeError::Message2),
            "byte {at}"
        );
    }
}

#[test]
fn an_answer_to_another_attempt_is_refused() {
    let (initiator, _) = first_message();
    let (_, other_first) = first_message();
    let (_, answer) = answer_to(&other_first).unwrap();
    assert_eq!(
        initiator.finish(&answer).err(),
        Some(HandshakeError::Message2)
    );
}

#[test]
fn other_lengths_are_refused_by_name() {
    let (initiator, first) = first_message();
    for len in [0, 1, first.len() - 1] {
        assert_eq!(
            answer_to(&first[..len]).err(),
            Some(HandshakeError::Message1Length(len))
        );
    }
    let long = [first.as_slice(), &[0]].concat();
    assert_eq!(
        answer_to(&long).err(),
        Some(HandshakeError::Message1Length(long.len()))
    );
    assert_eq!(
        initiator.finish(&[0; 100]).err(),
        Some(HandshakeError::Message2Length(100))
    );
}

#[test]
fn keys_of_small_order_are_refused() {
    let zero = X25519Public([0; 32]);
    let start = Initiator::start(binding(), &TECHNICIAN, &zero, &[1; 32]);
    assert_eq!(start.err(), Some(HandshakeError::WeakKey));
    let (_, mut first) = first_message();
    first[..32].fill(0);
    assert_eq!(answer_to(&first).err(), Some(HandshakeError::WeakKey));
}

#[test]
fn an_encapsulation_key_is_checked_for_length_and_modulus() {
    let good = *KeyPair::generate().unwrap().public();
    assert_eq!(kem::check(&good), Ok(()));
    assert_eq!(
        kem::check(&good[1..]),
        Err(HandshakeError::EncapsulationKeyLength(
            ENCAPSULATION_KEY_BYTES - 1
        ))
    );
    // 3329 = 0xd01 in the first, then in the second of two packed coefficients
    for packed in [[0x01, 0x0d, 0x00], [0x00, 0x10, 0xd0]] {
        let mut bad = good;
        bad[300..303].copy_from_slice(&packed);
        assert_eq!(
            kem::check(&bad),
            Err(HandshakeError::EncapsulationKeyModulus)
        );
        bad[300..303].copy_from_slice(&packed.map(|b| if b == 0x01 || b == 0x10 { 0 } else { b }));
        assert_eq!(kem::check(&bad), Ok(()), "3328 is the largest");
    }
}

#[test]
fn a_technician_with_an_encapsulation_key_above_the_modulus_is_refused() {
    let mut secret = KeyPair::generate().unwrap().secret_bytes();
    secret[1152..1155].fill(0xff);
    let bad = KeyPair::from_secret(&secret).unwrap();
    let (_, first) =
        Initiator::start_with(binding(), &TECHNICIAN, &device_public(), &[1; 32], bad).unwrap();
    assert_eq!(
        answer_to(&first).err(),
        Some(HandshakeError::EncapsulationKeyModulus)
    );
}

#[test]
fn a_recorded_session_replayed_to_the_device_opens_nothing() {
    let mut pair = Pair::new();
    let mut recorded = Vec::new();
    loop {
        pair.send_all();
        if let Some(bytes) = pair.to_host.pop_front() {
            recorded.push(bytes.clone());
            pair.host.handle_bytes(&bytes, NOW).unwrap();
        } else if let Some(bytes) = pair.to_viewer.pop_front() {
            pair.viewer.handle_bytes(&bytes, NOW).unwrap();
        } else {
            break;
        }
        pair.take_events();
        for event in pair.at_host.drain(..) {
            if let HostEvent::Secured { .. } = event {
                pair.host.greet(super::head(), vec![], NOW).unwrap();
            }
        }
        for event in pair.at_viewer.drain(..) {
            if let ViewerEvent::Head(_) = event {
                pair.viewer
                    .open("{}".into(), Vec::new(), None, NOW)
                    .unwrap();
            }
        }
    }
    assert_eq!(recorded.len(), 2, "message 1 and the open");
    let mut host = new_host();
    host.handle_bytes(&recorded[0], NOW).unwrap();
    assert!(matches!(host.poll_event(), Some(HostEvent::Secured { .. })));
    host.greet(super::head(), vec![], NOW).unwrap();
    assert!(matches!(
        host.handle_bytes(&recorded[1], NOW),
        Err(ChannelError::Transport(_))
    ));
    assert!(matches!(host.poll_event(), Some(HostEvent::Over(_))));
    assert_eq!(host.poll_event(), None);
}
