/**
 * Seeded random numbers for generated datasets: sfc32 (Chris Doty-Humphrey, PractRand) in integer arithmetic.
 */

/** Rounds to mix a small seed into all words of the state. */
const warmUpRounds = 12

export interface Random {
  /** Uniform in [0, 1), a multiple of 2⁻³². */
  uniform(): number
  /** Normal with mean 0 and deviation 1 (Marsaglia's polar method). */
  normal(): number
}

/** The same seed (0 … 2⁵³ − 1) gives the same numbers on every machine. */
export function seededRandom(seed: number): Random {
  let a = 0
  let b = seed | 0
  let c = Math.floor(seed / 2 ** 32) | 0
  let counter = 1

  function word(): number {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    return sum >>> 0
  }
  for (let round = 0; round < warmUpRounds; round++) word()

  const uniform = () => word() / 2 ** 32
  return {
    uniform,
    normal() {
      for (;;) {
        const x = 2 * uniform() - 1
        const square = x * x + (2 * uniform() - 1) ** 2
        if (square > 0 && square < 1) return x * Math.sqrt((-2 * Math.log(square)) / square)
      }
    },
  }
}
