/** The state of the playground: the settings, the points, and the training that they started. */
import { useMemo, useState } from 'preact/hooks'
import { type ApiError, get, post } from '../api/client.js'
import { toApiError, useQuery } from '../components/use-query.js'
import { usePlayhead } from '../draw/boundary-panel.js'
import type { Point } from '../draw/plane.js'
import { useRun } from '../use-run.js'
import { generatePoints, sineSamples } from './playground-data.js'
import { requestFrom, type Settings, twoLayers } from './playground-request.js'

export function usePlayground() {
  const [settings, setSettings] = useState<Settings>(twoLayers)
  const [clicked, setClicked] = useState<readonly Point[]>([])
  const [brush, setBrush] = useState<'0' | '1'>('0')
  const [jobId, setJobId] = useState<string | null>(null)
  const [problem, setProblem] = useState<ApiError | null>(null)
  const [starting, setStarting] = useState(false)
  /** Seed of the next training. */
  const [seed, setSeed] = useState(1)
  const { shape, noise } = settings
  const points = useMemo(() => generatePoints(shape, noise, clicked), [shape, noise, clicked])
  const samples = useMemo(() => (shape === 'sine' ? sineSamples(noise) : []), [shape, noise])
  const run = useRun(jobId, 64)
  const playhead = usePlayhead(jobId, run.frames)
  const classes = new Set(points.map(({ classIndex }) => classIndex)).size
  const job = run.job
  const evaluation =
    useQuery(job?.modelId ?? null, () => get('/models/{id}', { id: job?.modelId ?? '' })).value?.evaluation ??
    null
  const active = job !== null && job.finishedAt === null

  /** Changes settings. Clears the result if the data change. */
  const change = (part: Partial<Settings>) => {
    if (part.shape !== undefined || part.noise !== undefined) setJobId(null)
    setSeed(1)
    setSettings((before) => ({ ...before, ...part }))
  }
  const addPoint = (x: number, y: number) => {
    setJobId(null)
    setClicked((before) => [...before, { x, y, classIndex: Number(brush) }])
  }

  const removePoints = () => setClicked([])

  const stop = async () => {
    if (job === null || !active) return
    await post('/jobs/{id}/cancel', undefined, { id: job.id }).catch((error) => setProblem(toApiError(error)))
  }
  const train = async (chosen: Settings, seed: number) => {
    setStarting(true)
    // The previous run is no longer shown.
    void stop()
    try {
      const { id } = await post('/jobs', { ...requestFrom(chosen, clicked), seed, reuse: false })
      setJobId(id)
      setSeed(seed + 1)
      setProblem(null)
    } catch (error) {
      setProblem(toApiError(error))
    }
    setStarting(false)
  }
  /** Trains with these settings and the first seed. */
  const start = (example: Settings) => {
    setSettings(example)
    setJobId(null)
    void train(example, 1)
  }

  return {
    settings,
    change,
    clicked,
    addPoint,
    removePoints,
    brush,
    setBrush,
    points,
    samples,
    classes,
    run,
    playhead,
    evaluation,
    problem,
    isStarting: starting,
    isActive: active,
    hasTrained: jobId !== null,
    start,
    train: () => train(settings, seed),
    stop,
  }
}

export type Playground = ReturnType<typeof usePlayground>
