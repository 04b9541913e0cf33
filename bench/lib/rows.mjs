// Rows as `cargo xtask bench` reads them (xtask/src/bench/table.rs).

export function row(what, unit, numbers) {
  if (numbers.length === 0) throw new Error(`${what} was not measured once`)
  const sorted = [...numbers].sort((a, b) => a - b)
  const at = (share) => sorted[Math.floor((sorted.length - 1) * share)]
  return { what, unit, n: sorted.length, p50: at(0.5), p95: at(0.95), min: at(0), max: at(1) }
}

export const one = (what, unit, number) => ({ what, unit, n: 1, p50: number })

// The same numbers in every run, between 0 and 1.
export function seeded(seed) {
  let state = seed
  return () => {
    state = (state * 1103515245 + 12345) & 0x7fffffff
    return state / 0x7fffffff
  }
}
