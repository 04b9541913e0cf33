//! Nothing outside of the granted folder can be listed, fetched or put, whatever stands inside of it.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use trust::bounds::Bounds;
use trust::bytes::sha256;
use wayleave_agent::files::{Answer, Files, Root};
use wire::files::{Digest, EntryKind, Reply, Request};
use wire::piece::Piece;

struct Desk {
    dir: tempfile::TempDir,
    files: Files,
    last_id: u16,
}

impl Desk {
    /// `home` is granted and holds `.state`, which is barred; `secret` lies beside it.
    fn new() -> Self {
        Self::within(|_| Bounds::default())
    }

    /// The same, within bounds that name folders of `home`; `Documents` stands there from the beginning.
    fn within(bounds: impl FnOnce(&str) -> Bounds) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home");
        fs::create_dir_all(home.join(".state")).unwrap();
        fs::write(home.join(".state/device.key"), "keys").unwrap();
        fs::write(dir.path().join("secret"), "secret").unwrap();
        fs::write(home.join("notes"), "hello").unwrap();
        fs::create_dir(home.join("inner")).unwrap();
        fs::create_dir_all(home.join("Documents/tax")).unwrap();
        fs::write(home.join("Documents/letter"), "dear").unwrap();
        let root = Root::open(&home, &[&home.join(".state")]).unwrap();
        Self {
            dir,
            files: Files::new(root, &bounds(home.to_str().unwrap())),
            last_id: 0,
        }
    }

    fn home(&self) -> std::path::PathBuf {
        self.dir.path().join("home")
    }

    fn ask(&mut self, request: Request) -> (u16, Vec<Answer>) {
        self.last_id = self.last_id.wrapping_add(1);
        (
            self.last_id,
            self.files.handle(self.last_id, Piece::Head(request), false),
        )
    }

    fn get(&mut self, path: &str, offset: u64) -> Result<Vec<u8>, String> {
        let (id, first) = self.ask(Request::Get {
            path: path.into(),
            offset,
        });
        failed(&first)?;
        let mut bytes = Vec::new();
        loop {
            let Some(answer) = self.files.pump() else {
                assert!(self.files.has_work());
                continue;
            };
            self.files.taken(id, usize::MAX / 2);
            match answer.message {
                Piece::Data(data) => bytes.extend(data),
                Piece::Head(Reply::Done(_)) => return Ok(bytes),
                Piece::Head(other) => return Err(format!("{other:?}")),
            }
        }
    }

    fn put(&mut self, path: &str, bytes: &[u8], replace: bool) -> Result<(), String> {
        let size = bytes.len() as u64;
        let (id, first) = self.ask(Request::Put {
            path: path.into(),
            size,
            replace,
        });
        failed(&first)?;
        for piece in wire::files::data_pieces(bytes) {
            failed(&self.files.handle(id, Piece::Data(piece), false))?;
        }
        let done = Request::Done(Digest {
            size,
            sha256: sha256(&[bytes]),
        });
        failed(&self.files.handle(id, Piece::Head(done), true))
    }

    fn list(&mut self, path: &str) -> Result<Vec<(String, EntryKind)>, String> {
        let (id, first) = self.ask(Request::List { path: path.into() });
        failed(&first)?;
        let mut all = Vec::new();
        loop {
            let answer = self.files.pump().unwrap();
            self.files.taken(id, usize::MAX / 2);
            let Piece::Head(Reply::Entries { entries, more }) = answer.message else {
                panic!("no entries")
            };
            assert_eq!(answer.end, !more);
            all.extend(entries.into_iter().map(|entry| (entry.name, entry.kind)));
            if !more {
                return Ok(all);
            }
        }
    }
}

