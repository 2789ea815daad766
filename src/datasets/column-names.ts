/** Guesses the use of a column from its name. */
import type { SourceColumn } from './reading/batch.js'

const identifying = [
  /^(id|uuid|guid|key|index|idx|row|nr|no|number|#)\.?$/i,
  /[_\s.-](id|uuid|guid|key|index|idx|nr|no)\.?$/i,
  /[a-z](Id|ID|Uuid|UUID|Key|Index|Nr|No)$/,
]
const timely = /(^|[_\s.-])(t|time|date|year|quarter|month|week|day|hour|minute|second|period|age)s?$/i
/** Names that pandas gives to an index column. */
const indexNames = [/^__index_level_\d+__$/, /^unnamed: ?\d+$/i]

/** customer_id, PassengerId, Nr. */
export const isIdName = (name: string) => identifying.some((pattern) => pattern.test(name))

/** Names of time columns. A column of years or months is not a row number. */
export const isTimeName = (name: string) => timely.test(name)

/** Whether the header has no name for the column, or the name of an index. */
export const isUnnamed = ({ name, suggestedRole }: SourceColumn) =>
  suggestedRole === 'feature' || indexNames.some((pattern) => pattern.test(name))
