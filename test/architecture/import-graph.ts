/** The imports of the sources, from their syntax trees, and the rules of `import-rules.json`. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAst } from 'rolldown/parseAst'
import { z } from 'zod'

export const root = fileURLToPath(new URL('../../', import.meta.url))

interface Import {
  /** A file relative to the root, or a package. */
  target: string
  /** Whether the import exists only for the type checker. */
  isType: boolean
}

/** The imports of each file, whose name is relative to the root. */
type ImportGraph = ReadonlyMap<string, Import[]>

const rulesSchema = z.array(z.strictObject({ files: z.array(z.string()), imports: z.array(z.string()) }))
type Rule = z.infer<typeof rulesSchema>[number]

/** The first rule that names a file applies to it. */
export const rules: Rule[] = rulesSchema.parse(
  JSON.parse(readFileSync(new URL('import-rules.json', import.meta.url), 'utf8')),
)

const folders = ['src', 'workers', 'cli', 'sdk/src', 'page/src', 'examples/lecture']

/** All source files, relative to the root, without those that a generator writes or AssemblyScript compiles. */
export const sourceFiles = (): string[] =>
  folders.flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /(?<!\.d)\.tsx?$/.test(name) && !/(^|[/\\])(generated|assembly)[/\\]/.test(name))
      .map((name) => path.posix.join(folder, name.split(path.sep).join('/'))),
  )

export const readSource = (file: string) => readFileSync(path.join(root, file), 'utf8')

export const readGraph = (): ImportGraph =>
  new Map(sourceFiles().map((file) => [file, readImports(file, readSource(file))]))

const sourced = z.object({
  type: z.enum([
    'ImportDeclaration',
    'ExportNamedDeclaration',
    'ExportAllDeclaration',
    'ImportExpression',
    'TSImportType',
  ]),
  source: z.object({ value: z.string() }),
  importKind: z.string().optional(),
  exportKind: z.string().optional(),
})

export function readImports(file: string, text: string): Import[] {
  const found: Import[] = []
  function visit(node: unknown): void {
    if (typeof node !== 'object' || node === null) return
    const { success, data } = sourced.safeParse(node)
    if (success) {
      const { type, importKind, exportKind, source } = data
      const isType = type === 'TSImportType' || importKind === 'type' || exportKind === 'type'
      found.push({ target: resolveImport(file, source.value), isType })
    }
    for (const child of Object.values(node)) visit(child)
  }
  visit(parseAst(text, { lang: file.endsWith('x') ? 'tsx' : 'ts' }))
  return found
}

export function resolveImport(file: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier
  const target = path.posix.join(path.posix.dirname(file), specifier)
  const base = target.replace(/\.js$/, '')
  return [`${base}.ts`, `${base}.tsx`].find((name) => existsSync(path.join(root, name))) ?? target
}

/** `*` stands for a name, `**` for any path. */
const matches = (pattern: string, name: string) =>
  new RegExp(
    `^${pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll(/\*\*?/g, (stars) => (stars === '*' ? '[^/]*' : '.*'))}$`,
  ).test(name)

export const ruleFor = (file: string): Rule | undefined =>
  rules.find(({ files }) => files.some((pattern) => matches(pattern, file)))

/** "file imports target" of each import that no rule permits. */
export function findViolations(graph: ImportGraph): string[] {
  return [...graph].flatMap(([file, imports]) => {
    const rule = ruleFor(file)
    const permitted = [...(rule?.files ?? []), ...(rule?.imports ?? [])]
    return imports
      .filter(({ target }) => !permitted.some((pattern) => matches(pattern, target)))
      .map(({ target }) => `${file} imports ${target}`)
  })
}

/** "files may import pattern" of each permission that no import needs. */
export function findUnusedPermissions(graph: ImportGraph): string[] {
  return rules.flatMap((rule) => {
    const targets = [...graph]
      .filter(([file]) => ruleFor(file) === rule)
      .flatMap(([, imports]) => imports.map(({ target }) => target))
    return rule.imports
      .filter((pattern) => !targets.some((target) => matches(pattern, target)))
      .map((pattern) => `${rule.files.join(', ')} may import ${pattern}`)
  })
}

/** Everything that is loaded with a file: files and packages. */
export function findReach(graph: ImportGraph, file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  for (const { target, isType } of graph.get(file) ?? []) if (!isType) findReach(graph, target, seen)
  return seen
}

/**
 * Folders of `src` that import themselves through others, also for types alone. A subfolder belongs to its folder, and
 * the programs in `src` are one folder.
 */
export function findFolderCycles(graph: ImportGraph): string[] {
  const folders = new Map<string, Import[]>()
  for (const [file, imports] of graph) {
    const folder = readFolder(file)
    const others = imports
      .map(({ target }) => ({ target: readFolder(target), isType: false }))
      .filter(({ target }) => target.startsWith('src') && target !== folder)
    folders.set(folder, [...(folders.get(folder) ?? []), ...others])
  }
  return findCycles(folders)
}

const readFolder = (file: string) => path.posix.dirname(file).split('/').slice(0, 2).join('/')

/** Files that import themselves through others. */
export const findCycles = (graph: ImportGraph): string[] =>
  [...graph]
    .filter(([file, imports]) =>
      imports.some(({ target, isType }) => !isType && findReach(graph, target).has(file)),
    )
    .map(([file]) => file)
