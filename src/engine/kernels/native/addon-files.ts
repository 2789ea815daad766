/** Paths of the addons that scripts/build-native.mjs builds. File names contain a digest of the sources. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Instruction sets of the kernels, widest vectors first. */
export const variants = ['avx512', 'avx2', 'neon'] as const
export type Variant = (typeof variants)[number]

/** The folder `native` next to package.json, for the sources and for the build output. */
export const nativeFolder = ((): string => {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder)
  return join(folder, 'native')
})()

/** The digest recorded at build time, or of the current sources when there is no build. */
function sourceDigest(): string {
  const built = new URL('./sources.sha256', import.meta.url)
  return existsSync(built) ? readFileSync(built, 'utf8') : digestOfSources()
}

/** Must match scripts/native-sources.mjs. */
function digestOfSources(): string {
  const names = readdirSync(join(nativeFolder, 'source'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(cpp|h)$/.test(name))
    .map((name) => name.replaceAll('\\', '/'))
    .sort()
  const hash = createHash('sha256')
  for (const name of ['binding.gyp', ...names.map((name) => `source/${name}`)])
    hash.update(`${name}\0`).update(readFileSync(join(nativeFolder, name)))
  return hash.digest('hex').slice(0, 16)
}

let digest: string | undefined

/** The path of a variant's addon; with `.failed`, of the file with the reason why its build failed. */
export function addonFile(variant: Variant, ending: '.node' | '.failed' = '.node'): string {
  digest ??= sourceDigest()
  return join(nativeFolder, 'build', `${process.platform}-${variant}-${digest}${ending}`)
}

/** The reason why there is no addon. */
export function missingAddonReason(): string {
  const failed = variants.map((variant) => addonFile(variant, '.failed')).find((file) => existsSync(file))
  if (failed !== undefined) return `the addon was not built: ${readFileSync(failed, 'utf8')}`
  if (existsSync(join(nativeFolder, 'build', 'lock'))) return 'the addon is being built'
  return 'the addon is not built: npm run build:native builds it'
}
