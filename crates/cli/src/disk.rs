//! Files that only their owner reads: replaced whole, or grown line by line; synced before anybody relies on them.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::{Serialize, de::DeserializeOwned};

/// Largest small file that is read whole, in bytes.
pub const SMALL_BYTES_MAX: u64 = 1024 * 1024;
/// Largest file of lines, in bytes.
pub const LINES_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Makes a directory that only its owner enters, with those above it.
pub fn make_dir(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("the directory {} cannot be made", path.display()))
}

/// Replaces a file, or leaves the old one whole. Mode 0600.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let dir = parent(path)?;
    let name = path
        .file_name()
        .with_context(|| format!("{} is no file name", path.display()))?;
    let suffix = trust::bytes::to_b64u(&crate::ambient::random::<6>());
    let temporary = dir.join(format!(".{}.{suffix}", name.to_string_lossy()));
    let written = write_new(&temporary, bytes)
        .and_then(|()| std::fs::rename(&temporary, path).map_err(Into::into))
        .and_then(|()| sync_dir(dir));
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written.with_context(|| format!("{} cannot be written", path.display()))
}

/// Writes a file that must not be there yet. Mode 0600.
pub fn create(path: &Path, bytes: &[u8]) -> Result<()> {
    write_new(path, bytes).with_context(|| {
        format!(
            "{} cannot be written; an existing file is never replaced",
            path.display()
        )
    })?;
    sync_dir(parent(path)?)
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    Ok(file.sync_all()?)
}

fn parent(path: &Path) -> Result<&Path> {
    match path.parent() {
        Some(dir) if dir.as_os_str().is_empty() => Ok(Path::new(".")),
        Some(dir) => Ok(dir),
        None => bail!("{} is no file name", path.display()),
    }
}

fn sync_dir(dir: &Path) -> Result<()> {
    Ok(File::open(dir)?.sync_all()?)
}

/// Reads a small file; `None` if there is none.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.with_context(|| format!("{} cannot be opened", path.display()))?,
    };
    let mut bytes = Vec::new();
    file.take(SMALL_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    ensure!(
        bytes.len() as u64 <= SMALL_BYTES_MAX,
        "{} is longer than the {SMALL_BYTES_MAX} bytes that are read",
        path.display()
    );
    Ok(Some(bytes))
}

/// Reads a small strict JSON file; `None` if there is none.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let Some(bytes) = read(path)? else {
        return Ok(None);
    };
    let value = serde_json::from_slice(&bytes)
        .with_context(|| format!("{} is not a file of this version", path.display()))?;
    Ok(Some(value))
}

/// Replaces a JSON file.
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    replace(path, &bytes)
}

/// Refuses a file of keys that others can read, as a copy or a backup may leave it.
pub fn check_private(path: &Path) -> Result<()> {
    let mode = std::fs::metadata(path)
        .with_context(|| format!("{} cannot be opened", path.display()))?
        .permissions()
        .mode();
    ensure!(
        mode & 0o077 == 0,
        "{} can be read by other users of this computer; make it yours alone with: chmod 600 {}",
        path.display(),
        path.display()
    );
    Ok(())
}

/// Appends texts as lines of JSON strings and syncs them. A line that a crash cut off is taken back first.
pub fn append_lines<'a>(path: &Path, texts: impl IntoIterator<Item = &'a str>) -> Result<()> {
    let mut bytes = Vec::new();
    for text in texts {
        serde_json::to_writer(&mut bytes, text)?;
        bytes.push(b'\n');
    }
    if bytes.is_empty() {
        return Ok(());
    }
    append_bytes(path, &bytes).with_context(|| format!("{} cannot be written", path.display()))
}

/// Replaces a file of lines: takes back lines that nobody was told of.
pub fn replace_lines(path: &Path, texts: &[String]) -> Result<()> {
    let mut bytes = Vec::new();
    for text in texts {
        serde_json::to_writer(&mut bytes, text)?;
        bytes.push(b'\n');
    }
    replace(path, &bytes)
}

fn append_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    let is_new = !path.exists();
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    let end = whole_lines_end(&mut file)?;
    file.set_len(end)?;
    file.seek(SeekFrom::Start(end))?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_data())
        .and_then(|()| if is_new { file.sync_all() } else { Ok(()) });
    if let Err(error) = written {
        let _ = file.set_len(end);
        return Err(error.into());
    }
    if is_new {
        sync_dir(parent(path)?)?;
    }
    Ok(())
}

/// Where the last whole line ends.
fn whole_lines_end(file: &mut File) -> Result<u64> {
    let mut end = file.seek(SeekFrom::End(0))?;
    let mut block = [0; 4096];
    while end > 0 {
        let start = end.saturating_sub(block.len() as u64);
        let part = &mut block[..(end - start) as usize];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(part)?;
        if let Some(at) = part.iter().rposition(|b| *b == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// Reads all whole lines; none if there is no file.
pub fn read_lines(path: &Path) -> Result<Vec<String>> {
    let file = match File::open(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.with_context(|| format!("{} cannot be opened", path.display()))?,
    };
    let length = file.metadata()?.len();
    ensure!(
        length <= LINES_BYTES_MAX,
        "{} is longer than {LINES_BYTES_MAX} bytes",
        path.display()
    );
    let mut bytes = Vec::new();
    { file }
        .read_to_end(&mut bytes)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    let end = bytes
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |at| at + 1);
    bytes[..end]
        .split_inclusive(|b| *b == b'\n')
        .enumerate()
        .map(|(at, line)| {
            serde_json::from_slice(line)
                .with_context(|| format!("line {} of {} is damaged", at + 1, path.display()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_a_crash_cut_off_is_not_read_and_is_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lines");
        append_lines(&path, ["one", "two\n2"]).unwrap();
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"\"thr").unwrap();
        assert_eq!(read_lines(&path).unwrap(), ["one", "two\n2"]);
        append_lines(&path, ["four"]).unwrap();
        assert_eq!(read_lines(&path).unwrap(), ["one", "two\n2", "four"]);
    }

    #[test]
    fn files_and_directories_are_the_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("a/b");
        make_dir(&inner).unwrap();
        let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&inner), 0o700);
        replace(&inner.join("f"), b"1").unwrap();
        append_lines(&inner.join("l"), ["1"]).unwrap();
        assert_eq!(mode(&inner.join("f")), 0o600);
        assert_eq!(mode(&inner.join("l")), 0o600);
        assert!(check_private(&inner.join("f")).is_ok());
        std::fs::set_permissions(inner.join("f"), std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(check_private(&inner.join("f")).is_err());
    }

    #[test]
    fn create_never_replaces() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        create(&path, b"1").unwrap();
        assert!(create(&path, b"2").is_err());
        assert_eq!(read(&path).unwrap().unwrap(), b"1");
    }
}
