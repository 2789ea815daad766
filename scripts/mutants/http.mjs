/** Faults in the HTTP interface. */
const origins = 'test/http/origins.test.ts'
const shareLinks = 'test/http/share-links.test.ts'

export const http = [
  {
    file: 'src/http/response-close.ts',
    tests: ['test/http/pipelined-requests.test.ts', 'test/http/unread-answers.test.ts'],
    faults: [
      ['listenersOf(connection).add(end)', 'listenersOf(connection)'],
      ['if (connection !== null) ofConnections.get(connection)?.delete(end)', ''],
      ['    for (const listener of listeners) listener()\n', ''],
    ],
  },
  {
    file: 'src/http/plugins/origins.ts',
    tests: [origins],
    faults: [
      ['([a-z0-9-]+\\.)+localhost', '.*localhost'],
      ['/^(localhost|', '/(localhost|'],
      ['(:\\d+)?$|', '(:\\d+)?|'],
      ['127(\\.\\d{1,3}){3}', '127.+'],
      ['|^::1$/i', '|^::1$/'],
      ['new URL(origin).host === host', "new URL(origin).hostname === host.split(':')[0]"],
      ['URL.canParse(origin) && new URL(origin).host === host', 'origin.includes(host)'],
      [
        '!isSameOrigin(request, origin) && !allowedOrigins.includes(origin)',
        '!isSameOrigin(request, origin) && !allowedOrigins.some((each) => origin.startsWith(each))',
      ],
      [
        "request.routeOptions.config.scope === 'public' || allowedHosts.includes(request.host)",
        "request.routeOptions.config.scope === 'public' || allowedHosts.includes(request.hostname)",
      ],
      [
        'if (isThisMachine(request.host)) ownHost = request.host',
        'ownHost = request.host\n      if (isThisMachine(request.host)) return next()',
      ],
      ['keyMonitor.isOpen && request.headers.host !== ownHost', 'request.headers.host !== ownHost'],
    ],
  },
  {
    file: 'src/http/token-buckets.ts',
    tests: ['test/http/failed-authentications.test.ts', 'test/http/limits.test.ts'],
    faults: [
      ['Math.min(perMinute, bucket.left + filled)', 'bucket.left + filled'],
      ['/ 1_000)', '/ 100)'],
      [
        'Math.ceil((wanted - left) / (perMinute / windowSeconds))',
        'Math.floor((wanted - left) / (perMinute / windowSeconds))',
      ],
      ['    evictOldest(this.#buckets, maximumBuckets)\n', ''],
    ],
  },
  {
    file: 'src/http/failed-authentications.ts',
    tests: ['test/http/failed-authentications.test.ts'],
    faults: [
      ['if (left >= 1) return', 'if (left >= 0) return'],
      ['if (fingerprint !== null && this.#valid.has(fingerprint)) return', ''],
      ['if (fingerprint !== null) this.#valid.delete(fingerprint)', ''],
    ],
  },
  {
    file: 'src/http/open-streams.ts',
    tests: ['test/http/limits.test.ts'],
    faults: [
      [
        "if (count > effectiveLimit(limits, 'sockets')) {",
        "if (count >= effectiveLimit(limits, 'sockets')) {",
      ],
      ['const remaining = this.count(countedAs) - 1', 'const remaining = this.count(countedAs)'],
    ],
  },
  {
    file: 'src/http/projection.ts',
    tests: ['test/http/projection.test.ts'],
    faults: [
      ['project === undefined ? [] :', 'project === undefined ? [[name, value[name]]] :'],
      ['value.every((each) => project(each) === each) ? value : value.map(project)', 'value'],
    ],
  },
  {
    file: 'src/http/plugins/idempotency.ts',
    tests: ['test/http/idempotent-routes.test.ts'],
    faults: [
      ['const name = JSON.stringify([tenantId, key])', 'const name = key'],
      ["reply.header('idempotency-replayed', 'true')", ''],
      ['      this.inFlight.delete(name)\n', ''],
      [
        'if (answer === null) return await create(once)',
        'if (answer === null) return await create(undefined)',
      ],
    ],
  },
  {
    file: 'src/http/plugins/entity-tags.ts',
    tests: ['test/http/headers.test.ts', 'test/http/routes.test.ts', 'test/http/weights.test.ts'],
    faults: [
      ["each.trim().replace(/^W\\//, '') === tag", 'each.trim() === tag'],
      ["header.trim() === '*' ||", ''],
      ['reply.statusCode !== 200 ||', ''],
    ],
  },
  {
    file: 'src/http/plugins/authentication.ts',
    tests: ['test/http/keys.test.ts'],
    faults: [
      ['key === null || !isEqualHash(key.sha256, given.sha256)', 'key === null'],
      ['used === null || (needsKey && !keyMonitor.isOpen)', 'used === null'],
      ['if (scopes.has(scope)) return', 'if (scopes.size > 1 || scopes.has(scope)) return'],
      ["scopes: new Set<Scope>(['jobs:read'])", 'scopes: new Set<Scope>()'],
    ],
  },
  {
    file: 'src/http/visitors.ts',
    tests: [shareLinks],
    faults: [
      ['if (isEqualHash(sha256, given.sha256)) found', 'found'],
      ['if (isAllowed && pathId(request) === given.jobId) return found', 'if (isAllowed) return found'],
      [
        'if (isAllowed && pathId(request) === given.jobId) return found',
        'if (pathId(request) === given.jobId) return found',
      ],
      ['failedAuthentications.check(request, reply, given.sha256)', ''],
      ['failedAuthentications.reject(request, given.sha256)', ''],
      ['failedAuthentications.accept(given.sha256)', ''],
      ['countedAs: `visitors of ${tenantId}`', 'countedAs: tenantId'],
      ["scopes: new Set(['jobs:read'])", 'scopes: new Set([])'],
    ],
  },
  {
    file: 'src/http/key-monitor.ts',
    tests: ['test/http/keys.test.ts', shareLinks],
    faults: [
      ['const id = shareLinkId ?? keyId', 'const id = keyId'],
      ['links.length === 0 ? [] : this.shareLinks.live(links)', 'links'],
      ['keys.length === 0 ? [] : this.keys.live(keys)', 'keys'],
    ],
  },
  {
    file: 'src/http/stream-positions.ts',
    tests: ['test/http/server-sent-events.test.ts', 'test/http/jobs-stream.test.ts'],
    faults: [
      ['ids.length === places.length &&', ''],
      [
        "if (text === 'gone') return { epoch: 0, ended: true }",
        "if (text === 'gone') return { epoch: 0, ended: false }",
      ],
      ['return ended ? [] : [{ id, after: epoch }]', 'return [{ id, after: epoch }]'],
    ],
  },
  {
    file: 'src/http/client-address.ts',
    tests: ['test/http/failed-authentications.test.ts'],
    faults: [
      ['.slice(0, 4)', ''],
      ['ipaddr.process(text)', 'ipaddr.parse(text)'],
    ],
  },
  {
    file: 'src/http/problem-responses.ts',
    tests: ['test/store/outage.test.ts', 'test/http/refusals.test.ts', 'test/hostile/disconnects.test.ts'],
    faults: [['raw.destroyed && isFastifyError(error)', 'isFastifyError(error)']],
  },
  {
    file: 'src/http/watch-requests.ts',
    tests: ['test/http/jobs-stream.test.ts'],
    faults: [
      ['checkSize(bundle.size + message.jobs.length)', 'checkSize(message.jobs.length)'],
      ['if (jobs <= maximumWatchedJobs) return', 'if (jobs < maximumWatchedJobs) return'],
    ],
  },
  {
    file: 'src/http/plugins/rate-limit.ts',
    tests: ['test/http/limits.test.ts', 'test/http/own-limits.test.ts'],
    faults: [
      ['const isAllowed = before >= 1', 'const isAllowed = before > 1'],
      ['secondsUntil(perMinute, left, perMinute)', 'secondsUntil(1, left, perMinute)'],
    ],
  },
  {
    file: 'src/http/plugins/metrics.ts',
    tests: ['test/http/metrics.test.ts'],
    faults: [
      ['for (const counter of [ended, epochs, trainingSeconds]) counter.reset()', ''],
      ['Math.max(0, all - busyThreads)', 'all'],
    ],
  },
  {
    file: 'src/http/routes/epochs.ts',
    tests: ['test/http/routes.test.ts'],
    faults: [['lastEpoch(page) < job.epoch', 'lastEpoch(page) <= job.epoch']],
  },
  {
    file: 'src/http/routes/evaluate.ts',
    tests: ['test/http/evaluate.test.ts'],
    faults: [
      ["if (body.dataset !== undefined) requireScope(requirePrincipal(request), reply, 'datasets:read')", ''],
    ],
  },
  {
    file: 'src/http/routes/job-deletions.ts',
    tests: ['test/http/job-deletions.test.ts'],
    faults: [['hasMore: deleted === maximumDeletions', 'hasMore: deleted > maximumDeletions']],
  },
  {
    file: 'src/http/epoch-frame.ts',
    tests: ['test/http/epoch-frame.test.ts'],
    faults: [['isEmpty &&= Number.isNaN(value)', 'isEmpty = Number.isNaN(value)']],
  },
  {
    file: 'src/http/upload-files.ts',
    tests: ['test/http/uploads.test.ts', 'test/hostile/uploads.test.ts'],
    faults: [["isKnown ||= start !== ''", 'isKnown = false']],
  },
]
