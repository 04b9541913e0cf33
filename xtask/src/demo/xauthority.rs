//! The cookie that opens the demo's display: no other user of the machine sees its picture or presses its keys.

use std::path::Path;

use anyhow::Result;

use super::secret;

/// The method's name in the protocol.
pub const METHOD: &str = "MIT-MAGIC-COOKIE-1";

/// Matches every address (`FamilyWild` of libXau).
const FAMILY_WILD: u16 = 0xffff;

/// Writes an Xauthority file with a fresh cookie for every display number, and returns the cookie.
///
/// # Errors
/// When no randomness is to be had or the file cannot be written.
pub fn write(path: &Path) -> Result<Vec<u8>> {
    let cookie = secret::random::<16>()?;
    secret::write_private(path, &entry(&cookie))?;
    Ok(cookie.to_vec())
}

/// One entry: family, address, display number, method, cookie; lengths in big endian.
fn entry(cookie: &[u8]) -> Vec<u8> {
    let mut bytes = FAMILY_WILD.to_be_bytes().to_vec();
    for field in [b"".as_slice(), b"", METHOD.as_bytes(), cookie] {
        let length = u16::try_from(field.len()).unwrap_or(u16::MAX);
        bytes.extend(length.to_be_bytes());
        bytes.extend(field);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_the_layout_of_libxau() {
        let bytes = entry(&[7; 16]);
        assert_eq!(bytes.len(), 2 + 2 + 2 + 2 + METHOD.len() + 2 + 16);
        assert_eq!(&bytes[..8], [0xff, 0xff, 0, 0, 0, 0, 0, 18]);
        assert!(bytes.ends_with(&[7; 16]));
    }
}
