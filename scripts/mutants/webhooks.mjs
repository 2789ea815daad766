/** Faults in webhooks. */
const stop = 'test/webhooks/stop.test.ts'
const sender = 'test/webhooks/sender.test.ts'

export const webhooks = [
  {
    file: 'src/webhooks/sender.ts',
    tests: [stop, sender],
    faults: [
      [
        "result: 'interrupted', status, error, retrySeconds: 0",
        "result: 'interrupted', status, error, retrySeconds: 5",
      ],
      [
        "if (stopping.signal.aborted) return { result: 'interrupted'",
        "if (false) return { result: 'interrupted'",
      ],
      ['withDeadline(timeoutMilliseconds, send, stopping.signal)', 'withDeadline(timeoutMilliseconds, send)'],
      [
        'if (status >= 200 && status < 300) return { status, error: null }',
        'if (status >= 200 && status < 400) return { status, error: null }',
      ],
      ['schedule[attempts - attemptsBefore - 1]', 'schedule[attempts - attemptsBefore]'],
      ['event === testEvent ? undefined :', ''],
      ['const attempts = limits.attempts - inFlight.size', 'const attempts = limits.attempts'],
      ['      await Promise.all(inFlight)\n', ''],
      ['const leaseSeconds = timeoutMilliseconds / 1_000 + recordSeconds', 'const leaseSeconds = 0'],
      ['    claimAgain = true\n', ''],
    ],
  },
  {
    file: 'src/webhooks/address.ts',
    tests: ['test/webhooks/address.test.ts'],
    faults: [
      ["parsed.range() === 'unicast' &&", "parsed.range() !== 'private' &&"],
      ["(parsed.kind() === 'ipv4' || parsed.match(globalUnicast))", 'true'],
      [
        'found.find(({ address }) => !isPublic(address))',
        'found.slice(0, 1).find(({ address }) => !isPublic(address))',
      ],
      ["hostname.replace(/^\\[|\\]$/g, '')", 'hostname'],
      ['isIP(address) !== 0', 'isIP(address) === 4'],
    ],
  },
  {
    file: 'src/webhooks/signature.ts',
    tests: ['test/webhooks/secrets.test.ts'],
    faults: [
      ['`${id}.${timestamp}.${body}`', '`${id}.${body}`'],
      ["signatures.join(' ')", "signatures.slice(0, 1).join(' ')"],
    ],
  },
  {
    file: 'src/webhooks/key-file.ts',
    tests: ['test/webhooks/secrets.test.ts'],
    faults: [
      ['return [...given, stored]', 'return [stored, ...given]'],
      ['mode: 0o600', 'mode: 0o644'],
      [
        'given.length > 0 ? given : [await createKey(directory, path)]',
        '[...given, await createKey(directory, path)]',
      ],
    ],
  },
  {
    file: 'src/webhooks/post.ts',
    tests: ['test/webhooks/sender.test.ts'],
    faults: [
      ['Buffer.byteLength(body)', 'body.length'],
      ['if (!allowPrivate) checkLiteral(url)', ''],
    ],
  },
  {
    file: 'src/webhooks/secret-box.ts',
    tests: ['test/webhooks/secrets.test.ts'],
    faults: [
      [
        'const key = named.find((each) => each.name === name)',
        'const key = first.name === name ? first : undefined',
      ],
      ['sealed.startsWith(prefix)', 'sealed.startsWith(version)'],
    ],
  },
]
