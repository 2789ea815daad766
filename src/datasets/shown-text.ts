const longestShown = 40

/** Formats a text for a message: quoted and truncated. */
export function shown(text: string): string {
  return JSON.stringify(text.length > longestShown ? `${text.slice(0, longestShown)}…` : text)
}

/** Formats names for a message: at most the first `most`. */
export function shownNames(names: readonly string[], most = 20): string {
  return names.slice(0, most).join(', ') + (names.length > most ? `, … (${names.length} in all)` : '')
}
