/** Texts that mean a boolean, in upper or lower case. */
const yes: ReadonlySet<string> = new Set(['true', 'yes', 'y', 't', '1'])
const no: ReadonlySet<string> = new Set(['false', 'no', 'n', 'f', '0'])

/** Parses a boolean. Returns undefined for other texts. */
export function parseBoolean(text: string): boolean | undefined {
  const lower = text.trim().toLowerCase()
  return yes.has(lower) ? true : no.has(lower) ? false : undefined
}
