/** The most distinct texts of a category column. */
export const maximumCategories = 1_000

/** The category of missing cells. */
export const missingCategory = '(missing)'
