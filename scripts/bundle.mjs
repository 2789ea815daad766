// Puts the programs in dist/ (processes and their threads), each with what it imports from dist/ and node_modules, into few
// files, which load in half the time. All other modules stay as they are, for tests and benchmarks.
import { readdirSync, rmSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { rolldown } from 'rolldown'

const programs = ['src/main.js', 'src/server.js', 'src/keys.js', 'workers/main.js']
const isPart = /\.(thread|process)\.js$/
/** Has binaries of its own, which it finds beside its files. */
const left = /^sharp$/

const entries = [
  ...programs,
  ...['src', 'workers'].flatMap((folder) =>
    readdirSync(`dist/${folder}`, { recursive: true })
      .filter((name) => isPart.test(name))
      .map((name) => `${folder}/${name}`),
  ),
]

/**
 * A module finds what lies beside it where it was before: its own address is written into it, from the folder of the
 * file that it is put into.
 */
const ownAddresses = {
  name: 'own-addresses',
  transform(code, id) {
    // Not a file but the bundler's own.
    if (id.startsWith('\0')) return null
    if (!/import\.meta\.url|__dirname|__filename/.test(code)) return null
    const file = JSON.stringify(relative(resolve('dist'), id))
    const folder = JSON.stringify(relative(resolve('dist'), dirname(id)))
    return code
      .replaceAll(/\bimport\.meta\.url\b/g, `bundled.url(${file})`)
      .replaceAll(/(?<!['"\w.])__filename\b(?!['"])/g, `bundled.path(${file})`)
      .replaceAll(/(?<!['"\w.])__dirname\b(?!['"])/g, `bundled.path(${folder})`)
  },
}

/** What the above calls. */
function addressing({ fileName }) {
  const up = relative(dirname(`/${fileName}`), '/') || '.'
  return `import { fileURLToPath as bundledPath } from 'node:url'
const bundled = { url: (file) => new URL(file, new URL('${up}/', import.meta.url)).href, path: (file) => bundledPath(bundled.url(file)) }`
}

rmSync('dist/chunks', { recursive: true, force: true })
const bundle = await rolldown({
  input: Object.fromEntries(entries.map((name) => [name.replace(/\.js$/, ''), `dist/${name}`])),
  platform: 'node',
  external: left,
  plugins: [ownAddresses],
  logLevel: 'silent',
})
await bundle.write({
  dir: 'dist',
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name].js',
  intro: addressing,
})
await bundle.close()
