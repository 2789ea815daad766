/** Checks the documents of the service with public tools. */
import { Parser } from '@asyncapi/parser'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import request from 'supertest'
import { beforeAll, describe, expect, it } from 'vitest'
import { openApp } from '../support/app.js'

let openApi: string
let asyncApi: string

beforeAll(async () => {
  const service = await openApp()
  openApi = (await request(service.app.server).get('/openapi.json').expect(200)).text
  asyncApi = (await request(service.app.server).get('/asyncapi.json').expect(200)).text
  // The parsers block the event loop for seconds, so its connections would time out on a busy machine.
  await service.close()
})

async function redoclyFindings(document: string): Promise<string[]> {
  const config = await createConfig({ extends: ['spec', 'recommended'] })
  const findings = await lintFromString({ source: document, config })
  return findings
    .filter(({ severity }) => severity === 'error')
    .map(({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer}: ${message}`)
}

const broken = (document: string) => {
  const copy = JSON.parse(document)
  copy.paths['/jobs'].post.responses = {}
  copy.paths['/jobs'].get.parameters = [{ name: 'status', in: 'nowhere' }]
  return JSON.stringify(copy)
}

describe('/openapi.json', () => {
  it('passes Redocly', async () => {
    expect(await redoclyFindings(openApi)).toEqual([])
    expect(await redoclyFindings(broken(openApi))).not.toEqual([])
  })
})

describe('/asyncapi.json', () => {
  it('passes the official parser, and contains every message of the stream', async () => {
    const { document, diagnostics } = await new Parser().parse(asyncApi)
    expect(diagnostics.filter(({ severity }) => severity === 0)).toEqual([])
    const channel = document?.channels().get('jobStream')
    expect(channel?.address()).toBe('/jobs/{id}/stream')
    expect(
      channel
        ?.messages()
        .all()
        .map((message) => message.id()),
    ).toEqual(['job', 'epochs', 'boundary', 'end'])
    const payload = channel?.messages().get('epochs')?.payload()?.json()
    expect(JSON.stringify(payload)).toContain('valAccuracy')
  })

  it('contains the messages of both sides on the stream of many jobs', async () => {
    const { document } = await new Parser().parse(asyncApi)
    const channel = document?.channels().get('jobsStream')
    expect(channel?.address()).toBe('/stream')
    const said = (action: 'isSend' | 'isReceive') =>
      channel
        ?.operations()
        .all()
        .filter((operation) => operation[action]())
        .flatMap((operation) => operation.messages().all())
        .map((message) => message.name())
    expect(said('isSend')).toEqual(['job', 'epochs', 'end', 'problem'])
    expect(said('isReceive')).toEqual(['watch', 'unwatch'])
    expect(asyncApi).toContain('descent.epochs.v1')
  })

  it('contains the messages of the stream of a sweep', async () => {
    const { document } = await new Parser().parse(asyncApi)
    const channel = document?.channels().get('sweepStream')
    expect(channel?.address()).toBe('/sweeps/{id}/stream')
    const names = channel?.messages().all()
    expect(names?.map((message) => message.name())).toEqual(['sweep', 'trials', 'end'])
    expect(JSON.stringify(channel?.messages().get('trials')?.payload()?.json())).toContain('position')
  })

  it('is refused by the parser when it is invalid', async () => {
    const copy = JSON.parse(asyncApi)
    copy.channels.jobStream.messages.job = { $ref: '#/components/messages/nothing' }
    const { diagnostics } = await new Parser().parse(JSON.stringify(copy))
    expect(diagnostics.filter(({ severity }) => severity === 0)).not.toEqual([])
  })
})
