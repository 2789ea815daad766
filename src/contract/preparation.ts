/** How to read the columns of a file. */
import type { Column, ColumnType, Imputation } from './dataset.js'

/**
 * What to do with a missing value. `impute`, the default, takes the mean of the training rows for a number
 * and a separate category for a category. `drop` drops the row. An imputation names the replacement.
 */
export type MissingRule = 'impute' | 'drop' | Imputation

export interface Preparation {
  /** Names of the target columns. Inferred from the file by default. */
  target?: string[] | undefined
  types: { name: string; type: ColumnType }[]
  missing: { everywhere: MissingRule; columns: { name: string; rule: MissingRule }[] }
  /** Texts that mean a missing value, in place of `usualMissingTexts`. */
  missingValues?: string[] | undefined
  /**
   * Columns whose types, roles and missing values apply to this file. Rules by column name take precedence.
   */
  like?: LikeColumn[] | undefined
  /** Inferred per column by default. */
  decimal?: 'comma' | 'point' | undefined
}

/** The properties of a column that a file takes over from another dataset or a model. */
export type LikeColumn = Pick<
  Column,
  'name' | 'type' | 'role' | 'imputation' | 'dateOrder' | 'decimal' | 'missingTexts'
> & {
  /** Keeps rows with missing values, with or without an imputation. */
  keepsMissing?: boolean
  /** Classes of a target. Such a text is a class here even if it means a missing value in other columns. */
  classes?: string[]
}

export const defaultPreparation: Preparation = { types: [], missing: { everywhere: 'impute', columns: [] } }
