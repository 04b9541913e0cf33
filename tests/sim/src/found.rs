//! What a run can find.

/// Something that must not be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Which invariant is broken.
    pub rule: Rule,
    /// What happened, for a reader.
    pub text: String,
    /// When, in milliseconds since the run began.
    pub at: u64,
}

/// The invariants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// A device opened, or stayed open, where the model forbids it.
    Opened,
    /// A device refused where the model says that it has to open.
    Refused,
    /// A session reaches more or less than its policy and its warrant say.
    Reached,
    /// A refusal has another name than any that the model finds.
    Misnamed,
    /// A session outlived a revocation by more than `max_age`, 30 s of clocks and 5 s.
    Outlived,
    /// A replica reads its ledger in another way than the model.
    Misread,
    /// Somebody took a ledger, a note or a revocation that he has to refuse, or refused one that he has to take.
    Taken,
    /// A witness vouched for what it must not.
    Vouched,
    /// A witness counted what it must not, or in another way than the model.
    Counted,
    /// A person opened more devices within an hour than the witnesses may have counted.
    Overrun,
    /// A device's clock stands where its witnesses did not bring it.
    Clock,
    /// An omission that an honest party could see was not seen, or one was seen that is none.
    Unnoticed,
    /// An honest technician with a valid warrant did not get in although everybody was honest.
    Locked,
    /// Something panicked.
    Panicked,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.at as f64 / 1000.0;
        write!(f, "{:?} after {seconds:.1} s: {}", self.rule, self.text)
    }
}
