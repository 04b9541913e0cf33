//! The Merkle tree of a ledger, as RFC 6962 writes it down.

use std::rc::Rc;

use trust::bytes::{Hash, sha256};

use crate::paper::Paper;

/// The root over some papers.
pub fn root_of(papers: &[Rc<Paper>]) -> Hash {
    let hashes: Vec<Hash> = papers.iter().map(|paper| leaf_hash(paper)).collect();
    root(&hashes)
}

/// The hash of a leaf.
pub fn leaf_hash(paper: &Paper) -> Hash {
    sha256(&[&[0], &paper.bytes])
}

/// The root of RFC 6962, section 2.1, as it is written there, over the hashes of the leaves.
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha256(&[]),
        [leaf] => *leaf,
        _ => {
            let mut left = 1;
            while left * 2 < leaves.len() {
                left *= 2;
            }
            let (a, b) = leaves.split_at(left);
            sha256(&[&[1], &root(a).0, &root(b).0])
        }
    }
}
