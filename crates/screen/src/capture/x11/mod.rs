//! X11: XDamage says where, MIT-SHM gives the pixels, XFixes the pointer, RandR the size. What is
//! missing is replaced: whole pictures for XDamage, plain `GetImage` for MIT-SHM.

mod cursor;
mod lock;
mod outputs;
mod shm;

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use x11rb::connection::{Connection, RequestConnection};
use x11rb::errors::{ReplyError, ReplyOrIdError};
use x11rb::protocol::damage::{self, ConnectionExt as _, Damage, ReportLevel};
use x11rb::protocol::randr::{self, ConnectionExt as _};
use x11rb::protocol::shm::{self as xshm, ConnectionExt as _};
use x11rb::protocol::xfixes::{self, ConnectionExt as _, CursorNotifyMask, Region as XRegion};
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ConnectionExt as _, EventMask, ImageFormat, ImageOrder, Window,
};
use x11rb::protocol::{ErrorKind, Event};
use x11rb::rust_connection::RustConnection;

use super::{CaptureError, Changes};
use crate::damage::Region;
use crate::geometry::Rect;
use crate::limits::{DISPLAY_PIXELS_MAX, DISPLAY_SIDE_MAX};
use crate::picture::{PIXEL_BYTES, Picture, View, byte_count};
use crate::pipeline::Display;
use shm::SharedMemory;

/// Time between two looks at a display that cannot tell what changed.
const BLIND_INTERVAL: Duration = Duration::from_millis(100);
const PLAIN_ROWS_MAX: u16 = 256;

/// One X11 display.
pub struct Screen {
    connection: RustConnection,
    root: Window,
    display: Display,
    tracker: Option<Tracker>,
    has_randr: bool,
    pixels: Pixels,
    damaged: bool,
    everything_is_news: bool,
    display_may_have_changed: bool,
    cursor_is_news: bool,
}

/// XDamage on the whole display, gathered by the server until we ask.
struct Tracker {
    damage: Damage,
    parts: XRegion,
}

enum Pixels {
    Shared {
        segment: xshm::Seg,
        memory: SharedMemory,
    },
    Plain(Picture),
}

impl Screen {
    /// Opens the display and starts to watch it.
    pub fn open(name: &str) -> Result<Self, CaptureError> {
        let connect_error = |reason: String| CaptureError::Connect {
            display: name.to_owned(),
            reason,
        };
        let (connection, index) =
            x11rb::connect(Some(name)).map_err(|error| connect_error(error.to_string()))?;
        let root = connection
            .setup()
            .roots
            .get(index)
            .ok_or_else(|| connect_error("it has no screen".to_owned()))?
            .root;
        check_format(&connection, index)?;
        if has_extension(&connection, "XWAYLAND")? {
            return Err(CaptureError::Wayland);
        }
        let has_randr = outputs::prepare(&connection)?;
        let display = outputs::read_display(&connection, root, has_randr)?;
        check_size(&display)?;
        let tracker = Tracker::start(&connection, root)?;
        watch(&connection, root, tracker.is_some(), has_randr)?;
        let pixels = Pixels::allocate(&connection, &display)?;
        Ok(Self {
            connection,
            root,
            display,
            cursor_is_news: tracker.is_some(),
            tracker,
            has_randr,
            pixels,
            damaged: false,
            everything_is_news: true,
            display_may_have_changed: false,
        })
    }

    /// See [`super::Capture::display`].
    pub fn display(&self) -> &Display {
        &self.display
    }

