/** Texts that stand for a value that is not there. */
const texts = ['', '?', 'NA', 'N/A', 'n/a', 'NaN', 'nan', 'null', 'NULL', 'None'] as const

export const missingTexts: ReadonlySet<string> = new Set(texts)
