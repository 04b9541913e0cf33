//! Input into an X11 display, by XTEST.

use x11rb::connection::{Connection, RequestConnection};
use x11rb::protocol::Event;
use x11rb::protocol::xkb::{self, ConnectionExt as _, EventType, ID, MapPart, SelectEventsAux};
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ConnectionExt as _, KEY_PRESS_EVENT,
    KEY_RELEASE_EVENT, Keycode, Keysym, MOTION_NOTIFY_EVENT, ModMask, Window,
};
use x11rb::protocol::xtest::{self, ConnectionExt as _};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use super::keymap::{Keymap, LOCK, State, Stroke, has_case, keysym_of};
use super::spare::SpareKeys;
use super::{InputError, InputEvent};

/// X11 buttons of the bits of a pointer event.
const BUTTONS: [u8; 5] = [1, 2, 3, 8, 9];
const WHEEL_NOTCH: i32 = 120;
const WHEEL_NOTCHES_MAX: i32 = 20;
const KEYSYM_MAX: Keysym = 0x1fff_ffff;
const HELD_KEYS_MAX: usize = 32;

/// Modifiers that a layout may lack, and what serves instead.
const MODIFIER_STAND_INS: [(Keysym, Keysym); 7] = [
    (0xffe2, 0xffe1), // right Shift
    (0xffe4, 0xffe3), // right Control
    (0xffea, 0xffe9), // right Alt
    (0xffec, 0xffeb), // right Super
    (0xffe7, 0xffe9), // left Meta
    (0xffe8, 0xffe9), // right Meta
    (0xff7e, 0xfe03), // Mode switch
];

/// A key that the technician holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    keysym: Keysym,
    /// `None` when it could only be tapped, between changes of modifiers.
    keycode: Option<Keycode>,
}

/// Keyboard and mouse of one display. Calls block for some 0.1 ms, and up to 300 ms when more
/// characters that the layout lacks come at once than it has unassigned keys. Dropping it
/// releases everything.
pub struct X11Input {
    connection: RustConnection,
    root: Window,
    keymap: Keymap,
    keymap_is_stale: bool,
    spare: SpareKeys,
    held: Vec<Held>,
    buttons: u8,
    wheel: (i32, i32),
}

impl X11Input {
    /// Opens a display by name.
    pub fn open(display: &str) -> Result<Self, InputError> {
        let connect_error = |reason: String| InputError::Connect {
            display: display.to_owned(),
            reason,
        };
        let (connection, index) =
            x11rb::connect(Some(display)).map_err(|error| connect_error(error.to_string()))?;
        let root = connection
            .setup()
            .roots
            .get(index)
            .ok_or_else(|| connect_error("it has no screen".to_owned()))?
            .root;
        prepare(&connection)?;
        let keymap = Keymap::fetch(&connection).map_err(lost)?;
        Ok(Self {
            connection,
            root,
            keymap,
            keymap_is_stale: false,
            spare: SpareKeys::default(),
            held: Vec::new(),
            buttons: 0,
            wheel: (0, 0),
        })
    }

    /// Does what the technician did.
    pub fn inject(&mut self, event: &InputEvent) -> Result<(), InputError> {
        match event {
            InputEvent::Key { keysym, down: true } => self.press(*keysym)?,
            InputEvent::Key { keysym, .. } => self.release(*keysym)?,
            InputEvent::Text(text) => self.type_text(text)?,
            InputEvent::Pointer { x, y, buttons } => self.point(*x, *y, *buttons)?,
            InputEvent::Wheel { dx, dy } => self.turn_wheel(*dx, *dy)?,
            InputEvent::ReleaseAll => self.release_all()?,
        }
        self.connection.flush().map_err(lost)
    }

    /// Whether a key or button is down because of us.
    pub fn holds_anything(&self) -> bool {
        !self.held.is_empty() || self.buttons != 0
    }

