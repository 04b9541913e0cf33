//! A desktop of its own on a display of its own: Xvfb, a window manager, a terminal, an editor, a file manager. Nothing of
//! an existing desktop is touched: own display, own cookie, own message bus, own home folder.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::screen::{Access, Screen};
use super::supervise::Supervisor;
use super::{wallpaper, xauthority};

/// Width and height of the demo's screen in pixels.
pub const SIZE: (u16, u16) = (1600, 900);
const PATIENCE: Duration = Duration::from_secs(20);

/// Where the agent and the seat find the desktop.
pub struct Desktop {
    /// Such as `:99`.
    pub display: String,
    /// How a client proves that it may connect; `None` on the user's own desktop, where the environment says it.
    pub access: Option<Access>,
    /// What a program needs in its environment to be on this desktop.
    pub environment: Vec<(&'static str, String)>,
}

impl Desktop {
    /// The desktop that the user sits at.
    ///
    /// # Errors
    /// When there is none.
    pub fn of_this_user() -> Result<Self> {
        let display = std::env::var("DISPLAY")
            .context("--this-desktop needs an X11 desktop: DISPLAY is not set")?;
        Ok(Self {
            display,
            access: None,
            environment: Vec::new(),
        })
    }

    /// Brings up a desktop of `size` pixels below `folder` and waits until its windows are there.
    ///
    /// # Errors
    /// When one of its programs does not start.
    pub fn start(supervisor: &mut Supervisor, folder: &Path, size: (u16, u16)) -> Result<Self> {
        let desktop = Self::bare(supervisor, folder, size)?;
        let files = furnish(&folder.join("home"), size)?;
        desktop.open_programs(supervisor, &files)?;
        Ok(desktop)
    }

    /// A display and a message bus with nothing on it.
    ///
    /// # Errors
    /// When one of the two does not start.
    pub fn bare(supervisor: &mut Supervisor, folder: &Path, size: (u16, u16)) -> Result<Self> {
        let home = folder.join("home");
        let runtime = home.join(".runtime");
        std::fs::create_dir_all(&runtime)
            .with_context(|| format!("creating {}", runtime.display()))?;
        std::fs::set_permissions(&runtime, Permissions::from_mode(0o700))
            .context("closing the run time folder")?;
        let authority = folder.join("xauthority");
        let cookie = xauthority::write(&authority)?;
        let number = supervisor.start_and_hear("xvfb", xvfb(&authority, size), PATIENCE)?;
        let display = format!(":{number}");
        let mut environment = own_environment(&home);
        environment.push(("DISPLAY", display.clone()));
        environment.push(("XAUTHORITY", authority.display().to_string()));
        let bus =
            supervisor.start_and_hear("dbus", with(&environment, "dbus-daemon", &BUS), PATIENCE)?;
        environment.push(("DBUS_SESSION_BUS_ADDRESS", bus));
        let access = Access {
            display: number.parse().context("the display number of Xvfb")?,
            cookie,
        };
        Ok(Self {
            display,
            access: Some(access),
            environment,
        })
    }

    fn open_programs(&self, supervisor: &mut Supervisor, files: &Files) -> Result<()> {
        let screen = Screen::connect(self.access.as_ref())?;
        supervisor.start("openbox", self.command("openbox", &[]))?;
        supervisor.wait_for("the window manager", PATIENCE, || {
            screen.has_window_manager()
        })?;
        supervisor.start_optional(
            "desktop",
            self.command("pcmanfm", &["--desktop", "--profile", "demo"]),
        )?;
        supervisor.wait_for("the desktop's background", PATIENCE, || {
            screen.window_count() >= 1
        })?;
        supervisor.start_optional("terminal", self.command("xterm", &TERMINAL))?;
        let note = files.note.display().to_string();
        supervisor.start_optional("editor", self.command("mousepad", &[&note]))?;
        let documents = files.documents.display().to_string();
        supervisor.start_optional("files", self.command("pcmanfm", &["--new-win", &documents]))?;
        supervisor.wait_for("the desktop's windows", PATIENCE, || {
            screen.window_count() >= 4
        })
    }

