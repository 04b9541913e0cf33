//! How far a session reaches within its scopes, by places that it might try instead of by lists.

use trust::bounds::Bounds;
use trust::scope::Scope;
use trust::statement::Policy;
use trust::warrant::Warrant;

/// Places that tell the folders of this simulation apart.
const PLACES: [&str; 7] = [
    "/",
    "/srv",
    "/srv/logs",
    "/srv/logs/web",
    "/srv2",
    "/var",
    "/etc",
];

/// Whether one policy lets a warrant reach all that it names; `granted` is what its session was given before.
pub fn are_kept(warrant: &Warrant, granted: Option<&Bounds>, policy: &Policy) -> bool {
    let wish = granted.unwrap_or(&warrant.bounds);
    let folders = [
        (Scope::FilesRead, &wish.read_under, &policy.read_under),
        (Scope::FilesWrite, &wish.write_under, &policy.write_under),
    ];
    let stays_inside = |(scope, wish, allowed): &(Scope, &Vec<String>, &Vec<String>)| {
        let names_nothing = wish.is_empty() && granted.is_none();
        let mut places = wish.iter().map(String::as_str).chain(PLACES);
        !warrant.scopes.contains(scope)
            || names_nothing
            || places.all(|place| !lets(wish, place) || lets(allowed, place))
    };
    let is_his_shell = match &wish.shell_as {
        Some(user) => policy.shell_as.contains(user),
        None => policy.shell_as.is_empty() || !warrant.scopes.contains(&Scope::Shell),
    };
    let has_ticket = warrant.ticket.is_some() || !policy.ticket_required;
    folders.iter().all(stays_inside) && is_his_shell && has_ticket
}

/// What a session reaches although policy and warrant say that it does not, or the other way round; a sentence.
pub fn amiss(
    warrant: &Warrant,
    granted: Option<&Bounds>,
    policy: &Policy,
    given: &Bounds,
) -> Option<String> {
    let wish = granted.unwrap_or(&warrant.bounds);
    let folders = [
        (
            Scope::FilesRead,
            &wish.read_under,
            &policy.read_under,
            &given.read_under,
        ),
        (
            Scope::FilesWrite,
            &wish.write_under,
            &policy.write_under,
            &given.write_under,
        ),
    ];
    for (scope, wish, allowed, given) in folders {
        let is_wrong = |place: &&str| {
            let should = lets(wish, place) && lets(allowed, place);
            should != lets(given, place)
        };
        if warrant.scopes.contains(&scope)
            && let Some(place) = PLACES.iter().find(|place| is_wrong(place))
        {
            return Some(format!("{scope} at {place}: given {given:?}"));
        }
    }
    (given.shell_as != wish.shell_as).then(|| format!("a shell as {:?}", given.shell_as))
}

fn lets(folders: &[String], place: &str) -> bool {
    let holds = |folder: &String| {
        let trunk = folder.trim_end_matches('/');
        place == folder
            || place
                .strip_prefix(trunk)
                .is_some_and(|rest| rest.starts_with('/'))
    };
    folders.is_empty() || folders.iter().any(holds)
}