    /// Releases every key and button that is down because of us; they are up when it returns.
    pub fn release_all(&mut self) -> Result<(), InputError> {
        while let Some(held) = self.held.pop() {
            if let Some(keycode) = held.keycode {
                self.fake(KEY_RELEASE_EVENT, keycode)?;
            }
        }
        self.set_buttons(0)?;
        self.wheel = (0, 0);
        self.connection.sync().map_err(lost)
    }

    /// Gives keys back that were lent to characters; call it now and then when nothing is typed.
    pub fn tidy(&mut self) -> Result<(), InputError> {
        if self.held.is_empty() {
            self.spare.return_all(&self.connection, false)?;
        }
        Ok(())
    }

    fn press(&mut self, keysym: Keysym) -> Result<(), InputError> {
        if keysym == x11rb::NO_SYMBOL || keysym > KEYSYM_MAX {
            return Ok(());
        }
        match self.held.iter().find(|held| held.keysym == keysym) {
            Some(Held {
                keycode: Some(_), ..
            }) => return Ok(()),
            Some(Held { keycode: None, .. }) => return self.tap(keysym),
            None if self.held.len() >= HELD_KEYS_MAX => return Ok(()),
            None => {}
        }
        let keycode = if is_modifier(keysym) {
            self.refresh_keymap()?;
            match self.modifier_key(keysym) {
                Some(keycode) => Some(keycode),
                None => return Ok(()),
            }
        } else {
            let state = self.state()?;
            let stroke = self.stroke(keysym, state)?;
            let holdable = stroke.is_plain() && !self.needs_unlock(keysym, &stroke, state);
            holdable.then_some(stroke.keycode)
        };
        match keycode {
            Some(keycode) => {
                self.release_key(keycode)?;
                self.fake(KEY_PRESS_EVENT, keycode)?;
            }
            None => self.tap(keysym)?,
        }
        self.held.push(Held { keysym, keycode });
        Ok(())
    }

    fn release(&mut self, keysym: Keysym) -> Result<(), InputError> {
        let Some(index) = self.held.iter().position(|held| held.keysym == keysym) else {
            return Ok(());
        };
        match self.held.remove(index).keycode {
            Some(keycode) => self.fake(KEY_RELEASE_EVENT, keycode),
            None => Ok(()),
        }
    }

    fn type_text(&mut self, text: &str) -> Result<(), InputError> {
        for character in text.replace("\r\n", "\n").chars() {
            let is_typable = !character.is_control()
                || matches!(
                    character,
                    '\n' | '\r' | '\t' | '\u{8}' | '\u{7f}' | '\u{1b}'
                );
            if is_typable {
                self.tap(keysym_of(character))?;
            }
        }
        Ok(())
    }

    /// Presses and releases a key, with the modifiers set as it needs them meanwhile.
    fn tap(&mut self, keysym: Keysym) -> Result<(), InputError> {
        let state = self.state()?;
        let stroke = self.stroke(keysym, state)?;
        let unlock = self.needs_unlock(keysym, &stroke, state);
        let released = self.pressed_modifiers(stroke.release)?;
        if unlock {
            self.set_caps_lock(false)?;
        }
        for keycode in &released {
            self.fake(KEY_RELEASE_EVENT, *keycode)?;
        }
        for modifier in &stroke.press {
            self.fake(KEY_PRESS_EVENT, modifier.keycode)?;
        }
        self.release_key(stroke.keycode)?;
        self.fake(KEY_PRESS_EVENT, stroke.keycode)?;
        self.fake(KEY_RELEASE_EVENT, stroke.keycode)?;
        for modifier in stroke.press.iter().rev() {
            self.fake(KEY_RELEASE_EVENT, modifier.keycode)?;
        }
        for keycode in released.iter().rev() {
            self.fake(KEY_PRESS_EVENT, *keycode)?;
        }
        if unlock {
            self.set_caps_lock(true)?;
        }
        Ok(())
    }

