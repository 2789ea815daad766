/** Which texts are booleans, in any case. */
const yes: ReadonlySet<string> = new Set(['true', 'yes', 'y', 't', '1'])
const no: ReadonlySet<string> = new Set(['false', 'no', 'n', 'f', '0'])

/** The boolean a text stands for; undefined when it is none. */
export function parseBoolean(text: string): boolean | undefined {
  const lower = text.trim().toLowerCase()
  return yes.has(lower) ? true : no.has(lower) ? false : undefined
}
