/** WebSockets without a network, which a test opens, feeds and closes. */
import { onTestFinished, vi } from 'vitest'

class FakeSocket {
  static readonly OPEN = 1
  static readonly opened: FakeSocket[] = []
  readyState = 0
  binaryType = ''
  readonly sent: unknown[] = []
  onopen: (() => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null

  constructor(
    readonly address: string,
    readonly protocols?: string[],
  ) {
    FakeSocket.opened.push(this)
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text))
  }

  /** As the page closes it. */
  close(): void {
    this.end(1005)
  }

  accept(): void {
    this.readyState = FakeSocket.OPEN
    this.onopen?.()
  }

  receive(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) })
  }

  /** As the service or the network closes it. */
  end(code: number): void {
    if (this.readyState === 3) return
    this.readyState = 3
    this.onclose?.({ code })
  }

  get query(): Record<string, string> {
    return Object.fromEntries(new URL(this.address).searchParams)
  }
}

/** Replaces WebSocket, the address of the page and time, for one test. */
export function fakeSockets(): FakeSocket[] {
  FakeSocket.opened.length = 0
  vi.stubGlobal('WebSocket', FakeSocket)
  vi.stubGlobal('location', { origin: 'https://descent.example' })
  vi.useFakeTimers()
  onTestFinished(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })
  return FakeSocket.opened
}