/// The code of a refusal.
fn failed(answers: &[Answer]) -> Result<(), String> {
    for answer in answers {
        if let Piece::Head(Reply::Failed { code, .. }) = &answer.message {
            assert!(answer.end);
            return Err(code.clone());
        }
    }
    Ok(())
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn files_inside_are_fetched_put_and_listed() {
    let mut desk = Desk::new();
    assert_eq!(desk.get("notes", 0), Ok(b"hello".to_vec()));
    assert_eq!(desk.get("notes", 3), Ok(b"lo".to_vec()));
    assert_eq!(desk.get("notes", 5), Ok(vec![]));
    assert_eq!(desk.get("notes", 6), Err("changed".into()));
    let large: Vec<u8> = (0..1_000_000u32).map(|n| (n % 251) as u8).collect();
    assert_eq!(desk.put("inner/large", &large, false), Ok(()));
    assert_eq!(desk.get("inner/large", 0), Ok(large));
    assert_eq!(desk.put("notes", b"new", false), Err("exists".into()));
    assert_eq!(desk.put("notes", b"new", true), Ok(()));
    assert_eq!(fs::read(desk.home().join("notes")).unwrap(), b"new");
    let listed = desk.list("").unwrap();
    assert_eq!(
        listed,
        [
            ("Documents".into(), EntryKind::Folder),
            ("inner".into(), EntryKind::Folder),
            ("notes".into(), EntryKind::File)
        ]
    );
}

#[test]
fn no_path_leads_outside() {
    let mut desk = Desk::new();
    let absolute = desk.dir.path().join("secret").display().to_string();
    for path in [
        "../secret",
        "inner/../../secret",
        "..",
        ".",
        "./notes",
        "inner//x",
        "/etc/passwd",
        &absolute,
    ] {
        assert!(desk.get(path, 0).is_err(), "{path}");
        assert!(desk.put(path, b"x", true).is_err(), "{path}");
    }
    for path in ["..", "/", "inner/..", "/etc"] {
        assert_eq!(desk.list(path), Err("path".into()), "{path}");
    }
    assert_eq!(fs::read(desk.dir.path().join("secret")).unwrap(), b"secret");
}

#[test]
fn links_are_not_followed_at_any_step() {
    let mut desk = Desk::new();
    let (home, outside) = (desk.home(), desk.dir.path().to_owned());
    symlink(outside.join("secret"), home.join("file-link")).unwrap();
    symlink(&outside, home.join("folder-link")).unwrap();
    symlink("notes", home.join("inner-link")).unwrap();
    symlink("/proc/self/root", home.join("magic")).unwrap();
    for path in [
        "file-link",
        "folder-link/secret",
        "inner-link",
        "magic/etc/passwd",
    ] {
        assert_eq!(desk.get(path, 0), Err("link".into()), "{path}");
    }
    assert_eq!(desk.put("folder-link/new", b"x", false), Err("link".into()));
    assert_eq!(desk.put("file-link", b"x", true), Err("not_a_file".into()));
    assert_eq!(desk.list("folder-link"), Err("link".into()));
    assert!(
        desk.list("")
            .unwrap()
            .contains(&("folder-link".into(), EntryKind::Link))
    );
    assert!(!outside.join("new").exists());
    // A hard link is the file itself, not a way out of the folder by name.
    fs::hard_link(home.join("notes"), home.join("hard")).unwrap();
    assert_eq!(desk.get("hard", 0), Ok(b"hello".to_vec()));
}

#[test]
fn the_agents_own_folder_is_barred_under_every_name() {
    let mut desk = Desk::new();
    assert_eq!(desk.get(".state/device.key", 0), Err("barred".into()));
    assert_eq!(desk.put(".state/new", b"x", false), Err("barred".into()));
    assert_eq!(desk.list(".state"), Err("barred".into()));
    assert!(
        desk.list("")
            .unwrap()
            .iter()
            .all(|(name, _)| name != ".state")
    );
    fs::rename(desk.home().join(".state"), desk.home().join("inner/moved")).unwrap();
    assert_eq!(desk.get("inner/moved/device.key", 0), Err("barred".into()));
    // ... and a folder of that name which is another one is not.
    fs::create_dir(desk.home().join(".state")).unwrap();
    fs::write(desk.home().join(".state/x"), "x").unwrap();
    assert_eq!(desk.get(".state/x", 0), Ok(b"x".to_vec()));
}

#[test]
fn other_processes_are_out_of_reach_where_the_root_is_everything() {
    let mut files = Files::new(Root::open(Path::new("/"), &[]).unwrap(), &Bounds::default());
    let own = std::process::id();
    let mut code = |path: String| {
        let answers = files.handle(1, Piece::Head(Request::Get { path, offset: 0 }), false);
        failed(&answers).err()
    };
    assert_eq!(code(format!("proc/{own}/mem")), Some("barred".into()));
    assert_eq!(code(format!("proc/{own}/environ")), Some("barred".into()));
    assert_eq!(code("sys/kernel/notes".into()), Some("barred".into()));
    assert_eq!(code("etc/hostname".into()), None);
}

#[test]
fn pipes_and_folders_are_no_files() {
    let mut desk = Desk::new();
    let pipe = desk.home().join("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(desk.get("pipe", 0), Err("not_a_file".into()));
    assert_eq!(desk.get("inner", 0), Err("not_a_file".into()));
    assert_eq!(desk.put("pipe", b"x", true), Err("not_a_file".into()));
    assert_eq!(desk.put("inner", b"x", true), Err("not_a_file".into()));
    assert_eq!(desk.get("notes/x", 0), Err("not_a_folder".into()));
    assert_eq!(desk.get("nothing", 0), Err("missing".into()));
}

#[test]
fn an_upload_that_is_not_whole_leaves_nothing() {
    let mut desk = Desk::new();
    let before = names(&desk.home());
    let put = |size| Request::Put {
        path: "new".into(),
        size,
        replace: false,
    };
    // other bytes than announced
    let (id, _) = desk.ask(put(3));
    desk.files.handle(id, Piece::Data(b"abc".to_vec()), false);
    let done = Request::Done(Digest {
        size: 3,
        sha256: sha256(&[b"abd"]),
    });
    assert_eq!(
        failed(&desk.files.handle(id, Piece::Head(done), true)),
        Err("broken".into())
    );
    // more than announced
    let (id, _) = desk.ask(put(1));
    assert_eq!(
        failed(&desk.files.handle(id, Piece::Data(b"ab".to_vec()), false)),
        Err("too_long".into())
    );
    // cancelled
    let (id, _) = desk.ask(put(5));
    assert_eq!(
        failed(&desk.files.handle(id, Piece::Head(Request::Cancel {}), true)),
        Err("cancelled".into())
    );
    assert_eq!(names(&desk.home()), before);
    // the session ends in the middle
    let (id, _) = desk.ask(put(5));
    desk.files.handle(id, Piece::Data(b"ab".to_vec()), false);
    assert_eq!(names(&desk.home()).len(), before.len() + 1);
    let home = desk.home();
    drop(desk.files);
    assert_eq!(names(&home), before);
}

#[test]
fn a_folder_that_is_swapped_for_a_link_all_the_time_leads_nowhere_else() {
    let mut desk = Desk::new();
    let (home, outside) = (desk.home(), desk.dir.path().join("outside"));
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("target"), "outside").unwrap();
    fs::create_dir(home.join("folder")).unwrap();
    fs::write(home.join("folder/target"), "inside").unwrap();
    symlink(&outside, home.join("link")).unwrap();
    let over = AtomicBool::new(false);
    let (mut inside, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let exchange = rustix::fs::RenameFlags::EXCHANGE;
            let (folder, link) = (home.join("folder"), home.join("link"));
            while !over.load(Ordering::Relaxed) {
                rustix::fs::renameat_with(
                    rustix::fs::CWD,
                    &folder,
                    rustix::fs::CWD,
                    &link,
                    exchange,
                )
                .unwrap();
            }
        });
        while inside < 100 || refused < 100 {
            match desk.get("folder/target", 0) {
                Ok(bytes) => {
                    assert_eq!(bytes, b"inside");
                    inside += 1;
                }
                Err(code) => {
                    assert!(code == "link" || code == "not_a_folder", "{code}");
                    refused += 1;
                }
            }
            let _ = desk.put("folder/put", b"x", true);
        }
        over.store(true, Ordering::Relaxed);
    });
    assert_eq!(names(&outside), ["target"]);
}

