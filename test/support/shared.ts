/** Reference data kept beside the repository: found through DESCENT_SHARED, else in ../shared. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = process.env.DESCENT_SHARED ?? path.join(root, '..', 'shared')

export const hasShared = existsSync(folder)

if (!hasShared) console.warn(`There is no ${folder}: the tests that need its data are skipped.`)

export function sharedPath(...parts: string[]): string {
  return path.join(folder, ...parts)
}
