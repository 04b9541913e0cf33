//! CPace over ristretto255 with SHA-512, as `draft-irtf-cfrg-cpace` says. Names are the draft's.

use aws_lc_rs::digest;
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity as _;
use zeroize::Zeroizing;

/// `G.DSI` of the group.
pub(super) const DSI: &[u8] = b"CPaceRistretto255";
/// `G.DSI_ISK` of the group.
pub(super) const DSI_ISK: &[u8] = b"CPaceRistretto255_ISK";
/// `H.s_in_bytes`: the block of SHA-512.
const S_IN_BYTES: usize = 128;
/// Bytes of an encoded point.
pub(super) const POINT_BYTES: usize = 32;

/// The intermediate session key.
pub(super) type Isk = Zeroizing<[u8; 64]>;

/// A secret scalar, from 64 random bytes (RFC 9496, section 4.4).
pub(super) fn sample_scalar(random: &[u8; 64]) -> Zeroizing<Scalar> {
    Zeroizing::new(Scalar::from_bytes_mod_order_wide(random))
}

/// `prepend_len`: the length in LEB128, then the bytes.
fn prepend_len(out: &mut Vec<u8>, part: &[u8]) {
    let mut length = part.len();
    while length >= 0x80 {
        out.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(part);
}

/// `lv_cat`.
pub(super) fn lv_cat(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    parts.iter().for_each(|part| prepend_len(&mut out, part));
    out
}

/// `generator_string(G.DSI, PRS, CI, sid, H.s_in_bytes)`: the password fills the first block of the hash.
pub(super) fn generator_string(prs: &[u8], ci: &[u8], sid: &[u8]) -> Zeroizing<Vec<u8>> {
    let first = lv_cat(&[DSI, prs]);
    let padding = vec![0; (S_IN_BYTES - 1).saturating_sub(first.len())];
    let first = Zeroizing::new(first);
    Zeroizing::new([&**first, &*lv_cat(&[&padding, ci, sid])].concat())
}

/// `calculate_generator`.
pub(super) fn calculate_generator(prs: &[u8], ci: &[u8], sid: &[u8]) -> RistrettoPoint {
    let uniform = hash(&[&generator_string(prs, ci, sid)]);
    RistrettoPoint::from_uniform_bytes(&uniform)
}

/// `scalar_mult`, encoded.
pub(super) fn scalar_mult(scalar: &Scalar, point: &RistrettoPoint) -> [u8; POINT_BYTES] {
    (scalar * point).compress().0
}

/// `scalar_mult_vfy`; none where the draft gives the neutral element: what is no point, and what ends there.
pub(super) fn scalar_mult_vfy(
    scalar: &Scalar,
    point: &[u8; POINT_BYTES],
) -> Option<Zeroizing<[u8; POINT_BYTES]>> {
    let product = scalar * CompressedRistretto(*point).decompress()?;
    (!product.is_identity()).then(|| Zeroizing::new(product.compress().0))
}

/// The intermediate session key in the setting of initiator and responder: `transcript_ir`.
pub(super) fn isk(sid: &[u8], k: &[u8], a: (&[u8], &[u8]), b: (&[u8], &[u8])) -> Isk {
    let secret = Zeroizing::new(lv_cat(&[DSI_ISK, sid, k]));
    hash(&[&secret, &lv_cat(&[a.0, a.1]), &lv_cat(&[b.0, b.1])])
}

fn hash(parts: &[&[u8]]) -> Zeroizing<[u8; 64]> {
    let mut context = digest::Context::new(&digest::SHA512);
    parts.iter().for_each(|part| context.update(part));
    let mut out = Zeroizing::new([0; 64]);
    out.copy_from_slice(context.finish().as_ref());
    out
}
