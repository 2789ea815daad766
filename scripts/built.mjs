import { join } from 'node:path'

/** Imports a built module by its path in the repository. */
export const built = (path) => import(join(import.meta.dirname, '../dist', path))