    /// See [`super::Capture::poll`].
    pub fn poll(&mut self) -> Result<Changes, CaptureError> {
        while let Some(event) = self.connection.poll_for_event().map_err(lost)? {
            self.note(&event);
        }
        let mut changes = Changes::default();
        if std::mem::take(&mut self.display_may_have_changed) {
            changes.display = self.refresh_display()?;
        }
        let size = self.display.size;
        if std::mem::take(&mut self.damaged) {
            for rect in self.fetch_damage()? {
                changes.damage.add(rect, size);
            }
        }
        if std::mem::take(&mut self.everything_is_news) || self.tracker.is_none() {
            changes.damage.add(size.rect(), size);
        }
        if std::mem::take(&mut self.cursor_is_news) {
            let image = self.connection.xfixes_get_cursor_image().map_err(lost)?;
            changes.cursor = Some(cursor::shape(&image.reply().map_err(lost)?));
        }
        Ok(changes)
    }

    /// See [`super::Capture::grab`].
    pub fn grab(&mut self, region: &Region) -> Result<Option<View<'_>>, CaptureError> {
        let bands = row_bands(region);
        match self
            .pixels
            .read(&self.connection, self.root, &self.display, &bands)
        {
            Ok(()) => Ok(View::new(self.display.size, self.pixels.bytes())),
            Err(ReplyError::X11Error(error)) if error.error_kind == ErrorKind::Match => {
                self.display_may_have_changed = true;
                Ok(None)
            }
            Err(error) => Err(lost(error)),
        }
    }

    /// See [`super::Capture::pointer`].
    pub fn pointer(&self) -> Result<(u16, u16), CaptureError> {
        let pointer = self.connection.query_pointer(self.root).map_err(lost)?;
        let pointer = pointer.reply().map_err(lost)?;
        let size = self.display.size;
        let clamp = |at: i16, side: u16| (at.max(0) as u16).min(side - 1);
        Ok((
            clamp(pointer.root_x, size.width),
            clamp(pointer.root_y, size.height),
        ))
    }

    /// See [`super::Capture::wait`].
    pub fn wait(&mut self, timeout: Option<Duration>) -> Result<(), CaptureError> {
        let timeout = match &self.tracker {
            Some(_) => timeout,
            None => Some(timeout.map_or(BLIND_INTERVAL, |timeout| timeout.min(BLIND_INTERVAL))),
        };
        let until = timeout.map(|timeout| Instant::now() + timeout);
        loop {
            if self.has_news() {
                return Ok(());
            }
            if let Some(event) = self.connection.poll_for_event().map_err(lost)? {
                self.note(&event);
                continue;
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(());
            }
            self.wait_readable(left)?;
        }
    }

    /// See [`super::Capture::fd`].
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        let watched = self.tracker.is_some();
        watched.then(|| self.connection.stream().as_fd())
    }

    /// See [`super::Capture::locked`].
    pub fn locked(&self) -> Result<Option<CaptureError>, CaptureError> {
        let found = lock::locker(&self.connection, self.root, self.display.size).map_err(lost)?;
        Ok(found.map(|by| CaptureError::Locked { by }))
    }

    fn has_news(&self) -> bool {
        self.damaged
            || self.everything_is_news
            || self.display_may_have_changed
            || self.cursor_is_news
    }

    fn wait_readable(&self, timeout: Option<Duration>) -> Result<(), CaptureError> {
        self.connection.flush().map_err(lost)?;
        let stream = self.connection.stream();
        let mut fds = [PollFd::new(stream, PollFlags::IN)];
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        match rustix::event::poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(lost(error)),
        }
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::DamageNotify(_) => self.damaged = true,
            Event::XfixesCursorNotify(_) => self.cursor_is_news = true,
            Event::RandrScreenChangeNotify(_) | Event::RandrNotify(_) => {
                self.display_may_have_changed = true;
            }
            Event::ConfigureNotify(event) if event.window == self.root => {
                self.display_may_have_changed = true;
            }
            _ => {}
        }
    }

    fn refresh_display(&mut self) -> Result<Option<Display>, CaptureError> {
        let display = outputs::read_display(&self.connection, self.root, self.has_randr)?;
        check_size(&display)?;
        if display == self.display {
            return Ok(None);
        }
        if display.size != self.display.size {
            self.pixels.release(&self.connection)?;
            self.pixels = Pixels::allocate(&self.connection, &display)?;
        }
        self.display = display.clone();
        self.everything_is_news = true;
        Ok(Some(display))
    }

    fn fetch_damage(&self) -> Result<Vec<Rect>, CaptureError> {
        let Some(tracker) = &self.tracker else {
            return Ok(Vec::new());
        };
        self.connection
            .damage_subtract(tracker.damage, x11rb::NONE, tracker.parts)
            .map_err(lost)?;
        let region = self
            .connection
            .xfixes_fetch_region(tracker.parts)
            .map_err(lost)?;
        let size = self.display.size;
        let visible = |rect: x11rb::protocol::xproto::Rectangle| {
            let (width, height) = (rect.width.into(), rect.height.into());
            Rect::visible(rect.x.into(), rect.y.into(), width, height, size)
        };
        let rects = region.reply().map_err(lost)?.rectangles;
        Ok(rects.into_iter().map(visible).collect())
    }
}

