/** A page for each problem code, at the address in the `type` of every error. */
import { createHash } from 'node:crypto'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  isProblemCode,
  Problem,
  type ProblemCode,
  type ProblemPage,
  problemPageListSchema,
  problemPageSchema,
  problems,
} from '../../contract/problems.js'
import { text } from '../../contract/text.js'
import { addVary } from '../plugins/cross-origin.js'
import { sendDocumentHeaders } from '../plugins/security-headers.js'
import { problemBody } from '../problem-responses.js'
import { failures } from '../response-schemas.js'

const exampleTraceId = '4bf92f3577b34da6a3ce929d0e0e4736'

function problemPage(code: ProblemCode): ProblemPage {
  const { status, title, meaning, remedy, example } = problems[code]
  return {
    code,
    status,
    title,
    meaning,
    remedy,
    example: problemBody(new Problem(code, example), exampleTraceId),
  }
}

const codes = Object.keys(problems).filter(isProblemCode)

/** Serialized once, because the route needs no key. */
const listAsJson = JSON.stringify({ object: 'list', data: codes.map(problemPage) })

const style =
  'body{font:16px/1.6 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;color-scheme:light dark}' +
  'pre{overflow-x:auto;padding:1rem;border:1px solid color-mix(in srgb,currentColor 25%,transparent);border-radius:6px}' +
  'code{font-family:ui-monospace,monospace}td{padding:.2rem 1rem .2rem 0;vertical-align:top}'
const styleHash = createHash('sha256').update(style).digest('base64')
const pagePolicy = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

function html(title: string, body: string): string {
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    `<title>${escapeHtml(title)}</title><style>${style}</style></head><body><main>${body}</main></body></html>`
  )
}

function escapeHtml(value: string): string {
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

function pageAsHtml({ code, status, title, meaning, remedy, example }: ProblemPage): string {
  return html(
    `${code}: ${title}`,
    `<p><a href="/problems">All problems</a></p><h1>${escapeHtml(title)}</h1>` +
      `<p><code>${code}</code>, status ${status}</p><h2>What it means</h2><p>${escapeHtml(meaning)}</p>` +
      `<h2>What to do</h2><p>${escapeHtml(remedy).replaceAll(/`([^`]+)`/g, '<code>$1</code>')}</p>` +
      `<h2>Example</h2><pre><code>${escapeHtml(JSON.stringify(example, null, 2))}</code></pre>`,
  )
}

function pageAsMarkdown({ code, status, title, meaning, remedy, example }: ProblemPage): string {
  const json = JSON.stringify(example, null, 2)
  return `# ${title}\n\n\`${code}\`, status ${status}\n\n## What it means\n\n${meaning}\n\n## What to do\n\n${remedy}\n\n## Example\n\n\`\`\`json\n${json}\n\`\`\`\n`
}

function listAsHtml(): string {
  const rows = codes.map((code) => {
    const { status, title } = problems[code]
    return `<tr><td>${status}</td><td><a href="/problems/${code}"><code>${code}</code></a></td><td>${escapeHtml(title)}</td></tr>`
  })
  return html('Problems', `<h1>Problems</h1><table>${rows.join('')}</table>`)
}

const listHtml = listAsHtml()

function content(schema: z.ZodType) {
  return {
    description: 'JSON, HTML or Markdown, selected by the Accept header',
    content: {
      'application/json': { schema },
      'text/html': { schema: z.string() },
      'text/markdown': { schema: z.string() },
    },
  }
}

export const problemRoutes: FastifyPluginCallbackZod = (app, _options, done) => {
  sendDocumentHeaders(app)
  app.get(
    '/problems',
    {
      config: { scope: 'public' },
      schema: {
        tags: ['operations'],
        operationId: 'listProblems',
        summary: 'List the problem codes',
        response: {
          200: {
            description: 'JSON or HTML, selected by the Accept header',
            content: {
              'application/json': {
                schema: problemPageListSchema,
              },
              'text/html': { schema: z.string() },
            },
          },
          ...failures,
        },
      },
    },
    async (request, reply) => {
      addVary(reply, 'accept')
      if (request.accepts().type(['json', 'html']) === 'html') {
        reply.header('content-security-policy', pagePolicy).type('text/html; charset=utf-8')
        return reply.serializer(String).send(listHtml)
      }
      return reply.type('application/json; charset=utf-8').serializer(String).send(listAsJson)
    },
  )

  app.get(
    '/problems/:code',
    {
      config: { scope: 'public' },
      schema: {
        tags: ['operations'],
        operationId: 'getProblem',
        summary: 'Get the page of a problem code',
        params: z.object({ code: text(100).meta({ examples: ['invalid-spec'] }) }),
        response: { 200: content(problemPageSchema), ...failures },
      },
    },
    async (request, reply) => {
      const { code } = request.params
      if (!isProblemCode(code))
        throw new Problem('not-found', `There is no problem ${code}; GET /problems lists them.`)
      const page = problemPage(code)
      addVary(reply, 'accept')
      switch (request.accepts().type(['json', 'html', 'text/markdown'])) {
        case 'html':
          reply.header('content-security-policy', pagePolicy).type('text/html; charset=utf-8')
          return reply.serializer(String).send(pageAsHtml(page))
        case 'text/markdown':
          return reply.type('text/markdown; charset=utf-8').serializer(String).send(pageAsMarkdown(page))
        default:
          return reply.type('application/json; charset=utf-8').send(page)
      }
    },
  )

  done()
}
