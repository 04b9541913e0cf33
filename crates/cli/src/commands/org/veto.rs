//! `wayleave org veto`: k admins stop a recovery. A taking act: it goes to service and witnesses side by side.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::revoke::{self, What};
use crate::args::Common;

/// Which recovery, and why.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Which, by its id; may be left out where only one waits
    #[arg(allow_hyphen_values = true)]
    recovery: Option<String>,
    /// Why, one line; everybody in the organisation reads it
    #[arg(long, default_value = "nobody here began this recovery")]
    reason: String,
    /// Write it to this file for other admins to sign, where more than one is needed
    #[arg(long, value_name = "FILE")]
    propose: Option<PathBuf>,
}

pub(super) async fn run(arguments: Arguments, common: &Common) -> Result<()> {
    let Arguments {
        recovery,
        reason,
        propose,
    } = arguments;
    let wish = revoke::Arguments::new(What::Recovery, recovery, reason, propose);
    revoke::run(wish, common).await
}
