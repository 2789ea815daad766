const longestShown = 40

/** A text of a file within a message: quoted, and cut where it is long. */
export function shown(text: string): string {
  return JSON.stringify(text.length > longestShown ? `${text.slice(0, longestShown)}…` : text)
}

/** Names within a message: the first of them, when there are many. */
export function shownNames(names: readonly string[], most = 20): string {
  return names.slice(0, most).join(', ') + (names.length > most ? `, … (${names.length} in all)` : '')
}
