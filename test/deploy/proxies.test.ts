/** The example configurations of nginx and Caddy, in front of the application: TLS, uploads, WebSockets, events. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { get as getSecurely, type RequestOptions, request as requestSecurely } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { root } from '../docs/documents.js'
import { openApp, type RunningApp } from '../support/app.js'
import { freePort, temporaryFolder } from '../support/service.js'
import { startJob } from '../support/stores.js'

let service: RunningApp
let apiPort: number
const { path: folder, remove } = temporaryFolder()
const certificate = join(folder, 'certificate.pem')
const key = join(folder, 'key.pem')

beforeAll(async () => {
  service = await openApp()
  await service.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = service.app.server.address() as AddressInfo
  apiPort = port
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2']
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key]
  execFileSync('openssl', ['req', '-x509', ...made, '-out', certificate, ...subject], { stdio: 'ignore' })
})

afterAll(async () => {
  await service.close()
  remove()
})

/** The configuration with the values of this machine in place of those of the example. */
function adapted(file: string, replacements: Readonly<Record<string, string>>): string {
  let configuration = readFileSync(join(root, 'deploy', file), 'utf8')
  for (const [example, value] of Object.entries(replacements)) {
    expect(configuration, file).toContain(example)
    configuration = configuration.replaceAll(example, value)
  }
  return configuration
}

interface Ports {
  http: number
  https: number
}

function startNginx({ http, https }: Ports): ChildProcess {
  const site = adapted('nginx/descent.conf', {
    'descent.example.org': 'localhost',
    'server 127.0.0.1:3000': `server 127.0.0.1:${apiPort}`,
    'listen 80;': `listen 127.0.0.1:${http};`,
    'listen 443 ssl': `listen 127.0.0.1:${https} ssl`,
    '/etc/ssl/descent/fullchain.pem': certificate,
    '/etc/ssl/descent/privkey.pem': key,
  })
  const own = ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((each) =>
    each === 'body'
      ? `client_body_temp_path ${join(folder, each)};`
      : `${each}_temp_path ${join(folder, each)};`,
  )
  const main = `daemon off; pid ${join(folder, 'nginx.pid')}; error_log stderr;
    events {} http { access_log off; ${own.join(' ')} ${site} }`
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, main)
  return spawn('nginx', ['-p', folder, '-c', file], { stdio: ['ignore', 'ignore', 'inherit'] })
}

function startCaddy({ http, https }: Ports): ChildProcess {
  const site = adapted('caddy/Caddyfile', {
    'descent.example.org {': `https://localhost {\n\ttls ${certificate} ${key}`,
    '127.0.0.1:3000': `127.0.0.1:${apiPort}`,
  })
  const file = join(folder, 'Caddyfile')
  writeFileSync(file, `{\n\tadmin off\n\thttp_port ${http}\n\thttps_port ${https}\n}\n${site}`)
  mkdirSync(join(folder, 'caddy'), { recursive: true })
  const environment = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
  const words = ['run', '--config', file, '--adapter', 'caddyfile']
  return spawn('caddy', words, { env: environment, stdio: 'ignore' })
}

describe.each([
  ['nginx', startNginx],
  ['Caddy', startCaddy],
])('%s', (_name, start) => {
  let proxy: ChildProcess
  let address: string
  let options: RequestOptions

  beforeAll(async () => {
    const ports = { http: await freePort(), https: await freePort() }
    proxy = start(ports)
    proxy.once('error', (error) => {
      throw error
    })
    address = `https://localhost:${ports.https}`
    options = { ca: readFileSync(certificate) }
    await vi.waitFor(() => answerOf('/health/live'), { timeout: 20_000 })
  })

  afterAll(async () => {
    const ended = once(proxy, 'exit')
    proxy.kill()
    await ended
  })

  async function answerOf(path: string, body?: string, headers: Record<string, string> = {}) {
    const sent = requestSecurely(`${address}${path}`, {
      ...options,
      method: body === undefined ? 'GET' : 'POST',
      headers,
    })
    sent.end(body)
    const [response] = await once(sent, 'response')
    return { status: response.statusCode, headers: response.headers, text: await text(response) }
  }

  it('serves over TLS and says so to browsers', async () => {
    const { status, headers } = await answerOf('/health/live')
    expect(status).toBe(200)
    expect(headers['strict-transport-security']).toContain('max-age')
  })

  it('accepts a page of the same origin', async () => {
    const { status } = await answerOf('/jobs', undefined, { origin: address })
    expect(status).toBe(200)
  })

  it('passes on uploads of more than a megabyte', async () => {
    const rows = Array.from({ length: 9_000 }, (_, row) => `${row},${'0'.repeat(200)}${row % 7}`).join('\n')
    const form = [
      '--edge',
      'content-disposition: form-data; name="file"; filename="rows.csv"',
      '',
      `x,y\n${rows}`,
      '--edge--',
      '',
    ]
    const { status, text: answer } = await answerOf('/datasets', form.join('\r\n'), {
      'content-type': 'multipart/form-data; boundary=edge',
    })
    expect(status, answer).toBe(201)
    expect(JSON.parse(answer)).toMatchObject({ rows: 9_000 })
  })

  it('passes on events at once, while the stream stays open', async () => {
    const { jobId } = await startJob(service)
    const headers = { accept: 'text/event-stream' }
    const sent = getSecurely(`${address}/jobs/${jobId}/stream`, { ...options, headers })
    const [response] = await once(sent, 'response')
    const [first] = await once(response, 'data')
    expect(String(first)).toContain(jobId)
    expect(response.complete).toBe(false)
    sent.destroy()
  })

  it('passes on WebSockets of the same origin', async () => {
    const { jobId } = await startJob(service)
    const stream = `${address.replace('https', 'wss')}/jobs/${jobId}/stream`
    const socket = new WebSocket(stream, { ca: readFileSync(certificate), origin: address })
    const [data] = await once(socket, 'message')
    expect(JSON.parse(String(data))).toMatchObject({ job: { id: jobId } })
    socket.terminate()
  })
})
