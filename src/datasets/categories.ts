/** The most distinct texts of a category column. */
export const maximumCategories = 1_000

/**
 * The most characters of the distinct texts of a category column, and of all columns of a dataset. Descriptions of datasets
 * and models contain them, and predictions repeat them.
 */
export const maximumCategoryCharacters = { ofColumn: 65_536, ofDataset: 1_048_576 } as const

/** The category of missing cells. */
export const missingCategory = '(missing)'