    /// A command whose windows open on this desktop.
    pub fn command(&self, program: &str, arguments: &[&str]) -> Command {
        with(&self.environment, program, arguments)
    }
}

const BUS: [&str; 3] = ["--session", "--nofork", "--print-address=1"];
const TERMINAL: [&str; 13] = [
    "-fa",
    "DejaVu Sans Mono",
    "-fs",
    "11",
    "-bg",
    "#101418",
    "-fg",
    "#d8dee9",
    "-geometry",
    "92x22",
    "-title",
    "Terminal",
    "-ls",
];

struct Files {
    documents: PathBuf,
    note: PathBuf,
}

fn xvfb(authority: &Path, (width, height): (u16, u16)) -> Command {
    let mut command = Command::new("Xvfb");
    let screen = format!("{width}x{height}x24");
    command.args([
        "-displayfd",
        "1",
        "-screen",
        "0",
        &screen,
        "-dpi",
        "96",
        "-nolisten",
        "tcp",
        "-noreset",
        "-auth",
    ]);
    command.arg(authority);
    command
}

fn with(environment: &[(&'static str, String)], program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .envs(environment.iter().map(|(name, value)| (name, value)));
    for foreign in ["WAYLAND_DISPLAY", "SESSION_MANAGER", "DESKTOP_SESSION"] {
        command.env_remove(foreign);
    }
    if let Some((_, home)) = environment.iter().find(|(name, _)| *name == "HOME") {
        command.current_dir(home);
    }
    command
}

/// The demo's programs keep their settings below the demo's home, and find a UTF-8 locale on every Debian.
fn own_environment(home: &Path) -> Vec<(&'static str, String)> {
    let below = |name: &str| home.join(name).display().to_string();
    vec![
        ("HOME", home.display().to_string()),
        ("XDG_CONFIG_HOME", below(".config")),
        ("XDG_CACHE_HOME", below(".cache")),
        ("XDG_DATA_HOME", below(".local/share")),
        ("XDG_RUNTIME_DIR", below(".runtime")),
        ("XDG_SESSION_TYPE", "x11".to_owned()),
        ("XDG_CURRENT_DESKTOP", "openbox".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("LC_ALL", "C.UTF-8".to_owned()),
        ("NO_AT_BRIDGE", "1".to_owned()),
        ("GTK_USE_PORTAL", "0".to_owned()),
        ("GDK_BACKEND", "x11".to_owned()),
    ]
}

/// Makes the home folder: a few documents, a wallpaper, the file manager's settings. What is there already stays.
fn furnish(home: &Path, size: (u16, u16)) -> Result<Files> {
    let documents = home.join("Documents");
    for folder in [&documents, &home.join(".config/pcmanfm/demo")] {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("creating {}", folder.display()))?;
    }
    let note = documents.join("welcome.txt");
    keep_or_write(&note, NOTE.as_bytes())?;
    keep_or_write(&documents.join("printers.csv"), PRINTERS.as_bytes())?;
    let picture = home.join(".config/wallpaper.png");
    keep_or_write(&picture, &wallpaper::png(size)?)?;
    let settings = DESKTOP_SETTINGS.replace("PICTURE", &picture.display().to_string());
    keep_or_write(
        &home.join(".config/pcmanfm/demo/desktop-items-0.conf"),
        settings.as_bytes(),
    )?;
    place_windows(home)?;
    Ok(Files { documents, note })
}

/// Tells the window manager where the demo's programs open: its own settings, with our rules added.
fn place_windows(home: &Path) -> Result<()> {
    let own = std::fs::read_to_string("/etc/xdg/openbox/rc.xml")
        .context("reading the settings of openbox")?;
    let rules: String = PLACES.iter().map(place).collect();
    let settings = own.replacen("</applications>", &format!("{rules}</applications>"), 1);
    std::fs::create_dir_all(home.join(".config/openbox"))
        .context("creating the settings of openbox")?;
    keep_or_write(&home.join(".config/openbox/rc.xml"), settings.as_bytes())
}

/// Window class, x, y, width and height.
const PLACES: [(&str, [u16; 4]); 3] = [
    ("Mousepad", [880, 60, 680, 500]),
    ("Pcmanfm", [40, 40, 800, 340]),
    ("XTerm", [40, 430, 0, 0]),
];

fn place((class, [x, y, width, height]): &(&str, [u16; 4])) -> String {
    let size = match (width, height) {
        (0, 0) => String::new(),
        _ => format!("<size><width>{width}</width><height>{height}</height></size>"),
    };
    format!(
        "<application class=\"{class}\" type=\"normal\"><position force=\"yes\"><x>{x}</x><y>{y}</y></position>{size}</application>\n"
    )
}

fn keep_or_write(path: &Path, bytes: &[u8]) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    std::fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

const DESKTOP_SETTINGS: &str = "[*]
wallpaper_mode=stretch
wallpaper_common=1
wallpaper=PICTURE
desktop_bg=#1d2b3a
desktop_fg=#ffffff
desktop_shadow=#000000
show_documents=0
show_trash=0
show_mounts=0
";

const NOTE: &str = "Welcome.

This is an ordinary editor on an ordinary desktop.
Whoever controls this screen came in with a warrant
that this workstation has judged.

Grüße · 你好 · مرحبا · 😀
";

const PRINTERS: &str = "name,floor,model,state
north-1,1,LaserWriter,ready
north-2,1,LaserWriter,out of paper
south-1,2,InkJet,ready
";

#[cfg(test)]
mod tests {
    use super::super::supervise::Interrupt;
    use super::*;

    #[test]
    fn the_demos_desktop_shows_windows_takes_the_pointer_and_lets_no_stranger_in() {
        let folder = crate::layout::target().join("xtask").join("desktop");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let mut supervisor = Supervisor::new(&folder, Interrupt::default());
        let desktop = Desktop::start(&mut supervisor, &folder, SIZE).unwrap();
        let access = desktop.access.as_ref().unwrap();
        let screen = Screen::connect(Some(access)).unwrap();

        let before = screen.picture().unwrap();
        assert_eq!((before.width, before.height), SIZE);
        assert!(
            before.rgb.chunks(3).any(|pixel| pixel != &before.rgb[..3]),
            "the picture has one colour"
        );

        screen.point(700, 20).unwrap();
        screen.button(1, true).unwrap();
        // The window manager may hold the button for a moment to see what it means.
        supervisor
            .wait_for("the press", PATIENCE, || {
                screen.pointer() == (700, 20, true)
            })
            .unwrap();
        screen.button(1, false).unwrap();
        supervisor
            .wait_for("the release", PATIENCE, || {
                screen.pointer() == (700, 20, false)
            })
            .unwrap();

        // A window comes up: the picture changes and the change is told.
        let changes = screen.wait_for_change(0, PATIENCE);
        let another = desktop.command("xterm", &["-bg", "red"]);
        supervisor.start_optional("another", another).unwrap();
        let patience = Duration::from_secs(10);
        supervisor
            .wait_for("a red window", patience, || {
                screen.wait_for_change(changes, patience) > changes
                    && screen.picture().is_ok_and(|now| {
                        now.rgb
                            .chunks(3)
                            .filter(|pixel| *pixel == [255, 0, 0])
                            .count()
                            > 10_000
                    })
            })
            .unwrap();

        let windows = screen.titled_windows().unwrap();
        let terminal = windows
            .iter()
            .find(|window| window.title == "Terminal")
            .unwrap();
        assert!(
            terminal.x >= 40 && terminal.y >= 430 && terminal.width > 300,
            "the terminal is elsewhere"
        );

        let stranger = Access {
            display: access.display,
            cookie: vec![0; 16],
        };
        assert!(Screen::connect(Some(&stranger)).is_err());
    }
}
