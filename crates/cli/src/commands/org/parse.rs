//! Values of options that several commands take.

use trust::PublicKey;
use trust::scope::Scope;
use trust::statement::{ConsoleOrigin, Owner, WitnessEntry};
use trust::text::is_name;

use crate::server_url::ServerUrl;

/// `NAME,KEY` or `NAME,KEY,URL`.
pub(crate) fn parse_witness(text: &str) -> Result<WitnessEntry, String> {
    let mut parts = text.splitn(3, ',');
    let (name, key) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let url = parts.next().map(str::parse::<ServerUrl>).transpose()?;
    if !is_name(name) {
        return Err(format!(
            "{:?} is no witness's name: 1 to 64 of a-z, 0-9, '.', '_' and '-'",
            trust::bytes::clip(name)
        ));
    }
    Ok(WitnessEntry {
        name: name.to_owned(),
        key: parse_key(key)?,
        holds_revocations: true,
        url: url.map(String::from),
    })
}

/// `ORIGIN=customer` or `ORIGIN=vendor`.
pub(crate) fn parse_origin(text: &str) -> Result<ConsoleOrigin, String> {
    let (origin, owner) = text.rsplit_once('=').ok_or(
        "write ORIGIN=customer for a web server that you run, ORIGIN=vendor for the service's own",
    )?;
    let owner = match owner {
        "customer" => Owner::Customer,
        "vendor" => Owner::Vendor,
        _ => return Err("an origin's owner is customer or vendor".into()),
    };
    if !trust::text::is_origin(origin) {
        return Err(
            "an origin is https://host[:port] or http://localhost:port, in lower case".into(),
        );
    }
    Ok(ConsoleOrigin {
        origin: origin.to_owned(),
        owner,
    })
}

/// 32 bytes of a native Ed25519 key.
pub(crate) fn parse_key(text: &str) -> Result<PublicKey, String> {
    let bytes = trust::bytes::from_b64u(text).and_then(|b| <[u8; 32]>::try_from(b).ok());
    let bytes = bytes.ok_or("a key is 32 bytes of base64url without padding (43 characters)")?;
    PublicKey::native(&bytes).map_err(|e| e.to_string())
}

/// A list of scopes; `all` stands for every one.
pub(crate) fn parse_scopes(text: &str) -> Result<Scopes, String> {
    if text == "all" {
        return Ok(Scopes(Scope::ALL.to_vec()));
    }
    text.split(',')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .map(Scopes)
}

/// Scopes of one option.
#[derive(Clone, Debug)]
pub(crate) struct Scopes(Vec<Scope>);

/// The scopes of all options, each once.
pub(crate) fn together(lists: &[Scopes]) -> Vec<Scope> {
    let mut all: Vec<Scope> = Vec::new();
    for scope in lists.iter().flat_map(|list| &list.0) {
        if !all.contains(scope) {
            all.push(*scope);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    #[test]
    fn a_witness_is_a_name_a_key_and_perhaps_an_address() {
        let witness = parse_witness(&format!("w1,{KEY},http://localhost:7172")).unwrap();
        assert_eq!(witness.url.as_deref(), Some("http://localhost:7172"));
        assert_eq!(parse_witness(&format!("w1,{KEY}")).unwrap().url, None);
        for bad in [
            "w1",
            "w1,short",
            &format!("W 1,{KEY}"),
            &format!("w1,{KEY},http://a.example"),
        ] {
            assert!(parse_witness(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_origin_says_whose_it_is() {
        assert_eq!(
            parse_origin("https://a.example=vendor").unwrap().owner,
            Owner::Vendor
        );
        for bad in [
            "https://a.example",
            "https://a.example=me",
            "http://a.example=customer",
        ] {
            assert!(parse_origin(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn scopes_are_named_once_or_all_at_once() {
        let lists = [
            parse_scopes("view,shell").unwrap(),
            parse_scopes("view").unwrap(),
        ];
        assert_eq!(together(&lists), [Scope::View, Scope::Shell]);
        assert_eq!(together(&[parse_scopes("all").unwrap()]), Scope::ALL);
        assert!(parse_scopes("root").is_err());
    }
}