#[test]
fn a_large_folder_comes_in_pages_in_the_order_of_its_names() {
    let mut desk = Desk::new();
    for n in 0..150 {
        fs::write(desk.home().join(format!("inner/{n:03}")), "").unwrap();
    }
    let listed: Vec<String> = desk
        .list("inner")
        .unwrap()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        listed,
        (0..150).map(|n| format!("{n:03}")).collect::<Vec<_>>()
    );
}

/// Reads beneath `Documents`, puts beneath `inner`.
fn bounded() -> Desk {
    Desk::within(|home| Bounds {
        read_under: vec![format!("{home}/Documents"), format!("{home}/absent")],
        write_under: vec![format!("{home}/inner")],
        shell_as: None,
    })
}

fn entries(names: &[&str], kind: EntryKind) -> Vec<(String, EntryKind)> {
    names.iter().map(|&name| (name.to_owned(), kind)).collect()
}

#[test]
fn bounds_hold_reading_and_putting_each_beneath_its_own_folders() {
    let mut desk = bounded();
    let outside = || Err("outside".to_owned());
    assert_eq!(desk.get("Documents/letter", 0), Ok(b"dear".to_vec()));
    assert_eq!(desk.put("inner/new", b"x", false), Ok(()));
    assert_eq!(desk.get("notes", 0), outside().map(|()| Vec::new()));
    assert_eq!(desk.get("inner/new", 0), outside().map(|()| Vec::new()));
    assert_eq!(desk.put("Documents/new", b"x", false), outside());
    assert_eq!(desk.put("new", b"x", false), outside());
    assert!(!desk.home().join("Documents/new").exists());
    assert!(!desk.home().join("new").exists());
    // The same steps without bounds.
    let mut free = Desk::new();
    assert!(free.get("notes", 0).is_ok());
    assert_eq!(free.put("Documents/new", b"x", false), Ok(()));
}