    /// How to type a symbol, after lending it a key if the layout lacks it.
    fn stroke(&mut self, keysym: Keysym, state: State) -> Result<Stroke, InputError> {
        self.refresh_keymap()?;
        if let Some(stroke) = self.keymap.stroke(keysym, state) {
            return Ok(stroke);
        }
        if let Some(keycode) = self.spare.key_of(keysym) {
            return Ok(plain(keycode));
        }
        if is_function(keysym)
            && let Some(keycode) = self.keymap.key_of(keysym)
        {
            return Ok(plain(keycode));
        }
        let held: Vec<Keycode> = self.held.iter().filter_map(|held| held.keycode).collect();
        let keycode = self
            .spare
            .lend(&self.connection, &self.keymap, keysym, &held)?;
        self.keymap_is_stale = true;
        Ok(plain(keycode))
    }

    /// Whether Caps Lock would change a symbol on a key that is lent to it.
    fn needs_unlock(&self, keysym: Keysym, stroke: &Stroke, state: State) -> bool {
        let is_lent = self.spare.key_of(keysym) == Some(stroke.keycode);
        state.locked & LOCK != 0 && is_lent && has_case(keysym)
    }

    /// The keys that hold these modifiers at present, whoever pressed them.
    fn pressed_modifiers(&self, mask: u8) -> Result<Vec<Keycode>, InputError> {
        if mask == 0 {
            return Ok(Vec::new());
        }
        let pressed = self.connection.query_keymap().map_err(lost)?;
        let pressed = pressed.reply().map_err(lost)?.keys;
        let is_down =
            |keycode: &Keycode| pressed[usize::from(keycode / 8)] & (1 << (keycode % 8)) != 0;
        Ok(self.keymap.modifier_keys(mask).filter(is_down).collect())
    }

    fn modifier_key(&self, keysym: Keysym) -> Option<Keycode> {
        let stand_in = MODIFIER_STAND_INS
            .iter()
            .find(|(missing, _)| *missing == keysym)
            .and_then(|(_, instead)| self.keymap.key_of(*instead));
        self.keymap.key_of(keysym).or(stand_in)
    }

    /// Lets go of a key that is held for another symbol.
    fn release_key(&mut self, keycode: Keycode) -> Result<(), InputError> {
        for index in 0..self.held.len() {
            if self.held[index].keycode == Some(keycode) {
                self.held[index].keycode = None;
                self.fake(KEY_RELEASE_EVENT, keycode)?;
            }
        }
        Ok(())
    }

    fn point(&mut self, x: u16, y: u16, buttons: u8) -> Result<(), InputError> {
        let side = |at: u16| i16::try_from(at).unwrap_or(i16::MAX);
        self.connection
            .xtest_fake_input(MOTION_NOTIFY_EVENT, 0, 0, self.root, side(x), side(y), 0)
            .map_err(lost)?;
        self.set_buttons(buttons)
    }

    fn set_buttons(&mut self, buttons: u8) -> Result<(), InputError> {
        for (bit, button) in BUTTONS.into_iter().enumerate() {
            let mask = 1 << bit;
            match (self.buttons & mask != 0, buttons & mask != 0) {
                (false, true) => self.fake(BUTTON_PRESS_EVENT, button)?,
                (true, false) => self.fake(BUTTON_RELEASE_EVENT, button)?,
                _ => {}
            }
        }
        self.buttons = buttons & 0x1f;
        Ok(())
    }

    fn turn_wheel(&mut self, dx: i16, dy: i16) -> Result<(), InputError> {
        let (right, down) = (self.wheel.0 + i32::from(dx), self.wheel.1 + i32::from(dy));
        self.wheel = (right % WHEEL_NOTCH, down % WHEEL_NOTCH);
        self.click_wheel(down / WHEEL_NOTCH, 4, 5)?;
        self.click_wheel(right / WHEEL_NOTCH, 6, 7)
    }

    fn click_wheel(&mut self, notches: i32, back: u8, forth: u8) -> Result<(), InputError> {
        let button = if notches < 0 { back } else { forth };
        for _ in 0..notches.abs().min(WHEEL_NOTCHES_MAX) {
            self.fake(BUTTON_PRESS_EVENT, button)?;
            self.fake(BUTTON_RELEASE_EVENT, button)?;
        }
        Ok(())
    }

