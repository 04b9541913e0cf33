//! The signature base: the exact text that is signed (RFC 9421, section 2.5).

use std::fmt::Write as _;

/// One line per covered component (`name`, value), then the signature's parameters.
pub fn signature_base(components: &[(&str, &str)], parameters: &str) -> String {
    let mut out = String::new();
    for (name, value) in components {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "\"{name}\": {value}");
    }
    let _ = write!(out, "\"@signature-params\": {parameters}");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use trust::bytes::{from_b64, from_b64u};
    use trust::key::verify_ed25519;

    // RFC 9421, appendix B.2.6, key of appendix B.1.4.
    const PUBLIC: &str = "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs";
    const SIGNATURE: &str =
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==";
    const PARAMETERS: &str = "(\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \"content-length\")\
                              ;created=1618884473;keyid=\"test-key-ed25519\"";
    const COMPONENTS: [(&str, &str); 6] = [
        ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("@method", "POST"),
        ("@path", "/foo"),
        ("@authority", "example.com"),
        ("content-type", "application/json"),
        ("content-length", "18"),
    ];

    fn verifies(components: &[(&str, &str)]) -> bool {
        let base = signature_base(components, PARAMETERS);
        verify_ed25519(
            &from_b64u(PUBLIC).unwrap(),
            base.as_bytes(),
            &from_b64(SIGNATURE).unwrap(),
        )
    }

    #[test]
    fn the_published_example_verifies_over_our_base() {
        assert!(verifies(&COMPONENTS));
        let mut altered = COMPONENTS;
        altered[2].1 = "/bar";
        assert!(!verifies(&altered));
    }
}
