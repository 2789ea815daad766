/** JSON merge patch (RFC 7396, section 2). */
type Fields = Record<string, unknown>

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export function mergePatch(target: object, patch: Fields): Fields {
  const merged: Fields = { ...target }
  for (const [name, value] of Object.entries(patch)) {
    const before = merged[name]
    if (value === null) delete merged[name]
    else merged[name] = isObject(value) ? mergePatch(isObject(before) ? before : {}, value) : value
  }
  return merged
}