    fn fake(&mut self, event: u8, detail: u8) -> Result<(), InputError> {
        if matches!(event, KEY_PRESS_EVENT | KEY_RELEASE_EVENT) {
            self.spare.on_use(detail);
        }
        self.connection
            .xtest_fake_input(event, detail, 0, x11rb::NONE, 0, 0, 0)
            .map_err(lost)?;
        Ok(())
    }

    fn state(&self) -> Result<State, InputError> {
        let device = u16::from(ID::USE_CORE_KBD);
        let state = self.connection.xkb_get_state(device).map_err(lost)?;
        let state = state.reply().map_err(lost)?;
        Ok(State {
            group: u8::from(state.group),
            mods: u16::from(state.mods) as u8,
            locked: u16::from(state.locked_mods) as u8,
        })
    }

    fn set_caps_lock(&self, on: bool) -> Result<(), InputError> {
        let device = u16::from(ID::USE_CORE_KBD);
        let locks = if on {
            ModMask::LOCK
        } else {
            ModMask::from(0u16)
        };
        let (none, group) = (ModMask::from(0u16), 0.into());
        self.connection
            .xkb_latch_lock_state(device, ModMask::LOCK, locks, false, group, none, false, 0)
            .map_err(lost)?;
        Ok(())
    }

    /// Learns the layout anew when someone (we too) changed it.
    fn refresh_keymap(&mut self) -> Result<(), InputError> {
        while let Some(event) = self.connection.poll_for_event().map_err(lost)? {
            self.keymap_is_stale |= matches!(
                event,
                Event::MappingNotify(_) | Event::XkbMapNotify(_) | Event::XkbNewKeyboardNotify(_)
            );
        }
        if self.keymap_is_stale {
            self.keymap = Keymap::fetch(&self.connection).map_err(lost)?;
            self.keymap_is_stale = false;
            self.spare.on_keymap(&self.keymap);
        }
        Ok(())
    }
}

impl Drop for X11Input {
    fn drop(&mut self) {
        // The display may be gone already; then there is nothing to release.
        let _ = self.release_all();
        let _ = self.spare.return_all(&self.connection, true);
    }
}

fn prepare(connection: &RustConnection) -> Result<(), InputError> {
    for (name, said) in [
        (xtest::X11_EXTENSION_NAME, "XTEST"),
        (xkb::X11_EXTENSION_NAME, "XKEYBOARD"),
    ] {
        if connection
            .extension_information(name)
            .map_err(lost)?
            .is_none()
        {
            return Err(InputError::Extension(said));
        }
    }
    let xkb = connection.xkb_use_extension(1, 0).map_err(lost)?;
    let test = connection.xtest_get_version(2, 2).map_err(lost)?;
    test.reply().map_err(lost)?;
    if !xkb.reply().map_err(lost)?.supported {
        return Err(InputError::Extension("XKEYBOARD 1.0"));
    }
    let events = EventType::MAP_NOTIFY | EventType::NEW_KEYBOARD_NOTIFY;
    let parts = MapPart::KEY_TYPES | MapPart::KEY_SYMS | MapPart::MODIFIER_MAP;
    let none = EventType::from(0u16);
    let device = u16::from(ID::USE_CORE_KBD);
    connection
        .xkb_select_events(device, none, events, parts, parts, &SelectEventsAux::new())
        .map_err(lost)?
        .check()
        .map_err(lost)
}

fn plain(keycode: Keycode) -> Stroke {
    Stroke {
        keycode,
        press: Vec::new(),
        release: 0,
    }
}

fn is_modifier(keysym: Keysym) -> bool {
    matches!(keysym, 0xffe1..=0xffee | 0xff7e | 0xff7f | 0xfe01..=0xfe13)
}

/// Keys that are not text: what they do does not depend on the level they are found at.
fn is_function(keysym: Keysym) -> bool {
    matches!(keysym, 0xff00..=0xffff | 0x1008_0000..=0x1008_ffff)
}

fn lost(error: impl std::fmt::Display) -> InputError {
    InputError::Lost(error.to_string())
}