#[test]
fn a_refusal_names_the_folders_that_are_left() {
    let mut desk = bounded();
    let text = |desk: &mut Desk, request| {
        let (_, answers) = desk.ask(request);
        let Some(Piece::Head(Reply::Failed { text, .. })) =
            answers.into_iter().next().map(|a| a.message)
        else {
            panic!("not refused")
        };
        text
    };
    let get = Request::Get {
        path: "notes".into(),
        offset: 0,
    };
    let put = Request::Put {
        path: "notes".into(),
        size: 1,
        replace: true,
    };
    assert_eq!(
        text(&mut desk, get),
        "This session fetches files only from Documents or absent."
    );
    assert_eq!(
        text(&mut desk, put),
        "This session puts files only into inner."
    );
    let mut elsewhere = Desk::within(|_| Bounds {
        read_under: vec!["/nowhere".into()],
        ..Bounds::default()
    });
    assert_eq!(elsewhere.list(""), Err("outside".into()));
    let list = Request::List { path: "".into() };
    assert_eq!(
        text(&mut elsewhere, list),
        "This session fetches files only from /nowhere, and this workstation shares nothing of that."
    );
}

#[test]
fn folders_on_the_way_show_only_the_way() {
    let mut desk = Desk::within(|home| Bounds {
        read_under: vec![
            format!("{home}/Documents/tax"),
            format!("{home}/inner"),
            format!("{home}/absent/deep"),
        ],
        ..Bounds::default()
    });
    assert_eq!(
        desk.list(""),
        Ok(entries(&["Documents", "inner"], EntryKind::Folder))
    );
    assert_eq!(
        desk.list("Documents"),
        Ok(entries(&["tax"], EntryKind::Folder))
    );
    assert_eq!(desk.list("Documents/tax"), Ok(Vec::new()));
    assert_eq!(desk.list(".state"), Err("outside".into()));
    assert_eq!(desk.get("Documents/letter", 0), Err("outside".into()));
    assert_eq!(desk.get("Documents/tax", 0), Err("not_a_file".into()));
}

