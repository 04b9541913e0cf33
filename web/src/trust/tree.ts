// The Merkle tree over a ledger's leaves (RFC 6962, section 2.1), grown leaf by leaf.

import { type Bytes, type Hash, sha256, sha256Bytes, toB64u } from './bytes'

const LEAF = new Uint8Array([0])
const NODE = new Uint8Array([1])

const parent = (left: Bytes, right: Bytes): Bytes => sha256Bytes(NODE, left, right)

/** A tree that remembers the root at every size, so that any earlier head can be checked. */
export class Tree {
  // Roots of the complete subtrees that the current size decomposes into, largest first.
  #peaks: Bytes[] = []
  #roots: Hash[] = [sha256()]

  get size(): number {
    return this.#roots.length - 1
  }

  get root(): Hash {
    return this.#roots[this.size]!
  }

  /** The root when the tree had `size` leaves. */
  rootAt(size: number): Hash | undefined {
    return this.#roots[size]
  }

  /** Adds a leaf. */
  push(leaf: Uint8Array): void {
    let node = sha256Bytes(LEAF, leaf)
    // One merge for every trailing one bit of the old size: complete subtrees of equal height join.
    for (let rest = this.size; rest % 2 === 1; rest = Math.floor(rest / 2)) node = parent(this.#peaks.pop()!, node)
    this.#peaks.push(node)
    const root = this.#peaks.reduceRight((right, left) => parent(left, right))
    this.#roots.push(toB64u(root) as Hash)
  }

  /** A copy that grows on its own. */
  clone(): Tree {
    const copy = new Tree()
    copy.#peaks = [...this.#peaks]
    copy.#roots = [...this.#roots]
    return copy
  }
}
