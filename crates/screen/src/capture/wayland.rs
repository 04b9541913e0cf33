//! Tells a Wayland session, which cannot be captured yet, from an X11 one.

use std::env;

use super::CaptureError;

/// What the process was told of its session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// `DISPLAY`.
    pub display: Option<String>,
    /// `WAYLAND_DISPLAY`.
    pub wayland_display: Option<String>,
    /// `XDG_SESSION_TYPE`.
    pub session_type: Option<String>,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_process() -> Self {
        let get = |name| env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            display: get("DISPLAY"),
            wayland_display: get("WAYLAND_DISPLAY"),
            session_type: get("XDG_SESSION_TYPE"),
        }
    }

    /// The X11 display to open: `asked`, else that of the session unless it is a Wayland one,
    /// whose `DISPLAY` shows old programs but not the desktop.
    pub fn display_name(&self, asked: Option<&str>) -> Result<String, CaptureError> {
        if let Some(asked) = asked {
            return Ok(asked.to_owned());
        }
        let session_type = self.session_type.as_deref();
        if session_type == Some("wayland")
            || (session_type != Some("x11") && self.wayland_display.is_some())
        {
            return Err(CaptureError::Wayland);
        }
        self.display.clone().ok_or(CaptureError::NoDisplay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(display: &str, wayland: &str, kind: &str) -> Surroundings {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Surroundings {
            display: some(display),
            wayland_display: some(wayland),
            session_type: some(kind),
        }
    }

    #[test]
    fn a_wayland_session_is_refused_even_with_a_display() {
        let found = session(":0", "wayland-0", "wayland").display_name(None);
        assert_eq!(found, Err(CaptureError::Wayland));
        let found = session(":0", "wayland-0", "").display_name(None);
        assert_eq!(found, Err(CaptureError::Wayland));
    }

    #[test]
    fn an_x11_session_and_an_asked_display_are_taken() {
        let found = session(":0", "", "x11").display_name(None);
        assert_eq!(found.as_deref(), Ok(":0"));
        let found = session(":0", "wayland-0", "wayland").display_name(Some(":7"));
        assert_eq!(found.as_deref(), Ok(":7"));
    }

    #[test]
    fn no_display_is_said_in_a_sentence() {
        let error = session("", "", "tty").display_name(None).unwrap_err();
        assert_eq!(error, CaptureError::NoDisplay);
        assert!(error.to_string().contains("shell and files work"));
    }
}
