/** Where scripts/build-native.mjs puts the addon. The names hold a digest of the sources it was compiled from. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Kernels by the vectors they use, the widest first. */
export const variants = ['avx512', 'avx2', 'neon'] as const
export type Variant = (typeof variants)[number]

/** Beside package.json, seen from the sources as from the built files. */
export const nativeFolder = ((): string => {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder)
  return join(folder, 'native')
})()

/** Of the sources that this program was built with. What runs from its own sources takes them as they are now. */
function sourceDigest(): string {
  const built = new URL('./sources.sha256', import.meta.url)
  return existsSync(built) ? readFileSync(built, 'utf8') : digestOfSources()
}

/** As scripts/native-sources.mjs computes it. */
function digestOfSources(): string {
  const names = readdirSync(join(nativeFolder, 'source')).sort()
  const hash = createHash('sha256')
  for (const name of ['binding.gyp', ...names.map((name) => `source/${name}`)])
    hash.update(`${name}\0`).update(readFileSync(join(nativeFolder, name)))
  return hash.digest('hex').slice(0, 16)
}

let digest: string | undefined

/** The addon with these kernels, or with `.failed` why it was not compiled. */
export function addonFile(variant: Variant, ending: '.node' | '.failed' = '.node'): string {
  digest ??= sourceDigest()
  return join(nativeFolder, 'build', `${process.platform}-${variant}-${digest}${ending}`)
}

/** Why there is no addon. */
export function whyNotBuilt(): string {
  const failed = variants.map((variant) => addonFile(variant, '.failed')).find((file) => existsSync(file))
  if (failed !== undefined) return `the addon was not built: ${readFileSync(failed, 'utf8')}`
  if (existsSync(join(nativeFolder, 'build', 'lock'))) return 'the addon is being built'
  return 'the addon is not built: npm run build:native builds it'
}
