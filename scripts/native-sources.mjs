// File names of the native addon. They contain a digest of the sources, so that an addon of other sources is never loaded.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** @returns the digest of the sources of an addon; must match src/engine/kernels/native/addon-files.ts. */
export function digestOfSources(folder) {
  const names = readdirSync(join(folder, 'source'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(cpp|h)$/.test(name))
    .map((name) => name.replaceAll('\\', '/'))
    .sort()
  const hash = createHash('sha256')
  for (const name of ['binding.gyp', ...names.map((name) => `source/${name}`)])
    hash.update(`${name}\0`).update(readFileSync(join(folder, name)))
  return hash.digest('hex').slice(0, 16)
}

/** @returns the path of an addon; with `.failed`, of the file with the reason why its build failed. */
export function addonFile(folder, kernels, digest, ending = '.node') {
  return join(folder, 'build', `${process.platform}-${kernels}-${digest}${ending}`)
}

/** @returns the variants of the kernels for an architecture, widest first. */
export function kernelsFor(architecture) {
  if (architecture === 'x64') return ['avx512', 'avx2']
  return architecture === 'arm64' ? ['neon'] : []
}

/** @returns the widest supported kernels as reported by a built addon; undefined without an addon, null if none. */
export function widestByAddon(folder, digest) {
  for (const kernels of kernelsFor(process.arch)) {
    const file = addonFile(folder, kernels, digest)
    if (existsSync(file)) return createRequire(import.meta.url)(file).widest()
  }
  return undefined
}
