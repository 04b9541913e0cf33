//! The Merkle tree over a ledger's leaves (RFC 6962, section 2.1), grown leaf by leaf.

use crate::bytes::{Hash, sha256};

/// A tree that remembers the root at every size, so that any earlier head can be checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tree {
    // Roots of the complete subtrees that the current size decomposes into, largest first.
    peaks: Vec<Hash>,
    roots: Vec<Hash>,
}

impl Default for Tree {
    fn default() -> Self {
        Self {
            peaks: Vec::new(),
            roots: vec![sha256(&[])],
        }
    }
}

impl Tree {
    /// How many leaves.
    pub fn size(&self) -> u64 {
        self.roots.len() as u64 - 1
    }

    /// The root over all leaves.
    pub fn root(&self) -> Hash {
        self.roots[self.roots.len() - 1]
    }

    /// The root when the tree had `size` leaves.
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        self.roots.get(usize::try_from(size).ok()?).copied()
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: &[u8]) {
        let mut node = sha256(&[&[0], leaf]);
        // One merge for every trailing one bit of the old size: complete subtrees of equal height join.
        for _ in 0..self.size().trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = parent(&left, &node);
            }
        }
        self.peaks.push(node);
        let root = self
            .peaks
            .iter()
            .rev()
            .copied()
            .reduce(|right, left| parent(&left, &right));
        self.roots.extend(root);
    }
}

fn parent(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], &left.0, &right.0])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(hash: Hash) -> String {
        hash.0.iter().map(|b| format!("{b:02x}")).collect()
    }

    // The tree of the Certificate Transparency reference implementation's tests.
    #[test]
    fn roots_equal_the_reference_trees() {
        let leaves: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let mut tree = Tree::default();
        assert_eq!(
            hex(tree.root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        for leaf in leaves {
            tree.push(leaf);
        }
        assert_eq!(tree.size(), 8);
        let expected = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        for (at, root) in expected.iter().enumerate() {
            assert_eq!(
                hex(tree.root_at(at as u64 + 1).unwrap()),
                *root,
                "size {}",
                at + 1
            );
        }
    }
}
