//! JSON read so that one value has one form (RFC 8259; nesting up to 127, no duplicate members).
//!
//! Without this, `serde` would also take an array for an object, `null` for an absent member and `{"view":null}` for
//! `"view"`: readings that a second implementation need not share, and two replicas would fold one leaf differently.

use std::collections::HashSet;

use serde::de::{DeserializeOwned, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::bytes::clip;

/// Reads a `T` that is written exactly as this version would write it, white space and order of members apart.
pub fn read<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, String> {
    let read: T = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    let written = serde_json::to_value(&read).map_err(|e| e.to_string())?;
    if value(bytes)? == written {
        Ok(read)
    } else {
        Err("a member is empty where it should be absent, or stands in another form".to_owned())
    }
}

/// Reads any JSON value without duplicate members.
pub fn value(bytes: &[u8]) -> Result<Value, String> {
    serde_json::from_slice::<Strict>(bytes)
        .map(|strict| strict.0)
        .map_err(|e| e.to_string())
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_f64<E>(self, v: f64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_string<E>(self, v: String) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut out = Vec::new();
        while let Some(Strict(item)) = seq.next_element()? {
            out.push(item);
        }
        Ok(Value::Array(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let (mut out, mut names) = (Map::new(), HashSet::new());
        while let Some((name, Strict(member))) = map.next_entry::<String, Strict>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom(format!(
                    "duplicate member {:?}",
                    clip(&name)
                )));
            }
            out.insert(name, member);
        }
        Ok(Value::Object(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::{Revoke, Seen, Target};

    const ROOT: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn a_value_has_one_form() {
        assert!(read::<Seen>(format!(r#" {{"root":"{ROOT}","size":7}}"#).as_bytes()).is_ok());
        assert!(read::<Seen>(format!(r#"[7,"{ROOT}"]"#).as_bytes()).is_err());
        let revoke = |target: &str| {
            read::<Revoke>(format!(r#"{{"target":{target},"reason":"x"}}"#).as_bytes())
        };
        assert_eq!(revoke(r#""*""#).unwrap().target, Target::All);
        assert!(revoke(r#"{"*":null}"#).is_err());
    }

    #[test]
    fn an_absent_member_is_not_null_and_not_empty() {
        use crate::key::PublicKey;
        let key = |rest: &str| {
            let public = "1zUC7MTvTOQNvYZmWHwU-jeIfbpkuf-QPDKIiqNNPkE";
            let text = format!(r#"{{"kind":"ed25519","public":"{public}"{rest}}}"#);
            read::<PublicKey>(text.as_bytes())
        };
        key("").unwrap();
        assert!(key(r#","rp":null"#).is_err());
        assert!(key(r#","origins":[]"#).is_err());
    }

    #[test]
    fn duplicate_members_are_refused_at_every_depth() {
        assert!(value(br#"{"a":{"b":1}}"#).is_ok());
        assert!(value(br#"{"a":{"b":1,"b":1}}"#).is_err());
        assert!(value(br#"[{"":1,"":1}]"#).is_err());
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(value(nested(127).as_bytes()).is_ok());
        assert!(value(nested(128).as_bytes()).is_err());
    }
}
