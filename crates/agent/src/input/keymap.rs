//! The keyboard layout in force (XKB): which key gives which symbol with which modifiers.

use x11rb::errors::ReplyError;
use x11rb::protocol::xkb::{ConnectionExt as _, ID, KeySymMap, KeyType, MapPart};
use x11rb::protocol::xproto::{Keycode, Keysym, ModMask};
use x11rb::rust_connection::RustConnection;
use xkeysym::Keysym as Symbol;

/// Real modifier of Caps Lock.
pub const LOCK: u8 = 1 << 1;

const LEVEL_3_SHIFT: Keysym = 0xfe03;
const LEVEL_5_SHIFT: Keysym = 0xfe11;
const SHIFT_LEFT: Keysym = 0xffe1;
const GROUP_COUNT_MASK: u8 = 0x0f;
const GROUP_RANGE_MASK: u8 = 0xc0;
const GROUP_CLAMP: u8 = 0x40;
const GROUP_REDIRECT: u8 = 0x80;

/// The state of the keyboard that decides what a key gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Effective layout.
    pub group: u8,
    /// Effective modifiers.
    pub mods: u8,
    /// Those of them that are locked: no released key takes them away.
    pub locked: u8,
}

/// A modifier that we may press or release around a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modifier {
    /// Its bit.
    pub mask: u8,
    /// A key that holds it.
    pub keycode: Keycode,
}

/// How to type a symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stroke {
    /// The key.
    pub keycode: Keycode,
    /// Modifiers that must be down but are not.
    pub press: Vec<Modifier>,
    /// Modifiers that must be up but are not.
    pub release: u8,
}

impl Stroke {
    /// Whether the key gives the symbol as things are.
    pub fn is_plain(&self) -> bool {
        self.press.is_empty() && self.release == 0
    }
}

/// A keyboard layout.
#[derive(Debug)]
pub struct Keymap {
    first: Keycode,
    keys: Vec<KeySymMap>,
    types: Vec<KeyType>,
    modifiers: Vec<(Keycode, u8)>,
}

impl Keymap {
    /// Asks the display for the layout in force.
    pub fn fetch(connection: &RustConnection) -> Result<Self, ReplyError> {
        let device = u16::from(ID::USE_CORE_KBD);
        let parts = MapPart::KEY_TYPES | MapPart::KEY_SYMS | MapPart::MODIFIER_MAP;
        let none = MapPart::from(0u16);
        let zero = 0u16.into();
        let reply = connection
            .xkb_get_map(
                device, parts, none, 0, 0, 0, 0, 0, 0, 0, 0, zero, 0, 0, 0, 0, 0, 0,
            )?
            .reply()?;
        let modifiers = reply.map.modmap_rtrn.unwrap_or_default();
        Ok(Self {
            first: reply.first_key_sym,
            keys: reply.map.syms_rtrn.unwrap_or_default(),
            types: reply.map.types_rtrn.unwrap_or_default(),
            modifiers: modifiers
                .into_iter()
                .map(|entry| (entry.keycode, u16::from(entry.mods) as u8))
                .collect(),
        })
    }

    /// How to type `keysym` with the fewest changes; `None` when no key gives it.
    pub fn stroke(&self, keysym: Keysym, state: State) -> Option<Stroke> {
        let movable = self.movable_modifiers();
        let mut best: Option<(u32, Stroke)> = None;
        for (keycode, key) in self.numbered_keys() {
            if !key.syms.iter().any(|symbol| same(*symbol, keysym)) {
                continue;
            }
            for toggles in combinations(&movable) {
                let toggled = toggles
                    .iter()
                    .fold(0, |mask, modifier| mask | modifier.mask);
                let mods = state.mods ^ toggled;
                let changes = toggled.count_ones();
                let stuck = toggled & state.mods & state.locked != 0;
                let worse = best.as_ref().is_some_and(|(known, _)| *known <= changes);
                if stuck || worse || !self.gives(key, State { mods, ..state }, keysym) {
                    continue;
                }
                let missing = |modifier: &&Modifier| state.mods & modifier.mask == 0;
                let stroke = Stroke {
                    keycode,
                    press: toggles.iter().filter(missing).copied().collect(),
                    release: toggled & state.mods,
                };
                best = Some((changes, stroke));
            }
        }
        best.map(|(_, stroke)| stroke)
    }

    /// A key that has `keysym` anywhere, whatever it takes to reach it there.
    pub fn key_of(&self, keysym: Keysym) -> Option<Keycode> {
        self.numbered_keys()
            .find(|(_, key)| key.syms.contains(&keysym))
            .map(|(keycode, _)| keycode)
    }

    /// Whether the key gives exactly this one symbol.
    pub fn is_bound(&self, keycode: Keycode, keysym: Keysym) -> bool {
        self.key(keycode).is_some_and(|key| {
            !key.syms.is_empty() && key.syms.iter().all(|symbol| *symbol == keysym)
        })
    }

