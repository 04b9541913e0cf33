//! A list of devices, made at the machines with "wayleave-agent fingerprint --list": it, not the service, says which
//! devices are whose.
//!
//! One machine a line: the device key's id, the channel key, and the machine's name. Empty lines and those that begin with
//! `#` are passed over.

use std::collections::BTreeMap;

use trust::bytes::{KeyId, X25519Public};
use trust::proof::Enrol;
use trust::text::is_line;

/// One machine as the list names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Listed {
    /// Its device key.
    pub(super) key: KeyId,
    /// Its channel key.
    pub(super) noise: X25519Public,
    /// What it is to be called.
    pub(super) name: String,
}

/// The machines by their key.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct List(BTreeMap<KeyId, Listed>);

/// The list held against those that wait.
#[derive(Default)]
pub(super) struct Matched<'a> {
    /// In the list, waiting, with the very keys of the list.
    pub(super) both: Vec<(&'a Listed, &'a Enrol)>,
    /// In the list, and not waiting.
    pub(super) only_listed: Vec<&'a Listed>,
    /// Waiting, and not in the list.
    pub(super) only_waiting: Vec<&'a Enrol>,
    /// Waiting with a device key of the list and another channel key.
    pub(super) other_channel: Vec<(&'a Listed, &'a Enrol)>,
}

impl List {
    /// Reads a list; the error says which line is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut machines: BTreeMap<KeyId, Listed> = BTreeMap::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let listed = parse_line(line).map_err(|why| format!("line {}: {why}", at + 1))?;
            match machines.get(&listed.key) {
                None => drop(machines.insert(listed.key, listed)),
                Some(known) if *known == listed => {}
                Some(_) => {
                    return Err(format!(
                        "line {}: the device key {} stands in another line with another channel key or name",
                        at + 1,
                        listed.key
                    ));
                }
            }
        }
        if machines.is_empty() {
            return Err("it names no device".to_owned());
        }
        Ok(Self(machines))
    }

    /// How many machines.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Holds it against those that wait.
    pub(super) fn matched<'a>(&'a self, waiting: &'a [Enrol]) -> Matched<'a> {
        let mut matched = Matched::default();
        for enrol in waiting {
            match self.0.get(&enrol.key.id()) {
                None => matched.only_waiting.push(enrol),
                Some(listed) if listed.noise == enrol.noise => matched.both.push((listed, enrol)),
                Some(listed) => matched.other_channel.push((listed, enrol)),
            }
        }
        let waits = |listed: &&Listed| waiting.iter().any(|e| e.key.id() == listed.key);
        matched
            .only_listed
            .extend(self.0.values().filter(|listed| !waits(listed)));
        matched
    }
}

fn parse_line(line: &str) -> Result<Listed, String> {
    let mut parts = line.splitn(3, char::is_whitespace);
    let (key, noise, name) = (parts.next(), parts.next(), parts.next());
    let (Some(key), Some(noise), Some(name)) = (key, noise, name) else {
        return Err(
            "a machine is DEVICE-KEY CHANNEL-KEY NAME, as \"wayleave-agent fingerprint --list\" prints it"
                .to_owned(),
        );
    };
    let name = name.trim();
    if !is_line(name) {
        return Err("the name is not one line of 1 to 200 characters".to_owned());
    }
    Ok(Listed {
        key: key.parse().map_err(|why| format!("device key: {why}"))?,
        noise: noise.parse().map_err(|why| format!("channel key: {why}"))?,
        name: name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use trust::bytes::Nonce;
    use trust::{OrgId, SigningKey};

    use super::*;

    fn enrol(device: u8, noise: u8) -> Enrol {
        Enrol {
            org: OrgId([1; 32]),
            key: SigningKey::from_seed([device; 32]).public().clone(),
            noise: X25519Public([noise; 32]),
            hostname: "what it calls itself".to_owned(),
            nonce: Nonce([0; 16]),
        }
    }

    fn line(enrol: &Enrol, name: &str) -> String {
        format!("{} {} {name}", enrol.key.id(), enrol.noise)
    }

    #[test]
    fn a_device_is_taken_only_with_both_keys_of_the_list() {
        let (desk, till, stranger) = (enrol(1, 1), enrol(2, 2), enrol(3, 3));
        let text = format!(
            "# made today\n{}\n\n{}\n",
            line(&desk, "desk 1"),
            line(&till, "till")
        );
        let list = List::parse(&text).unwrap();
        let waiting = [desk.clone(), stranger.clone()];
        let matched = list.matched(&waiting);
        assert_eq!(matched.both.len(), 1);
        assert_eq!(matched.both[0].0.name, "desk 1");
        assert_eq!(matched.only_listed[0].name, "till");
        assert_eq!(matched.only_waiting, [&stranger]);
        assert!(matched.other_channel.is_empty());

        let other_channel = [enrol(1, 9)];
        let matched = list.matched(&other_channel);
        assert!(matched.both.is_empty());
        assert_eq!(matched.other_channel[0].1, &other_channel[0]);
    }

    #[test]
    fn a_list_that_contradicts_itself_or_says_nothing_is_refused() {
        let (desk, other) = (enrol(1, 1), enrol(1, 2));
        let twice = format!("{}\n{}", line(&desk, "desk"), line(&desk, "desk"));
        assert_eq!(List::parse(&twice).unwrap().len(), 1);
        let contradiction = format!("{}\n{}", line(&desk, "desk"), line(&other, "desk"));
        assert!(
            List::parse(&contradiction)
                .unwrap_err()
                .starts_with("line 2")
        );
        for bad in [
            "",
            "# nothing",
            "desk",
            &desk.key.id().to_string(),
            &format!("{} short desk", desk.key.id()),
            &format!("{} {}", desk.key.id(), desk.noise),
        ] {
            assert!(List::parse(bad).is_err(), "{bad:?}");
        }
    }
}
