// Bundles the programs in dist/ (processes and threads) with their imports from dist/ and node_modules into few files, which
// load faster. The other modules remain unbundled for tests and benchmarks.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { rolldown } from 'rolldown'

const programs = [
  'src/main.js',
  'src/workshop.js',
  'src/server.js',
  'src/commands/keys.js',
  'src/commands/mcp.js',
  'cli/main.js',
  'workers/main.js',
]
const isPart = /\.(thread|process)\.js$/
/** Not bundled: sharp loads binaries from its own folder, and the others need not be installed. */
const external = ['sharp', ...Object.keys(JSON.parse(readFileSync('package.json')).peerDependencies)]

const entries = [
  ...programs,
  ...['src', 'workers'].flatMap((folder) =>
    readdirSync(`dist/${folder}`, { recursive: true })
      .filter((name) => isPart.test(name))
      .map((name) => `${folder}/${name}`),
  ),
]

/**
 * Replaces a module's own URL and path by its original location, relative to the folder of the bundle, so that it still
 * finds the files next to it.
 */
const ownAddresses = {
  name: 'own-addresses',
  transform(code, id) {
    // A virtual module of the bundler.
    if (id.startsWith('\0')) return null
    if (!/import\.meta\.url|__dirname|__filename/.test(code)) return null
    const file = JSON.stringify(relative(resolve('dist'), id))
    const folder = JSON.stringify(relative(resolve('dist'), dirname(id)))
    const addressed = code.replaceAll(/\bimport\.meta\.url\b/g, `bundled.url(${file})`)
    // A module that declares them derives them from its URL.
    if (/\bconst __(?:dirname|filename)\b/.test(code)) return addressed
    return addressed
      .replaceAll(/(?<!['"\w.])__filename\b(?!['"])/g, `bundled.path(${file})`)
      .replaceAll(/(?<!['"\w.])__dirname\b(?!['"])/g, `bundled.path(${folder})`)
  },
}

/** The functions that the replacements call. */
function addressing({ fileName }) {
  const up = relative(dirname(`/${fileName}`), '/') || '.'
  return `import { fileURLToPath as bundledPath } from 'node:url'
const bundled = { url: (file) => new URL(file, new URL('${up}/', import.meta.url)).href, path: (file) => bundledPath(bundled.url(file)) }`
}

rmSync('dist/chunks', { recursive: true, force: true })
const bundle = await rolldown({
  input: Object.fromEntries(entries.map((name) => [name.replace(/\.js$/, ''), `dist/${name}`])),
  platform: 'node',
  external,
  // Files are addressed through `node_modules` beside `dist`, even if it is a link: a copy of both still finds them.
  resolve: { symlinks: false },
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
