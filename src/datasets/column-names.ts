/** What the name of a column says of its use. */
import type { SourceColumn } from './reading/batch.js'

const identifying = [
  /^(id|uuid|guid|key|index|idx|row|nr|no|number|#)\.?$/i,
  /[_\s.-](id|uuid|guid|key|index|idx|nr|no)\.?$/i,
  /[a-z](Id|ID|Uuid|UUID|Key|Index|Nr|No)$/,
]
const timely = /(^|[_\s.-])(t|time|date|year|quarter|month|week|day|hour|minute|second|period|age)s?$/i
/** Of pandas, which writes an index into a column of its own. */
const indexNames = [/^__index_level_\d+__$/, /^unnamed: ?\d+$/i]

/** customer_id, PassengerId, Nr. */
export const isIdName = (name: string) => identifying.some((pattern) => pattern.test(name))

/** A column that counts years or months counts no rows. */
export const isTimeName = (name: string) => timely.test(name)

/** The header has no name for it, or one that says so. */
export const isUnnamed = ({ name, suggestedRole }: SourceColumn) =>
  suggestedRole === 'feature' || indexNames.some((pattern) => pattern.test(name))
