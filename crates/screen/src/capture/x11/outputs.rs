//! Size, scale and monitors of an X11 display.

use x11rb::errors::ReplyError;
use x11rb::protocol::randr::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _, Window};
use x11rb::rust_connection::RustConnection;

use super::{CaptureError, has_extension, lost};
use crate::geometry::{Rect, Size};
use crate::limits::{OUTPUT_NAME_BYTES_MAX, OUTPUTS_MAX, SCALE_PERCENT_MAX, SCALE_PERCENT_MIN};
use crate::message::Output;
use crate::pipeline::Display;

const DOTS_PER_INCH: f32 = 96.0;
const RESOURCES_WORDS_MAX: u32 = 64 * 1024;

/// Whether RandR 1.5 (monitors) is there.
pub fn prepare(connection: &RustConnection) -> Result<bool, CaptureError> {
    if !has_extension(connection, randr::X11_EXTENSION_NAME)? {
        return Ok(false);
    }
    let version = connection.randr_query_version(1, 5).map_err(lost)?;
    let version = version.reply().map_err(lost)?;
    Ok((version.major_version, version.minor_version) >= (1, 5))
}

/// Asks for everything anew.
pub fn read_display(
    connection: &RustConnection,
    root: Window,
    has_randr: bool,
) -> Result<Display, CaptureError> {
    let read = || -> Result<Display, ReplyError> {
        let geometry = connection.get_geometry(root)?.reply()?;
        let size = Size::new(geometry.width, geometry.height);
        let outputs = if has_randr {
            read_outputs(connection, root, size)?
        } else {
            Vec::new()
        };
        Ok(Display {
            size,
            scale_percent: read_scale(connection, root)?,
            outputs,
        })
    };
    read().map_err(lost)
}

fn read_outputs(
    connection: &RustConnection,
    root: Window,
    size: Size,
) -> Result<Vec<Output>, ReplyError> {
    let monitors = connection.randr_get_monitors(root, true)?.reply()?.monitors;
    let mut outputs = Vec::new();
    for monitor in monitors.into_iter().take(OUTPUTS_MAX) {
        let (width, height) = (monitor.width.into(), monitor.height.into());
        let rect = Rect::visible(monitor.x.into(), monitor.y.into(), width, height, size);
        if rect.is_empty() {
            continue;
        }
        let name = connection.get_atom_name(monitor.name)?.reply()?.name;
        outputs.push(Output {
            rect,
            primary: monitor.primary,
            name: shortened(&String::from_utf8_lossy(&name)),
        });
    }
    Ok(outputs)
}

fn shortened(name: &str) -> String {
    let mut end = name.len().min(OUTPUT_NAME_BYTES_MAX);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name[..end].to_owned()
}

/// The scale that toolkits use: `Xft.dpi` of the resource database over 96.
fn read_scale(connection: &RustConnection, root: Window) -> Result<u16, ReplyError> {
    let (property, kind) = (AtomEnum::RESOURCE_MANAGER, AtomEnum::STRING);
    let resources = connection
        .get_property(false, root, property, kind, 0, RESOURCES_WORDS_MAX)?
        .reply()?;
    let text = String::from_utf8_lossy(&resources.value);
    let dots: Option<f32> = text
        .lines()
        .find_map(|line| line.strip_prefix("Xft.dpi:"))
        .and_then(|value| value.trim().parse().ok());
    let percent = dots.map_or(100.0, |dots| dots / DOTS_PER_INCH * 100.0);
    Ok((percent.round() as u16).clamp(SCALE_PERCENT_MIN, SCALE_PERCENT_MAX))
}
