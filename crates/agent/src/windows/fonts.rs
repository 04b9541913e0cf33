//! Which font the windows use. Without any font a window would be an empty sheet with two
//! buttons, so then there is no window at all.

use std::path::{Path, PathBuf};

use iced::Font;

use super::Stop;

/// File name of the regular face, and the family's name; the first that is installed is used.
const FAMILIES: [(&str, &str); 8] = [
    ("NotoSans-Regular.ttf", "Noto Sans"),
    ("OpenSans-Regular.ttf", "Open Sans"),
    ("Cantarell-VF.otf", "Cantarell"),
    ("Ubuntu-R.ttf", "Ubuntu"),
    ("DejaVuSans.ttf", "DejaVu Sans"),
    ("LiberationSans-Regular.ttf", "Liberation Sans"),
    ("FreeSans.ttf", "FreeSans"),
    ("Roboto-Regular.ttf", "Roboto"),
];
const DEPTH_MAX: usize = 6;
const FILES_MAX: usize = 20_000;

/// The font of the windows.
pub fn choose() -> Result<Font, Stop> {
    let home = std::env::var_os("HOME")
        .map(PathBuf::from)
        .unwrap_or_default();
    let folders = [
        PathBuf::from("/usr/share/fonts"),
        PathBuf::from("/usr/local/share/fonts"),
        home.join(".local/share/fonts"),
        home.join(".fonts"),
    ];
    let mut names = Vec::new();
    for folder in &folders {
        collect(folder, DEPTH_MAX, &mut names);
    }
    pick(&names).ok_or_else(|| {
        Stop::unavailable(
            "No font is installed, so nothing could be read in the window; install one \
             (on Debian: fonts-dejavu-core).",
        )
    })
}

fn pick(names: &[String]) -> Option<Font> {
    let known = FAMILIES
        .iter()
        .find(|(file, _)| names.iter().any(|name| name == file));
    match known {
        Some((_, family)) => Some(Font::with_name(family)),
        None => (!names.is_empty()).then_some(Font::DEFAULT),
    }
}

fn collect(folder: &Path, depth: usize, names: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        if names.len() >= FILES_MAX {
            return;
        }
        let path = entry.path();
        if path.is_dir() {
            if depth > 0 {
                collect(&path, depth - 1, names);
            }
        } else if is_font(&path)
            && let Some(name) = path.file_name().and_then(|name| name.to_str())
        {
            names.push(name.to_owned());
        }
    }
}

fn is_font(path: &Path) -> bool {
    path.extension().is_some_and(|ending| {
        ["ttf", "otf", "ttc"]
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_any_font_there_is_no_window() {
        assert_eq!(pick(&[]), None);
    }

    #[test]
    fn an_unknown_font_is_better_than_none() {
        assert_eq!(pick(&["Odd.ttf".into()]), Some(Font::DEFAULT));
        let dejavu = ["Odd.ttf".into(), "DejaVuSans.ttf".into()];
        assert_eq!(pick(&dejavu), Some(Font::with_name("DejaVu Sans")));
    }
}
