//! Names of members, from the folded ledger alone.

use trust::seal::OpeningKey;
use trust::statement::Role;
use trust::{KeyId, State};

use crate::ambient::now_ms;
use crate::commands::org::NO_ORG;
use crate::login::{Login, open_name};

/// The name that the ledger seals for a key, if this directory key opens it.
pub fn name_in(state: &State, directory: Option<&OpeningKey>, keyid: &KeyId) -> Option<String> {
    let label = match state.roster().admin(keyid) {
        Some(admin) => admin.label.as_ref(),
        None => state.entry(keyid).and_then(|e| e.subject.label.as_ref()),
    };
    // What a genesis seals is sealed before the organisation has an id.
    let names = [state.org(), NO_ORG].map(|org| open_name(&org, directory, label));
    names.into_iter().flatten().next()
}

/// The name under which the ledger knows a member; the beginning of the key where it cannot be read.
pub fn name_of(login: &Login, keyid: &KeyId) -> String {
    let state = login.state();
    let person = state.roster().admin(keyid).map(|a| a.person.clone());
    name_in(state, login.directory().as_ref(), keyid)
        .or(person)
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
