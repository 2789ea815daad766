/** Compares an answer with that of an earlier release. */

/** Tolerance between backends, which are both correct. */
const tolerance = 1e-4

/**
 * Where `now` lacks what `before` had, as "/path: before → now". Additional fields are no difference, nor
 * are additional items in lists of objects with ids; other lists must have the same length.
 */
export function differences(before: unknown, now: unknown, path = ''): string[] {
  if (isListOfItems(before) && isListOfItems(now)) {
    const ids = new Set(before.map(({ id }) => id))
    const still = now.filter(({ id }) => ids.has(id))
    if (still.length === before.length) {
      return before.flatMap((item, index) => differences(item, still[index], `${path}/${index}`))
    }
  }
  if (Array.isArray(before) && Array.isArray(now) && before.length === now.length) {
    return before.flatMap((item, index) => differences(item, now[index], `${path}/${index}`))
  }
  if (isRecord(before) && isRecord(now)) {
    return Object.entries(before).flatMap(([name, value]) => differences(value, now[name], `${path}/${name}`))
  }
  if (typeof before === 'number' && typeof now === 'number') {
    if (Math.abs(before - now) <= tolerance * Math.max(1, Math.abs(before))) return []
  }
  return Object.is(before, now) ? [] : [`${path}: ${JSON.stringify(before)} → ${JSON.stringify(now)}`]
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isListOfItems(value: unknown): value is Record<string, unknown>[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => isRecord(item) && 'id' in item)
}
