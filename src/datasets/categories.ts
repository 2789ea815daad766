/** Different texts that a category may have. */
export const maximumCategories = 1_000

/** A category of cells without a value. */
export const missingCategory = '(missing)'
