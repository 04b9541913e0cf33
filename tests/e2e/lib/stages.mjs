// Stages of a script, each with a line of its own and its time; the first that fails ends the script.
export async function stage(name, act) {
  const started = performance.now()
  const line = (verdict) => `  ${name.padEnd(46)} ${verdict.padEnd(6)} ${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s`
  try {
    const result = await act()
    console.log(line('ok'))
    return result
  } catch (error) {
    console.log(line('FAILED'))
    throw new Error(`${name}: ${error.message}`, { cause: error })
  }
}

// Asks again until the answer is good. The last reason is what is told when it never is.
export async function until(what, act, patienceMs = 15_000) {
  const end = performance.now() + patienceMs
  let reason = 'nothing yet'
  for (;;) {
    try {
      const answer = await act()
      if (answer) return answer
    } catch (error) {
      reason = error.message
    }
    if (performance.now() > end) throw new Error(`${what} did not come within ${patienceMs / 1000} s: ${reason}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}