impl Tracker {
    /// `None` where XDamage or XFixes is missing.
    fn start(connection: &RustConnection, root: Window) -> Result<Option<Self>, CaptureError> {
        let has_xfixes = has_extension(connection, xfixes::X11_EXTENSION_NAME)?;
        if !has_xfixes || !has_extension(connection, damage::X11_EXTENSION_NAME)? {
            return Ok(None);
        }
        let xfixes = connection.xfixes_query_version(5, 0).map_err(lost)?;
        let version = connection.damage_query_version(1, 1).map_err(lost)?;
        xfixes.reply().map_err(lost)?;
        version.reply().map_err(lost)?;
        let start = || -> Result<Self, ReplyOrIdError> {
            let damage = connection.generate_id()?;
            connection
                .damage_create(damage, root, ReportLevel::NON_EMPTY)?
                .check()?;
            let parts = connection.generate_id()?;
            connection.xfixes_create_region(parts, &[])?.check()?;
            Ok(Self { damage, parts })
        };
        start().map(Some).map_err(lost)
    }
}

impl Pixels {
    fn allocate(connection: &RustConnection, display: &Display) -> Result<Self, CaptureError> {
        let plain = || Pixels::Plain(Picture::new(display.size));
        if !has_extension(connection, xshm::X11_EXTENSION_NAME)? {
            return Ok(plain());
        }
        let version = connection.shm_query_version().map_err(lost)?;
        let version = version.reply().map_err(lost)?;
        if (version.major_version, version.minor_version) < (1, 2) {
            return Ok(plain());
        }
        let Ok((memory, fd)) = SharedMemory::new(byte_count(display.size)) else {
            return Ok(plain());
        };
        let segment = connection.generate_id().map_err(lost)?;
        let attached = connection.shm_attach_fd(segment, fd, false).map_err(lost)?;
        match attached.check() {
            Ok(()) => Ok(Pixels::Shared { segment, memory }),
            Err(ReplyError::X11Error(_)) => Ok(plain()),
            Err(error) => Err(lost(error)),
        }
    }

