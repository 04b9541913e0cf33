//! Denials: the first of a kind is a receipt at once, its repeats are one receipt with a count.

use std::collections::BTreeMap;

use trust::bounds::Bounds;
use trust::bytes::{Hash, KeyId, Salt};
use trust::receipt::{Body, Event, Outcome};
use trust::text::show_foreign;
use trust::warrant::Warrant;

use crate::limits::{DENIAL_KINDS_MAX, DENIAL_WINDOW_MS};
use crate::trust_store::Draft;

/// Longest text of a refused warrant that a receipt repeats, in characters.
const TEXT_CHARS_MAX: usize = 80;

/// Denials that are counted at present.
#[derive(Default)]
pub struct Denials {
    kinds: BTreeMap<Kind, Counted>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    /// A technician that the ledger knows; anybody else is one kind, for names cost nothing.
    by: Option<KeyId>,
    code: String,
}

struct Counted {
    until: u64,
    repeats: u64,
    last: Draft,
}

impl Denials {
    /// Notes a denial; gives the receipt to write if it is the first of its kind.
    pub fn note(&mut self, known_by: Option<KeyId>, draft: Draft, now: u64) -> Option<Draft> {
        let code = draft
            .body
            .outcome
            .as_ref()
            .map(|o| o.code.clone())
            .unwrap_or_default();
        let mut kind = Kind { by: known_by, code };
        if !self.kinds.contains_key(&kind) && self.kinds.len() >= DENIAL_KINDS_MAX {
            kind = Kind {
                by: None,
                code: "others".to_owned(),
            };
        }
        if let Some(counted) = self.kinds.get_mut(&kind) {
            counted.repeats += 1;
            counted.last = draft;
            return None;
        }
        let until = now.saturating_add(DENIAL_WINDOW_MS);
        let last = draft.clone();
        self.kinds.insert(
            kind,
            Counted {
                until,
                repeats: 0,
                last,
            },
        );
        Some(draft)
    }

    /// Receipts of repeats whose time is over; all of them with `now` at its end.
    pub fn due(&mut self, now: u64) -> Vec<Draft> {
        let over: Vec<Kind> = self
            .kinds
            .iter()
            .filter(|(_, c)| c.until <= now)
            .map(|(kind, _)| kind.clone())
            .collect();
        let counted = over.into_iter().filter_map(|kind| self.kinds.remove(&kind));
        let repeated = counted.filter(|counted| counted.repeats > 0);
        repeated
            .map(|counted| Draft {
                count: Some(counted.repeats),
                ..counted.last
            })
            .collect()
    }

    /// When [`Denials::due`] has something next, in milliseconds.
    pub fn next_due(&self) -> Option<u64> {
        self.kinds.values().map(|counted| counted.until).min()
    }
}

/// The receipt of a denial. What the warrant says is not verified: its texts are cut and escaped.
pub fn draft(
    warrant: &Warrant,
    digest: Hash,
    channel: Hash,
    session: Salt,
    code: &str,
    text: &str,
) -> Draft {
    let foreign = |text: &str| show_foreign(text, TEXT_CHARS_MAX);
    let is_sound = |bounds: &&Bounds| bounds.check_shape(&warrant.scopes).is_ok();
    let bounds = Some(&warrant.bounds).filter(is_sound);
    let body = Body {
        by: warrant.by,
        name: foreign(&warrant.name.name),
        scopes: warrant
            .scopes
            .iter()
            .take(trust::limits::SCOPES_MAX)
            .copied()
            .collect(),
        bounds: bounds.cloned().unwrap_or_default(),
        why: foreign(&warrant.why),
        ticket: warrant.ticket.as_deref().map(foreign),
        attended: warrant.attended,
        policy: None,
        approvers: Vec::new(),
        outcome: Some(Outcome {
            code: code.to_owned(),
            text: show_foreign(text, 300),
        }),
    };
    Draft {
        session,
        ev: Event::Deny,
        warrant: Some(digest),
        channel: Some(channel),
        count: None,
        body,
    }
}

#[cfg(test)]
mod tests {
    use trust::bytes::{OrgId, WarrantId, X25519Public};
    use trust::statement::Seen;
    use trust::warrant::OpenedName;

    use super::*;

    fn denial(code: &str) -> Draft {
        let warrant = Warrant {
            org: OrgId([1; 32]),
            id: WarrantId([1; 16]),
            device: KeyId([1; 32]),
            by: KeyId([2; 32]),
            noise: X25519Public([1; 32]),
            scopes: vec![trust::Scope::View],
            bounds: Bounds::default(),
            from: 0,
            until: 1,
            attended: true,
            why: "x".repeat(1000),
            ticket: None,
            name: OpenedName {
                name: "a\u{202E}b".to_owned(),
                salt: Salt([0; 16]),
            },
            seen: Seen {
                size: 1,
                root: Hash([0; 32]),
            },
        };
        draft(
            &warrant,
            Hash([0; 32]),
            Hash([0; 32]),
            Salt([0; 16]),
            code,
            "No.",
        )
    }

    #[test]
    fn equal_denials_are_one_receipt_and_then_one_with_a_count() {
        let mut denials = Denials::default();
        let by = Some(KeyId([2; 32]));
        assert!(
            denials
                .note(by, denial("spent"), 0)
                .is_some_and(|first| first.count.is_none())
        );
        for now in 1..=5 {
            assert!(denials.note(by, denial("spent"), now).is_none());
        }
        assert!(denials.note(by, denial("revoked"), 6).is_some());
        assert!(denials.due(DENIAL_WINDOW_MS - 1).is_empty());
        let due = denials.due(u64::MAX);
        assert_eq!(
            due.iter().map(|draft| draft.count).collect::<Vec<_>>(),
            [Some(5)]
        );
        assert!(denials.note(by, denial("spent"), 7).is_some());
    }

    #[test]
    fn made_up_technicians_and_codes_make_a_bounded_number_of_receipts() {
        let mut denials = Denials::default();
        let receipts =
            (0..1000).filter(|n| denials.note(None, denial(&format!("c{n}")), 0).is_some());
        assert_eq!(receipts.count(), DENIAL_KINDS_MAX + 1);
    }

    #[test]
    fn texts_of_a_refused_warrant_are_cut_and_escaped() {
        let body = denial("spent").body;
        assert_eq!(body.name, "a\\u{202e}b");
        assert!(body.why.chars().count() <= TEXT_CHARS_MAX + 1);
    }
}
