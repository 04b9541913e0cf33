//! Names of members, from the folded ledger alone.

use trust::KeyId;
use trust::statement::Role;

use crate::ambient::now_ms;
use crate::commands::org::NO_ORG;
use crate::login::{Login, open_name};

/// The name under which the ledger knows a member; the beginning of the key where it cannot be read.
pub fn name_of(login: &Login, keyid: &KeyId) -> String {
    let state = login.state();
    let admin = state.roster().admin(keyid);
    let label = match admin {
        Some(admin) => admin.label.as_ref(),
        None => state.entry(keyid).and_then(|e| e.subject.label.as_ref()),
    };
    let directory = login.directory();
    // What a genesis seals is sealed before the organisation has an id.
    let names = [login.org(), NO_ORG].map(|org| open_name(&org, directory.as_ref(), label));
    let name = names.into_iter().flatten().next();
    let person = admin.map(|a| a.person.clone());
    name.or(person)
        .unwrap_or_else(|| keyid.to_string().chars().take(12).collect())
}

/// Who may approve in `group`, each person once with a name, but for the person of `technician`.
pub fn approvers(login: &Login, group: &str, technician: &KeyId) -> Vec<(String, String)> {
    let state = login.state();
    let own = state
        .entry(technician)
        .and_then(|e| e.subject.person.as_deref());
    let mut keys: Vec<(&str, KeyId)> = Vec::new();
    if group == "admins" {
        let admins = state.roster().admins.iter();
        let live = admins.filter(|a| state.admin(&a.key.id()).is_some());
        keys.extend(live.map(|a| (a.person.as_str(), a.key.id())));
    } else {
        let of_group = state.entries().filter(|(keyid, entry)| {
            entry.groups.iter().any(|g| g == group)
                && state.in_force(keyid, Role::Technician, now_ms()).is_ok()
        });
        keys.extend(of_group.filter_map(|(keyid, e)| Some((e.subject.person.as_deref()?, *keyid))));
    }
    let mut persons: Vec<(String, String)> = Vec::new();
    for (person, keyid) in keys {
        if Some(person) != own && !persons.iter().any(|(known, _)| known == person) {
            persons.push((person.to_owned(), name_of(login, &keyid)));
        }
    }
    persons
}

/// The person who holds a key.
pub fn person_of<'a>(login: &'a Login, keyid: &KeyId) -> Option<&'a str> {
    let state = login.state();
    let admin = state.roster().admin(keyid).map(|a| a.person.as_str());
    admin.or_else(|| state.entry(keyid)?.subject.person.as_deref())
}