    fn release(&self, connection: &RustConnection) -> Result<(), CaptureError> {
        if let Pixels::Shared { segment, .. } = self {
            connection.shm_detach(*segment).map_err(lost)?;
        }
        Ok(())
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Pixels::Shared { memory, .. } => memory.bytes(),
            Pixels::Plain(picture) => picture.bytes(),
        }
    }

    /// Reads whole rows, so that they land where they belong.
    fn read(
        &mut self,
        connection: &RustConnection,
        root: Window,
        display: &Display,
        bands: &[(u16, u16)],
    ) -> Result<(), ReplyError> {
        let width = display.size.width;
        let row_bytes = usize::from(width) * PIXEL_BYTES;
        match self {
            Pixels::Shared { segment, .. } => {
                let ask = |(top, bottom): &(u16, u16)| {
                    let (x, y, height) = (0, *top as i16, bottom - top);
                    let offset = (usize::from(*top) * row_bytes) as u32;
                    let format = u8::from(ImageFormat::Z_PIXMAP);
                    connection
                        .shm_get_image(root, x, y, width, height, !0, format, *segment, offset)
                };
                let asked: Vec<_> = bands.iter().map(ask).collect::<Result<_, _>>()?;
                for reply in asked {
                    reply.reply()?;
                }
            }
            Pixels::Plain(picture) => {
                for (top, bottom) in bands {
                    for y in (*top..*bottom).step_by(usize::from(PLAIN_ROWS_MAX)) {
                        let height = PLAIN_ROWS_MAX.min(bottom - y);
                        let format = ImageFormat::Z_PIXMAP;
                        let image =
                            connection.get_image(format, root, 0, y as i16, width, height, !0)?;
                        let data = image.reply()?.data;
                        let start = usize::from(y) * row_bytes;
                        let length = (usize::from(height) * row_bytes).min(data.len());
                        picture.bytes_mut()[start..start + length].copy_from_slice(&data[..length]);
                    }
                }
            }
        }
        Ok(())
    }
}

/// The rows that a region touches, as bands `top..bottom` that do not overlap.
fn row_bands(region: &Region) -> Vec<(u16, u16)> {
    let mut bands: Vec<(u16, u16)> = region
        .rects()
        .iter()
        .map(|rect| (rect.y, rect.y + rect.height))
        .collect();
    bands.sort_unstable();
    let mut merged: Vec<(u16, u16)> = Vec::new();
    for (top, bottom) in bands {
        match merged.last_mut() {
            Some(last) if top <= last.1 => last.1 = last.1.max(bottom),
            _ => merged.push((top, bottom)),
        }
    }
    merged
}

fn watch(
    connection: &RustConnection,
    root: Window,
    has_cursor: bool,
    has_randr: bool,
) -> Result<(), CaptureError> {
    let select = || -> Result<(), ReplyError> {
        let events = ChangeWindowAttributesAux::new().event_mask(EventMask::STRUCTURE_NOTIFY);
        connection
            .change_window_attributes(root, &events)?
            .check()?;
        if has_cursor {
            let mask = CursorNotifyMask::DISPLAY_CURSOR;
            connection.xfixes_select_cursor_input(root, mask)?.check()?;
        }
        if has_randr {
            let mask = randr::NotifyMask::SCREEN_CHANGE
                | randr::NotifyMask::CRTC_CHANGE
                | randr::NotifyMask::OUTPUT_CHANGE;
            connection.randr_select_input(root, mask)?.check()?;
        }
        Ok(())
    };
    select().map_err(lost)
}

fn check_format(connection: &RustConnection, index: usize) -> Result<(), CaptureError> {
    let setup = connection.setup();
    let depth = setup.roots[index].root_depth;
    let bits = setup
        .pixmap_formats
        .iter()
        .find(|format| format.depth == depth)
        .map_or(0, |format| format.bits_per_pixel);
    let is_known = matches!(depth, 24 | 32) && bits == 32;
    if is_known && setup.image_byte_order == ImageOrder::LSB_FIRST {
        Ok(())
    } else {
        Err(CaptureError::Format { depth, bits })
    }
}

fn check_size(display: &Display) -> Result<(), CaptureError> {
    let size = display.size;
    let side_is_legal = |side: u16| (1..=DISPLAY_SIDE_MAX).contains(&side);
    if side_is_legal(size.width)
        && side_is_legal(size.height)
        && size.pixels() <= DISPLAY_PIXELS_MAX
    {
        Ok(())
    } else {
        Err(CaptureError::Size {
            width: size.width,
            height: size.height,
        })
    }
}

fn has_extension(connection: &RustConnection, name: &'static str) -> Result<bool, CaptureError> {
    let extension = connection.extension_information(name).map_err(lost)?;
    Ok(extension.is_some())
}

fn lost(error: impl std::fmt::Display) -> CaptureError {
    CaptureError::Lost(error.to_string())
}
