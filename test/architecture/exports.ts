/** What each file exports, and what it uses of other files, from their syntax trees. */
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { parseAst } from 'rolldown/parseAst'
import { z } from 'zod'
import { readSource, resolveImport, root } from './import-graph.js'

/** What a file exports, and uses of other files, as "file#name"; `*` stands for all names. */
interface Names {
  exports: string[]
  uses: string[]
}

const folders = ['src', 'workers', 'cli', 'page', 'sdk/src', 'bench', 'examples', 'scripts', 'test']

/** What the package of sdk/ exports is for its users. */
const publicFile = 'sdk/src/index.ts'

/** All modules, relative to the root, without those that a generator writes or AssemblyScript compiles. */
const moduleFiles = (): string[] =>
  folders.flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter(
        (name) =>
          /(?<!\.d)\.(ts|tsx|mjs)$/.test(name) &&
          !/(^|[/\\])(generated|assembly|node_modules)[/\\]/.test(name),
      )
      .map((name) => path.posix.join(folder, name.split(path.sep).join('/'))),
  )

export const readNames = (): Names[] => moduleFiles().map((file) => findNames(file, readSource(file)))

/** The exports that no other file uses. */
export function findUnusedExports(files: readonly Names[]): string[] {
  const used = new Set(files.flatMap(({ uses }) => uses))
  return files
    .flatMap(({ exports }) => exports)
    .filter((name) => !name.startsWith(`${publicFile}#`))
    .filter((name) => !used.has(name) && !used.has(name.replace(/#.*/, '#*')))
}

const identifier = z.object({ name: z.string() })
const text = z.object({ type: z.literal('Literal'), value: z.string() })
const declaration = z.union([
  z.object({ id: identifier }).transform(({ id }) => [id.name]),
  z
    .object({ declarations: z.array(z.object({ id: identifier })) })
    .transform(({ declarations }) => declarations.map(({ id }) => id.name)),
])
const statement = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ImportDeclaration'),
    source: text,
    specifiers: z.array(z.object({ imported: identifier.optional() })),
  }),
  z.object({
    type: z.literal('ExportNamedDeclaration'),
    source: text.nullable(),
    declaration: declaration.nullable(),
    specifiers: z.array(z.object({ local: identifier, exported: identifier })),
  }),
  z.object({ type: z.literal('ExportAllDeclaration'), source: text }),
  /** `const { names } = await load('file')`. */
  z.object({
    type: z.literal('VariableDeclarator'),
    id: z.object({ properties: z.array(z.object({ key: identifier })) }),
    init: z.object({
      type: z.literal('AwaitExpression'),
      argument: z.union([
        z.object({ source: text }),
        z.object({ arguments: z.tuple([text]) }).transform((call) => ({ source: call.arguments[0] })),
      ]),
    }),
  }),
  z.object({ type: z.literal('ImportExpression'), source: text }),
  z.object({ type: z.literal('TSImportType'), source: text }),
])

const types = new Set<unknown>(statement.options.map(({ shape }) => shape.type.value))

export function findNames(file: string, source: string): Names {
  const names: Names = { exports: [], uses: [] }
  function use(specifier: { value: string }, used: string[]) {
    const target = resolveFile(file, specifier.value)
    if (target !== undefined) names.uses.push(...used.map((name) => `${target}#${name}`))
  }
  function visit(value: unknown): void {
    if (typeof value !== 'object' || value === null) return
    const data = 'type' in value && types.has(value.type) ? statement.safeParse(value).data : undefined
    switch (data?.type) {
      case 'ImportDeclaration':
        use(
          data.source,
          data.specifiers.map(({ imported }) => imported?.name ?? '*'),
        )
        break
      case 'ExportNamedDeclaration': {
        const exported = [...(data.declaration ?? []), ...data.specifiers.map((each) => each.exported.name)]
        names.exports.push(...exported.map((name) => `${file}#${name}`))
        if (data.source !== null)
          use(
            data.source,
            data.specifiers.map(({ local }) => local.name),
          )
        break
      }
      case 'VariableDeclarator':
        use(
          data.init.argument.source,
          data.id.properties.map(({ key }) => key.name),
        )
        return
      case 'ExportAllDeclaration':
      case 'ImportExpression':
      case 'TSImportType':
        use(data.source, ['*'])
    }
    for (const child of Object.values(value)) visit(child)
  }
  visit(parseAst(source, { lang: file.endsWith('x') ? 'tsx' : 'ts' }))
  return names
}

/** The file that an import means, also by the name of what is built from it. */
function resolveFile(file: string, specifier: string): string | undefined {
  const target = specifier.startsWith('.') ? resolveImport(file, specifier) : specifier
  const source = target.replace(/^dist\//, '').replace(/\.js$/, '.ts')
  return existsSync(path.join(root, source)) ? source : undefined
}
