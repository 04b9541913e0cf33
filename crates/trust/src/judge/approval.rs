//! Which approvals a warrant still lacks, and what one more would do: for those who collect and give them. Nothing here
//! opens anything; the workstation asks [`super::judge`] over the signatures themselves.

use super::{Asked, Facts, Refusal, cover, decide, examine, needs_independence};
use crate::envelope::Signer;
use crate::statement::Policy;

/// The approvals of one policy that covers a warrant in everything else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Approvals {
    /// The policy.
    pub policy: String,
    /// The group whose members approve; `admins` means the roster's admins.
    pub approvers: String,
    /// Distinct persons of the group who signed.
    pub have: u8,
    /// How many it takes.
    pub need: u8,
    /// Whether one of them must not sign on a vendor's origin.
    pub independent: bool,
}

/// What one more approval would do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Foreseen {
    /// Of the policy it counts for, with this approval.
    pub approvals: Approvals,
    /// Whether the warrant would then lack nothing.
    pub opens: bool,
}

/// The approvals that a signed warrant lacks, of the policy that lacks fewest; none if it lacks nothing, or something
/// that no approval mends: then [`super::judge`] names it.
pub fn lacking(facts: &Facts<'_>, envelope: &[u8]) -> Result<Option<Approvals>, Refusal> {
    let asked = examine(facts, envelope)?;
    if decide(facts, &asked, &asked.signers).is_ok() {
        return Ok(None);
    }
    let wanted =
        candidates(facts, &asked).map(|policy| wanted(facts, &asked, policy, &asked.signers));
    Ok(wanted.min_by_key(|a| a.need.saturating_sub(a.have)))
}

/// What a signature of `approver` would add to a warrant that holds otherwise; none if it would not count.
pub fn foresee(
    facts: &Facts<'_>,
    envelope: &[u8],
    approver: &Signer,
) -> Result<Option<Foreseen>, Refusal> {
    let asked = examine(facts, envelope)?;
    let is_listed = |o: &str| facts.state.roster().origin_owner(o).is_some();
    if !approver.origin.as_deref().is_none_or(is_listed) {
        return Err(Refusal::OriginNotListed);
    }
    let with: Vec<Signer> = asked.signers.iter().chain([approver]).cloned().collect();
    let opens = decide(facts, &asked, &with).is_ok();
    let adds = candidates(facts, &asked).filter_map(|policy| {
        let before = cover::approvals(facts, policy, &asked, &asked.signers).len();
        let approvals = wanted(facts, &asked, policy, &with);
        (usize::from(approvals.have) > before).then_some(approvals)
    });
    let best = adds.min_by_key(|a| a.need.saturating_sub(a.have));
    Ok(best.map(|approvals| Foreseen { approvals, opens }))
}

/// Policies that lack approvals at most.
fn candidates<'a>(facts: &'a Facts<'_>, asked: &'a Asked<'_>) -> impl Iterator<Item = &'a Policy> {
    cover::joining(facts, asked)
        .filter(|policy| policy.approvers.is_some())
        .filter(|policy| cover::check(facts, asked, policy, usize::MAX).is_ok())
}

fn wanted(facts: &Facts<'_>, asked: &Asked<'_>, policy: &Policy, signers: &[Signer]) -> Approvals {
    let have = cover::approvals(facts, policy, asked, signers).len();
    let independent = needs_independence(facts, &asked.warrant, signers);
    Approvals {
        policy: policy.name.clone(),
        approvers: policy.approvers.clone().unwrap_or_default(),
        have: have.min(255) as u8,
        need: policy.approvals.max(u8::from(independent)),
        independent,
    }
}
