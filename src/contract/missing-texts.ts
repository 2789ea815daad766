/** Texts that stand for a value that is not there, in small letters; an empty cell is always missing. */
export const usualMissingTexts: ReadonlySet<string> = new Set([
  '?',
  'na',
  'n/a',
  '#n/a',
  'nan',
  'null',
  'none',
])
