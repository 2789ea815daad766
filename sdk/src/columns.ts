/** Types of rows and predictions, inferred from the columns of a dataset. */
import type { Schemas } from './routes.js'

/** A column as GET /datasets/{id} describes it, or as a program declares it. */
export interface ColumnType {
  /** Name in the header of the file. */
  readonly name: string
  /** How its values are read. In a row, a date is a text such as `2024-04-03`. */
  readonly type: Schemas['ColumnType']
  /** Default: `feature`. */
  readonly role?: 'feature' | 'target' | 'none'
  /** Names of the categories. Without them, any text is taken. */
  readonly categories?: readonly string[]
  /** Replacement for missing values. Only such a column may be missing in a row. */
  readonly imputation?: unknown
}

type CellTypes = { number: number; boolean: boolean; date: string; ignored: null }

type Cell<Column extends ColumnType> = Column['type'] extends 'category'
  ? Column extends { categories: readonly (infer Name)[] }
    ? Name
    : string
  : CellTypes[Exclude<Column['type'], 'category'>] | ('category' extends Column['type'] ? string : never)

type Feature<Column> = Column extends { role: 'target' | 'none' } | { type: 'ignored' } ? never : Column

/** A row for a prediction. A missing value is null, in a column with an imputation. */
export type Row<Columns extends readonly ColumnType[]> = Shown<{
  [Column in Feature<Columns[number]> as Column['name']]:
    | Cell<Column>
    | ('imputation' extends keyof Column ? null : never)
}>

/** The same type, which editors show with its fields instead of its name. */
type Shown<Fields> = { [Name in keyof Fields]: Fields[Name] } & {}

type Target<Columns extends readonly ColumnType[]> = Extract<Columns[number], { role: 'target' }>

/** The names of the classes of the target, and any text if the columns do not say. */
export type Label<Columns extends readonly ColumnType[]> = [Target<Columns>] extends [never]
  ? string
  : Target<Columns> extends { type: 'category'; categories: readonly (infer Name extends string)[] }
    ? Name
    : string
