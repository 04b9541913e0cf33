//! Which approvals a warrant still lacks, and what one more would do: for those who collect and give them. Nothing here
//! opens anything; the workstation asks [`super::judge`] over the signatures themselves.

use super::{Asked, Facts, Refusal, check, check_origins};
use crate::bounds::Bounds;
use crate::envelope::Signer;
use crate::statement::Policy;

/// The approvals of one policy that covers a warrant in everything else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Approvals {
    /// The policy.
    pub policy: String,
    /// What the session could reach by it.
    pub bounds: Bounds,
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
    /// Whether the warrant would then lack nothing but witnesses' counts.
    pub opens: bool,
}

/// The approvals that a signed warrant lacks, of the policy that lacks fewest; none if it lacks nothing, or something
/// that no approval mends: then [`super::judge`] names it.
pub fn lacking(facts: &Facts<'_>, envelope: &[u8]) -> Result<Option<Approvals>, Refusal> {
    let checked = check(facts, envelope)?;
    let asked = checked.asked(facts, &checked.signers);
    // Counts are fetched last, when it lacks nothing else.
    if matches!(asked.find(), Ok(_) | Err(Refusal::Uncounted(_))) {
        return Ok(None);
    }
    Ok(nearest(
        candidates(&asked).map(|policy| wanted(&asked, policy)),
    ))
}

/// What a warrant that lacks nothing but witnesses' counts would be granted, by the first policy that asks for them; none
/// if that is not what it lacks.
pub fn granted_if_counted(facts: &Facts<'_>, envelope: &[u8]) -> Result<Option<Bounds>, Refusal> {
    let checked = check(facts, envelope)?;
    let asked = checked.asked(facts, &checked.signers);
    let lacks_counts_alone = |policy: &&Policy| {
        let approvals = asked.approvals(policy);
        asked.misses(policy, approvals.len()).next().is_none()
            && !asked.is_vendor_alone(&approvals)
            && asked.uncounted(policy).is_some()
    };
    let policy = asked.joining().find(lacks_counts_alone);
    Ok(policy.map(|policy| asked.granted(policy)))
}

/// What a signature of `approver` would add to a warrant that holds otherwise; none if it would not count.
pub fn foresee(
    facts: &Facts<'_>,
    envelope: &[u8],
    approver: &Signer,
) -> Result<Option<Foreseen>, Refusal> {
    let checked = check(facts, envelope)?;
    check_origins(facts.state, std::slice::from_ref(approver))?;
    let signers: Vec<Signer> = checked.signers.iter().chain([approver]).cloned().collect();
    let (without, with) = (
        checked.asked(facts, &checked.signers),
        checked.asked(facts, &signers),
    );
    let adds = candidates(&without)
        .filter(|policy| with.approvals(policy).len() > without.approvals(policy).len());
    let best = nearest(adds.map(|policy| wanted(&with, policy)));
    let opens = matches!(with.find(), Ok(_) | Err(Refusal::Uncounted(_)));
    Ok(best.map(|approvals| Foreseen { approvals, opens }))
}

/// Policies that lack approvals at most.
fn candidates<'a>(asked: &'a Asked<'_>) -> impl Iterator<Item = &'a Policy> {
    asked
        .joining()
        .filter(|policy| policy.approvers.is_some())
        .filter(|policy| asked.misses(policy, usize::MAX).next().is_none())
}

fn nearest(all: impl Iterator<Item = Approvals>) -> Option<Approvals> {
    all.min_by_key(|a| a.need.saturating_sub(a.have))
}

fn wanted(asked: &Asked<'_>, policy: &Policy) -> Approvals {
    let have = asked.approvals(policy).len();
    // Whether nobody's approval at all would leave the vendor alone.
    let independent = asked.is_vendor_alone(&[]);
    Approvals {
        policy: policy.name.clone(),
        bounds: asked.granted(policy),
        approvers: policy.approvers.clone().unwrap_or_default(),
        have: have.min(255) as u8,
        need: policy.approvals.max(u8::from(independent)),
        independent,
    }
}
