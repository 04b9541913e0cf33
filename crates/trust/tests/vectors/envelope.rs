//! `envelope.json`: keys, encodings, and envelopes good and bad.

use serde_json::{Value, json};
use trust::bytes::{Blob, to_b64u};
use trust::envelope::{EnvelopeError, Signature, WebauthnParts, pae};
use trust::proof::{Enrol, InviteAnswer, Purpose, SignIn, Socket};
use trust::statement::Role;
use trust::words;
use trust::*;

use crate::support::*;
use crate::{code, settle};

const KIND: PayloadType = PayloadType::Warrant;

/// A key as JSON text; whether it is taken.
fn key_case(name: &str, text: &str, is_taken: bool) -> Value {
    let parsed = trust::json::read::<PublicKey>(text.as_bytes()).ok();
    assert_eq!(parsed.is_some(), is_taken, "{name}");
    json!({"name": name, "key": text, "id": parsed.map(|k| k.id())})
}

fn keys() -> Vec<Value> {
    let ed = |bytes: &[u8; 32]| format!(r#"{{"kind":"ed25519","public":"{}"}}"#, to_b64u(bytes));
    let ada = key("ada").public().public_bytes().to_vec();
    let ada: [u8; 32] = ada.try_into().unwrap();
    let with = |rest: &str| ed(&ada).replace('}', rest);
    let mut cases = vec![
        key_case("a native key", &ed(&ada), true),
        key_case(
            "31 bytes",
            &format!(r#"{{"kind":"ed25519","public":"{}"}}"#, to_b64u(&ada[1..])),
            false,
        ),
        key_case(
            "padded base64",
            &with(r#"=="}"#).replace("\"==", "==\""),
            false,
        ),
        key_case("an unknown member", &with(r#","x":1}"#), false),
        key_case("a member twice", &with(r#","kind":"ed25519"}"#), false),
        key_case("no origin, said so", &with(r#","origins":[]}"#), false),
        key_case(
            "a page-held key",
            &with(r#","origins":["https://a.example"]}"#),
            true,
        ),
        key_case(
            "a page-held key of two pages",
            &with(r#","origins":["https://a.example","https://b.example"]}"#),
            false,
        ),
        key_case(
            "a page without TLS",
            &with(r#","origins":["http://a.example"]}"#),
            false,
        ),
        key_case(
            "a page on this machine",
            &with(r#","origins":["http://localhost:7070"]}"#),
            true,
        ),
        key_case(
            "a native key with a relying party",
            &with(r#","rp":"a.example"}"#),
            false,
        ),
        key_case(
            "an unknown kind",
            &ed(&ada).replace("ed25519", "rsa"),
            false,
        ),
        key_case(
            "an array",
            &format!(r#"["ed25519","{}"]"#, to_b64u(&ada)),
            false,
        ),
    ];
    for (name, bytes) in small_order() {
        cases.push(key_case(name, &ed(&bytes), false));
    }
    let mut low = [5; 32];
    low[..3].copy_from_slice(&[1, 0, 0]);
    cases.push(key_case(
        "a low byte of 1 and no small order",
        &ed(&low),
        true,
    ));
    cases.extend(passkeys());
    cases
}

fn passkeys() -> Vec<Value> {
    let mut cases = Vec::new();
    let phone = serde_json::to_string(&Passkey::of("ada", &[OWN]).key).unwrap();
    cases.push(key_case("a passkey", &phone, true));
    cases.push(key_case(
        "a passkey without origins",
        &phone.replace(&format!(r#","origins":["{OWN}"]"#), ""),
        false,
    ));
    cases.push(key_case(
        "a passkey without a relying party",
        &phone.replace(r#","rp":"hafen.example""#, ""),
        false,
    ));
    let off_curve = format!(
        r#"{{"kind":"webauthn-es256","public":"{}","rp":"a.example","origins":["https://a.example"]}}"#,
        to_b64u(&[&[4][..], &[1; 64]].concat())
    );
    cases.push(key_case("a point that is not on P-256", &off_curve, false));
    let pages: Vec<String> = (0..9).map(|n| format!("https://p{n}.example")).collect();
    for (count, is_taken) in [(8, true), (9, false)] {
        let list = serde_json::to_string(&pages[..count]).unwrap();
        let text = phone.replace(&format!(r#"["{OWN}"]"#), &list);
        cases.push(key_case(
            &format!("a passkey of {count} pages"),
            &text,
            is_taken,
        ));
    }
    cases
}

fn small_order() -> Vec<(&'static str, [u8; 32])> {
    let one_at_0 = |value: u8| {
        let mut bytes = [0; 32];
        bytes[0] = value;
        bytes
    };
    let high = |low: u8, top: u8| {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (low, top);
        bytes
    };
    let order_8 = trust::bytes::from_b64u("JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU").unwrap();
    let mut order_8_negative: [u8; 32] = order_8.clone().try_into().unwrap();
    order_8_negative[31] |= 0x80;
    vec![
        ("order 4: y = 0", one_at_0(0)),
        ("order 1: y = 1", one_at_0(1)),
        ("order 2: y = -1", high(0xec, 0x7f)),
        ("order 8", order_8.try_into().unwrap()),
        ("order 8, the other sign", order_8_negative),
        ("not canonical: y = p", high(0xed, 0x7f)),
        ("not canonical: y = p + 1", high(0xee, 0x7f)),
        ("not canonical: y = p + 2, no small order", high(0xef, 0x7f)),
    ]
}

fn encodings() -> Vec<Value> {
    let payload = br#"{"a":"\u00e9"}"#;
    crate::support::ALL_TYPES
        .iter()
        .map(|kind| {
            json!({
                "type": kind.as_str(),
                "payload": to_b64u(payload),
                "pae": to_b64u(&pae(*kind, payload)),
                "challenge": Envelope::challenge(*kind, payload),
            })
        })
        .collect()
}

/// Keys that the verifier of the cases knows.
fn known() -> Vec<PublicKey> {
    let mut keys: Vec<PublicKey> = ["ada", "bob"].map(|n| key(n).public().clone()).to_vec();
    keys.push(page_key("page", OWN).public().clone());
    keys.push(Passkey::of("ada", &[OWN]).key);
    keys
}

/// Verifies as a warrant; `pad` spaces are appended first.
fn case(name: &str, text: &str, pad: usize, expected: &str) -> Value {
    let known = known();
    let find = |id: &KeyId| known.iter().find(|k| k.id() == *id);
    let verified = Envelope::parse((text.to_owned() + &" ".repeat(pad)).as_bytes())
        .and_then(|envelope| envelope.verify(KIND, find));
    let outcome = verified.as_ref().map_or_else(code, |_| "ok");
    assert_eq!(outcome, expected, "{name}");
    let signers: Vec<Value> = verified
        .unwrap_or_default()
        .iter()
        .map(|s| json!({"keyid": s.keyid, "origin": s.origin}))
        .collect();
    json!({"name": name, "envelope": text, "pad": pad, "outcome": outcome, "signers": signers})
}

fn good() -> String {
    raw_envelope(KIND, br#"{"any":"bytes"}"#, &["ada", "bob", "stranger"]).to_text()
}

fn changed(from: &str, to: &str) -> String {
    let text = good();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

fn cases() -> Vec<Value> {
    let good = good();
    let bob = format!(r#""keyid":"{}""#, key("bob").id());
    let ada = format!(r#""keyid":"{}""#, key("ada").id());
    let mut all = vec![
        case("two known signers and a stranger", &good, 0, "ok"),
        case(
            "white space and another order of members",
            &reordered(),
            0,
            "ok",
        ),
        case(
            "nobody known",
            &raw_envelope(KIND, b"{}", &["x"]).to_text(),
            0,
            "ok",
        ),
        case("exactly 64 KiB", &good, 64 * 1024 - good.len(), "ok"),
        case(
            "one byte more",
            &good,
            64 * 1024 - good.len() + 1,
            "too_large",
        ),
        case("a page-held key", &page(), 0, "ok"),
        case("16 signatures", &crowd(16), 0, "ok"),
        case("17 signatures", &crowd(17), 0, "signature_count"),
        case("no signature", &crowd(0), 0, "signature_count"),
        case(
            "the same key twice",
            &changed(&bob, &ada),
            0,
            "duplicate_key",
        ),
        case(
            "a known key over another payload",
            &changed("eyJhbnki", "eyJBbnki"),
            0,
            "bad_signature",
        ),
        case(
            "another type",
            &changed("vnd.wayleave.warrant.1", "vnd.wayleave.sign-in.1"),
            0,
            "wrong_type",
        ),
        case(
            "an unknown type",
            &changed("vnd.wayleave.warrant.1", "vnd.wayleave.warrant.2"),
            0,
            "unknown_type",
        ),
        case(
            "a type without its prefix",
            &changed("application/vnd.wayleave.warrant.1+json", "warrant"),
            0,
            "unknown_type",
        ),
    ];
    all.extend(malformed());
    all.extend(passkey_cases());
    all
}

fn malformed() -> Vec<Value> {
    let good = good();
    let ada = format!(r#""keyid":"{}""#, key("ada").id());
    vec![
        case(
            "an unknown member",
            &changed("{", r#"{"x":1,"#),
            0,
            "malformed",
        ),
        case(
            "a member twice",
            &changed("{", r#"{"payload":"","#),
            0,
            "malformed",
        ),
        case(
            "a signature's member twice",
            &changed(&ada, &format!("{ada},{ada}")),
            0,
            "malformed",
        ),
        case(
            "no webauthn, said so",
            &changed(&ada, &format!(r#"{ada},"webauthn":null"#)),
            0,
            "malformed",
        ),
        case(
            "a short key id",
            &changed(&ada, r#""keyid":"AAAA""#),
            0,
            "malformed",
        ),
        case(
            "padded base64",
            &changed("\",\"signatures", "=\",\"signatures"),
            0,
            "malformed",
        ),
        case(
            "no payload",
            &changed(r#""payload":"#, r#""payloads":"#),
            0,
            "malformed",
        ),
        case("something after it", &(good.clone() + "x"), 0, "malformed"),
        case("a trailing comma", &changed("]}", "],}"), 0, "malformed"),
        case("an array", &format!("[{good}]"), 0, "malformed"),
        case("nothing", "", 0, "malformed"),
        case(
            "a byte order mark",
            &format!("\u{FEFF}{good}"),
            0,
            "malformed",
        ),
        case("a lone surrogate", r#"{"\ud800":1}"#, 0, "malformed"),
        case("deep nesting", &"[".repeat(500), 0, "malformed"),
    ]
}

fn reordered() -> String {
    let raw: Value = serde_json::from_str(&good()).unwrap();
    format!(
        " {{\n\"signatures\": {},\t\"payload\":{},\r\n\"payloadType\":{}}} ",
        raw["signatures"], raw["payload"], raw["payloadType"]
    )
}

fn page() -> String {
    let key = page_key("page", OWN);
    Envelope::sign(KIND, &json!({}), &[&key]).unwrap().to_text()
}

/// An envelope with this many signatures of strangers.
fn crowd(count: usize) -> String {
    let mut raw: Value = serde_json::from_str(&good()).unwrap();
    let stranger = raw["signatures"][2].clone();
    let signatures = (0..count).map(|n| {
        let mut one = stranger.clone();
        one["keyid"] = json!(to_b64u(&[n as u8; 32]));
        one
    });
    raw["signatures"] = signatures.collect();
    raw.to_string()
}

const ANY: &[u8] = br#"{"any":"bytes"}"#;

type Spoil = fn(&mut Ceremony);

fn by_passkey(kind: PayloadType, change: Spoil) -> Signature {
    let mut ceremony = Ceremony::default();
    change(&mut ceremony);
    Passkey::of("ada", &[OWN]).sign(kind, ANY, &ceremony)
}

fn with_signature(signature: &Signature) -> String {
    let (payload_type, payload) = (KIND.as_str(), to_b64u(ANY));
    json!({"payloadType": payload_type, "payload": payload, "signatures": [signature]}).to_string()
}

fn passkey_cases() -> Vec<Value> {
    let ceremonies: [(&str, Spoil, bool); 13] = [
        ("as a browser signs", |_| {}, true),
        ("all flags", |c| c.flags = 0x1d, true),
        ("an unknown client member", |c| c.more = r#","x":"y""#, true),
        ("no crossOrigin", |c| c.more = "", true),
        (
            "a client member twice",
            |c| c.more = r#","origin":"x""#,
            false,
        ),
        ("cross-origin", |c| c.more = r#","crossOrigin":true"#, false),
        (
            "in a foreign frame",
            |c| c.more = r#","topOrigin":"x""#,
            false,
        ),
        (
            "crossOrigin no boolean",
            |c| c.more = r#","crossOrigin":null"#,
            false,
        ),
        ("user not verified", |c| c.flags = 0x01, false),
        ("user not present", |c| c.flags = 0x04, false),
        ("another origin", |c| c.origin = VENDOR.to_owned(), false),
        ("another relying party", |c| c.rp = "evil.example", false),
        ("a registration", |c| c.kind = "webauthn.create", false),
    ];
    let mut cases: Vec<Value> = ceremonies
        .iter()
        .map(|(name, change, counts)| {
            let text = with_signature(&by_passkey(KIND, *change));
            let expected = if *counts { "ok" } else { "bad_passkey" };
            case(&format!("a passkey, {name}"), &text, 0, expected)
        })
        .collect();
    cases.extend(altered_passkey_cases());
    cases
}

fn altered_passkey_cases() -> Vec<Value> {
    let good = by_passkey(KIND, |_| {});
    let altered = |change: fn(&mut Signature)| {
        let mut signature = good.clone();
        change(&mut signature);
        with_signature(&signature)
    };
    let parts = |change: fn(&mut WebauthnParts)| {
        let mut signature = good.clone();
        signature.webauthn.as_mut().map(change);
        with_signature(&signature)
    };
    let mut dressed = raw_signature();
    dressed.webauthn = good.webauthn.clone();
    let other_type = with_signature(&by_passkey(PayloadType::SignIn, |_| {}));
    let bad = "bad_passkey";
    vec![
        case("another type's challenge", &other_type, 0, bad),
        case("short data", &parts(|p| p.ad.0.truncate(36)), 0, bad),
        case("a flipped bit", &altered(|s| s.sig.0[5] ^= 1), 0, bad),
        case(
            "client data that is no object",
            &parts(|p| p.cd = Blob(b"[]".to_vec())),
            0,
            bad,
        ),
        case(
            "no parts",
            &altered(|s| s.webauthn = None),
            0,
            "bad_signature",
        ),
        case(
            "a native key's parts",
            &with_signature(&dressed),
            0,
            "bad_signature",
        ),
        case(
            "a part of exactly 4 KiB",
            &parts(|p| p.ad = Blob(vec![0; 4096])),
            0,
            bad,
        ),
        case(
            "a large part",
            &parts(|p| p.ad = Blob(vec![0; 4097])),
            0,
            "malformed",
        ),
    ]
}

fn raw_signature() -> Signature {
    let message = pae(KIND, ANY);
    Signature {
        keyid: key("ada").id(),
        sig: Blob(key("ada").sign(&message).to_vec()),
        webauthn: None,
    }
}

#[test]
fn envelope_json() {
    let built =
        json!({"keys": keys(), "encodings": encodings(), "known": known(), "cases": cases()});
    settle("envelope.json", &built);
}

#[test]
fn envelope_proofs_json() {
    let (desk, ada) = (key("desk-1"), key("ada"));
    let org = World::new().org;
    let nonce = Nonce([7; 16]);
    let enrol = Enrol {
        org,
        key: desk.public().clone(),
        noise: noise("desk-1"),
        hostname: "empfang-3".to_owned(),
        nonce,
    };
    let answer = InviteAnswer {
        org,
        invite: "inv-1".to_owned(),
        role: Role::Technician,
        key: ada.public().clone(),
        directory_to: noise("ada"),
        name: opened("ada").commitment(),
        label: None,
    };
    let sign_in = SignIn {
        server: "https://app.wayleave.example".to_owned(),
        org,
        nonce,
        request_key: key("request").public().clone(),
        at: NOW,
        until: NOW + 43_200_000,
    };
    let socket = Socket {
        server: "https://app.wayleave.example".to_owned(),
        org,
        purpose: Purpose::Relay,
        session: Some("s-1".to_owned()),
        nonce,
        at: NOW,
        key: Some(key("request").public().clone()),
    };
    let enrolled = Envelope::sign(PayloadType::Enrol, &enrol, &[&desk]).unwrap();
    let answered = Envelope::sign(PayloadType::InviteAnswer, &answer, &[&ada]).unwrap();
    assert_eq!(Enrol::verify(&enrolled).unwrap(), enrol);
    assert_eq!(InviteAnswer::verify(&answered).unwrap(), answer);
    let enrolled_by_another = Envelope::sign(PayloadType::Enrol, &enrol, &[&ada]).unwrap();
    let answered_by_another = Envelope::sign(PayloadType::InviteAnswer, &answer, &[&desk]).unwrap();
    assert!(matches!(
        Enrol::verify(&enrolled_by_another),
        Err(EnvelopeError::BadSignature(_))
    ));
    assert!(InviteAnswer::verify(&answered_by_another).is_err());
    let text = |kind, signed: Result<Envelope, EnvelopeError>| -> Value {
        let _: PayloadType = kind;
        signed.unwrap().to_text().into()
    };
    let built = json!({
        "enrol": {"envelope": enrolled.to_text(), "payload": enrol, "words": enrol.words()},
        "enrol_by_another": enrolled_by_another.to_text(),
        "invite_answer": {"envelope": answered.to_text(), "payload": answer, "words": answer.words()},
        "invite_answer_by_another": answered_by_another.to_text(),
        "sign_in": {"envelope": text(PayloadType::SignIn, Envelope::sign(PayloadType::SignIn, &sign_in, &[&ada])), "payload": sign_in},
        "socket": {"envelope": text(PayloadType::Socket, Envelope::sign(PayloadType::Socket, &socket, &[&key("request")])), "payload": socket},
        "zero_words": words::encode(&Hash([0; 32])),
    });
    settle("envelope-proofs.json", &built);
}
