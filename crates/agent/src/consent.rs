//! What the end user's windows say about a session.

use trust::Scope;

use crate::keeper::Keeper;
use crate::windows::message::{BannerRequest, Permission, SCOPES_MAX};

/// Scopes in the windows' words.
pub fn permissions(scopes: &[Scope]) -> Vec<Permission> {
    let mut permissions: Vec<Permission> = Vec::new();
    for scope in scopes {
        let permission = match scope {
            Scope::View => Permission::See,
            Scope::Control => Permission::Control,
            Scope::ClipboardRead => Permission::ReadClipboard,
            Scope::ClipboardWrite => Permission::SetClipboard,
            Scope::FilesRead => Permission::FetchFiles,
            Scope::FilesWrite => Permission::PutFiles,
            Scope::Shell => Permission::RunCommands,
        };
        if !permissions.contains(&permission) && permissions.len() < SCOPES_MAX {
            permissions.push(permission);
        }
    }
    permissions
}

/// One banner for everybody who is here: End ends them all.
pub(crate) fn banner(keeper: &Keeper) -> Option<BannerRequest> {
    let guests: Vec<_> = keeper
        .sessions
        .values()
        .filter_map(|session| session.guest(keeper.now()))
        .collect();
    let names: Vec<&str> = guests.iter().map(|guest| guest.name.as_str()).collect();
    let scopes: Vec<Scope> = guests
        .iter()
        .flat_map(|guest| guest.scopes.iter().copied())
        .collect();
    let until = guests.iter().map(|guest| guest.until).max()?;
    let elapsed_s = guests.iter().map(|guest| guest.elapsed_s).max()?;
    Some(BannerRequest {
        who: names.join(", "),
        organisation: keeper.store.state()?.roster().name.clone(),
        scopes: permissions(&scopes),
        until: crate::clock::local_time(until),
        attended: guests.iter().all(|guest| guest.attended),
        paused: guests.iter().all(|guest| guest.paused),
        elapsed_s,
    })
}

/// Who is here, for the banner.
pub(crate) struct Guest {
    pub(crate) name: String,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) until: u64,
    pub(crate) attended: bool,
    pub(crate) paused: bool,
    pub(crate) elapsed_s: u32,
}
