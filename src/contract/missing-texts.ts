/** Texts that mean a missing value, in lower case. An empty cell is always missing. */
export const usualMissingTexts: ReadonlySet<string> = new Set([
  '?',
  'na',
  'n/a',
  '#n/a',
  'nan',
  'null',
  'none',
])