    /// Keys without any symbol, which nobody misses.
    pub fn unassigned(&self) -> Vec<Keycode> {
        self.numbered_keys()
            .filter(|(keycode, key)| {
                key.syms.iter().all(|symbol| *symbol == x11rb::NO_SYMBOL)
                    && self.modifiers_of(*keycode) == 0
            })
            .map(|(keycode, _)| keycode)
            .collect()
    }

    /// The real modifiers that a key holds.
    pub fn modifiers_of(&self, keycode: Keycode) -> u8 {
        let entry = self.modifiers.iter().find(|(known, _)| *known == keycode);
        entry.map_or(0, |(_, mask)| *mask)
    }

    /// Keys that hold one of these modifiers.
    pub fn modifier_keys(&self, mask: u8) -> impl Iterator<Item = Keycode> + '_ {
        let matching = move |entry: &&(Keycode, u8)| entry.1 & mask != 0;
        self.modifiers.iter().filter(matching).map(|entry| entry.0)
    }

    fn movable_modifiers(&self) -> Vec<Modifier> {
        [SHIFT_LEFT, LEVEL_3_SHIFT, LEVEL_5_SHIFT]
            .into_iter()
            .filter_map(|keysym| {
                self.numbered_keys()
                    .filter(|(_, key)| key.syms.first() == Some(&keysym))
                    .map(|(keycode, _)| Modifier {
                        mask: self.modifiers_of(keycode),
                        keycode,
                    })
                    .find(|modifier| modifier.mask.is_power_of_two())
            })
            .collect()
    }

    fn gives(&self, key: &KeySymMap, state: State, keysym: Keysym) -> bool {
        let Some((symbol, uses_lock)) = self.symbol(key, state) else {
            return false;
        };
        let lock_changes_it = state.mods & LOCK != 0 && !uses_lock && has_case(symbol);
        same(symbol, keysym) && !lock_changes_it
    }

    /// What a key gives, and whether its type takes Caps Lock into account.
    fn symbol(&self, key: &KeySymMap, state: State) -> Option<(Keysym, bool)> {
        let groups = key.group_info & GROUP_COUNT_MASK;
        let group = effective_group(state.group, groups, key.group_info)?;
        let kind = self.types.get(usize::from(*key.kt_index.get(group)?))?;
        let mods = state.mods & u16::from(kind.mods_mask) as u8;
        let level = kind
            .map
            .iter()
            .find(|entry| entry.active && u16::from(entry.mods_mask) as u8 == mods)
            .map_or(0, |entry| usize::from(entry.level));
        let index = group * usize::from(key.width) + level;
        let uses_lock = u16::from(kind.mods_mask) & u16::from(ModMask::LOCK) != 0;
        key.syms.get(index).map(|symbol| (*symbol, uses_lock))
    }

    fn key(&self, keycode: Keycode) -> Option<&KeySymMap> {
        self.keys.get(usize::from(keycode.checked_sub(self.first)?))
    }

    fn numbered_keys(&self) -> impl Iterator<Item = (Keycode, &KeySymMap)> {
        (self.first..=Keycode::MAX).zip(&self.keys)
    }
}

/// The symbol that stands for a character.
pub fn keysym_of(character: char) -> Keysym {
    match character {
        '\n' | '\r' => 0xff0d,
        '\t' => 0xff09,
        '\u{8}' => 0xff08,
        '\u{7f}' => 0xffff,
        '\u{1b}' => 0xff1b,
        ' '..='~' | '\u{a0}'..='\u{ff}' => character as u32,
        _ => 0x0100_0000 + character as u32,
    }
}

/// Whether Caps Lock changes what applications make of the symbol.
pub fn has_case(keysym: Keysym) -> bool {
    character_of(keysym).is_some_and(|character| {
        character.to_uppercase().ne([character]) || character.to_lowercase().ne([character])
    })
}

fn same(left: Keysym, right: Keysym) -> bool {
    left == right || (character_of(left).is_some() && character_of(left) == character_of(right))
}

/// The character of a symbol that is text: not of the keypad, not a function key.
fn character_of(keysym: Keysym) -> Option<char> {
    match keysym {
        0xfd00..=0xffff => None,
        _ => Symbol::from(keysym).key_char(),
    }
}

fn effective_group(group: u8, groups: u8, info: u8) -> Option<usize> {
    let last = groups.checked_sub(1)?;
    let group = match info & GROUP_RANGE_MASK {
        _ if group <= last => group,
        GROUP_CLAMP => last,
        GROUP_REDIRECT => Some((info >> 4) & 0x03)
            .filter(|to| *to <= last)
            .unwrap_or(0),
        _ => group % groups,
    };
    Some(usize::from(group))
}

fn combinations(modifiers: &[Modifier]) -> impl Iterator<Item = Vec<Modifier>> + '_ {
    (0..1u32 << modifiers.len()).map(|bits| {
        let chosen =
            |(index, modifier): (usize, &Modifier)| (bits & (1 << index) != 0).then_some(*modifier);
        modifiers.iter().enumerate().filter_map(chosen).collect()
    })
}
