use std::os::unix::net::UnixListener;

use trust::SigningKey;

use super::*;
use crate::failure;

/// An agent that gives these answers, one for each connection.
fn agent(answers: Vec<Vec<u8>>) -> (tempfile::TempDir, Agent) {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("agent");
    let listener = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut length = [0; 4];
            stream.read_exact(&mut length).unwrap();
            let mut request = vec![0; u32::from_be_bytes(length) as usize];
            stream.read_exact(&mut request).unwrap();
            let mut framed = Vec::new();
            put_string(&mut framed, &answer);
            let _ = stream.write_all(&framed);
        }
    });
    (dir, Agent::at(&socket))
}

fn signed(sig: &[u8]) -> Vec<u8> {
    let mut blob = Vec::new();
    put_string(&mut blob, ALGORITHM);
    put_string(&mut blob, sig);
    let mut answer = vec![SIGN_RESPONSE];
    put_string(&mut answer, &blob);
    answer
}

fn holding(keys: &[&PublicKey]) -> Vec<u8> {
    let mut answer = vec![IDENTITIES_ANSWER];
    answer.extend_from_slice(&(keys.len() as u32).to_be_bytes());
    for key in keys {
        put_string(&mut answer, &key_blob(key));
        put_string(&mut answer, b"ada@laptop");
    }
    answer
}

fn code(error: &anyhow::Error) -> &str {
    &failure::find(error).unwrap().code
}

#[test]
fn a_signature_counts_only_if_it_is_the_key_s_own_over_this_message() {
    let key = SigningKey::from_seed([1; 32]);
    let other = SigningKey::from_seed([2; 32]);
    let good = key.sign(b"message");
    let answers = [
        signed(&good),
        signed(&key.sign(b"another message")),
        signed(&other.sign(b"message")),
    ];
    let (_dir, agent) = agent(answers.to_vec());
    assert_eq!(agent.sign(key.public(), b"message").unwrap(), good);
    for _ in 0..2 {
        let refused = agent.sign(key.public(), b"message").unwrap_err();
        assert_eq!(code(&refused), "agent_wrong_signature");
    }
}

#[test]
fn a_refusal_is_told_from_a_key_that_is_gone() {
    let key = SigningKey::from_seed([1; 32]);
    let failure = vec![5];
    let answers = [
        failure.clone(),
        holding(&[key.public()]),
        failure,
        holding(&[]),
    ];
    let (_dir, agent) = agent(answers.to_vec());
    let not_confirmed = agent.sign(key.public(), b"message").unwrap_err();
    assert_eq!(code(&not_confirmed), "agent_refused");
    let gone = agent.sign(key.public(), b"message").unwrap_err();
    assert_eq!(code(&gone), "agent_key_gone");
}

#[test]
fn no_agent_and_what_is_none_are_sentences() {
    let dir = tempfile::tempdir().unwrap();
    let absent = Agent::at(&dir.path().join("nobody")).identities();
    assert_eq!(code(&absent.unwrap_err()), "no_agent");
    let mut endless = holding(&[]);
    endless[1..5].copy_from_slice(&[0xff; 4]);
    let (_dir, agent) = agent(vec![b"HTTP/1.1".to_vec(), endless, Vec::new()]);
    for _ in 0..3 {
        assert_eq!(code(&agent.identities().unwrap_err()), "agent_garbled");
    }
}

#[test]
fn keys_are_found_by_fingerprint_or_by_a_comment_that_only_one_has() {
    let keys = [1, 2].map(|n| SigningKey::from_seed([n; 32]));
    let mut answer = holding(&[keys[0].public(), keys[1].public()]);
    // Another algorithm is passed over.
    answer[4] = 3;
    put_string(&mut answer, b"\0\0\0\x07ssh-rsa");
    put_string(&mut answer, b"old");
    let (_dir, agent) = agent(vec![answer]);
    let identities = agent.identities().unwrap();
    assert_eq!(identities.len(), 2);
    let first = find(&identities, &identities[0].fingerprint()).unwrap();
    assert_eq!(first.key, *keys[0].public());
    let doubtful = find(&identities, "ada@laptop").unwrap_err();
    assert!(doubtful.to_string().contains("fingerprint"), "{doubtful}");
    assert!(find(&identities, "nobody").is_err());
}
