/** Finds the name that somebody meant who wrote another. */

/** More mistakes than this make it another word. */
const maximumDistance = 2

/** `; did you mean "epochs"?`, or nothing where no name is near. */
export function didYouMean(word: string, names: readonly string[]): string {
  const name = nearestName(word, names)
  return name === undefined ? '' : `; did you mean "${name}"?`
}

/**
 * The name that differs least: in case, hyphens and underscores only, as its initials (lr for learningRate), or in at
 * most two letters and less than half of the word.
 */
export function nearestName(word: string, names: readonly string[]): string | undefined {
  const plain = plainText(word)
  if (plain.length === 0 || plain.length > 100) return undefined
  const abbreviated = names.find((name) => plain.length > 1 && initials(name) === plain)
  const ranked = names
    .map((name) => ({ name, distance: editDistance(plain, plainText(name)) }))
    .filter(({ distance }) => distance <= maximumDistance && 2 * distance < plain.length)
    .toSorted((a, b) => a.distance - b.distance)
  return ranked[0]?.name ?? abbreviated
}

const plainText = (text: string) => text.toLowerCase().replace(/[_\-\s]/g, '')

const initials = (name: string) => (name.charAt(0) + name.replace(/[^A-Z]/g, '')).toLowerCase()

/**
 * Insertions, deletions, substitutions and swaps of neighbouring letters that make `b` of `a` (optimal string
 * alignment, the restricted Damerau–Levenshtein distance).
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
