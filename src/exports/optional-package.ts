/** Packages that only verify exported files. The service runs without them. */

/** Null if the package is not installed. */
export async function importOptional<Module>(load: () => Promise<Module>): Promise<Module | null> {
  try {
    return await load()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return null
    throw error
  }
}
