/** The requests of README.md, in their order: `…` in an id stands for the one made before. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { datasetSchema } from '../../src/contract/dataset.js'
import { jobSchema } from '../../src/contract/job.js'
import { eventually } from '../support/service.js'
import { sharedService } from '../support/shared.js'

const root = join(import.meta.dirname, '../..')

interface Command {
  url: string
  headers: Record<string, string>
  body?: string | Buffer
}

/** The curl commands of the fenced blocks; options other than these fail the test. */
function commandsOf(markdown: string): Command[] {
  const blocks = [...markdown.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].map(([, block]) => block)
  return blocks
    .flatMap((block) => block.split(/^(?=curl )/m))
    .filter((text) => text.startsWith('curl '))
    .map((text) => {
      const words = [...text.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain)
      const command: Command = { url: '', headers: {} }
      for (let at = 1; at < words.length; at++) {
        const word = words[at]
        if (word === '-N') continue
        if (word === '-H') {
          const [name, value] = words[++at].split(': ')
          command.headers[name] = value
        } else if (word === '-d') command.body = words[++at]
        else if (word === '--data-binary') command.body = readFileSync(join(root, words[++at].slice(1)))
        else if (word.startsWith('http')) command.url = word
        else throw new Error(`unknown word ${word} in: ${text}`)
      }
      return command
    })
}

it('README.md leads to predictions', async () => {
  const service = await sharedService()
  const ids = new Map<string, string>()
  const withIds = (text: string) =>
    text.replaceAll(/\b(job|ds|mdl)_…/g, (_, kind: string) => {
      const id = ids.get(kind)
      if (id === undefined) throw new Error(`nothing was made for ${kind}_…`)
      return id
    })

  const answers: { path: string; text: string }[] = []
  for (const { url, headers, body } of commandsOf(readFileSync(join(root, 'README.md'), 'utf8'))) {
    const { pathname, search } = new URL(withIds(url))
    const sent = typeof body === 'string' ? withIds(body) : body && new Uint8Array(body)
    const response = await fetch(`${service.url}${pathname}${search}`, {
      headers,
      ...(sent !== undefined && { method: 'POST', body: sent }),
    })
    const text = await response.text()
    expect(response.ok, text).toBe(true)
    answers.push({ path: pathname, text })
    if (pathname === '/datasets') ids.set('ds', datasetSchema.parse(JSON.parse(text)).id)
    if (pathname === '/jobs') {
      const { id } = jobSchema.parse(JSON.parse(text))
      ids.set('job', id)
      ids.set('mdl', await modelOf(service.url, id))
    }
  }
  expect(answers.length).toBe(6)
  const [, stream, predicted, , , named] = answers
  expect(stream.text).toMatch(/"type":"job"[\s\S]*"type":"epochs"[\s\S]*"type":"end"/)
  const { predictions } = z
    .object({ predictions: z.array(z.object({ output: z.array(z.number()) })) })
    .parse(JSON.parse(predicted.text))
  expect(predictions[0].output[0]).toBeGreaterThan(0.9)
  expect(predictions[1].output[0]).toBeLessThan(0.1)
  expect(named.text).toContain('"setosa"')
}, 300_000)

async function modelOf(url: string, jobId: string): Promise<string> {
  return eventually(async () => {
    const { status, error, modelId } = jobSchema.parse(await (await fetch(`${url}/jobs/${jobId}`)).json())
    expect(error).toBeNull()
    return status === 'succeeded' && modelId !== null ? modelId : undefined
  })
}