#[test]
fn bounds_are_not_left_by_dots_links_or_longer_names() {
    let mut desk = bounded();
    let documents = desk.home().join("Documents");
    fs::create_dir(desk.home().join("Documents2")).unwrap();
    fs::write(desk.home().join("Documents2/x"), "x").unwrap();
    symlink("../notes", documents.join("link")).unwrap();
    symlink(desk.home(), documents.join("home")).unwrap();
    symlink("/proc/self/root", documents.join("root")).unwrap();
    for (path, code) in [
        ("Documents2/x", "outside"),
        ("Documents/../notes", "path"),
        ("./Documents/letter", "path"),
        ("Documents//letter", "path"),
        ("Documents/", "path"),
        ("/Documents/letter", "path"),
        ("Documents/link", "link"),
        ("Documents/home/notes", "not_a_folder"),
        ("Documents/root/etc/hostname", "not_a_folder"),
        ("absent/x", "missing"),
    ] {
        let refused = desk.get(path, 0).unwrap_err();
        let is_link = refused == "link" && path.starts_with("Documents/");
        assert!(refused == code || is_link, "{path}: {refused}");
    }
    assert_eq!(desk.get("Documents/letter", 0), Ok(b"dear".to_vec()));
}

#[test]
fn a_folder_that_takes_the_place_of_a_granted_one_is_not_reached() {
    let mut desk = bounded();
    let home = desk.home();
    fs::rename(home.join("Documents"), home.join("old")).unwrap();
    symlink(".state", home.join("Documents")).unwrap();
    assert_eq!(desk.get("Documents/device.key", 0), Err("missing".into()));
    fs::remove_file(home.join("Documents")).unwrap();
    fs::rename(home.join("inner"), home.join("Documents")).unwrap();
    fs::write(home.join("Documents/secret"), "secret").unwrap();
    assert_eq!(desk.get("Documents/secret", 0), Err("missing".into()));
    // What the policy meant when the session was granted is still reached, by the name that it had.
    assert_eq!(desk.get("Documents/letter", 0), Ok(b"dear".to_vec()));
}

#[test]
fn a_link_in_the_place_of_a_folder_of_the_policy_opens_nothing() {
    let mut desk = Desk::within(|home| {
        symlink("Documents", format!("{home}/link")).unwrap();
        Bounds {
            read_under: vec![format!("{home}/link"), format!("{home}/.state")],
            ..Bounds::default()
        }
    });
    assert_eq!(desk.get(".state/device.key", 0), Err("barred".into()));
    let refused = desk.get("link/letter", 0).unwrap_err();
    assert!(matches!(&*refused, "link" | "not_a_folder"), "{refused}");
}

#[test]
fn bounds_around_the_shared_folder_are_all_of_it_and_no_more() {
    let mut desk = Desk::within(|home| {
        let around = Path::new(home).parent().unwrap();
        Bounds {
            read_under: vec![around.to_str().unwrap().to_owned()],
            ..Bounds::default()
        }
    });
    assert!(desk.get("notes", 0).is_ok());
    assert_eq!(desk.get("../secret", 0), Err("path".into()));
    assert_eq!(desk.get(".state/device.key", 0), Err("barred".into()));
}
