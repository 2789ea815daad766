/** Writes JSON values as Python literals. */

type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue | undefined }

/** Fields that are undefined are left out. */
export function pythonLiteral(value: JsonValue): string {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  // The escapes of JSON are those of Python.
  if (typeof value !== 'object') return JSON.stringify(value)
  if (isList(value)) return `[${value.map(pythonLiteral).join(', ')}]`
  const fields = Object.entries(value).flatMap(([name, field]) =>
    field === undefined ? [] : [`${JSON.stringify(name)}: ${pythonLiteral(field)}`],
  )
  return `{${fields.join(', ')}}`
}

/** Array.isArray does not narrow a readonly array in a union. */
function isList(value: object): value is readonly JsonValue[] {
  return Array.isArray(value)
}
