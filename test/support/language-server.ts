/** The language server of TypeScript, which editors use: completions, documentation and messages of a program. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'

const answerSchema = z.object({
  id: z.number(),
  result: z.unknown(),
  error: z.object({ message: z.string() }).optional(),
})
const documentationSchema = z.union([
  z.string(),
  z.object({ value: z.string() }).transform(({ value }) => value),
])
const itemSchema = z.looseObject({ label: z.string(), documentation: documentationSchema.optional() })
const completionsSchema = z.object({ items: z.array(itemSchema) }).nullable()
const hoverSchema = z.object({ contents: documentationSchema }).nullable()
const diagnosticsSchema = z.object({
  items: z.array(z.object({ message: z.string(), severity: z.number() })),
})

const headEnd = '\r\n\r\n'
const error = 1

/** The place of the cursor in a program. */
const cursor = '¦'

export class LanguageServer {
  readonly #folder: string
  readonly #process: ChildProcessWithoutNullStreams
  readonly #waiting = new Map<number, (answer: z.infer<typeof answerSchema>) => void>()
  #received = Buffer.alloc(0)
  #requests = 0
  #documents = 0

  private constructor(folder: string) {
    this.#folder = folder
    const compiler = join(import.meta.dirname, '../../node_modules/typescript/bin/tsc')
    this.#process = spawn(process.execPath, [compiler, '--lsp', '--stdio'], { cwd: folder })
    this.#process.stdout.on('data', (data: Buffer) => this.#read(data))
  }

  /** @param folder with the configuration of the compiler */
  static async start(folder: string): Promise<LanguageServer> {
    const server = new LanguageServer(folder)
    const uri = pathToFileURL(folder).href
    await server.#request('initialize', {
      processId: process.pid,
      rootUri: uri,
      capabilities: {
        textDocument: { completion: { completionItem: { documentationFormat: ['markdown'] } } },
      },
    })
    server.#send({ method: 'initialized', params: {} })
    return server
  }

  stop(): void {
    this.#process.kill()
  }

  /** What Ctrl-Space lists at the cursor. */
  async completions(program: string): Promise<string[]> {
    return (await this.#complete(program)).map(({ label }) => label.replace(/\?$/, ''))
  }

  /** The documentation of each completion at the cursor. */
  async documentation(program: string): Promise<Map<string, string>> {
    const documented = new Map<string, string>()
    for (const item of await this.#complete(program)) {
      const { label, documentation } = itemSchema.parse(await this.#request('completionItem/resolve', item))
      documented.set(label.replace(/\?$/, ''), documentation ?? '')
    }
    return documented
  }

  /** What the editor shows over the name at the cursor. */
  async hover(program: string): Promise<string> {
    return hoverSchema.parse(await this.#request('textDocument/hover', this.#open(program)))?.contents ?? ''
  }

  /** The messages of the compiler. */
  async errors(program: string): Promise<string[]> {
    const { textDocument } = this.#open(program)
    const { items } = diagnosticsSchema.parse(
      await this.#request('textDocument/diagnostic', { textDocument }),
    )
    return items.filter(({ severity }) => severity === error).map(({ message }) => message)
  }

  async #complete(program: string) {
    const completions = await this.#request('textDocument/completion', this.#open(program))
    return completionsSchema.parse(completions)?.items ?? []
  }

  /** Opens the program as a new document. */
  #open(program: string) {
    const uri = pathToFileURL(join(this.#folder, `program-${++this.#documents}.ts`)).href
    const before = program.slice(0, Math.max(0, program.indexOf(cursor))).split('\n')
    const document = { uri, languageId: 'typescript', version: 1, text: program.replace(cursor, '') }
    this.#send({ method: 'textDocument/didOpen', params: { textDocument: document } })
    const position = { line: before.length - 1, character: before.at(-1)?.length ?? 0 }
    return { textDocument: { uri }, position }
  }

  #request(method: string, params: object): Promise<unknown> {
    const id = ++this.#requests
    this.#send({ id, method, params })
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (answer) =>
        answer.error === undefined ? resolve(answer.result) : reject(new Error(answer.error.message)),
      )
    })
  }

  #send(message: object): void {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message })
    this.#process.stdin.write(`Content-Length: ${Buffer.byteLength(text)}${headEnd}${text}`)
  }

  #read(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data])
    for (;;) {
      const end = this.#received.indexOf(headEnd)
      if (end === -1) return
      const head = this.#received.subarray(0, end).toString()
      const bodyEnd = end + headEnd.length + Number(/Content-Length: (\d+)/.exec(head)?.[1])
      if (this.#received.length < bodyEnd) return
      const message: unknown = JSON.parse(this.#received.subarray(end + headEnd.length, bodyEnd).toString())
      this.#received = this.#received.subarray(bodyEnd)
      this.#take(message)
    }
  }

  /** Requests of the server, such as for settings, are answered with null. */
  #take(message: unknown): void {
    const request = z.object({ id: z.union([z.number(), z.string()]), method: z.string() }).safeParse(message)
    if (request.success) {
      this.#send({ id: request.data.id, result: null })
      return
    }
    const answer = answerSchema.safeParse(message)
    if (!answer.success) return
    this.#waiting.get(answer.data.id)?.(answer.data)
    this.#waiting.delete(answer.data.id)
  }
}
