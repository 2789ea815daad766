/** Suggests a known name for a misspelled one. */

/** Words at a larger edit distance are not similar. */
const maximumDistance = 2

/** `; did you mean "epochs"?`, or an empty text when no name is similar. */
export function didYouMean(word: string, names: readonly string[]): string {
  const name = nearestName(word, names)
  return name === undefined ? '' : `; did you mean "${name}"?`
}

/**
 * The most similar name, ignoring case, hyphens and underscores. Its edit distance is at most two and less
 * than half of the word. If there is none, the name with these initials (lr for learningRate).
 */
export function nearestName(word: string, names: readonly string[]): string | undefined {
  const normalized = normalize(word)
  const { length } = normalized
  if (length === 0 || length > 100) return undefined
  const abbreviated = names.find((name) => length > 1 && initials(name) === normalized)
  const ranked = names
    .map((name) => ({ name, distance: editDistance(normalized, normalize(name)) }))
    .filter(({ distance }) => distance <= maximumDistance && 2 * distance < length)
    .toSorted((a, b) => a.distance - b.distance)
  return ranked[0]?.name ?? abbreviated
}

const normalize = (text: string) => text.toLowerCase().replace(/[_\-\s]/g, '')

const initials = (name: string) => (name.charAt(0) + name.replace(/[^A-Z]/g, '')).toLowerCase()

/**
 * The number of insertions, deletions, substitutions and swaps of adjacent letters that turn `a` into `b`
 * (optimal string alignment, the restricted Damerau–Levenshtein distance). Infinity when the lengths differ
 * too much.
 */
export function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > maximumDistance) return Number.POSITIVE_INFINITY
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const substituted = last[column - 1] + (a[row - 1] === b[column - 1] ? 0 : 1)
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      const swapped = isSwap ? beforeLast[column - 2] + 1 : Number.POSITIVE_INFINITY
      current.push(Math.min(last[column] + 1, current[column - 1] + 1, substituted, swapped))
    }
    beforeLast = last
    last = current
  }
  return last[b.length]
}
