/**
 * The seeds of random tests: the same at every run, others with RANDOM_SEEDS=fresh, and with RANDOM_SEEDS=<seed> those of
 * a run that failed.
 */
const highest = 2 ** 31 - 1
const given = process.env.RANDOM_SEEDS

const first = given === 'fresh' ? 1 + Math.floor((highest - 1) * Math.random()) : Number(given ?? 1)

/** @returns positive 31-bit seeds, each for a run of a test, whose failure should name it. */
export function testSeeds(count: number): number[] {
  if (!Number.isInteger(first) || first < 1) {
    throw new RangeError(`RANDOM_SEEDS is ${given}; it must be "fresh" or a positive integer`)
  }
  return Array.from({ length: count }, (_, index) => 1 + ((first - 1 + index) % highest))
}
